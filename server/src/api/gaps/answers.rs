//! What a year still lacks, as clients read it.

use super::verdict;
use crate::make_up::Lessons;
use archive::gap::{self, Behind, Gap, Progress};
use entity::{lesson, org_unit};
use serde::Serialize;
use utoipa::ToSchema;

/// What a person's year lacks.
#[derive(Serialize, ToSchema)]
pub struct GapAnswer {
    /// Who.
    person_id: i64,
    /// Their name.
    name: String,
    /// Their roster number.
    code: String,
    /// The civil year.
    year: i32,
    /// `met`, `short`, `exempt` or `unbound`.
    verdict: &'static str,
    /// The most credit hours any target lacks.
    missing_hours: String,
    /// Every target that binds them.
    targets: Vec<TargetAnswer>,
    /// Lessons by which hours can be made up.
    make_up: MakeUpAnswer,
}

/// Where one target stands.
#[derive(Serialize, ToSchema)]
pub struct TargetAnswer {
    /// Its short name.
    id: String,
    /// What people call it.
    name: String,
    /// The text it comes from.
    clause: String,
    /// The unit of the amounts.
    unit: &'static str,
    /// What there is.
    have: String,
    /// Of this, carried over from the year before.
    carried: String,
    /// What is needed of this person.
    need: String,
    /// What is needed of somebody without exemption.
    whole_need: String,
    /// What is missing.
    missing: String,
    /// Whether it is met.
    met: bool,
    /// Nothing is asked, because of an exemption.
    exempt: bool,
    /// What should be there by now.
    due_now: String,
    /// What there will be at the year's end if all goes on as it did.
    forecast: String,
    /// Whether that will do.
    will_meet: bool,
    /// Since when there is too little.
    behind_since: Option<String>,
}

/// A page of a make-up list.
#[derive(Serialize, ToSchema)]
pub struct MakeUpAnswer {
    /// Lessons in all pages.
    total: u64,
    /// Which page, from 1.
    page: u64,
    /// Those the station holds first, then the newest.
    lessons: Vec<LessonAnswer>,
}

/// A lesson of a make-up list.
#[derive(Serialize, ToSchema)]
#[schema(as = GapLessonAnswer)]
pub struct LessonAnswer {
    /// The key.
    lesson_id: i64,
    /// Its name in addresses.
    slug: String,
    /// The title.
    title: String,
    /// What it is about.
    category: &'static str,
    /// Its length.
    duration_ms: i64,
    /// What the whole of it is worth.
    credit_hours: String,
    /// Whether the person's station is known to hold it.
    at_station: bool,
}

/// What a unit's year lacks.
#[derive(Serialize, ToSchema)]
pub struct GapsAnswer {
    /// The unit.
    unit_id: i64,
    /// Its name.
    name: String,
    /// The civil year.
    year: i32,
    /// People on the roster.
    people: u64,
    /// Of whom something is asked.
    bound: u64,
    /// Of these, who met all of it.
    met: u64,
    /// People who are exempt from everything.
    exempt: u64,
    /// Met of bound, in whole percent.
    met_percent: Option<u64>,
    /// The same with the exempt counted in, by what is asked of everybody else.
    met_percent_with_exempt: Option<u64>,
    /// People below the line of today.
    behind: u64,
    /// People in all pages of this list.
    total: u64,
    /// Which page, from 1.
    page: u64,
    /// People of a full page.
    size: u64,
    /// Those longest behind first.
    list: Vec<BehindAnswer>,
}

/// Somebody who lacks something.
#[derive(Serialize, ToSchema)]
pub struct BehindAnswer {
    /// Who.
    person_id: i64,
    /// Their name.
    name: String,
    /// Their roster number.
    code: String,
    /// The unit they belong to.
    unit_id: i64,
    /// Its name.
    unit: String,
    /// The earliest day since which a target is behind.
    since: Option<String>,
    /// Every target that binds them.
    targets: Vec<TargetAnswer>,
}

impl GapAnswer {
    pub(super) fn of(gap: &Gap, lessons: &Lessons) -> Self {
        let lesson = |row: &lesson::Model| LessonAnswer {
            lesson_id: row.id.0,
            slug: row.slug.clone(),
            title: row.title.clone(),
            category: row.category.as_str(),
            duration_ms: row.duration_ms,
            credit_hours: gap.worth(row.duration_ms).to_string(),
            at_station: lessons.held.contains(&row.id),
        };
        Self {
            person_id: gap.person_id.0,
            name: gap.name.clone(),
            code: gap.code.clone(),
            year: gap.year,
            verdict: verdict(gap.verdict),
            missing_hours: gap.missing_hours().to_string(),
            targets: gap.targets.iter().map(TargetAnswer::of).collect(),
            make_up: MakeUpAnswer {
                total: lessons.page.total,
                page: lessons.page.page,
                lessons: lessons.page.items.iter().map(lesson).collect(),
            },
        }
    }
}

impl TargetAnswer {
    fn of(target: &Progress) -> Self {
        let standing = &target.standing;
        Self {
            id: standing.id.clone(),
            name: standing.name.clone(),
            clause: standing.clause.clone(),
            unit: standing.unit,
            have: standing.have.to_string(),
            carried: standing.carried.to_string(),
            need: standing.need.to_string(),
            whole_need: standing.whole_need.to_string(),
            missing: standing.missing.to_string(),
            met: standing.met,
            exempt: standing.is_exempt(),
            due_now: target.due_now.to_string(),
            forecast: target.forecast.to_string(),
            will_meet: target.will_meet(),
            behind_since: target.behind_since.map(|day| day.to_string()),
        }
    }
}

impl GapsAnswer {
    pub(super) fn of(unit: org_unit::Model, gaps: gap::Gaps, year: i32) -> Self {
        let rates = gaps.rates;
        Self {
            met_percent: rates.met_percent(),
            met_percent_with_exempt: rates.met_percent_of_all(),
            unit_id: unit.id.0,
            name: unit.name,
            year,
            people: rates.people,
            bound: rates.bound,
            met: rates.met,
            exempt: rates.exempt,
            behind: gaps.behind,
            total: gaps.total,
            page: gaps.page,
            size: gaps.size,
            list: gaps.people.into_iter().map(BehindAnswer::of).collect(),
        }
    }
}

impl BehindAnswer {
    fn of(row: Behind) -> Self {
        Self {
            person_id: row.person_id.0,
            name: row.name,
            code: row.code,
            unit_id: row.unit_id.0,
            unit: row.unit_name,
            since: row.since.map(|day| day.to_string()),
            targets: row.targets.iter().map(TargetAnswer::of).collect(),
        }
    }
}
