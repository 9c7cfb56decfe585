//! The forms in which somebody says what is to be done with many lessons: one for each thing.

use crate::auth::identity::{AUTHORS, Identity};
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::choose::Choice;
use crate::pages::pairs::Pairs;
use crate::pages::studio::editor::{REVIEWERS, audiences};
use crate::pages::studio::lessons::options::{any_of, categories};
use entity::Level;

/// What there is to choose from and what was typed.
pub struct Forms {
    /// Categories.
    pub categories: Vec<Choice>,
    /// Levels.
    pub levels: Vec<Choice>,
    /// Units within reach.
    pub audiences: Vec<Choice>,
    /// What was pressed.
    action: String,
    /// What was typed there.
    value: String,
    /// Whether the caller reviews lessons.
    pub reviews: bool,
}

impl Forms {
    /// For this caller, with what they typed before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of(db: &Database, identity: &Identity, typed: &Pairs) -> ApiResult<Self> {
        let value = typed.text("value");
        Ok(Self {
            categories: categories("请选择", &value),
            levels: any_of("请选择", Level::ALL.iter().map(|word| (word.as_str(), word.label())), &value),
            audiences: audiences(db, &identity.scope(AUTHORS), &value).await?,
            action: typed.text("action"),
            value,
            reviews: identity.has(REVIEWERS),
        })
    }

    /// What was typed for this.
    pub fn typed(&self, action: &str) -> &str {
        if self.action == action { &self.value } else { "" }
    }
}
