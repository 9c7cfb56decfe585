//! Whatever is changed in what is sealed is found, and named.

use super::*;

/// Another value for a column, as SQL. A new column does not compile until it is named here.
fn line_mutation(column: seal_line::Column) -> &'static str {
    match column {
        seal_line::Column::Seq => "seq + 1000",
        seal_line::Column::SealId => "seal_id + 1",
        seal_line::Column::Kind => "CASE kind WHEN 'amendment' THEN 'roll' ELSE 'amendment' END",
        seal_line::Column::PersonId => "COALESCE(person_id, 0) + 1",
        seal_line::Column::Body => "REPLACE(body, '1', '2')",
        seal_line::Column::WrittenBy => "written_by + 1",
        seal_line::Column::WrittenAt => "written_at + 1",
        seal_line::Column::PrevHash => "prev_hash || '0'",
        seal_line::Column::Hash => "hash || '0'",
        seal_line::Column::CheckCode => "COALESCE(check_code, '') || seq",
    }
}

fn seal_mutation(column: seal::Column) -> &'static str {
    match column {
        seal::Column::Id => "id + 100",
        seal::Column::UnitId => "unit_id + 1",
        seal::Column::Year => "year - 1",
        seal::Column::State => "'sealing'",
        seal::Column::UptoSeq => "upto_seq - 1",
        seal::Column::People => "people - 1",
        seal::Column::Done => "done - 1",
        seal::Column::AskedBy => "asked_by + 1",
        seal::Column::AskedAt => "asked_at + 1",
        seal::Column::SealedAt => "sealed_at + 1",
        seal::Column::Hash => "hash || '0'",
    }
}

fn head_mutation(column: seal_head::Column) -> &'static str {
    match column {
        seal_head::Column::Id => "2",
        seal_head::Column::Seq => "seq - 1",
        seal_head::Column::Hash => "hash || '0'",
    }
}

use entity::seal_head;

/// A city with a seal and an amendment, and what the statement makes `check` find. Nothing is kept.
async fn found_after(city: &City, statement: &str) -> Vec<String> {
    let txn = entity::writing::begin(&city.db).await.unwrap();
    let changed = txn.execute_unprepared(statement).await.unwrap();
    assert!(changed.rows_affected() > 0, "{statement}");
    let found = faults(&txn).await;
    txn.rollback().await.unwrap();
    found
}

#[tokio::test]
async fn every_changed_column_of_every_sealed_table_is_found() {
    let city = city().await;
    sealed(&city, CITY).await;
    amend(&city.db, 1, -60_000, "名单有误", APPROVER, NEW_YEAR).await.unwrap();
    let lines = seal_line::Entity::find().all(&city.db).await.unwrap();
    let mut statements = Vec::new();
    for column in seal_line::Column::iter() {
        let name = sea_orm::IdenStatic::as_str(&column);
        for line in &lines {
            statements.push(format!(
                "UPDATE seal_line SET {name} = {} WHERE seq = {}",
                line_mutation(column),
                line.seq
            ));
        }
    }
    for column in seal::Column::iter() {
        statements.push(format!(
            "UPDATE seal SET {} = {}",
            sea_orm::IdenStatic::as_str(&column),
            seal_mutation(column)
        ));
    }
    for column in seal_head::Column::iter() {
        statements.push(format!(
            "UPDATE seal_head SET {} = {}",
            sea_orm::IdenStatic::as_str(&column),
            head_mutation(column)
        ));
    }
    for line in &lines {
        statements.push(format!("DELETE FROM seal_line WHERE seq = {}", line.seq));
    }
    let columns = "seq, seal_id, kind, person_id, body, written_by, written_at, prev_hash, hash, check_code";
    let copied = columns.replace("seq, ", "seq + 100, ").replace("check_code", "NULL");
    statements.push(format!("INSERT INTO seal_line ({columns}) SELECT {copied} FROM seal_line WHERE seq = 1"));
    statements.push("DELETE FROM seal".to_owned());
    statements.push("DELETE FROM seal_head".to_owned());
    statements.push(
        "UPDATE ledger_entry SET credited_ms = credited_ms + 1, claimed_ms = claimed_ms + 1 WHERE seq = 1".to_owned(),
    );
    statements.push("UPDATE ledger_entry SET hash = 'x' WHERE seq = 1".to_owned());
    statements.push("DELETE FROM ledger_entry WHERE seq = 1".to_owned());
    for statement in &statements {
        let found = found_after(&city, statement).await;
        assert!(!found.is_empty(), "not found: {statement}");
    }
    assert_eq!(faults(&city.db).await, [""; 0]);
}

#[tokio::test]
async fn a_fault_names_the_row_and_the_person() {
    let city = city().await;
    sealed(&city, CITY).await;
    let changed = found_after(&city, "UPDATE seal_line SET written_by = 7 WHERE seq = 2").await;
    assert_eq!(changed, ["封存第 2 行（韦2（木棉村，2025 年））：内容被改动"]);
    let removed = found_after(&city, "DELETE FROM seal_line WHERE seq = 2").await;
    assert!(removed.contains(&"封存第 2 行：缺失".to_owned()), "{removed:?}");
    let put_in = "INSERT INTO ledger_entry SELECT seq + 10, person_id, unit_id, day, source, lesson_id, playback_id, \
                  class_run_id, seq, claimed_ms, credited_ms, reasons, rule_id, note, author_id, posted_at, prev_hash, hash \
                  FROM ledger_entry WHERE seq = 1";
    let added = found_after(&city, put_in).await;
    assert_eq!(added, ["台账第 11 条：在封存以后加入，没有修订"]);
    assert!(ledger_entry::Entity::find_by_id(11).one(&city.db).await.unwrap().is_none());
}
