//! Puts the invented city into the database: units, people, posts, and a terminal in every village.

use super::city::City;
use super::people::Cadre;
use super::{Error, Result};
use entity::{
    AccountId, DeviceId, Moment, PersonId, PostKind, Role, UnitId, UnitLevel, account, device, org_unit, person, post,
    role_grant,
};
use roster::org::{self, NewUnit};
use roster::people::pinyin_of;
use sea_orm::{ActiveValue::NotSet, ActiveValue::Set, DatabaseTransaction, EntityTrait, QueryOrder, QuerySelect};
use std::collections::HashMap;
use std::ops::Range;

/// Rows per insert; SQLite binds at most some 30,000 values a statement.
pub const CHUNK: usize = 500;

/// The city as it stands in the database.
pub struct Settled {
    /// The city itself.
    pub root: UnitId,
    /// All units, in the order of [`City::units`].
    pub units: Vec<org_unit::Model>,
    /// The cadres, village by village.
    pub people: Vec<Resident>,
    /// The classrooms, one a village.
    pub rooms: Vec<Room>,
}

/// A cadre in the database.
pub struct Resident {
    /// Who.
    pub id: PersonId,
    /// Their roster number.
    pub code: String,
    /// Their name.
    pub name: String,
    /// Their village.
    pub unit_id: UnitId,
    /// Their village's path.
    pub path: String,
    /// The posts they hold.
    pub kinds: Vec<PostKind>,
    /// How keen on learning, from 0 to 1.
    pub zeal: f64,
}

/// A village's classroom.
pub struct Room {
    /// The village.
    pub unit_id: UnitId,
    /// The village's path.
    pub path: String,
    /// Its terminal.
    pub device: DeviceId,
    /// The terminal's account.
    pub station: AccountId,
    /// Where its people stand in [`Settled::people`].
    pub people: Range<usize>,
}

impl Settled {
    /// Keep only the first `count` rooms and the one of that village: the others have no evenings.
    pub fn keep_rooms(&mut self, count: usize, village: UnitId) {
        let mut number = 0;
        self.rooms.retain(|room| {
            number += 1;
            number <= count || room.unit_id == village
        });
    }

    /// The path of a unit.
    pub fn path_of(&self, id: UnitId) -> &str {
        self.units.iter().find(|unit| unit.id == id).map_or("/", |unit| unit.path.as_str())
    }
}

impl Resident {
    /// Whether they hold this post.
    pub fn is(&self, kind: PostKind) -> bool {
        self.kinds.contains(&kind)
    }
}

/// Write units, people, posts and terminals.
///
/// # Errors
/// When the database is not empty or fails.
pub async fn settle(txn: &DatabaseTransaction, city: &City, cadres: &[Cadre], now: Moment) -> Result<Settled> {
    let units = write_units(txn, city).await?;
    let root = units.first().ok_or(Error::Data("no city"))?.id;
    let people = write_people(txn, &units, cadres, now).await?;
    let stations = write_stations(txn, city, &units, now).await?;
    let mut rooms = Vec::with_capacity(stations.len());
    let mut start = 0;
    for ((at, village), (device, station)) in city.of_level(UnitLevel::Village).zip(stations) {
        let unit = units.get(at).ok_or(Error::Data("no such unit"))?;
        let people = start..start + village.cadres;
        start = people.end;
        rooms.push(Room { unit_id: unit.id, path: unit.path.clone(), device, station, people });
    }
    Ok(Settled { root, units, people, rooms })
}

async fn write_units(txn: &DatabaseTransaction, city: &City) -> Result<Vec<org_unit::Model>> {
    let mut units: Vec<org_unit::Model> = Vec::with_capacity(city.units.len());
    for unit in &city.units {
        let parent = unit.parent.and_then(|at| units.get(at)).map(|above| above.id);
        let new = NewUnit { parent, code: unit.code.clone(), name: unit.name.clone(), level: unit.level };
        units.push(org::add(txn, new).await?);
    }
    Ok(units)
}

async fn write_people(
    txn: &DatabaseTransaction,
    units: &[org_unit::Model],
    cadres: &[Cadre],
    now: Moment,
) -> Result<Vec<Resident>> {
    let home = |cadre: &Cadre| units.get(cadre.village).ok_or(Error::Data("no such village"));
    for chunk in cadres.chunks(CHUNK) {
        let rows = chunk.iter().map(|cadre| Ok(person_row(cadre, home(cadre)?.id, now))).collect::<Result<Vec<_>>>()?;
        person::Entity::insert_many(rows).exec_without_returning(txn).await?;
    }
    let ids: Vec<(String, PersonId)> = person::Entity::find()
        .select_only()
        .columns([person::Column::Code, person::Column::Id])
        .into_tuple()
        .all(txn)
        .await?;
    let ids: HashMap<String, PersonId> = ids.into_iter().collect();
    let resident = |cadre: &Cadre| {
        let unit = home(cadre)?;
        Ok(Resident {
            id: *ids.get(&cadre.code).ok_or(Error::Data("a cadre is missing"))?,
            code: cadre.code.clone(),
            name: cadre.name.clone(),
            unit_id: unit.id,
            path: unit.path.clone(),
            kinds: cadre.posts.iter().map(|(kind, _)| *kind).collect(),
            zeal: cadre.zeal,
        })
    };
    let people = cadres.iter().map(resident).collect::<Result<Vec<_>>>()?;
    let posts: Vec<_> = people.iter().zip(cadres).flat_map(|(person, cadre)| post_rows(person.id, cadre)).collect();
    for chunk in posts.chunks(CHUNK) {
        post::Entity::insert_many(chunk.iter().cloned()).exec_without_returning(txn).await?;
    }
    Ok(people)
}

fn person_row(cadre: &Cadre, unit_id: UnitId, now: Moment) -> person::ActiveModel {
    person::ActiveModel {
        id: NotSet,
        code: Set(cadre.code.clone()),
        name: Set(cadre.name.clone()),
        pinyin: Set(pinyin_of(&cadre.name)),
        unit_id: Set(unit_id),
        gender: Set(Some(cadre.gender.to_owned())),
        birth_year: Set(Some(cadre.birth_year)),
        phone: Set(Some(cadre.phone.clone())),
        left_on: Set(None),
        created_at: Set(now),
    }
}

fn post_rows(person_id: PersonId, cadre: &Cadre) -> impl Iterator<Item = post::ActiveModel> {
    cadre.posts.iter().map(move |(kind, since)| post::ActiveModel {
        id: NotSet,
        person_id: Set(person_id),
        kind: Set(*kind),
        appointed_on: Set(*since),
        ended_on: Set(None),
    })
}

/// A paired terminal in every village, as `roster::device` leaves one; returns it and its account, village by village.
async fn write_stations(
    txn: &DatabaseTransaction,
    city: &City,
    units: &[org_unit::Model],
    now: Moment,
) -> Result<Vec<(DeviceId, AccountId)>> {
    let villages: Vec<_> = city.of_level(UnitLevel::Village).filter_map(|(at, _)| units.get(at)).collect();
    for chunk in villages.chunks(CHUNK) {
        let rows = chunk.iter().map(|village| device_row(village, now));
        device::Entity::insert_many(rows).exec_without_returning(txn).await?;
    }
    let devices = device::Entity::find().order_by_asc(device::Column::Id).all(txn).await?;
    for chunk in devices.chunks(CHUNK) {
        let rows = chunk.iter().map(|device| station_row(device.id, now));
        account::Entity::insert_many(rows).exec_without_returning(txn).await?;
    }
    let accounts = account::Entity::find().all(txn).await?;
    let by_device: HashMap<_, _> =
        accounts.into_iter().filter_map(|account| Some((account.device_id?, account.id))).collect();
    let by_unit: HashMap<_, _> =
        devices.iter().filter_map(|device| Some((device.unit_id, (device.id, *by_device.get(&device.id)?)))).collect();
    for chunk in villages.chunks(CHUNK) {
        let rows = chunk.iter().filter_map(|village| Some(grant_row(by_unit.get(&village.id)?.1, village.id, now)));
        role_grant::Entity::insert_many(rows).exec_without_returning(txn).await?;
    }
    let station = |village: &&org_unit::Model| by_unit.get(&village.id).copied();
    villages.iter().map(station).collect::<Option<Vec<_>>>().ok_or(Error::Data("a station is missing"))
}

fn device_row(village: &org_unit::Model, now: Moment) -> device::ActiveModel {
    device::ActiveModel {
        id: NotSet,
        unit_id: Set(village.id),
        name: Set(format!("{}课堂", village.name)),
        pairing_hash: Set(None),
        pairing_expires_at: Set(None),
        paired_at: Set(Some(now)),
        revoked_at: Set(None),
        last_seen_at: Set(None),
    }
}

fn station_row(id: DeviceId, now: Moment) -> account::ActiveModel {
    account_row(format!("device:{id}"), None, Some(id), now)
}

/// An account without a password: nothing that is typed matches it.
pub fn account_row(
    login: String,
    person_id: Option<PersonId>,
    device_id: Option<DeviceId>,
    now: Moment,
) -> account::ActiveModel {
    account::ActiveModel {
        id: NotSet,
        login: Set(login),
        password_hash: Set(String::new()),
        person_id: Set(person_id),
        device_id: Set(device_id),
        must_change_password: Set(false),
        session_epoch: Set(0),
        disabled_at: Set(None),
        created_at: Set(now),
    }
}

fn grant_row(account_id: AccountId, unit_id: UnitId, now: Moment) -> role_grant::ActiveModel {
    role_grant::ActiveModel {
        id: NotSet,
        account_id: Set(account_id),
        role: Set(Role::Device),
        unit_id: Set(unit_id),
        granted_at: Set(now),
    }
}
