//! The logins of the demo: one for every role, and who stands behind it.

use super::settle::{Resident, Room, Settled};
use super::{Error, Result};
use entity::{AccountId, Moment, PersonId, PostKind, Role, UnitId, UnitLevel};
use rand::RngExt;
use roster::account::{self, NewAccount};
use roster::{grants, org};
use sea_orm::DatabaseTransaction;
use std::fmt;

/// The county, by its place among the counties, that `cadre`, `site`, `trainer` and `expert` belong to.
const COUNTY: usize = 2;

/// Letters and digits that nobody takes for another.
const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// How to enter the demo.
pub struct Logins {
    password: String,
    lines: Vec<Line>,
    /// Who `cadre` is.
    pub(super) cadre: PersonId,
    /// The village of `cadre` and `site`.
    pub(super) village: UnitId,
    /// The county of `trainer`.
    pub(super) county: UnitId,
    /// Whoever has an account and is a person: they may study alone.
    pub(super) accounts: Vec<(PersonId, AccountId)>,
    /// The account of `trainer`, who enters the county's classes.
    pub(super) trainer: AccountId,
    /// The account of `office`, who enters the city's classes.
    pub(super) office: AccountId,
}

struct Line {
    login: &'static str,
    role: Role,
    who: String,
    place: String,
}

impl fmt::Display for Logins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "示例城市已建立（人名、地名和课程内容均为虚构）。以下账号的密码都是：{}", self.password)?;
        for line in &self.lines {
            writeln!(f, "  {:<9} {}（{}）：{}", line.login, line.role.label(), line.place, line.who)?;
        }
        Ok(())
    }
}

/// One login to be made.
struct Part<'a> {
    login: &'static str,
    role: Role,
    person: Option<&'a Resident>,
    unit: UnitId,
}

/// Make the logins, all with the same password, and give them their roles.
///
/// # Errors
/// When the city has nobody for a part.
pub async fn enter(
    txn: &DatabaseTransaction,
    settled: &Settled,
    password: Option<&str>,
    now: Moment,
) -> Result<Logins> {
    let password = password.map_or_else(drawn_password, str::to_owned);
    let parts = parts(settled)?;
    let (mut lines, mut accounts, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    for part in &parts {
        let person_id = part.person.map(|person| person.id);
        let new =
            NewAccount { login: part.login, password: Some(&password), person_id, device_id: None, must_change: false };
        let id = account::create_for_demo(txn, new, now).await?;
        grants::give(txn, id, part.role, part.unit, None, now).await?;
        accounts.extend(person_id.map(|person| (person, id)));
        ids.push((part.login, id));
        let who = part.person.map_or_else(|| "不是村干部".to_owned(), |person| person.name.clone());
        let place = org::full_name(txn, &org::unit(txn, part.unit).await?).await?;
        lines.push(Line { login: part.login, role: part.role, who, place });
    }
    let id_of = |login| ids.iter().find(|(known, _)| *known == login).map(|(_, id)| *id).ok_or(nobody());
    let (trainer, office) = (id_of("trainer")?, id_of("office")?);
    let cadre = parts.first().and_then(|part| part.person).ok_or(nobody())?;
    let county = parts.iter().find(|part| part.role == Role::Trainer).map(|part| part.unit).ok_or(nobody())?;
    Ok(Logins { password, lines, cadre: cadre.id, village: cadre.unit_id, county, accounts, trainer, office })
}

/// Who plays which part; `cadre` first.
fn parts(settled: &Settled) -> Result<Vec<Part<'_>>> {
    let county = settled.units.iter().filter(|unit| unit.level == UnitLevel::County).nth(COUNTY).ok_or(nobody())?;
    let room = settled.rooms.iter().find(|room| room.path.starts_with(&county.path)).ok_or(nobody())?;
    let cadre = in_room(settled, room, PostKind::VillageSecretary)?;
    let site = in_room(settled, room, PostKind::ReserveCadre)?;
    let elsewhere = |kind| {
        let fits = move |person: &&Resident| person.unit_id != room.unit_id && person.is(kind);
        settled.people.iter().filter(fits)
    };
    let in_county = |kind| elsewhere(kind).find(|person| person.path.starts_with(&county.path)).ok_or(nobody());
    let mut sent = elsewhere(PostKind::FirstSecretary).filter(|person| !person.path.starts_with(&county.path));
    let part = |login, role, person, unit| Part { login, role, person, unit };
    Ok(vec![
        part("cadre", Role::Learner, Some(cadre), cadre.unit_id),
        part("site", Role::SiteManager, Some(site), site.unit_id),
        part("trainer", Role::Trainer, Some(in_county(PostKind::FirstSecretary)?), county.id),
        part("reviewer", Role::Reviewer, sent.next(), settled.root),
        part("office", Role::Assessor, sent.next(), settled.root),
        part("expert", Role::Expert, Some(in_county(PostKind::CommitteeMember)?), county.id),
        part("auditor", Role::Auditor, None, settled.root),
        part("admin", Role::Admin, None, settled.root),
    ])
}

fn in_room<'a>(settled: &'a Settled, room: &Room, kind: PostKind) -> Result<&'a Resident> {
    let people = settled.people.get(room.people.clone()).unwrap_or_default();
    people.iter().find(|person| person.is(kind)).ok_or(nobody())
}

fn nobody() -> Error {
    Error::Data("the city has nobody for a part")
}

/// Twelve letters and digits from the operating system's chance: some 59 bits.
fn drawn_password() -> String {
    let mut rng = rand::rng();
    let letter = |_| LETTERS.get(rng.random_range(0..LETTERS.len())).copied().map_or('x', char::from);
    (0..12).map(letter).collect()
}
