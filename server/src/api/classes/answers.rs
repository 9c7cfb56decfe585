//! What is answered about classes and other studies.

use archive::classes::sheet::{Found, Plan};
use archive::classes::{list, sign_in};
use entity::{Moment, class_evidence, class_run};
use serde::Serialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// A page of them.
#[derive(Serialize, ToSchema)]
pub struct ClassPageAnswer {
    /// How many there are.
    pub(super) total: u64,
    /// Which page, from 1.
    pub(super) page: u64,
    /// The rows.
    pub(super) rows: Vec<ClassAnswer>,
}

/// A class, or another study of one person.
#[derive(Serialize, ToSchema)]
pub struct ClassAnswer {
    /// Its number.
    pub(super) id: i64,
    /// `class`, `secondment`, `degree`, `home_study` or `field_study`.
    pub(super) source: &'static str,
    /// `open`, `handed_in`, `approved` or `refused`.
    pub(super) state: &'static str,
    /// The organising unit; of a study the person's.
    pub(super) unit_id: i64,
    /// Its level.
    pub(super) level: &'static str,
    /// What it is called.
    pub(super) title: String,
    /// What it is about.
    pub(super) topics: String,
    /// Who teaches.
    pub(super) teacher: String,
    /// Where.
    pub(super) place: String,
    /// First civil day.
    pub(super) starts_on: String,
    /// Last civil day; its hours count for this day.
    pub(super) ends_on: String,
    /// Its length in half-days.
    pub(super) half_days: i32,
    /// Whose study it is; `null` for a class.
    pub(super) person_id: Option<i64>,
    /// The half-day people may sign in to by code now.
    pub(super) signing: Option<i32>,
    /// Why it was returned or refused, or fewer half-days were approved.
    pub(super) decision: Option<String>,
}

/// A class with a page of its roster.
#[derive(Serialize, ToSchema)]
pub struct ClassDetailAnswer {
    /// The class.
    pub(super) class: ClassAnswer,
    /// How many stand on the roster.
    pub(super) total: u64,
    /// Which page of it, from 1; 200 a page.
    pub(super) page: u64,
    /// The people, by unit and name.
    pub(super) roster: Vec<EnrolledAnswer>,
    /// What proves it.
    pub(super) evidence: Vec<EvidenceAnswer>,
}

/// Somebody on a roster.
#[derive(Serialize, ToSchema)]
pub struct EnrolledAnswer {
    /// Who.
    pub(super) person_id: i64,
    /// Their name.
    pub(super) name: String,
    /// Their unit.
    pub(super) unit: String,
    /// The half-days they signed in to.
    pub(super) half_days: Vec<i32>,
    /// How it counts, once it is decided; `enrolled` before.
    pub(super) status: &'static str,
}

/// A file that proves a class.
#[derive(Serialize, ToSchema)]
pub struct EvidenceAnswer {
    /// The name it came with.
    pub(super) name: String,
    /// Where it is read.
    pub(super) url: String,
}

/// What was, or would be, added.
#[derive(Serialize, ToSchema)]
pub struct RosterAnswer {
    /// How many are new.
    pub(super) added: usize,
    /// How many stood there already.
    pub(super) unchanged: usize,
    /// What cannot be taken; while there is any, nobody is added.
    pub(super) bad: Vec<BadLineAnswer>,
}

/// What was, or would be, changed by a table of attendance.
#[derive(Serialize, ToSchema)]
pub struct ClassAttendanceAnswer {
    /// The people whose half-days are others than before, as they are now, or would be.
    pub(super) changed: Vec<ChangedAttendanceAnswer>,
    /// How many lines say what is so already.
    pub(super) unchanged: usize,
    /// What cannot be taken; while there is any, nothing is changed.
    pub(super) bad: Vec<BadLineAnswer>,
}

/// Somebody whose half-days are changed.
#[derive(Serialize, ToSchema)]
pub struct ChangedAttendanceAnswer {
    /// Who.
    pub(super) person_id: i64,
    /// Their name.
    pub(super) name: String,
    /// The half-days they were there, all of them.
    pub(super) half_days: Vec<i32>,
}

/// Something that cannot be taken.
#[derive(Serialize, ToSchema)]
pub struct BadLineAnswer {
    /// Which of them, from 1; in a file the line.
    pub(super) line: usize,
    /// Why, in Chinese.
    pub(super) reason: String,
}

impl From<class_run::Model> for ClassAnswer {
    fn from(row: class_run::Model) -> Self {
        Self {
            id: row.id.0,
            source: row.source.as_str(),
            state: row.state.as_str(),
            unit_id: row.unit_id.0,
            level: row.level.as_str(),
            person_id: row.person_id.map(|id| id.0),
            signing: sign_in::running(&row, Moment::now()),
            title: row.title,
            topics: row.topics,
            teacher: row.teacher,
            place: row.place,
            starts_on: row.starts_on.to_string(),
            ends_on: row.ends_on.to_string(),
            half_days: row.half_days,
            decision: row.decision,
        }
    }
}

impl From<class_evidence::Model> for EvidenceAnswer {
    fn from(file: class_evidence::Model) -> Self {
        Self { url: format!("/media/{}", file.sha256), name: file.name }
    }
}

impl From<Plan<(Found, BTreeSet<i32>)>> for ClassAttendanceAnswer {
    fn from(plan: Plan<(Found, BTreeSet<i32>)>) -> Self {
        let changed = |(who, there): (Found, BTreeSet<i32>)| ChangedAttendanceAnswer {
            person_id: who.person_id.0,
            name: who.name,
            half_days: there.into_iter().collect(),
        };
        Self {
            changed: plan.rows.into_iter().map(changed).collect(),
            unchanged: plan.unchanged,
            bad: BadLineAnswer::all(plan.bad),
        }
    }
}

impl BadLineAnswer {
    /// Each with its reason.
    pub(super) fn all(bad: Vec<(usize, String)>) -> Vec<Self> {
        bad.into_iter().map(|(line, reason)| Self { line, reason }).collect()
    }
}

impl From<archive::Page<list::Listed>> for ClassPageAnswer {
    fn from(page: archive::Page<list::Listed>) -> Self {
        let rows = page.rows.into_iter().map(|listed| listed.class.into()).collect();
        Self { total: page.total, page: page.page, rows }
    }
}
