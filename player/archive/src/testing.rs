//! A small city for the tests of this crate: its own database, four levels of units, people, lessons, sessions.

mod guests;
mod people;

use crate::rules::{self, Rules};
use entity::{
    AccountId, Category, CourseId, Day, LessonId, LessonState, Level, MarkedHow, Moment, PersonId, PlaybackId,
    PlaybackMode, PostKind, Reason, UnitId, UnitLevel, beat, lesson, org_unit, playback, presence, rule,
};
use migrations::{Migrate, Migrator};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{
    ActiveModelTrait, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, EntityTrait, IntoActiveModel,
};

mod quiz;

/// Nine in the morning of a Thursday in Shanghai.
pub(crate) const START: Moment = Moment(1_764_205_200_000);
pub(crate) const OFFICE: AccountId = AccountId(900);
pub(crate) const CITY: UnitId = UnitId(1);
pub(crate) const COUNTY: UnitId = UnitId(2);
pub(crate) const VILLAGE: UnitId = UnitId(4);
/// A village of another county.
pub(crate) const FAR_VILLAGE: UnitId = UnitId(7);
/// Two lessons of ten minutes.
pub(crate) const LESSON: LessonId = LessonId(1);
pub(crate) const OTHER_LESSON: LessonId = LessonId(2);

pub(crate) struct City {
    pub(crate) db: DatabaseConnection,
    _folder: tempfile::TempDir,
}

/// A beat in seconds: this part of the lesson went by in this part of the wall clock; something was lost.
#[derive(Clone, Copy)]
pub(crate) struct Seconds {
    pub(crate) wall: (i64, i64),
    pub(crate) media: (i64, i64),
    pub(crate) lost: Option<(Reason, i64)>,
}

pub(crate) fn watched(wall: (i64, i64), media: (i64, i64)) -> Seconds {
    Seconds { wall, media, lost: None }
}

/// Seconds after the start.
pub(crate) fn at(seconds: i64) -> Moment {
    START.plus_ms(seconds * 1000)
}

pub(crate) fn day(text: &str) -> Day {
    text.parse().unwrap()
}

impl City {
    /// A city with the preset rules and this many village secretaries (ids from 1) in the village.
    pub(crate) async fn with_people(count: i64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = open(folder.path()).await;
        Migrator::up(&db, None).await.unwrap();
        let units = [
            (1, None, "45", "百河市", UnitLevel::City, "/1/"),
            (2, Some(1), "4502", "东兰县", UnitLevel::County, "/1/2/"),
            (3, Some(2), "450201", "长江镇", UnitLevel::Township, "/1/2/3/"),
            (4, Some(3), "450201001", "木棉村", UnitLevel::Village, "/1/2/3/4/"),
            (5, Some(1), "4501", "凤山县", UnitLevel::County, "/1/5/"),
            (6, Some(5), "450101", "三门乡", UnitLevel::Township, "/1/5/6/"),
            (7, Some(6), "450101001", "竹山村", UnitLevel::Village, "/1/5/6/7/"),
        ];
        for (id, parent, code, name, level, path) in units {
            let (parent_id, code, name) = (parent.map(UnitId), code.to_owned(), name.to_owned());
            let unit = org_unit::Model { id: UnitId(id), parent_id, code, name, level, path: path.to_owned() };
            unit.into_active_model().insert(&db).await.unwrap();
        }
        rules::ensure_presets(&db, CITY, START).await.unwrap();
        let city = Self { db, _folder: folder };
        for id in 1..=count {
            city.person(id, VILLAGE, PostKind::VillageSecretary).await;
        }
        for id in [LESSON, OTHER_LESSON] {
            lesson_row(id).into_active_model().insert(&city.db).await.unwrap();
        }
        city
    }

    /// The city's rule from now on, but for what `edit` changes in its text.
    pub(crate) async fn rule(&self, unit_id: UnitId, valid_from: &str, edit: impl Fn(&str) -> String) {
        let body = edit(include_str!("rules/presets.toml"));
        Rules::parse(&body).unwrap();
        let row = rule::ActiveModel {
            id: NotSet,
            unit_id: Set(unit_id),
            valid_from: Set(day(valid_from)),
            name: Set("本地规则".to_owned()),
            body: Set(body),
            created_by: Set(None),
            created_at: Set(START),
        };
        row.insert(&self.db).await.unwrap();
    }

    /// A closed session alone; walls in seconds after `start`.
    pub(crate) async fn solo(&self, who: i64, lesson: LessonId, start: Moment, beats: &[Seconds]) -> PlaybackId {
        self.session(PlaybackMode::Solo, Some(PersonId(who)), lesson, start, beats).await
    }

    /// A closed session of a room with stays (who, arrived, left) in seconds after `start`.
    pub(crate) async fn room(
        &self,
        lesson: LessonId,
        start: Moment,
        beats: &[Seconds],
        stays: &[(i64, i64, Option<i64>)],
    ) -> PlaybackId {
        let id = self.session(PlaybackMode::Group, None, lesson, start, beats).await;
        for (who, arrived, left) in stays {
            let stay = presence::ActiveModel {
                id: NotSet,
                playback_id: Set(id),
                person_id: Set(PersonId(*who)),
                arrived_at: Set(start.plus_ms(arrived * 1000)),
                left_at: Set(left.map(|left| start.plus_ms(left * 1000))),
                marked_by: Set(None),
                marked_how: Set(MarkedHow::Roll),
                guest_id: Set(None),
            };
            stay.insert(&self.db).await.unwrap();
        }
        id
    }

    async fn session(
        &self,
        mode: PlaybackMode,
        person_id: Option<PersonId>,
        lesson_id: LessonId,
        start: Moment,
        beats: &[Seconds],
    ) -> PlaybackId {
        let end = beats.last().map_or(start, |beat| start.plus_ms(beat.wall.1 * 1000));
        let row = playback::ActiveModel {
            id: NotSet,
            mode: Set(mode),
            lesson_id: Set(lesson_id),
            person_id: Set(person_id),
            account_id: Set(OFFICE),
            unit_id: Set(VILLAGE),
            duration_ms: Set(600_000),
            started_at: Set(start),
            day: Set(start.day()),
            last_seq: Set(0),
            last_position_ms: Set(0),
            last_playing: Set(false),
            last_rate_permille: Set(1000),
            last_beat_at: Set(end),
            claimed_ms: Set(0),
            credited_ms: Set(0),
            reasons: Set("{}".to_owned()),
            seen: Set("[]".to_owned()),
            superseded_at: Set(None),
            closed_at: Set(Some(end)),
            posted_at: Set(None),
            start_position_ms: Set(0),
            most_rate_permille: Set(1500),
            touched_at: Set(None),
            idle_after_ms: Set(None),
            served_at: Set(None),
            plays_cached: Set(false),
        };
        let id = row.insert(&self.db).await.unwrap().id;
        let rows: Vec<_> = (1..).zip(beats).map(|(seq, beat)| beat_row(id, seq, start, beat)).collect();
        if !rows.is_empty() {
            beat::Entity::insert_many(rows).exec_without_returning(&self.db).await.unwrap();
        }
        id
    }
}

pub(crate) fn beat_row(playback_id: PlaybackId, seq: i64, start: Moment, beat: &Seconds) -> beat::ActiveModel {
    beat_model(playback_id, seq, start, beat).into_active_model().reset_all()
}

pub(crate) fn beat_model(playback_id: PlaybackId, seq: i64, start: Moment, beat: &Seconds) -> beat::Model {
    let (reason, lost_s) = beat.lost.map_or((None, 0), |(reason, lost_s)| (Some(reason), lost_s));
    beat::Model {
        playback_id,
        seq,
        position_ms: beat.media.1 * 1000,
        playing: true,
        rate_permille: 1000,
        claimed_ms: (beat.media.1 - beat.media.0 + lost_s) * 1000,
        span_from_ms: beat.media.0 * 1000,
        span_to_ms: beat.media.1 * 1000,
        wall_from: start.plus_ms(beat.wall.0 * 1000),
        wall_to: start.plus_ms(beat.wall.1 * 1000),
        reason,
        reason_ms: lost_s * 1000,
        happened_at: None,
        received_at: None,
        touched: false,
    }
}

/// A SQLite file with one connection, or a database of its own on the PostgreSQL of `TEST_POSTGRES`.
async fn open(folder: &std::path::Path) -> DatabaseConnection {
    let url = match std::env::var("TEST_POSTGRES") {
        Ok(server) => new_postgres(&server).await,
        Err(_) => format!("sqlite://{}?mode=rwc", folder.join("city.db").display()),
    };
    let mut options = ConnectOptions::new(url.clone());
    options.max_connections(if url.starts_with("sqlite") { 1 } else { 8 }).sqlx_logging(false);
    Database::connect(options).await.unwrap()
}

async fn new_postgres(server: &str) -> String {
    let name = format!("archive_{:016x}", fastrand::u64(..));
    let maintenance = Database::connect(server).await.unwrap();
    maintenance.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    maintenance.close().await.unwrap();
    server.rsplit_once('/').map_or(name.clone(), |(host, _)| format!("{host}/{name}"))
}

fn lesson_row(id: LessonId) -> lesson::Model {
    lesson::Model {
        id,
        slug: format!("lesson-{id}"),
        course_id: CourseId(1),
        position: 1,
        title: format!("沃柑保果{id}"),
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
        duration_ms: 600_000,
        media_sha256: None,
        state: LessonState::Published,
        unit_id: CITY,
        audience_unit_id: CITY,
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
