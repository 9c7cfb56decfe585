//! What is known of an account: its person, home and roles, read from the database and kept for a few seconds.
//!
//! A grant given or taken, a closed account and "sign out everywhere" therefore take effect within `FRESH_MS`, and a
//! stream of beats or ranges costs no query each. Accounts that are asked for while others are being read are read
//! together next, in a few statements: in a city whose ten thousand phones beat every 15 s nobody's is fresh.

use super::identity::{DECIDERS, Identity};
use crate::error::{ApiError, ApiResult, Code};
use entity::{AccountId, DeviceId, Moment, PersonId, UnitId, account, org_unit, padded, person};
use roster::grants::{self, Grant};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, FromQueryResult, QueryFilter, QuerySelect};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use tokio::sync::{mpsc, oneshot};

const FRESH_MS: i64 = 5_000;
/// The most accounts kept of one stretch of `FRESH_MS`.
const ACCOUNTS: usize = 50_000;
/// Accounts read together.
const AT_ONCE: usize = 256;

/// The accounts seen lately.
pub struct Known {
    lately: Mutex<Lately>, // never held across an await
    asks: mpsc::Sender<Ask>,
}

/// Those read in this stretch of `FRESH_MS`, and in the one before: what is older goes without a look at each.
#[derive(Default)]
struct Lately {
    now: HashMap<AccountId, (Moment, Arc<Identity>)>,
    before: HashMap<AccountId, (Moment, Arc<Identity>)>,
    began: Option<Moment>,
}

impl Lately {
    fn insert(&mut self, account: AccountId, at: Moment, identity: Arc<Identity>) {
        if self.began.is_none_or(|began| at.since(began) >= FRESH_MS) || self.now.len() >= ACCOUNTS {
            self.before = std::mem::take(&mut self.now);
            self.began = Some(at);
        }
        self.now.insert(account, (at, identity));
    }
}

/// Who is asked for, and who waits for the answer.
type Ask = (AccountId, oneshot::Sender<ApiResult<Arc<Identity>>>);

impl Known {
    /// Knows nobody yet, and reads from this database on the running Tokio runtime.
    pub fn start(db: DatabaseConnection) -> Self {
        let (asks, waiting) = mpsc::channel(AT_ONCE);
        tokio::spawn(answer(db, waiting));
        Self { lately: Mutex::default(), asks }
    }

    /// The identity of an account, at most a few seconds old.
    ///
    /// # Errors
    /// `not_signed_in` when there is no such account, `account_disabled` when it was closed.
    pub async fn identity(&self, account: AccountId, now: Moment) -> ApiResult<Arc<Identity>> {
        if let Some(identity) = self.fresh(account, now) {
            return Ok(identity);
        }
        let (answer, answered) = oneshot::channel();
        self.asks.send((account, answer)).await.map_err(ApiError::internal)?;
        let identity = answered.await.map_err(ApiError::internal)??;
        self.lock().insert(account, now, identity.clone());
        Ok(identity)
    }

    /// Forget an account, so that its next request reads it anew.
    pub fn forget(&self, account: AccountId) {
        let mut lately = self.lock();
        lately.now.remove(&account);
        lately.before.remove(&account);
    }

    /// The identity, if it was read in the last seconds.
    pub fn fresh(&self, account: AccountId, now: Moment) -> Option<Arc<Identity>> {
        let lately = self.lock();
        let (at, identity) = lately.now.get(&account).or_else(|| lately.before.get(&account))?;
        (now.since(*at) < FRESH_MS).then(|| identity.clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Lately> {
        self.lately.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
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
    let rows: Vec<Account> = account::Entity::find()
        .select_only()
        .columns(ACCOUNT)
        .filter(account::Column::Id.is_in(padded(ids.iter().copied())))
        .into_model()
        .all(db)
        .await?;
    let mut grants = grants::of_accounts(db, ids).await?;
    let mut homes = homes_of(db, rows.iter().filter_map(|row| row.person_id)).await?;
    let mut found = Found::with_capacity(rows.len());
    for row in rows {
        if row.disabled_at.is_some() {
            found.insert(row.id, Err(Code::AccountDisabled));
            continue;
        }
        let (id, grants) = (row.id, grants.remove(&row.id).unwrap_or_default());
        let home = row.person_id.map(|person| homes.remove(&person).unwrap_or_default());
        let mut identity = identity(row, grants, home);
        if identity.has(DECIDERS) {
            identity.open_appeals = archive::appeals::open_count(db, &identity.appeals(false)).await?;
        }
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
        open_appeals: 0,
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
