//! A session's figures as people read them.

use crate::gathering::{Attendee, Line};
use crate::pages::figures::minutes;
use entity::{Moment, PersonId, PlaybackId, playback, presence_check};
use player::classroom::Confidence;
use player::classroom::hands::Asked;

/// One session in the list.
pub(super) struct LineView {
    pub(super) id: PlaybackId,
    pub(super) title: String,
    pub(super) when: String,
    pub(super) unit: String,
    pub(super) people: usize,
    pub(super) guests: usize,
    pub(super) trust: String,
    pub(super) kind: &'static str,
}

impl LineView {
    pub(super) fn of(line: Line) -> Self {
        let (trust, kind) = trust(&line.confidence);
        Self {
            id: line.row.id,
            when: when(&line.row),
            title: line.title,
            unit: line.unit_name,
            people: line.people,
            guests: line.guests,
            trust,
            kind,
        }
    }
}

/// Somebody who was there.
pub(super) struct AttendeeView {
    pub(super) id: PersonId,
    pub(super) name: String,
    pub(super) code: String,
    pub(super) stays: Vec<String>,
    pub(super) marked: String,
    pub(super) credited: String,
    pub(super) corrected: Option<String>,
    pub(super) reasons: Vec<String>,
}

impl AttendeeView {
    pub(super) fn of(known: &Attendee) -> Self {
        let reason = |(reason, ms): (&entity::Reason, &i64)| {
            (*ms >= 1000).then(|| format!("{} {}", reason.label(), minutes(*ms)))
        };
        Self {
            id: known.person.id,
            name: known.person.name.clone(),
            code: entity::person::masked(&known.person.code),
            stays: known.stays.iter().map(|(from, to)| stay(*from, *to)).collect(),
            marked: known.marked.iter().map(|how| how.label()).collect::<Vec<_>>().join("、"),
            credited: known.credited_ms.map_or_else(|| "待记入".into(), minutes),
            corrected: (known.corrected_ms != 0).then(|| format!("含更正 {}", minutes(known.corrected_ms))),
            reasons: known.reasons.iter().filter_map(reason).collect(),
        }
    }
}

/// A guest, and who they may be.
pub(super) struct GuestView {
    pub(super) id: entity::GuestId,
    pub(super) name: String,
    pub(super) place: String,
    pub(super) phone: String,
    pub(super) stay: String,
    pub(super) person: Option<(PersonId, String)>,
    /// Somebody looks this guest up now.
    pub(super) open: bool,
    pub(super) q: String,
    pub(super) candidates: Vec<Candidate>,
}

/// Somebody a guest may be.
pub(super) struct Candidate {
    pub(super) id: PersonId,
    pub(super) name: String,
    pub(super) about: String,
}

/// A drawn name.
pub(super) struct CheckView {
    pub(super) name: String,
    pub(super) at: String,
    pub(super) said: &'static str,
    pub(super) kind: &'static str,
}

impl CheckView {
    pub(super) fn of((check, name): &(presence_check::Model, String)) -> Self {
        let (said, kind) = match check.present {
            Some(true) => ("在场", "ok"),
            Some(false) => ("不在", "bad"),
            None => ("没有回答", "warn"),
        };
        Self { name: name.clone(), at: clock(check.asked_at), said, kind }
    }
}

/// A question and its hands.
pub(super) struct HandsView {
    pub(super) text: String,
    /// Words, hands, and whether it is right.
    pub(super) choices: Vec<(String, i32, bool)>,
}

impl HandsView {
    pub(super) fn of(asked: &Asked) -> Self {
        let right = |place: usize| asked.solution.as_ref().is_some_and(|known| known.right.contains(&place));
        let choices = asked.choices.iter().zip(&asked.hands).enumerate();
        let choices = choices.map(|(place, (words, hands))| (words.clone(), *hands, right(place))).collect();
        Self { text: asked.text.clone(), choices }
    }
}

/// What the drawn names say, and the mood of it.
pub(super) fn trust(known: &Confidence) -> (String, &'static str) {
    match known.percent() {
        None => ("没有抽查".into(), "off"),
        Some(percent) => {
            let kind = if percent >= 80 {
                "ok"
            } else if percent >= 50 {
                "warn"
            } else {
                "bad"
            };
            (format!("抽查确认 {} / {}（{percent}%）", known.confirmed, known.asked), kind)
        }
    }
}

/// The day, and from when to when.
pub(super) fn when(row: &playback::Model) -> String {
    let end = row.closed_at.map_or_else(|| "正在上课".into(), clock);
    format!("{} {} – {end}", row.day, clock(row.started_at))
}

pub(super) fn stay(from: Moment, to: Option<Moment>) -> String {
    format!("{} – {}", clock(from), to.map_or_else(|| "在场".into(), clock))
}

fn clock(at: Moment) -> String {
    at.local().format("%H:%M").to_string()
}
