//! The rows of a batch on their way from the database and into it.
//!
//! Each statement is the same text however many rows there are, and has one value: a JSON array of them. So the database
//! prepares it once, and a batch costs three statements and a commit. Both databases take the same words but for a few.

use crate::Result;
use crate::totals::Totals;
use entity::{AccountId, Moment, PlaybackId, beat};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement};
use serde::{Deserialize, Serialize};

/// What beats need to know of a session, and change in it; as in table `playback`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Row {
    pub id: PlaybackId,
    pub account_id: AccountId,
    pub duration_ms: i64,
    pub started_at: Moment,
    pub start_position_ms: i64,
    pub most_rate_permille: i32,
    pub idle_after_ms: Option<i64>,
    pub superseded_at: Option<Moment>,
    pub closed_at: Option<Moment>,
    pub last_seq: i64,
    pub last_position_ms: i64,
    /// 1 when it was playing.
    pub last_playing: u8,
    pub last_rate_permille: i32,
    pub last_beat_at: Moment,
    pub touched_at: Option<Moment>,
    pub claimed_ms: i64,
    pub credited_ms: i64,
    pub reasons: String,
    pub seen: String,
}

/// Its columns, in its order.
const ROW: &str = "id, account_id, duration_ms, started_at, start_position_ms, most_rate_permille, idle_after_ms, \
     superseded_at, closed_at, last_seq, last_position_ms, CAST(last_playing AS integer), last_rate_permille, \
     last_beat_at, touched_at, claimed_ms, credited_ms, reasons, seen";

/// What beats change in a session: columns and types.
const MOVED: [(&str, &str); 10] = [
    ("last_seq", "bigint"),
    ("last_position_ms", "bigint"),
    ("last_playing", "boolean"),
    ("last_rate_permille", "bigint"),
    ("last_beat_at", "bigint"),
    ("touched_at", "bigint"),
    ("claimed_ms", "bigint"),
    ("credited_ms", "bigint"),
    ("reasons", "text"),
    ("seen", "text"),
];

/// The columns of a beat and their types, in the order of [`values_of`].
const BEAT: [(&str, &str); 15] = [
    ("playback_id", "bigint"),
    ("seq", "bigint"),
    ("position_ms", "bigint"),
    ("playing", "boolean"),
    ("rate_permille", "bigint"),
    ("claimed_ms", "bigint"),
    ("span_from_ms", "bigint"),
    ("span_to_ms", "bigint"),
    ("wall_from", "bigint"),
    ("wall_to", "bigint"),
    ("reason", "text"),
    ("reason_ms", "bigint"),
    ("happened_at", "bigint"),
    ("received_at", "bigint"),
    ("touched", "boolean"),
];

/// What judging a session anew changes in a beat; what it told stays.
const JUDGED: [&str; 7] = ["claimed_ms", "span_from_ms", "span_to_ms", "wall_from", "wall_to", "reason", "reason_ms"];

impl Row {
    /// What the session amounts to so far.
    pub fn totals(&self) -> Result<Totals> {
        Totals::read(self.id, (self.claimed_ms, self.credited_ms), &self.reasons, &self.seen)
    }

    /// Takes down what it amounts to now.
    pub fn set_totals(&mut self, totals: &Totals) -> Result<()> {
        (self.claimed_ms, self.credited_ms) = (totals.claimed_ms, totals.credited_ms);
        (self.reasons, self.seen) = totals.texts(self.id)?;
        Ok(())
    }
}

/// The sessions with these ids, locked in the order of their ids.
pub(super) async fn sessions(txn: &DatabaseTransaction, ids: &[PlaybackId]) -> Result<Vec<Row>> {
    let words = Words::of(txn);
    let sql = format!(
        "SELECT CAST({all}({array}({ROW})) AS text) FROM (SELECT * FROM playback WHERE id IN \
         (SELECT CAST(value AS bigint) FROM {each}) ORDER BY id{lock}) AS session",
        all = words.all,
        array = words.array,
        each = words.each,
        lock = words.lock
    );
    let found = txn.query_one_raw(words.statement(sql, ids)?).await?;
    let text: Option<String> = found.map(|row| row.try_get_by_index(0)).transpose()?.flatten();
    Ok(serde_json::from_str(text.as_deref().unwrap_or("[]")).map_err(json)?)
}

/// Writes beats; those that are there are judged anew.
pub(super) async fn write_beats(txn: &DatabaseTransaction, beats: &[beat::Model]) -> Result<()> {
    if beats.is_empty() {
        return Ok(());
    }
    let words = Words::of(txn);
    let names = BEAT.map(|(name, _)| name).join(", ");
    let values: Vec<String> = BEAT.iter().enumerate().map(|(at, (_, kind))| value(at, kind)).collect();
    let anew = JUDGED.map(|name| format!("{name} = excluded.{name}")).join(", ");
    let sql = format!(
        "{} INSERT INTO beat ({names}) SELECT {} FROM given WHERE true \
         ON CONFLICT (playback_id, seq) DO UPDATE SET {anew}",
        words.given(),
        values.join(", ")
    );
    let rows: Vec<_> = beats.iter().map(values_of).collect();
    txn.execute_raw(words.statement(sql, &rows)?).await?;
    Ok(())
}

/// Writes what beats changed in these sessions, whose rows are there and locked.
pub(super) async fn write_sessions(txn: &DatabaseTransaction, rows: &[Row]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let words = Words::of(txn);
    let set: Vec<String> =
        MOVED.iter().enumerate().map(|(at, (name, kind))| format!("{name} = {}", value(at + 1, kind))).collect();
    let sql = format!(
        "{} UPDATE playback SET {} FROM given WHERE playback.id = {}",
        words.given(),
        set.join(", "),
        value(0, "bigint")
    );
    let rows: Vec<_> = rows.iter().map(moved_of).collect();
    txn.execute_raw(words.statement(sql, &rows)?).await?;
    Ok(())
}

/// The words in which the two databases differ.
struct Words {
    backend: DbBackend,
    /// The elements of the array that is the statement's one value, in a column `value`.
    each: &'static str,
    /// A JSON array of these columns.
    array: &'static str,
    /// A JSON array of all rows.
    all: &'static str,
    /// Holds the rows until the transaction ends. On SQLite the whole database is held.
    lock: &'static str,
}

impl Words {
    fn of(txn: &DatabaseTransaction) -> Self {
        match txn.get_database_backend() {
            backend @ DbBackend::Postgres => Self {
                backend,
                each: "jsonb_array_elements(CAST($1 AS jsonb))",
                array: "json_build_array",
                all: "json_agg",
                lock: " FOR UPDATE",
            },
            backend => Self { backend, each: "json_each($1)", array: "json_array", all: "json_group_array", lock: "" },
        }
    }

    /// The rows given, each spelt out once: otherwise SQLite does so again for every column.
    fn given(&self) -> String {
        format!("WITH given AS MATERIALIZED (SELECT value FROM {})", self.each)
    }

    fn statement(&self, sql: String, rows: &(impl Serialize + ?Sized)) -> std::result::Result<Statement, DbErr> {
        let rows = serde_json::to_string(rows).map_err(json)?;
        Ok(Statement::from_sql_and_values(self.backend, sql, [rows.into()]))
    }
}

/// The element of a row at this place, as a column of this type.
fn value(at: usize, kind: &str) -> String {
    format!("CAST(value->>{at} AS {kind})")
}

fn values_of(beat: &beat::Model) -> impl Serialize + use<> {
    let (span, wall) = ((beat.span_from_ms, beat.span_to_ms), (beat.wall_from, beat.wall_to));
    (
        beat.playback_id,
        beat.seq,
        beat.position_ms,
        beat.playing,
        beat.rate_permille,
        beat.claimed_ms,
        span.0,
        span.1,
        wall.0,
        wall.1,
        beat.reason,
        beat.reason_ms,
        beat.happened_at,
        beat.received_at,
        beat.touched,
    )
}

/// The key, and what [`MOVED`] names.
fn moved_of(row: &Row) -> impl Serialize + use<'_> {
    (
        row.id,
        row.last_seq,
        row.last_position_ms,
        row.last_playing == 1,
        row.last_rate_permille,
        row.last_beat_at,
        row.touched_at,
        row.claimed_ms,
        row.credited_ms,
        &row.reasons,
        &row.seen,
    )
}

/// Never seen: what is written and read here are numbers and texts.
fn json(cause: serde_json::Error) -> DbErr {
    DbErr::Json(cause.to_string())
}
