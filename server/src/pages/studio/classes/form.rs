//! The form of a class: what was typed.

use archive::classes::Draft;
use entity::{Day, UnitId, class_run};
use serde::Deserialize;

/// What stands in the form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DraftForm {
    /// The organising unit.
    pub unit_id: String,
    /// What it is called.
    pub title: String,
    /// What it is about.
    pub topics: String,
    /// Who teaches.
    pub teacher: String,
    /// Where.
    pub place: String,
    /// First day.
    pub starts_on: String,
    /// Last day.
    pub ends_on: String,
    /// Its length.
    pub half_days: String,
}

impl DraftForm {
    /// A form for a class of one day.
    pub fn empty(unit: UnitId, today: Day) -> Self {
        let (starts_on, ends_on) = (today.to_string(), today.to_string());
        Self { unit_id: unit.to_string(), starts_on, ends_on, half_days: "2".to_owned(), ..Self::default() }
    }

    /// What is said of a class now.
    pub fn of(class: &class_run::Model) -> Self {
        Self {
            unit_id: class.unit_id.to_string(),
            title: class.title.clone(),
            topics: class.topics.clone(),
            teacher: class.teacher.clone(),
            place: class.place.clone(),
            starts_on: class.starts_on.to_string(),
            ends_on: class.ends_on.to_string(),
            half_days: class.half_days.to_string(),
        }
    }

    /// The class, or which field cannot be read.
    pub fn to_draft(&self, unit_id: UnitId) -> Result<Draft, &'static str> {
        Ok(Draft {
            unit_id,
            title: self.title.clone(),
            topics: self.topics.clone(),
            teacher: self.teacher.clone(),
            place: self.place.clone(),
            starts_on: self.starts_on.trim().parse().map_err(|_| "ends_on")?,
            ends_on: self.ends_on.trim().parse().map_err(|_| "ends_on")?,
            half_days: self.half_days.trim().parse().map_err(|_| "half_days")?,
        })
    }
}

/// The field of the form beside which something is said.
pub fn place_of(field: &'static str) -> &'static str {
    match field {
        "unit" => "unit_id",
        "half_days_signed" => "half_days",
        other => other,
    }
}
