//! Opening the database: SQLite in the data folder, or PostgreSQL by its address.

use crate::failure::Failure;
use entity::Outage;
use migrations::{Migrate, Migrator};
use sea_orm::sqlx::Connection;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::{ConnAcquireErr, ConnectOptions, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr};
use std::future::ready;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// The open database, by intent.
///
/// SQLite admits one writer: `write` is then a pool of one connection, so writers queue inside this process and never
/// meet "database is locked", while `read` serves many. On PostgreSQL both are the same pool.
#[derive(Clone, Debug)]
pub struct Database {
    /// For statements that only read.
    pub read: DatabaseConnection,
    /// For everything that changes rows.
    pub write: DatabaseConnection,
    /// Who of many that begin at once may stand in the pool's queue.
    turns: Arc<Semaphore>,
}

/// Transactions of requests that may stand in SQLite's one queue. When a thousand lessons end at once, the others wait
/// before it, so that the beats of those who go on learning, which are written many at a time, come to their turn.
const TURNS: usize = 4;
/// The same on PostgreSQL: beats and reading keep a few connections.
const TURNS_OF_POOL: usize = 12;
/// How long a request waits for its turn before it is told to come again.
const PATIENCE: Duration = Duration::from_secs(20);

impl Database {
    /// Open the database at `url`, or `yuanjiao.db` in the data folder.
    ///
    /// # Errors
    /// When it cannot be opened; the message names the address without its password.
    pub async fn open(data: &Path, url: Option<&str>) -> Result<Self, Failure> {
        match url {
            Some(url) => Self::postgres(url).await,
            None => Self::sqlite(&file_of(data)).await,
        }
    }

    /// Bring the schema up to this release.
    ///
    /// # Errors
    /// When a migration fails; the database is then as it was before that migration.
    pub async fn migrate(&self) -> Result<(), Failure> {
        Migrator::up(&self.write, None).await.map_err(|cause| Failure::new("数据库升级失败", cause))
    }

    /// Begin a transaction that is going to write, where several domain crates write together.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let turn = tokio::time::timeout(PATIENCE, self.turns.acquire()).await;
        let _turn = turn.map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))?;
        entity::writing::begin(&self.write).await
    }

    /// Which of the two databases this is.
    pub fn is_sqlite(&self) -> bool {
        self.write.get_database_backend() == DbBackend::Sqlite
    }

    /// Open the data folder's SQLite so that nobody else has it open meanwhile, neither a server nor a command.
    ///
    /// # Errors
    /// When there is none, or somebody has it open.
    pub async fn alone(data: &Path) -> Result<DatabaseConnection, Failure> {
        let file = file_of(data);
        if !file.exists() {
            return Err(Failure::say(format!("没有 {}", file.display())));
        }
        let mut options = sqlite_options(&file, 1, WRITER_CACHE_KIB);
        options.map_sqlx_sqlite_opts(|sqlite| {
            sqlite_settings(sqlite, WRITER_CACHE_KIB).pragma("locking_mode", "EXCLUSIVE")
        });
        let taken = |cause: DbErr| match Outage::of(&cause) {
            Some(Outage::Away) => Failure::say("数据库正在使用：请先停止服务和其他命令"),
            _ => cannot_open(&file)(cause),
        };
        sea_orm::Database::connect(options).await.map_err(taken)
    }

    async fn sqlite(file: &Path) -> Result<Self, Failure> {
        let open = |connections, cache_kib| sea_orm::Database::connect(sqlite_options(file, connections, cache_kib));
        let write = open(1, WRITER_CACHE_KIB).await.map_err(cannot_open(file))?;
        let read = open(8, READER_CACHE_KIB).await.map_err(cannot_open(file))?;
        Ok(Self { read, write, turns: Arc::new(Semaphore::new(TURNS)) })
    }

    async fn postgres(url: &str) -> Result<Self, Failure> {
        let mut options = ConnectOptions::new(url.to_owned());
        options.max_connections(16).min_connections(1).sqlx_logging(false).acquire_timeout(Duration::from_secs(10));
        let pool = sea_orm::Database::connect(options)
            .await
            .map_err(|cause| Failure::new("无法连接 PostgreSQL，请检查 database_url", cause))?;
        Ok(Self { read: pool.clone(), write: pool, turns: Arc::new(Semaphore::new(TURNS_OF_POOL)) })
    }
}

const WRITER_CACHE_KIB: u32 = 64_000;
/// Eight of them read, and behind them is the cache of the operating system, which has it all once.
const READER_CACHE_KIB: u32 = 4_000;

fn file_of(data: &Path) -> PathBuf {
    data.join("yuanjiao.db")
}

fn cannot_open(file: &Path) -> impl Fn(DbErr) -> Failure {
    move |cause| Failure::new(format!("无法打开数据库 {}", file.display()), cause)
}

fn sqlite_options(file: &Path, connections: u32, cache_kib: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", file.display()));
    options.max_connections(connections).min_connections(1).sqlx_logging(false);
    options.acquire_timeout(Duration::from_secs(20)).idle_timeout(None).max_lifetime(None);
    options.test_before_acquire(false);
    // A transaction that a full disk cut short is over for SQLite but not for the driver: it would take the next one for a
    // part of that, and what is acknowledged then would never be committed.
    options.map_sqlx_sqlite_before_acquire(|connection, _| Box::pin(ready(Ok(!connection.is_in_transaction()))));
    options.map_sqlx_sqlite_opts(move |sqlite| sqlite_settings(sqlite, cache_kib));
    options
}

fn sqlite_settings(sqlite: SqliteConnectOptions, cache_kib: u32) -> SqliteConnectOptions {
    sqlite
        .pragma("journal_mode", "WAL")
        .pragma("synchronous", "FULL") // acknowledged means on disk, also after a power cut
        .pragma("busy_timeout", "10000") // another process, such as a backup or an import
        .pragma("foreign_keys", "ON")
        .pragma("cache_size", format!("-{cache_kib}"))
        // Pages of 4 KiB. Sessions that beat are written over and over; the rarer they are copied back, the more of that
        // is one copy.
        .pragma("wal_autocheckpoint", "16000")
}
