//! Somebody with the database in their hands changes, removes or adds a row of what is sealed: `verify` names it.
//!
//! Which columns there are is asked of the schema, so that a later one is either part of the proof or this fails.

use archive::classes::{Attended, NewClass};
use entity::{Day, Moment, SealState, UnitLevel};
use sea_orm::{ConnectionTrait, DatabaseConnection, EntityTrait, PaginatorTrait, Statement};
use serde_json::json;
use std::process::Output;
use tests::city::on_postgres;
use tests::{City, process, rows};

/// How `verify` speaks of the row with a number.
type Named = fn(i64) -> String;

/// What is sealed: each table, the column that numbers its rows, and how `verify` speaks of the row with a number.
const SEALED: &[(&str, &str, Named)] = &[
    ("ledger_entry", "seq", |seq| format!("第 {seq} 条")),
    ("ledger_head", "id", |_| "末条应为第".to_owned()),
    ("seal", "id", |id| format!("封存 {id}：")),
    ("seal_line", "seq", |seq| format!("第 {seq} 行")),
    ("seal_head", "id", |_| "封存末行应为第".to_owned()),
    ("rule", "id", |id| format!("学时规则 {id}：")),
    ("person_merge", "id", |id| format!("合并 {id}：")),
];

/// A row that is put in among them is found by itself, but for a rule: it judges only what comes after its first day,
/// and to set one is a right of the office, written down in the audit log.
const MAY_GROW: &[&str] = &["rule"];

fn last_year() -> i32 {
    Moment::now().year() - 1
}

/// A city with hours of both years, a correction, a seal, and an amendment after it; and two merges, of which one was
/// taken back.
async fn city() -> City {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let id = cadre.play(city.lesson("video")).await;
    cadre.beat(id, 1, 0, true).await.must(200);
    city.let_pass(id, 300_000).await;
    cadre.beat(id, 2, 300_000, true).await.must(200);
    cadre.post(&format!("/api/v1/playback/{id}/close"), json!({})).await.must(200);
    let by = city.accounts["office"];
    archive::ledger::correct(&city.db.write, 1, -60_000, "核实", by, Moment::now()).await.unwrap();
    let on = Day::from_ymd_opt(last_year(), 11, 20).unwrap();
    let class = NewClass {
        level: UnitLevel::Township,
        title: "冬训班".into(),
        unit_id: city.units["清水镇"],
        place: String::new(),
        teacher: String::new(),
        starts_on: on,
        ends_on: on,
        half_days: 2,
    };
    let there = ["甲村韦大山", "甲村覃小梅"];
    let attended = there.map(|name| Attended { person_id: city.people[name], half_days: 2 }).to_vec();
    archive::classes::record(&city.db.write, class, attended, None, Moment::now()).await.unwrap();
    let unit = city.units["甲村"];
    let begun = archive::seal::begin(&city.db.write, unit, last_year(), by, Moment::now()).await.unwrap();
    while archive::seal::work(&city.db.write, Moment::now()).await.unwrap() > 0 {}
    let sealed = entity::seal::Entity::find_by_id(begun.id).one(&city.db.read).await.unwrap().unwrap();
    assert_eq!(sealed.state, SealState::Sealed);
    archive::ledger::amend(&city.db.write, 3, -60_000, "名单有误", by, Moment::now()).await.unwrap();
    merged(&city, "甲村").await;
    let taken_back = merged(&city, "乙村").await;
    let part = format!("/api/v1/merges/{taken_back}/part");
    city.client("office").await.post(&part, json!({"reason": "是两个人"})).await.must(200);
    city
}

/// Merges two people of a village: the number of the merge.
async fn merged(city: &City, village: &str) -> String {
    let of = |name: &str| city.people[&format!("{village}{name}")];
    let merges = format!("/api/v1/people/{}/merges", of("黄志强"));
    let body = json!({"merged_id": of("蒙秀英"), "reason": "同一个人"});
    city.client("office").await.post(&merges, body).await.must(201).json()["merge"]["id"].to_string()
}

/// All that `verify` says of the records, and whether it finds them sound.
async fn verify(db: &impl ConnectionTrait) -> (bool, String) {
    let ledger = archive::verify::ledger(db, &|_, _| ()).await;
    let seals = archive::seal::check(db, &|_, _| ()).await;
    let sound =
        ledger.as_ref().is_ok_and(|found| found.is_sound()) && seals.as_ref().is_ok_and(|found| found.is_sound());
    let ledger = ledger.map_or_else(|cause| cause.to_string(), |found| found.to_string());
    (sound, format!("{ledger}\n{}", seals.map_or_else(|cause| cause.to_string(), |found| found.to_string())))
}

/// Do this to the database and hear what `verify` says; nothing is kept. `None` when the database itself refuses it.
async fn after(db: &DatabaseConnection, statement: &str) -> Option<(bool, String)> {
    let txn = entity::writing::begin(db).await.unwrap();
    let changed = match txn.execute_unprepared(statement).await {
        Ok(done) => done.rows_affected() > 0,
        Err(_) => false,
    };
    let found = if changed { Some(verify(&txn).await) } else { None };
    txn.rollback().await.unwrap();
    found
}

/// Other values for a column that holds this one: another of its kind, nothing, and nonsense.
fn others(value: Option<&str>) -> Vec<String> {
    let other = match value {
        None => "1".to_owned(),
        Some(text) => match (text.parse::<i64>(), text.parse::<Day>()) {
            (Ok(number), _) => (number + 1000).to_string(),
            (_, Ok(day)) => day.succ_opt().unwrap().to_string(),
            _ => format!("{text}0"),
        },
    };
    let mut others = vec![format!("'{}'", other.replace('\'', "''")), "'x'".to_owned()];
    match value {
        Some(_) => others.push("NULL".to_owned()),
        None => others.extend(["'1000'", "'2020-01-01'"].map(str::to_owned)), // PostgreSQL asks for a number or a day
    }
    others
}

/// The numbers of a table's rows.
async fn numbers(db: &DatabaseConnection, table: &str, key: &str) -> Vec<i64> {
    let sql = format!("SELECT {key} FROM {table} ORDER BY {key}");
    let found = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
    found
        .iter()
        .map(|row| row.try_get_by_index::<i64>(0).or_else(|_| row.try_get_by_index::<i32>(0).map(i64::from)).unwrap())
        .collect()
}

async fn value(db: &DatabaseConnection, table: &str, column: &str, place: &str) -> Option<String> {
    let sql = format!("SELECT CAST(\"{column}\" AS TEXT) FROM {table} WHERE {place}");
    let found = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
    found.and_then(|row| row.try_get_by_index(0).unwrap())
}

/// Every change of every column of every row that the database lets one make. Answers how many were made.
async fn every_change_is_named(db: &DatabaseConnection) -> usize {
    let schema = rows::columns(db).await;
    let mut made = 0;
    for (table, key, named) in SEALED {
        for number in numbers(db, table, key).await {
            let place = format!("{key} = {number}");
            for column in &schema[*table] {
                let value = value(db, table, column, &place).await;
                let mut found = false;
                for other in others(value.as_deref()) {
                    let statement = format!("UPDATE {table} SET \"{column}\" = {other} WHERE {place}");
                    let Some((sound, said)) = after(db, &statement).await else { continue };
                    assert!(!sound && said.contains(&named(number)), "{statement}\n{said}");
                    (made, found) = (made + 1, true);
                }
                assert!(found, "the database lets nobody change {table}.{column} of row {number}");
            }
            let (sound, said) = after(db, &format!("DELETE FROM {table} WHERE {place}")).await.unwrap();
            assert!(!sound && said.contains(&named(number)), "{table} without row {number}\n{said}");
            if !MAY_GROW.contains(table) {
                let new = put_in(&schema[*table], table, key, number);
                let (sound, said) = after(db, &new).await.unwrap();
                let inside = ["ledger_head", "seal_head"].contains(table);
                let place = if inside { number } else { number + 1000 };
                assert!(!sound && said.contains(&named(place)), "{new}\n{said}");
            }
        }
    }
    let (sound, said) = verify(db).await;
    assert!(sound, "{said}");
    made
}

/// A copy of a row with another number. What has to be unique elsewhere is left out of it.
fn put_in(columns: &[String], table: &str, key: &str, number: i64) -> String {
    let copied = columns.iter().map(|column| match column.as_str() {
        name if name == key => format!("{key} + 1000"),
        "check_code" | "playback_id" => "NULL".to_owned(),
        name => format!("\"{name}\""),
    });
    let names: Vec<_> = columns.iter().map(|column| format!("\"{column}\"")).collect();
    let copied: Vec<_> = copied.collect();
    format!(
        "INSERT INTO {table} ({}) SELECT {} FROM {table} WHERE {key} = {number}",
        names.join(", "),
        copied.join(", ")
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn every_column_of_every_sealed_row_every_row_removed_and_every_row_put_in_is_named() {
    let city = city().await;
    for (table, key, _) in SEALED {
        assert!(!numbers(&city.db.read, table, key).await.is_empty(), "{table} is empty");
    }
    assert_eq!(entity::ledger_entry::Entity::find().count(&city.db.read).await.unwrap(), 5);
    let made = every_change_is_named(&city.db.write).await;
    assert!(made > 200, "{made}");
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_was_tampered_with_is_found_out_when_it_is_restored() {
    if on_postgres() {
        return; // the binary is given no PostgreSQL of its own here
    }
    let city = city().await;
    let folder = tempfile::tempdir().unwrap();
    let (backup, restored) = (folder.path().join("backup"), folder.path().join("restored"));
    for (data, words) in [
        (&city.data, vec!["backup", backup.to_str().unwrap()]),
        (&restored, vec!["restore", backup.to_str().unwrap()]),
        (&restored, vec!["verify"]),
    ] {
        let done = process::command(data, &words);
        assert!(done.status.success(), "{words:?}: {}", text(&done));
    }
    let config = server::config::Config { data: restored.clone(), ..city.config.clone() };
    let db = server::app::open_database(&config).await.unwrap().write;
    every_change_is_named(&db).await;
    db.execute_unprepared("UPDATE ledger_entry SET note = '别的课' WHERE seq = 2").await.unwrap();
    db.execute_unprepared("UPDATE rule SET body = body || ' = ' WHERE id = 1").await.unwrap();
    db.close().await.unwrap();
    let found = process::command(&restored, &["verify"]);
    let said = text(&found);
    assert!(!found.status.success(), "{said}");
    assert!(said.contains("学时规则 1：与封存时不符"), "{said}");
    // The files of a backup have their own hashes: one that was changed is not restored at all.
    let database = backup.join("yuanjiao.db");
    let mut bytes = std::fs::read(&database).unwrap();
    let end = bytes.len() - 1;
    bytes[end] ^= 1;
    std::fs::write(&database, bytes).unwrap();
    let again = process::command(&folder.path().join("again"), &["restore", backup.to_str().unwrap()]);
    assert!(!again.status.success() && text(&again).contains("损坏"), "{}", text(&again));
}
