//! What is known of an account: its person, home, roles and the sessions that were just ended, read from the database and
//! kept until that says they changed.
//!
//! The notes of what changed are looked through every `LOOK_EVERY`, so a grant given or taken, a closed account and "sign
//! out everywhere" take effect within `FRESH`, and a stream of beats or ranges costs no query each, however many accounts
//! it comes from. Accounts that are asked for while others are being read are read together next, in a few statements.

use super::identity::{DECIDERS, Identity};
use super::token;
use super::waiting::{self, Waiting};
use crate::error::{ApiError, ApiResult, Code};
use entity::{AccountId, DeviceId, Moment, PersonId, UnitId, account, org_unit, padded, person};
use roster::changes::{self, Changes, Place};
use roster::grants::{self, Grant};
use roster::people::merge;
use roster::session;
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, FromQueryResult, QueryFilter, QuerySelect};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// How old what is known may be: since it was read, or since the last look found no change of it.
const FRESH: Duration = Duration::from_secs(5);
/// Between two looks for changes.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// After a longer pause, as of a machine that slept, the notes may have been trimmed.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
/// The most accounts kept of either stretch: at half a kilobyte each.
const ACCOUNTS: usize = 100_000;
/// Who was not seen for one or two such stretches is forgotten.
const STRETCH: Duration = Duration::from_secs(900);
/// Accounts read together.
const AT_ONCE: usize = 256;

/// The accounts seen lately.
pub struct Known {
    lately: Arc<Mutex<Lately>>, // never held across an await
    asks: mpsc::Sender<Ask>,
}

/// Those seen in this stretch, and in the one before: what is older goes without a look at each.
struct Lately {
    now: HashMap<AccountId, Kept>,
    before: HashMap<AccountId, Kept>,
    began: Instant,
    /// When the last look for changes began, and when what it found had been heeded.
    looked: Option<(Instant, Instant)>,
}

/// An identity, and when the reading of it began.
#[derive(Clone)]
struct Kept {
    read: Instant,
    identity: Arc<Identity>,
}

impl Lately {
    fn new() -> Self {
        Self { now: HashMap::new(), before: HashMap::new(), began: Instant::now(), looked: None }
    }

    /// What was read while a look went on may be just what that look found to be out of date, and comes too late to be
    /// forgotten with it: it is not kept.
    fn insert(&mut self, account: AccountId, kept: Kept) {
        if self.looked.is_some_and(|(_, heeded)| kept.read < heeded) {
            return;
        }
        if self.began.elapsed() >= STRETCH || self.now.len() >= ACCOUNTS {
            self.before = std::mem::take(&mut self.now);
            self.began = Instant::now();
        }
        self.now.insert(account, kept);
    }

    fn get(&mut self, account: AccountId) -> Option<Arc<Identity>> {
        if let Some(kept) = self.before.remove(&account) {
            self.now.entry(account).or_insert(kept);
        }
        let kept = self.now.get(&account)?;
        // How much waits is no fact of the account: those who decide are read anew.
        let looked = self.looked.filter(|_| !kept.identity.has(DECIDERS));
        let as_of = looked.map_or(kept.read, |(began, _)| began.max(kept.read));
        (as_of.elapsed() < FRESH).then(|| kept.identity.clone())
    }

    fn forget(&mut self, account: AccountId) {
        self.now.remove(&account);
        self.before.remove(&account);
    }

    /// Forgets what has changed, as a look that began then has found.
    fn heed(&mut self, changes: &Changes, began: Instant) {
        let missed = self.looked.is_none_or(|(looked, _)| began.duration_since(looked) > LONGEST_PAUSE);
        if missed || changes.all {
            self.now.clear();
            self.before.clear();
        }
        changes.accounts.iter().for_each(|account| self.forget(*account));
        self.looked = Some((began, Instant::now()));
    }
}

/// Who is asked for, and who waits for the answer.
type Ask = (AccountId, oneshot::Sender<ApiResult<Arc<Identity>>>);

impl Known {
    /// Knows nobody yet, and reads from this database on the running Tokio runtime.
    pub fn start(db: DatabaseConnection) -> Self {
        let lately = Arc::new(Mutex::new(Lately::new()));
        tokio::spawn(look(db.clone(), Arc::downgrade(&lately)));
        let (asks, waiting) = mpsc::channel(AT_ONCE);
        tokio::spawn(answer(db, waiting));
        Self { lately, asks }
    }

    /// The identity of an account, at most a few seconds old.
    ///
    /// # Errors
    /// `not_signed_in` when there is no such account, `account_disabled` when it was closed.
    pub async fn identity(&self, account: AccountId) -> ApiResult<Arc<Identity>> {
        if let Some(identity) = self.fresh(account) {
            return Ok(identity);
        }
        let (read, (answer, answered)) = (Instant::now(), oneshot::channel());
        self.asks.send((account, answer)).await.map_err(ApiError::internal)?;
        let identity = answered.await.map_err(ApiError::internal)??;
        locked(&self.lately).insert(account, Kept { read, identity: identity.clone() });
        Ok(identity)
    }

    /// Forget an account, so that its next request reads it anew.
    pub fn forget(&self, account: AccountId) {
        locked(&self.lately).forget(account);
    }

    /// The identity, if it is known as of the last seconds.
    pub fn fresh(&self, account: AccountId) -> Option<Arc<Identity>> {
        locked(&self.lately).get(account)
    }
}

fn locked(lately: &Mutex<Lately>) -> std::sync::MutexGuard<'_, Lately> {
    lately.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Looks for changes as long as anybody keeps what is known. While the database cannot tell, everything grows old.
async fn look(db: DatabaseConnection, lately: Weak<Mutex<Lately>>) {
    let mut place = Place::default();
    loop {
        let began = Instant::now();
        let found = changes::since(&db, &mut place).await;
        let Some(lately) = lately.upgrade() else { return };
        match found {
            Ok(changes) => locked(&lately).heed(&changes, began),
            Err(cause) => tracing::warn!(%cause, "cannot tell which accounts have changed"),
        }
        drop(lately);
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Answers all who wait, until nobody can ask any more.
async fn answer(db: DatabaseConnection, mut waiting: mpsc::Receiver<Ask>) {
    let mut asks: Vec<Ask> = Vec::with_capacity(AT_ONCE);
    while waiting.recv_many(&mut asks, AT_ONCE).await > 0 {
        let ids: BTreeSet<AccountId> = asks.iter().map(|(id, _)| *id).collect();
        let found = read(&db, ids).await;
        for (id, answer) in asks.drain(..) {
            let identity = match &found {
                Ok(found) => found.get(&id).cloned().unwrap_or(Err(Code::NotSignedIn)).map_err(ApiError::from),
                Err(cause) => Err(cause.again()),
            };
            // Whoever has hung up needs no answer.
            let _ = answer.send(identity);
        }
    }
}

type Found = HashMap<AccountId, Result<Arc<Identity>, Code>>;

async fn read(db: &DatabaseConnection, ids: BTreeSet<AccountId>) -> ApiResult<Found> {
    let mut rows: Vec<Account> = account::Entity::find()
        .select_only()
        .columns(ACCOUNT)
        .filter(account::Column::Id.is_in(padded(ids.iter().copied())))
        .into_model()
        .all(db)
        .await?;
    let kept = merge::kept_for(db, rows.iter().filter_map(|row| row.person_id)).await?;
    for person in rows.iter_mut().filter_map(|row| row.person_id.as_mut()) {
        *person = kept.get(&*person).copied().unwrap_or(*person); // who is one with another signs in as that one
    }
    let mut ended = session::ended_since(db, ids.iter().copied(), token::oldest(Moment::now())).await?;
    let mut grants = grants::of_accounts(db, ids).await?;
    let homes = homes_of(db, rows.iter().filter_map(|row| row.person_id)).await?;
    let mut found = Found::with_capacity(rows.len());
    for row in rows {
        if row.disabled_at.is_some() {
            found.insert(row.id, Err(Code::AccountDisabled));
            continue;
        }
        let (id, grants) = (row.id, grants.remove(&row.id).unwrap_or_default());
        let home = row.person_id.map(|person| homes.get(&person).cloned().unwrap_or_default());
        let mut identity = identity(row, grants, home);
        identity.ended = ended.remove(&id).unwrap_or_default();
        identity.waiting = waiting::of(db, &identity).await?;
        found.insert(id, Ok(Arc::new(identity)));
    }
    Ok(found)
}

/// What of an account an identity is made of.
#[derive(FromQueryResult)]
struct Account {
    id: AccountId,
    login: String,
    person_id: Option<PersonId>,
    device_id: Option<DeviceId>,
    must_change_password: bool,
    session_epoch: i32,
    disabled_at: Option<Moment>,
}

const ACCOUNT: [account::Column; 7] = [
    account::Column::Id,
    account::Column::Login,
    account::Column::PersonId,
    account::Column::DeviceId,
    account::Column::MustChangePassword,
    account::Column::SessionEpoch,
    account::Column::DisabledAt,
];

/// A person's name, and the unit they belong to with its path.
type Home = (String, Option<(UnitId, String)>);

fn identity(row: Account, grants: Vec<Grant>, home: Option<Home>) -> Identity {
    let desk = || (row.login.clone(), grants.first().map(|grant| (grant.unit_id, grant.path.clone())));
    let (name, home) = home.unwrap_or_else(desk);
    Identity {
        account_id: row.id,
        login: row.login,
        name,
        person_id: row.person_id,
        device_id: row.device_id,
        home,
        grants,
        must_change_password: row.must_change_password,
        session_epoch: row.session_epoch,
        ended: HashSet::new(),
        waiting: Waiting::default(),
    }
}

async fn homes_of(
    db: &DatabaseConnection,
    people: impl Iterator<Item = PersonId>,
) -> ApiResult<HashMap<PersonId, Home>> {
    let people: BTreeSet<PersonId> = people.collect();
    let rows: Vec<(PersonId, String, UnitId)> = person::Entity::find()
        .select_only()
        .columns([person::Column::Id, person::Column::Name, person::Column::UnitId])
        .filter(person::Column::Id.is_in(padded(people)))
        .into_tuple()
        .all(db)
        .await?;
    let units: BTreeSet<UnitId> = rows.iter().map(|(_, _, unit)| *unit).collect();
    let units = org_unit::Entity::find().filter(org_unit::Column::Id.is_in(padded(units))).all(db).await?;
    let paths: HashMap<UnitId, String> = units.into_iter().map(|unit| (unit.id, unit.path)).collect();
    let home = |unit| paths.get(&unit).cloned().map(|path| (unit, path));
    Ok(rows.into_iter().map(|(person, name, unit)| (person, (name, home(unit)))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::Role;

    const ID: AccountId = AccountId(7);

    fn kept(read: Instant, role: Role) -> Kept {
        let grants = vec![Grant { role, unit_id: UnitId(1), path: "/1/".to_owned() }];
        let account = Account {
            id: ID,
            login: "weixiuying".to_owned(),
            person_id: None,
            device_id: None,
            must_change_password: false,
            session_epoch: 0,
            disabled_at: None,
        };
        Kept { read, identity: Arc::new(identity(account, grants, None)) }
    }

    /// Read a minute ago, nothing changed since.
    fn an_old_friend(role: Role) -> (Lately, Instant) {
        let (mut lately, now) = (Lately::new(), Instant::now());
        let minute_ago = now.checked_sub(Duration::from_secs(60)).unwrap_or(now);
        lately.insert(ID, kept(minute_ago, role));
        lately.looked = Some((minute_ago, minute_ago));
        (lately, now)
    }

    #[test]
    fn what_no_look_found_changed_is_known_however_long_ago_it_was_read() {
        let (mut lately, now) = an_old_friend(Role::Learner);
        assert!(lately.get(ID).is_none(), "nobody looked for a minute");
        lately.heed(&Changes::default(), now);
        assert!(lately.get(ID).is_some());
    }

    #[test]
    fn who_decides_is_read_anew_every_few_seconds() {
        let (mut lately, now) = an_old_friend(Role::Assessor);
        lately.heed(&Changes::default(), now);
        assert!(lately.get(ID).is_none());
    }

    #[test]
    fn a_change_is_forgotten_and_so_is_everybody_after_one_of_all_or_a_long_sleep() {
        for changes in
            [Changes { accounts: vec![ID], ..Changes::default() }, Changes { all: true, ..Changes::default() }]
        {
            let (mut lately, now) = an_old_friend(Role::Learner);
            lately.heed(&changes, now);
            assert!(lately.get(ID).is_none(), "{changes:?}");
        }
        let (mut lately, now) = an_old_friend(Role::Learner);
        lately.heed(&Changes::default(), now + LONGEST_PAUSE);
        assert!(lately.get(ID).is_none(), "the notes of that time may be gone");
    }

    #[test]
    fn what_was_read_while_a_look_went_on_is_not_kept() {
        let (mut lately, now) = (Lately::new(), Instant::now());
        let read = now + Duration::from_millis(1);
        lately.looked = Some((now, now + Duration::from_millis(2)));
        lately.insert(ID, kept(read, Role::Learner));
        assert!(lately.get(ID).is_none(), "it may be of before the change that the look has found");
        lately.insert(ID, kept(now + Duration::from_millis(3), Role::Learner));
        assert!(lately.get(ID).is_some());
    }
}
