//! What the roster promises, each test on a database of its own.
#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
#![expect(clippy::indexing_slicing, reason = "tests stop at the first surprise")]

mod changes;
mod devices;
mod import;
mod import_claims;
mod import_files;
mod lists;
mod merges;
mod sessions;
mod sign_in;
mod tree;

use entity::{Moment, UnitId, UnitLevel, org_unit};
use migrations::{Migrate, Migrator};
use roster::org::{self, NewUnit};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};

/// A morning in November 2026.
const NOW: Moment = Moment(1_795_400_000_000);

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// An empty database: SQLite in memory, or a new one of the PostgreSQL that `TEST_POSTGRES` names.
async fn empty() -> DatabaseConnection {
    let db = match std::env::var("TEST_POSTGRES") {
        Ok(url) => new_postgres(&url).await,
        Err(_) => {
            let mut memory = ConnectOptions::new("sqlite::memory:");
            // As the server's writer: one connection, which must never be asked for twice at once.
            memory.max_connections(1).min_connections(1).idle_timeout(None).max_lifetime(None).sqlx_logging(false);
            Database::connect(memory).await.unwrap()
        }
    };
    Migrator::up(&db, None).await.unwrap();
    db
}

async fn new_postgres(url: &str) -> DatabaseConnection {
    let name = format!("roster_{:016x}", rand::random::<u64>());
    let server = Database::connect(url).await.unwrap();
    server.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    let (base, _) = url.rsplit_once('/').unwrap();
    let mut own = ConnectOptions::new(format!("{base}/{name}"));
    own.max_connections(4).sqlx_logging(false);
    Database::connect(own).await.unwrap()
}

/// A city with two counties; in the first a township with two villages.
struct City {
    db: DatabaseConnection,
    root: org_unit::Model,
    county: org_unit::Model,
    other_county: org_unit::Model,
    village: org_unit::Model,
}

async fn city() -> City {
    let db = empty().await;
    let root = unit(&db, None, "45", "河池市", UnitLevel::City).await;
    let county = unit(&db, Some(root.id), "4501", "南丹县", UnitLevel::County).await;
    let other_county = unit(&db, Some(root.id), "4502", "天峨县", UnitLevel::County).await;
    let township = unit(&db, Some(county.id), "450101", "芒场镇", UnitLevel::Township).await;
    let village = unit(&db, Some(township.id), "45010101", "巴平村", UnitLevel::Village).await;
    unit(&db, Some(township.id), "45010102", "拉麻村", UnitLevel::Village).await;
    City { db, root, county, other_county, village }
}

async fn unit(
    db: &DatabaseConnection,
    parent: Option<UnitId>,
    code: &str,
    name: &str,
    level: UnitLevel,
) -> org_unit::Model {
    org::add(db, NewUnit { parent, code: code.into(), name: name.into(), level }).await.unwrap()
}
