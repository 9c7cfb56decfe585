//! One session with its beat, and the entries it comes to.

use super::{FIRST_KEY, MINUTE, OneDay, Years};
use archive::ledger::NewEntry;
use entity::{AccountId, Day, Moment, PersonId, PlaybackId, PlaybackMode, Reason, Source, UnitId, beat, playback};
use sea_orm::{ActiveModelTrait, IntoActiveModel};
use std::collections::BTreeMap;

/// What an entry needs to know of its session.
pub(super) struct Session {
    pub(super) id: PlaybackId,
    pub(super) began: Moment,
    lesson: usize,
    played_ms: i64,
    idle_ms: i64,
}

impl Years<'_> {
    /// A session of twenty to forty-five minutes in one beat; of one in ten a minute more was claimed than was looked at.
    pub(super) fn session(&mut self, rows: &mut OneDay, day: Day, person: Option<PersonId>, unit: UnitId) -> Session {
        self.sessions += 1;
        let id = PlaybackId(FIRST_KEY + self.sessions);
        let played_ms = (20 + self.random.place(26) as i64) * MINUTE;
        let idle_ms = if self.random.place(10) == 0 { MINUTE } else { 0 };
        let began = Moment::start_of(day).plus_ms((8 * 60 + self.random.place(12 * 60) as i64) * MINUTE);
        let ended = began.plus_ms(played_ms);
        let lesson = self.random.place(self.lessons.len());
        let model = playback::Model {
            id,
            mode: if person.is_some() { PlaybackMode::Solo } else { PlaybackMode::Group },
            lesson_id: self.lessons[lesson].0,
            person_id: person,
            account_id: AccountId(1),
            unit_id: unit,
            duration_ms: 45 * MINUTE,
            started_at: began,
            day,
            last_seq: 1,
            last_position_ms: played_ms,
            last_playing: false,
            last_rate_permille: 1000,
            last_beat_at: ended,
            claimed_ms: played_ms + idle_ms,
            credited_ms: played_ms,
            reasons: if idle_ms > 0 { format!("{{\"IDLE\":{idle_ms}}}") } else { "{}".into() },
            seen: format!("[[0,{played_ms}]]"),
            superseded_at: None,
            closed_at: Some(ended),
            posted_at: Some(ended),
            start_position_ms: 0,
            most_rate_permille: 1500,
            touched_at: None,
            idle_after_ms: None,
            served_at: (self.random.place(50) > 0).then_some(began),
            plays_cached: false,
        };
        rows.playbacks.push(model.into_active_model().reset_all());
        let beat = beat::Model {
            playback_id: id,
            seq: 1,
            position_ms: played_ms,
            playing: true,
            rate_permille: 1000,
            claimed_ms: played_ms + idle_ms,
            span_from_ms: 0,
            span_to_ms: played_ms,
            wall_from: began,
            wall_to: ended,
            reason: (idle_ms > 0).then_some(Reason::Idle),
            reason_ms: idle_ms,
            happened_at: None,
            received_at: None,
            touched: false,
        };
        rows.beats.push(beat.into_active_model().reset_all());
        Session { id, began, lesson, played_ms, idle_ms }
    }

    pub(super) fn entry(&self, rows: &mut OneDay, who: usize, day: Day, source: Source, session: &Session) {
        rows.busy.insert(who);
        let mut entry = self.bare(who, day, source, session.played_ms);
        let (lesson, title) = &self.lessons[session.lesson];
        entry.lesson_id = Some(*lesson);
        entry.playback_id = Some(session.id);
        entry.note.clone_from(title);
        if session.idle_ms > 0 {
            entry.claimed_ms += session.idle_ms;
            entry.reasons.insert(Reason::Idle, session.idle_ms);
        }
        rows.entries.push(entry);
    }

    pub(super) fn bare(&self, who: usize, day: Day, source: Source, ms: i64) -> NewEntry {
        NewEntry {
            person_id: self.people[who],
            unit_id: self.villages[who % self.villages.len()],
            day,
            source,
            lesson_id: None,
            playback_id: None,
            class_run_id: None,
            corrects_seq: None,
            claimed_ms: ms,
            credited_ms: ms,
            reasons: BTreeMap::new(),
            rule_id: self.rule,
            note: String::new(),
            author_id: None,
        }
    }
}
