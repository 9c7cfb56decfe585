//! A small city: two counties that must never see each other's data, with one account of each role in both.

use crate::client::Client;
use crate::process::Process;
use entity::{
    AccountId, Category, CourseId, LessonState, Level, Moment, PersonId, PostKind, Role, UnitId, UnitLevel, course,
    lesson, media, person, post,
};
use roster::account::NewAccount;
use roster::org::NewUnit;
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, Set};
use secrecy::ExposeSecret;
use server::app::Application;
use server::auth::keys::Keys;
use server::auth::token::Tokens;
use server::config::Config;
use server::database::Database;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Once;

/// The password of every account.
pub const PASSWORD: &str = "qing-feng-shan-2026";

/// Every role, and the login its account has in the first county; the second county's end in `-b`.
pub const LOGINS: &[(Role, &str)] = &[
    (Role::Learner, "cadre"),
    (Role::SiteManager, "site"),
    (Role::Trainer, "trainer"),
    (Role::Reviewer, "reviewer"),
    (Role::Expert, "expert"),
    (Role::Assessor, "office"),
    (Role::Auditor, "auditor"),
    (Role::Admin, "admin"),
];

/// A city with its server running inside the test.
pub struct City {
    /// Where the server answers.
    pub url: String,
    /// The city's database.
    pub db: Database,
    /// The data folder.
    pub data: PathBuf,
    /// Units by name.
    pub units: HashMap<&'static str, UnitId>,
    /// People by name.
    pub people: HashMap<String, PersonId>,
    /// Accounts by login.
    pub accounts: HashMap<String, AccountId>,
    /// Lessons by slug.
    pub lessons: HashMap<String, i64>,
    /// The blob of the lesson `video`.
    pub video: Vec<u8>,
    /// The settings that its server was started with.
    pub config: Config,
    _folder: tempfile::TempDir,
}

/// A folder and the settings of a server on it, with its own database.
pub struct Ground {
    /// Removed with everything in it when dropped.
    pub folder: tempfile::TempDir,
    /// For a server on any free port.
    pub config: Config,
}

impl Ground {
    /// On SQLite, or on a new database of the PostgreSQL that `TEST_POSTGRES` names.
    pub async fn new() -> Self {
        static QUIET: Once = Once::new();
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config {
            data: folder.path().join("data"),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            low_disk_bytes: 0,
            workers: 2,
            prepare_workers: Some(0),
            log: "warn".into(),
            ..Config::default()
        };
        QUIET.call_once(|| server::telemetry::start(&config).unwrap());
        if let Ok(url) = std::env::var("TEST_POSTGRES") {
            config.database_url = Some(new_postgres(&url).await.into());
        }
        std::fs::create_dir_all(&config.data).unwrap();
        Self { folder, config }
    }
}

/// Whether this run is on PostgreSQL.
pub fn on_postgres() -> bool {
    std::env::var("TEST_POSTGRES").is_ok()
}

async fn new_postgres(url: &str) -> String {
    let name = format!("test_{}", uuid());
    let admin = sea_orm::Database::connect(url).await.unwrap();
    admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    admin.close().await.unwrap();
    let (server, _) = url.rsplit_once('/').unwrap();
    format!("{server}/{name}")
}

fn uuid() -> String {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().file_name().unwrap().to_string_lossy().trim_start_matches('.').to_lowercase();
    format!("{}_{name}", std::process::id())
}

impl City {
    /// Build the city and start its server.
    pub async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    /// Build the city and start its server with other settings.
    pub async fn start_with(set: impl FnOnce(&mut Config)) -> Self {
        let mut city = Self::without_server().await;
        set(&mut city.config);
        city.url = serve(city.config.clone()).await;
        city
    }

    /// Build the city only; the caller starts a server on its folder.
    pub async fn without_server() -> Self {
        Self::on(Ground::new().await).await
    }

    /// Build the city only, on this ground.
    pub async fn on(ground: Ground) -> Self {
        let db = server::app::open_database(&ground.config).await.unwrap();
        let mut city = Self {
            url: String::new(),
            db,
            data: ground.config.data.clone(),
            units: HashMap::new(),
            people: HashMap::new(),
            accounts: HashMap::new(),
            lessons: HashMap::new(),
            video: pseudo_random(300_000),
            config: ground.config,
            _folder: ground.folder,
        };
        city.found().await;
        city
    }

    /// Learner number `n` of the first village, made at need, signed in.
    pub async fn learner(&self, number: usize) -> Client {
        self.learner_account(number).await;
        self.client(&format!("learner-{number}")).await
    }

    /// The account of learner number `n`, made.
    pub async fn learner_account(&self, number: usize) -> AccountId {
        let unit = self.units["甲村"];
        let id = self.person(&format!("学员{number}"), &format!("9{number:05}"), unit).await;
        self.account(&format!("learner-{number}"), Some(id), Role::Learner, unit).await
    }

    /// Makes the tokens that a server of this city takes.
    pub fn tokens(&self) -> Tokens {
        Tokens::new(&Keys::open(&self.data).unwrap())
    }

    /// Nobody.
    pub fn stranger(&self) -> Client {
        Client::new(&self.url)
    }

    /// Whoever signs in with this login.
    pub async fn client(&self, login: &str) -> Client {
        self.stranger().sign_in(login, PASSWORD).await
    }

    /// A server of this city as a process of its own, on whatever database it is, with these settings more.
    pub fn process(&self, more: &[(&str, &str)]) -> Process {
        let mut settings = vec![("YUANJIAO_PREPARE_WORKERS", "0")];
        let database = self.config.database_url.as_ref();
        settings.extend(database.map(|url| ("YUANJIAO_DATABASE_URL", url.expose_secret())));
        settings.extend(more);
        Process::serve_with(&self.data, &settings)
    }

    /// A lesson's id by its slug.
    pub fn lesson(&self, slug: &str) -> i64 {
        self.lessons[slug]
    }

    /// Sets every clock of a playback back, as if this much time had gone by. Nobody waits in a test.
    pub async fn let_pass(&self, playback: i64, ms: i64) {
        use entity::playback::{Column, Entity};
        use sea_orm::sea_query::{Expr, ExprTrait};
        use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
        Entity::update_many()
            .col_expr(Column::LastBeatAt, Expr::col(Column::LastBeatAt).sub(ms))
            .col_expr(Column::StartedAt, Expr::col(Column::StartedAt).sub(ms))
            .col_expr(Column::SupersededAt, Expr::col(Column::SupersededAt).sub(ms))
            .col_expr(Column::TouchedAt, Expr::col(Column::TouchedAt).sub(ms))
            .filter(Column::Id.eq(playback))
            .exec(&self.db.write)
            .await
            .unwrap();
    }

    /// Sets the minimum watch to nothing, so that a test in a browser need not play for minutes.
    pub async fn let_every_second_count(&self) {
        use sea_orm::IntoActiveModel;
        let rules = entity::rule::Entity::find().all(&self.db.read).await.unwrap();
        assert!(!rules.is_empty(), "there are no rules yet");
        for rule in rules {
            let body = rule.body.replace("minimum_watch_minutes = 2", "minimum_watch_minutes = 0");
            assert_ne!(body, rule.body);
            let mut rule = rule.into_active_model();
            rule.body = Set(body);
            rule.update(&self.db.write).await.unwrap();
        }
    }

    async fn found(&mut self) {
        let city = self.unit(None, "桂岭市", "450000", UnitLevel::City).await;
        for (county, code, end) in [("东江县", "450100", ""), ("西山县", "450200", "-b")] {
            let county_id = self.unit(Some(city), county, code, UnitLevel::County).await;
            let (township, villages) =
                if end.is_empty() { ("清水镇", ["甲村", "乙村"]) } else { ("石门乡", ["丙村", "丁村"]) };
            let township_id = self.unit(Some(county_id), township, &format!("{code}001"), UnitLevel::Township).await;
            for (number, village) in villages.iter().enumerate() {
                let code = format!("{code}00120{number}");
                let unit = self.unit(Some(township_id), village, &code, UnitLevel::Village).await;
                for place in 0..4 {
                    let name = format!("{village}{}", ["韦大山", "覃小梅", "黄志强", "蒙秀英"][place]);
                    let id = self.person(&name, &format!("0{code}{place}"), unit).await;
                    self.people.insert(name, id);
                }
            }
            let home = self.people[&format!("{}韦大山", villages[0])];
            for (role, login) in LOGINS {
                let unit =
                    if matches!(role, Role::Learner | Role::SiteManager) { self.units[villages[0]] } else { county_id };
                let person = (*role == Role::Learner).then_some(home);
                let login = format!("{login}{end}");
                let id = self.account(&login, person, *role, unit).await;
                self.accounts.insert(login, id);
            }
        }
        self.account("city-admin", None, Role::Admin, city).await;
        self.account("city-reviewer", None, Role::Reviewer, city).await;
        self.account("city-office", None, Role::Assessor, city).await;
        self.lessons_for(city).await;
    }

    async fn unit(&mut self, parent: Option<UnitId>, name: &'static str, code: &str, level: UnitLevel) -> UnitId {
        let new = NewUnit { parent, code: code.into(), name: name.into(), level };
        let unit = roster::org::add(&self.db.write, new).await.unwrap();
        self.units.insert(name, unit.id);
        unit.id
    }

    async fn person(&self, name: &str, code: &str, unit: UnitId) -> PersonId {
        let row = person::ActiveModel {
            code: Set(code.into()),
            name: Set(name.into()),
            pinyin: Set(roster::people::pinyin_of(name)),
            unit_id: Set(unit),
            gender: Set(None),
            birth_year: Set(Some(1978)),
            phone: Set(None),
            left_on: Set(None),
            created_at: Set(Moment::now()),
            ..Default::default()
        };
        let id = row.insert(&self.db.write).await.unwrap().id;
        let term = post::ActiveModel {
            person_id: Set(id),
            kind: Set(PostKind::VillageSecretary),
            appointed_on: Set(Moment::start_of(Moment::now().day()).plus_ms(-500 * 86_400_000).day()),
            ended_on: Set(None),
            ..Default::default()
        };
        term.insert(&self.db.write).await.unwrap();
        id
    }

    async fn account(&self, login: &str, person_id: Option<PersonId>, role: Role, unit: UnitId) -> AccountId {
        let new = NewAccount { login, password: Some(PASSWORD), person_id, device_id: None, must_change: false };
        let id = roster::account::create(&self.db.write, new, Moment::now()).await.unwrap();
        roster::grants::give(&self.db.write, id, role, unit, Moment::now()).await.unwrap();
        id
    }

    async fn lessons_for(&mut self, city: UnitId) {
        let county = self.units["东江县"];
        let video = self.video.clone();
        let blob = self.blob(&video, "video/mp4", "沙糖桔 修剪.mp4", city, Some(600_000)).await;
        let east_blob = self.blob(b"only for the east", "video/mp4", "east.mp4", county, Some(600_000)).await;
        let real = self.sample_media(city).await;
        let course = self.course(city).await;
        let (draft, published) = (LessonState::Draft, LessonState::Published);
        let mut rows = vec![
            Self::lesson_row(course, "article", 0, "红薯储藏与窖藏温度", None, city, published),
            Self::lesson_row(course, "video", 1, "沙糖桔修剪与保花保果", Some((blob, 600_000)), city, published),
            Self::lesson_row(course, "east", 2, "东江县调解员工作手册", Some((east_blob, 600_000)), county, published),
            Self::lesson_row(course, "draft", 3, "未发布的草稿课程", None, county, draft),
        ];
        rows.extend(real.map(|film| Self::lesson_row(course, "film", 4, "真实影片课程", Some(film), city, published)));
        self.insert_lessons(rows).await;
    }

    async fn sample_media(&self, city: UnitId) -> Option<(String, i64)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/demo/media");
        let mut films: Vec<_> = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
        films.sort();
        let film = films.into_iter().find(|path| path.extension().is_some_and(|end| end == "mp4"))?;
        let duration_ms = content::probe::probe(&film, "film.mp4").ok()?.duration_ms?;
        let sha256 = self.blob(&std::fs::read(film).ok()?, "video/mp4", "film.mp4", city, Some(duration_ms)).await;
        Some((sha256, duration_ms))
    }

    /// A course of this unit.
    pub async fn course(&self, unit: UnitId) -> CourseId {
        let now = Moment::now();
        let row = course::ActiveModel {
            slug: Set(format!("course-{}", self.lessons.len())),
            title: Set("第一门课程".into()),
            summary: Set("测试课程".into()),
            category: Set(Category::Agriculture),
            unit_id: Set(unit),
            audience_unit_id: Set(unit),
            created_by: Set(None),
            created_at: Set(now),
            updated_at: Set(now),
            version: Set(1),
            ..Default::default()
        };
        row.insert(&self.db.write).await.unwrap().id
    }

    /// A row of a lesson.
    pub fn lesson_row(
        course_id: CourseId,
        slug: &str,
        position: usize,
        title: &str,
        media: Option<(String, i64)>,
        unit: UnitId,
        state: LessonState,
    ) -> lesson::ActiveModel {
        let (media_sha256, duration_ms) = match media {
            Some((sha256, duration_ms)) => (Some(sha256), duration_ms),
            None => (None, 300_000),
        };
        lesson::ActiveModel {
            slug: Set(slug.into()),
            course_id: Set(course_id),
            position: Set(i32::try_from(position).unwrap() + 1),
            title: Set(title.into()),
            summary: Set(format!("{title}的要点")),
            body: Set("挖完的坑晒一个冬天，撒点石灰再种。".into()),
            category: Set(Category::Agriculture),
            tags: Set("[\"测试\"]".into()),
            crop: Set(None),
            season: Set(None),
            level: Set(Level::Entry),
            language: Set("普通话".into()),
            lecturer: Set("韦国胜".into()),
            source: Set("本市".into()),
            valid_until: Set(None),
            duration_ms: Set(duration_ms),
            media_sha256: Set(media_sha256),
            state: Set(state),
            unit_id: Set(unit),
            audience_unit_id: Set(unit),
            published_on: Set(Some(Moment::now().day())),
            plays: Set(0),
            is_sample: Set(false),
            return_reason: Set(None),
            created_by: Set(None),
            reviewed_by: Set(None),
            updated_at: Set(Moment::now()),
            version: Set(1),
            ..Default::default()
        }
    }

    /// Insert lessons and remember their ids by slug.
    pub async fn insert_lessons(&mut self, rows: Vec<lesson::ActiveModel>) {
        for some in rows.chunks(500) {
            lesson::Entity::insert_many(some.to_vec()).exec_without_returning(&self.db.write).await.unwrap();
        }
        let all = lesson::Entity::find().all(&self.db.read).await.unwrap();
        self.lessons = all.into_iter().map(|lesson| (lesson.slug, lesson.id.0)).collect();
    }

    /// Lays a blob into the store and names it in the database.
    pub async fn blob(
        &self,
        bytes: &[u8],
        mime: &str,
        filename: &str,
        unit: UnitId,
        duration_ms: Option<i64>,
    ) -> String {
        let sha256 = sha256(bytes);
        let shelf = self.data.join("media").join(&sha256[..2]);
        std::fs::create_dir_all(&shelf).unwrap();
        std::fs::write(shelf.join(&sha256), bytes).unwrap();
        let row = media::ActiveModel {
            sha256: Set(sha256.clone()),
            size_bytes: Set(i64::try_from(bytes.len()).unwrap()),
            mime: Set(mime.into()),
            filename: Set(filename.into()),
            duration_ms: Set(duration_ms),
            width: Set(None),
            height: Set(None),
            codecs: Set(None),
            faststart: Set(None),
            unit_id: Set(unit),
            uploaded_by: Set(None),
            created_at: Set(Moment::now()),
        };
        row.insert(&self.db.write).await.unwrap();
        sha256
    }
}

/// Start a server inside this process: its address.
pub async fn serve(config: Config) -> String {
    let application = Application::build(config).await.unwrap();
    let url = format!("http://127.0.0.1:{}", application.port());
    tokio::spawn(application.run_until_stopped());
    url
}

/// SHA-256 in hex.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes without a pattern, always the same.
pub fn pseudo_random(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    })
    .take(length)
    .collect()
}
