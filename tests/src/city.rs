//! A small city: two counties that must never see each other's data, with one account of each role in both.

use crate::client::Client;
use crate::process::Process;
use crate::random::Random;
use entity::{AccountId, PersonId, Role, UnitId};
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
use std::path::PathBuf;
use std::sync::Once;

mod founding;

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
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    std::iter::repeat_with(|| random.draw().to_le_bytes()[0]).take(length).collect()
}
