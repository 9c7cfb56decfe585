//! Table `beat`.

use crate::ids::PlaybackId;
use crate::moment::Moment;
use crate::words::Reason;
use sea_orm::entity::prelude::*;

/// One accepted beat and the span it earned: the ground truth of watching.
///
/// `span_from_ms..span_to_ms` of the lesson was watched between `wall_from` and `wall_to`; an empty span
/// (`from = to`) earned nothing. What was claimed and is not in the span carries `reason`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "beat")]
pub struct Model {
    /// Which playback.
    #[sea_orm(primary_key, auto_increment = false)]
    pub playback_id: PlaybackId,
    /// The client's number of this beat, from 1; a beat sent twice is stored once.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    /// The playhead.
    pub position_ms: i64,
    /// Was it playing.
    pub playing: bool,
    /// Speed in thousandths.
    pub rate_permille: i32,
    /// How far the playhead came since the beat before.
    pub claimed_ms: i64,
    /// Start of the span in the lesson.
    pub span_from_ms: i64,
    /// End of the span in the lesson.
    pub span_to_ms: i64,
    /// Server's clock at the start of the span.
    pub wall_from: Moment,
    /// Server's clock at the end of the span, at most when the beat was judged. An empty span has no length here either.
    pub wall_to: Moment,
    /// Why `claimed_ms` less the span did not count.
    pub reason: Option<Reason>,
    /// `claimed_ms` less the length of the span.
    pub reason_ms: i64,
    /// When it happened; `None` when that cannot be told, and in rows of before this was kept.
    pub happened_at: Option<Moment>,
    /// When it was received; `None` in rows of before this was kept.
    pub received_at: Option<Moment>,
    /// Whether a person had touched the player since the beat before.
    pub touched: bool,
}

impl ActiveModelBehavior for ActiveModel {}
