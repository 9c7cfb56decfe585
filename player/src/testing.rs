//! A small town for the tests of this crate: its own database file, a village, people and lessons.

use crate::session::{Begin, Begun, Terms, begin};
use entity::{
    AccountId, Category, CourseId, LessonId, LessonState, Level, Moment, PersonId, PlaybackId, PlaybackMode, UnitId,
    UnitLevel, beat, lesson, media, org_unit, person, playback, presence,
};
use migrations::{Migrate, Migrator};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, EntityTrait,
    IntoActiveModel, QueryFilter, QueryOrder, Set,
};
use std::path::Path;

/// When the tests begin: a Thursday morning.
pub const START: Moment = Moment(1_764_205_200_000);
/// The account that operates the classroom, and, with the person's id added, everybody's own.
pub const OPERATOR: AccountId = AccountId(900);
/// A lesson of ten minutes.
pub const LESSON: LessonId = LessonId(1);
/// Another.
pub const OTHER_LESSON: LessonId = LessonId(2);
/// A lesson whose length is not known yet.
pub const EMPTY_LESSON: LessonId = LessonId(3);
/// An article of the same length.
pub const ARTICLE: LessonId = LessonId(4);
/// Length of them.
pub const LENGTH_MS: i64 = 600_000;
/// Where everybody lives.
pub const VILLAGE: UnitId = UnitId(1);

/// A database as the server opens it: a SQLite file (one writing connection, WAL, every commit synced), or one of its
/// own on the PostgreSQL of `TEST_POSTGRES`.
pub struct Town {
    pub db: DatabaseConnection,
    url: String,
    _folder: tempfile::TempDir,
}

impl Town {
    /// A village with this many people, with ids from 1.
    pub async fn with_people(count: i64) -> Result<Self, DbErr> {
        let folder = tempfile::tempdir().map_err(|cause| DbErr::Custom(cause.to_string()))?;
        let url = new_database(folder.path()).await?;
        let town = Self { db: open(&url).await?, url, _folder: folder };
        Migrator::up(&town.db, None).await?;
        unit().into_active_model().insert(&town.db).await?;
        for (id, length) in [(LESSON, LENGTH_MS), (OTHER_LESSON, LENGTH_MS), (EMPTY_LESSON, 0), (ARTICLE, LENGTH_MS)] {
            lesson_row(id, length).into_active_model().insert(&town.db).await?;
        }
        let people = (1..=count).map(|id| person_row(PersonId(id)).into_active_model());
        person::Entity::insert_many(people).exec_without_returning(&town.db).await?;
        Ok(town)
    }

    /// The database as another process, or the next start, sees it.
    pub async fn reopened(&self) -> Result<DatabaseConnection, DbErr> {
        open(&self.url).await
    }

    pub async fn solo(&self, who: i64, lesson_id: LessonId, now: Moment) -> crate::Result<Begun> {
        begin(&self.db, solo(who, lesson_id), now).await
    }

    pub async fn group(&self, roster: &[i64], now: Moment) -> crate::Result<Begun> {
        let roster = roster.iter().copied().map(PersonId).collect();
        let group =
            Begin { mode: PlaybackMode::Group, person_id: None, account_id: OPERATOR, roster, ..solo(0, LESSON) };
        begin(&self.db, group, now).await
    }

    pub async fn row(&self, id: PlaybackId) -> Result<playback::Model, DbErr> {
        let row = playback::Entity::find_by_id(id).one(&self.db).await?;
        row.ok_or_else(|| DbErr::RecordNotFound(id.to_string()))
    }

    pub async fn beats(&self, id: PlaybackId) -> Result<Vec<beat::Model>, DbErr> {
        let all = beat::Entity::find().filter(beat::Column::PlaybackId.eq(id));
        all.order_by_asc(beat::Column::Seq).all(&self.db).await
    }

    /// Lays a recording of this type under a lesson.
    pub async fn give_media(&self, lesson_id: LessonId, mime: &str) -> Result<(), DbErr> {
        let sha256 = format!("{:064x}", fastrand::u128(..));
        let row = media::ActiveModel {
            sha256: Set(sha256.clone()),
            size_bytes: Set(1),
            mime: Set(mime.to_owned()),
            filename: Set("film".to_owned()),
            unit_id: Set(VILLAGE),
            created_at: Set(START),
            ..Default::default()
        };
        row.insert(&self.db).await?;
        let lesson = lesson::ActiveModel { id: Set(lesson_id), media_sha256: Set(Some(sha256)), ..Default::default() };
        lesson.update(&self.db).await?;
        Ok(())
    }

    /// The stays in a room as (who, from, to), seconds since the start; `None` for an open one.
    pub async fn stays(&self, room: PlaybackId) -> Result<Vec<(i64, i64, Option<i64>)>, DbErr> {
        let all = presence::Entity::find().filter(presence::Column::PlaybackId.eq(room));
        let rows = all.order_by_asc(presence::Column::PersonId).order_by_asc(presence::Column::ArrivedAt).all(&self.db);
        let seconds = |at: Moment| at.since(START) / 1000;
        let stay = |row: presence::Model| (row.person_id.0, seconds(row.arrived_at), row.left_at.map(seconds));
        Ok(rows.await?.into_iter().map(stay).collect())
    }
}

/// Seconds after the start.
pub fn at(seconds: i64) -> Moment {
    START.plus_ms(seconds * 1000)
}

/// The account of a person.
pub fn account(who: i64) -> AccountId {
    AccountId(1000 + who)
}

/// A person who learns alone.
pub fn solo(who: i64, lesson_id: LessonId) -> Begin {
    Begin {
        lesson_id,
        mode: PlaybackMode::Solo,
        person_id: Some(PersonId(who)),
        account_id: account(who),
        unit_id: VILLAGE,
        roster: Vec::new(),
        terms: Terms { most_rate_permille: 1500, idle_after_ms: None },
    }
}

async fn new_database(folder: &Path) -> Result<String, DbErr> {
    let Ok(server) = std::env::var("TEST_POSTGRES") else {
        return Ok(format!("sqlite://{}?mode=rwc", folder.join("town.db").display()));
    };
    let name = format!("player_{:016x}", fastrand::u64(..));
    let maintenance = Database::connect(server.as_str()).await?;
    maintenance.execute_unprepared(&format!("CREATE DATABASE {name}")).await?;
    maintenance.close().await?;
    Ok(server.rsplit_once('/').map_or(name.clone(), |(host, _)| format!("{host}/{name}")))
}

async fn open(url: &str) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url.to_owned());
    let connections = if url.starts_with("sqlite") { 1 } else { 8 };
    options.max_connections(connections).sqlx_logging(false).map_sqlx_sqlite_opts(|sqlite| {
        sqlite.pragma("journal_mode", "WAL").pragma("synchronous", "FULL").pragma("busy_timeout", "10000")
    });
    Database::connect(options).await
}

fn unit() -> org_unit::Model {
    org_unit::Model {
        id: VILLAGE,
        parent_id: None,
        code: "451200".to_owned(),
        name: "木棉村".to_owned(),
        level: UnitLevel::Village,
        path: "/1/".to_owned(),
    }
}

fn person_row(id: PersonId) -> person::Model {
    person::Model {
        id,
        code: format!("P{:05}", id.0),
        name: "韦小兰".to_owned(),
        pinyin: "wei xiao lan".to_owned(),
        unit_id: VILLAGE,
        gender: None,
        birth_year: None,
        phone: None,
        left_on: None,
        created_at: START,
    }
}

fn lesson_row(id: LessonId, duration_ms: i64) -> lesson::Model {
    lesson::Model {
        id,
        slug: format!("lesson-{id}"),
        course_id: CourseId(1),
        position: 1,
        title: "沃柑保果".to_owned(),
        summary: String::new(),
        body: String::new(),
        category: Category::Agriculture,
        tags: "[]".to_owned(),
        crop: None,
        season: None,
        level: Level::Entry,
        language: "普通话".to_owned(),
        lecturer: String::new(),
        source: String::new(),
        valid_until: None,
        duration_ms,
        media_sha256: (id != ARTICLE).then(|| format!("{:064}", id.0)),
        state: LessonState::Published,
        unit_id: VILLAGE,
        audience_unit_id: VILLAGE,
        published_on: None,
        plays: 0,
        is_sample: true,
        return_reason: None,
        created_by: None,
        reviewed_by: None,
        updated_at: START,
        version: 1,
        quiz_required: false,
        submitted_by: None,
        publish_at: None,
        chapters: String::new(),
        cover_sha256: None,
    }
}
