//! The ground that every test stands on: a new database with a few units.

use entity::{Moment, UnitId, UnitLevel, org_unit};
use migrations::{Migrate, Migrator};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use tempfile::TempDir;

pub const NOW: Moment = Moment(1_795_000_000_000);

/// A unit: its id, the one above it, its path.
pub type Unit = (i64, Option<i64>, &'static str);

/// A city with two counties, of which the first has a village.
pub async fn city() -> (TempDir, DatabaseConnection) {
    let folder = TempDir::new().unwrap();
    let (url, connections) = match std::env::var("TEST_POSTGRES") {
        Ok(server) => (new_postgres(&server, &folder).await, 4),
        Err(_) => (sqlite(&folder), 1),
    };
    let units = [(1, None, "/1/"), (2, Some(1), "/1/2/"), (3, Some(1), "/1/3/"), (4, Some(2), "/1/2/4/")];
    let db = open(url, connections, &units).await;
    (folder, db)
}

/// These units on SQLite, where a property is tried on many cities.
pub async fn on_sqlite(units: &[Unit]) -> (TempDir, DatabaseConnection) {
    let folder = TempDir::new().unwrap();
    let db = open(sqlite(&folder), 1, units).await;
    (folder, db)
}

fn sqlite(folder: &TempDir) -> String {
    format!("sqlite://{}/test.sqlite?mode=rwc", folder.path().display())
}

async fn new_postgres(server: &str, folder: &TempDir) -> String {
    let unique = folder.path().file_name().unwrap().to_string_lossy().replace('.', "").to_lowercase();
    let name = format!("catalog_{}_{unique}", std::process::id());
    let admin = Database::connect(server).await.unwrap();
    admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    admin.close().await.unwrap();
    format!("{}/{name}", server.rsplit_once('/').unwrap().0)
}

async fn open(url: String, connections: u32, units: &[Unit]) -> DatabaseConnection {
    let db = Database::connect(ConnectOptions::new(url).max_connections(connections).to_owned()).await.unwrap();
    Migrator::up(&db, None).await.unwrap();
    for (id, parent, path) in units {
        let level = [UnitLevel::City, UnitLevel::County, UnitLevel::Village][path.matches('/').count() - 2];
        let unit = org_unit::ActiveModel {
            id: Set(UnitId(*id)),
            parent_id: Set(parent.map(UnitId)),
            code: Set(id.to_string()),
            name: Set(format!("单位{id}")),
            level: Set(level),
            path: Set((*path).to_owned()),
        };
        unit.insert(&db).await.unwrap();
    }
    db
}
