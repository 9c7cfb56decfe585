//! What the lists from which somebody decides are narrowed to, a unit and a state: as their addresses say it, and as the
//! bar above them offers it.

use crate::error::ApiResult;
use crate::pages::choose::{self, Choice, page_number};
use crate::pages::parts::Pager;
use entity::{Scope, org_unit};
use sea_orm::ConnectionTrait;
use serde::Deserialize;

/// As an address says it. Of what is no value, a unit is not found, and anything else narrows nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Narrowing {
    /// The id of a unit: what is its own and of all below. Everything within reach when it is empty.
    pub unit: String,
    /// The word of a state.
    pub state: String,
    page: String,
    /// What was just done.
    done: String,
}

/// The bar above the list; drawn by `narrowing` of `office/controls.html`.
pub struct Bar {
    /// The address of the list.
    pub path: &'static str,
    /// The units to choose from.
    pub units: Vec<Choice>,
    /// The states to choose from.
    pub states: Vec<Choice>,
}

impl Narrowing {
    /// The unit it is narrowed to, or else the highest one within reach.
    ///
    /// # Errors
    /// `not_found` for a unit beyond reach.
    pub async fn unit(&self, db: &impl ConnectionTrait, reach: &Scope) -> ApiResult<org_unit::Model> {
        choose::unit(db, reach, Some(&self.unit)).await
    }

    /// The path of that unit, when one was chosen.
    pub fn below(&self, at: &org_unit::Model) -> Option<String> {
        (!self.unit.trim().is_empty()).then(|| at.path.clone())
    }

    /// Whether only the open ones are wanted, or only the decided ones, where these are the states.
    pub fn open(&self) -> Option<bool> {
        match self.state.as_str() {
            "open" => Some(true),
            "decided" => Some(false),
            _ => None,
        }
    }

    /// Which page, from 1.
    pub fn page(&self) -> u64 {
        page_number(Some(&self.page))
    }

    /// Whether something was just decided.
    pub fn decided(&self) -> bool {
        self.done == "decided"
    }

    /// The bar, where these are the words and names of the states.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn bar(
        &self,
        db: &impl ConnectionTrait,
        (reach, at): (&Scope, &org_unit::Model),
        path: &'static str,
        states: &[(&str, &str)],
    ) -> ApiResult<Bar> {
        let all = std::iter::once(Choice::new("", "全部", &self.state));
        let states = states.iter().map(|(word, label)| Choice::new(*word, *label, &self.state));
        Ok(Bar { path, units: choose::units(db, reach, at).await?, states: all.chain(states).collect() })
    }

    /// The pager of the list.
    pub fn pager(&self, path: &str, page: u64, size: u64, total: u64) -> Pager {
        Pager::new(path, &[("unit", &self.unit), ("state", &self.state)], page, size, total)
    }
}
