//! Table `playback`.

use crate::ids::{AccountId, LessonId, PersonId, PlaybackId, UnitId};
use crate::moment::{Day, Moment};
use crate::words::PlaybackMode;
use sea_orm::entity::prelude::*;

/// One playback session. The columns from `last_seq` on are what the beats so far amount to; the beats are the truth.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "playback")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: PlaybackId,
    /// Alone or in a room.
    pub mode: PlaybackMode,
    /// What is played.
    pub lesson_id: LessonId,
    /// The learner of a solo session.
    pub person_id: Option<PersonId>,
    /// Who operates the player.
    pub account_id: AccountId,
    /// The unit of the learner or of the room when it began.
    pub unit_id: UnitId,
    /// Length of the lesson when it began.
    pub duration_ms: i64,
    /// When it began.
    pub started_at: Moment,
    /// The civil day it began.
    pub day: Day,
    /// Highest beat seen; 0 before the first.
    pub last_seq: i64,
    /// Playhead at that beat.
    pub last_position_ms: i64,
    /// Was it playing at that beat.
    pub last_playing: bool,
    /// Its speed at that beat, in thousandths.
    pub last_rate_permille: i32,
    /// Up to when the server's clock has been used: when that beat came, less up to ten seconds that it did not use.
    /// The start before the first.
    pub last_beat_at: Moment,
    /// What the client has claimed so far.
    pub claimed_ms: i64,
    /// What of it counts, before the day is judged.
    pub credited_ms: i64,
    /// A JSON object: reason code to milliseconds; with `credited_ms` it adds up to `claimed_ms`.
    #[sea_orm(column_type = "Text")]
    pub reasons: String,
    /// A JSON array of `[from_ms, to_ms]`: the union of the spans.
    #[sea_orm(column_type = "Text")]
    pub seen: String,
    /// When another session of the same person took over.
    pub superseded_at: Option<Moment>,
    /// When it ended.
    pub closed_at: Option<Moment>,
    /// When it was posted to the ledger.
    pub posted_at: Option<Moment>,
    /// Where the playhead stood when it began.
    pub start_position_ms: i64,
    /// The fastest play that counts, in thousandths, by the rule of the day it began.
    pub most_rate_permille: i32,
    /// The last sign of a person, not only of a player.
    pub touched_at: Option<Moment>,
    /// After how long without such a sign nothing counts; `None` where that is not asked.
    pub idle_after_ms: Option<i64>,
    /// When the first byte of the lesson was served to whoever plays it.
    pub served_at: Option<Moment>,
    /// Whether the player said that it holds a copy of its own.
    pub plays_cached: bool,
}

impl ActiveModelBehavior for ActiveModel {}
