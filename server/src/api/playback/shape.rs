//! What is asked and answered about playing.

use crate::api::media::sources::Prepared;
use crate::error::ApiResult;
use entity::PlaybackMode;
use player::beat::Beat;
use player::classroom::Attendance;
use player::totals::Progress;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What is to be played, and for whom.
#[derive(Deserialize, ToSchema)]
pub struct BeginBody {
    /// The lesson.
    pub(super) lesson_id: i64,
    /// `solo` for oneself, `group` for a room.
    #[schema(value_type = String, example = "solo")]
    pub(super) mode: PlaybackMode,
    /// Who is in the room when a group session begins; more may arrive later.
    #[serde(default)]
    pub(super) roster: Vec<i64>,
    /// The player holds a copy of its own and will not fetch the recording.
    #[serde(default)]
    pub(super) cached: bool,
}

/// A session that has begun.
#[derive(Serialize, ToSchema)]
pub struct BegunAnswer {
    /// The session.
    pub(super) session_id: i64,
    /// Where the bytes are, in the form that browsers play; `null` for an article.
    pub(super) media_url: Option<String>,
    /// The other forms of the recording.
    #[serde(flatten)]
    pub(super) prepared: Prepared,
    /// Where to go on, in milliseconds.
    pub(super) resume_at_ms: i64,
    /// Seconds between two beats.
    pub(super) beat_every_s: u32,
    /// After how many seconds without a touch nothing counts, so that the player asks whether anybody is there; `null`
    /// when it need not ask.
    pub(super) idle_after_s: Option<i64>,
    /// The fastest play that counts.
    pub(super) most_rate: f64,
}

/// Where the playhead is, or was when the line was away.
#[derive(Deserialize, ToSchema)]
pub struct BeatBody {
    /// Rises with each beat, from 1; a beat sent twice is counted once.
    #[schema(minimum = 1)]
    pub(super) seq: i64,
    /// The playhead in milliseconds; for an article the time spent reading.
    #[schema(minimum = 0)]
    pub(super) position_ms: i64,
    /// Whether it moves.
    pub(super) playing: bool,
    /// Its speed, 0.25 to 3.
    #[serde(default = "normal_speed")]
    #[schema(minimum = 0.25, maximum = 3)]
    pub(super) rate: f64,
    /// How long ago this was, in milliseconds of the device's running clock: a beat that waited for a line counts for
    /// when it was made, up to twelve hours back. Without it a beat is of the moment it comes, and means nothing once a
    /// later one has come.
    pub(super) ago_ms: Option<i64>,
    /// Whether a person has touched the player since the beat before.
    #[serde(default)]
    pub(super) touched: bool,
}

/// Beats that were gathered without a line, in any order.
#[derive(Deserialize, ToSchema)]
pub struct BeatsBody {
    /// At most 500.
    #[schema(max_items = 500)]
    pub(super) beats: Vec<BeatBody>,
}

fn normal_speed() -> f64 {
    1.0
}

impl BeatBody {
    pub(super) fn parse(&self) -> ApiResult<Beat> {
        let beat = Beat::parse(self.seq, self.position_ms, self.playing, self.rate)?.by_hand(self.touched);
        Ok(self.ago_ms.map_or(beat, |ago_ms| beat.made_ago(ago_ms)))
    }
}

/// What a session amounts to. `credited_ms` and all `reasons` add up to `claimed_ms`.
#[derive(Serialize, ToSchema)]
pub struct TotalsAnswer {
    /// What counts so far, before the day's minimum and limit.
    pub(super) credited_ms: i64,
    /// What the player has claimed.
    pub(super) claimed_ms: i64,
    /// Why the rest does not count: reason code to milliseconds.
    pub(super) reasons: BTreeMap<&'static str, i64>,
    /// Another session of the same person has taken over; nothing more counts here.
    pub(super) superseded: bool,
    /// The session has ended; nothing more counts here.
    pub(super) closed: bool,
}

impl From<Progress> for TotalsAnswer {
    fn from(progress: Progress) -> Self {
        let Progress { totals, superseded, closed } = progress;
        let reasons = totals.reasons.iter().map(|(reason, ms)| (reason.as_str(), *ms)).collect();
        Self { credited_ms: totals.credited_ms, claimed_ms: totals.claimed_ms, reasons, superseded, closed }
    }
}

/// Somebody at the classroom's door.
#[derive(Deserialize, ToSchema)]
pub struct AttendanceBody {
    /// Who.
    pub(super) person_id: i64,
    /// Coming or going.
    pub(super) action: Action,
    /// How many milliseconds ago it happened, by the running clock of the device: a press waits while the link is away.
    /// At most 12 h, and never before the session.
    #[serde(default)]
    pub(super) ago_ms: i64,
}

/// Coming or going.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Comes in.
    Arrive,
    /// Goes out.
    Leave,
}

impl From<Action> for Attendance {
    fn from(action: Action) -> Self {
        match action {
            Action::Arrive => Self::Arrive,
            Action::Leave => Self::Leave,
        }
    }
}

/// Who is in the room now.
#[derive(Serialize, ToSchema)]
pub struct PresentAnswer {
    /// How many.
    pub(super) present: u64,
}

/// The end of a session.
#[derive(Default, Deserialize, ToSchema)]
pub struct CloseBody {
    /// The last beat, when it was not sent by itself: a page that goes away has time for one request only.
    pub(super) last: Option<BeatBody>,
}
