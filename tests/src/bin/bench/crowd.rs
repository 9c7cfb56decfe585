//! Many people at once: villages, people and accounts put into the city's tables, and tokens made with the server's own
//! key. Ten thousand passwords would take an hour to hash and measure nothing.

use entity::{
    AccountId, LessonId, Moment, PersonId, PlaybackId, PlaybackMode, Role, UnitId, UnitLevel, account, person,
    playback, role_grant,
};
use roster::org::{self, NewUnit};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};
use tests::city::City;

/// Rows of one insert, below the number of values that SQLite takes.
const CHUNK: usize = 1000;

/// So many villages of one township.
pub async fn villages(city: &City, count: usize) -> Vec<UnitId> {
    let mut units = Vec::with_capacity(count);
    for number in 0..count {
        let (code, name) = (format!("46{number:07}"), format!("山村{number}"));
        let new = NewUnit { parent: Some(city.units["清水镇"]), code, name, level: UnitLevel::Village };
        units.push(org::add(&city.db.write, new).await.unwrap().id);
    }
    units
}

/// A person in each of these units.
pub async fn people(city: &City, units: &[UnitId]) -> Vec<PersonId> {
    let last: Option<PersonId> = last_of::<person::Entity>(city, person::Column::Id).await;
    for (chunk, some) in units.chunks(CHUNK).enumerate() {
        let rows = some.iter().enumerate().map(|(number, unit)| person::ActiveModel {
            code: Set(format!("7{:09}", last.map_or(0, |id| id.0) + (chunk * CHUNK + number) as i64 + 1)),
            name: Set(format!("村民{}", chunk * CHUNK + number)),
            pinyin: Set("cun min".into()),
            unit_id: Set(*unit),
            gender: Set(None),
            birth_year: Set(None),
            phone: Set(None),
            left_on: Set(None),
            created_at: Set(Moment::now()),
            ..Default::default()
        });
        person::Entity::insert_many(rows).exec_without_returning(&city.db.write).await.unwrap();
    }
    newer_than::<person::Entity, _>(city, person::Column::Id, last).await
}

/// An account of this role at each of these units, for these people where there are any.
pub async fn accounts(city: &City, role: Role, of: &[(Option<PersonId>, UnitId)]) -> Vec<AccountId> {
    let last: Option<AccountId> = last_of::<account::Entity>(city, account::Column::Id).await;
    let first = last.map_or(0, |id| id.0);
    for (chunk, some) in of.chunks(CHUNK).enumerate() {
        let rows = some.iter().enumerate().map(|(number, (person, _))| account::ActiveModel {
            login: Set(format!("crowd-{first}-{}", chunk * CHUNK + number)),
            password_hash: Set(String::new()),
            person_id: Set(*person),
            device_id: Set(None),
            must_change_password: Set(false),
            session_epoch: Set(0),
            disabled_at: Set(None),
            created_at: Set(Moment::now()),
            ..Default::default()
        });
        account::Entity::insert_many(rows).exec_without_returning(&city.db.write).await.unwrap();
    }
    let made: Vec<AccountId> = newer_than::<account::Entity, _>(city, account::Column::Id, last).await;
    let granted: Vec<_> = made.iter().zip(of).collect();
    for some in granted.chunks(CHUNK) {
        let rows = some.iter().map(|(account, (_, unit))| role_grant::ActiveModel {
            account_id: Set(**account),
            role: Set(role),
            unit_id: Set(*unit),
            granted_at: Set(Moment::now()),
            ..Default::default()
        });
        role_grant::Entity::insert_many(rows).exec_without_returning(&city.db.write).await.unwrap();
    }
    made
}

/// A session of this lesson, an hour long, that has just begun, for each of these learners.
pub async fn sessions(city: &City, lesson: i64, of: &[(PersonId, AccountId, UnitId)]) -> Vec<PlaybackId> {
    let last: Option<PlaybackId> = last_of::<playback::Entity>(city, playback::Column::Id).await;
    let now = Moment::now();
    for some in of.chunks(CHUNK) {
        let rows = some.iter().map(|(person, account, unit)| playback::ActiveModel {
            mode: Set(PlaybackMode::Solo),
            lesson_id: Set(LessonId(lesson)),
            person_id: Set(Some(*person)),
            account_id: Set(*account),
            unit_id: Set(*unit),
            duration_ms: Set(3_600_000),
            started_at: Set(now),
            day: Set(now.day()),
            last_seq: Set(0),
            last_position_ms: Set(0),
            last_playing: Set(true),
            last_rate_permille: Set(1000),
            last_beat_at: Set(now),
            claimed_ms: Set(0),
            credited_ms: Set(0),
            reasons: Set("{}".into()),
            seen: Set("[]".into()),
            start_position_ms: Set(0),
            most_rate_permille: Set(1500),
            plays_cached: Set(true),
            ..Default::default()
        });
        playback::Entity::insert_many(rows).exec_without_returning(&city.db.write).await.unwrap();
    }
    newer_than::<playback::Entity, _>(city, playback::Column::Id, last).await
}

async fn last_of<E: EntityTrait>(
    city: &City,
    id: E::Column,
) -> Option<<<E as EntityTrait>::PrimaryKey as sea_orm::PrimaryKeyTrait>::ValueType>
where
    <<E as EntityTrait>::PrimaryKey as sea_orm::PrimaryKeyTrait>::ValueType: sea_orm::TryGetable,
{
    let newest = E::find().select_only().column(id).order_by_desc(id).limit(1);
    newest.into_tuple().one(&city.db.write).await.unwrap()
}

async fn newer_than<E: EntityTrait, I: Into<sea_orm::Value> + sea_orm::TryGetable>(
    city: &City,
    id: E::Column,
    last: Option<I>,
) -> Vec<I> {
    let mut newer = E::find().select_only().column(id).order_by_asc(id);
    if let Some(last) = last {
        newer = newer.filter(id.gt(last));
    }
    newer.into_tuple().all(&city.db.write).await.unwrap()
}
