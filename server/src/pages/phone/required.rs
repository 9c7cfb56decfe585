//! What a training plan asks of a person, first on their page until it is done.

use crate::auth::identity::Identity;
use crate::database::Database;
use crate::error::ApiResult;
use archive::plan::State;
use catalog::plan::{Item, Plan};
use entity::Day;

/// Plans looked at at most.
const MOST: u64 = 100;

/// A plan as its people see it.
pub struct Required {
    /// What it is called.
    pub title: String,
    /// A word of who set it.
    pub note: String,
    /// The last day.
    pub due: Day,
    /// `还有 3 天` or `今天截止`.
    pub left: String,
    /// Less than a week is left.
    pub is_near: bool,
    /// Things done.
    pub done: usize,
    /// What is required, in order.
    pub things: Vec<Thing>,
}

/// One thing of a plan.
pub struct Thing {
    /// What it is called.
    pub title: String,
    /// Where it is learnt; a class has no page.
    pub href: Option<String>,
    /// How far the person is.
    pub state: &'static str,
    /// The badge's colour.
    pub kind: &'static str,
}

/// The plans that bind the caller and are not done, those due first first.
///
/// # Errors
/// When the database fails.
pub async fn required(db: &Database, caller: &Identity, today: Day) -> ApiResult<Vec<Required>> {
    let Some(person) = caller.person_id else { return Ok(Vec::new()) };
    let mut required = Vec::new();
    for plan in catalog::plan::of_person(&db.read, person, today, 1, MOST).await?.items {
        let standing = archive::plan::of_person(&db.read, &plan.plan, person, today).await?;
        let states = standing.map(|standing| standing.items).unwrap_or_default();
        if states.iter().any(|state| *state != State::Done) {
            required.push(Required::of(&plan, &states, today));
        }
    }
    Ok(required)
}

impl Required {
    fn of(plan: &Plan, states: &[State], today: Day) -> Self {
        let days = (plan.plan.due_on - today).num_days();
        let thing = |(item, state): (&Item, &State)| Thing {
            title: item.title().to_owned(),
            href: match item {
                Item::Lesson(lesson) => Some(format!("/lessons/{}", lesson.slug)),
                Item::Class(_) => None,
            },
            state: state.label(),
            kind: match state {
                State::Done => "ok",
                State::Begun => "warn",
                State::NotBegun => "",
            },
        };
        Self {
            title: plan.plan.title.clone(),
            note: plan.plan.note.clone(),
            due: plan.plan.due_on,
            left: if days == 0 { "今天截止".to_owned() } else { format!("还有 {days} 天") },
            is_near: days < 7,
            done: states.iter().filter(|state| **state == State::Done).count(),
            things: plan.items.iter().zip(states).map(thing).collect(),
        }
    }
}
