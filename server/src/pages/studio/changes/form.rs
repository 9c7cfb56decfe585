//! The forms in which somebody says what is to be done with many lessons: one for each thing.

use crate::auth::identity::{AUTHORS, Identity};
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::choose::Choice;
use crate::pages::pairs::Pairs;
use crate::pages::studio::editor::{REVIEWERS, audiences};
use crate::pages::studio::lessons::options::{any_of, categories};
use catalog::bulk::Deed;
use entity::{Category, Level, UnitId};

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

/// What a pressed button and its value mean; its limits are the catalog's.
pub fn deed(action: &str, value: &str) -> Result<Deed, &'static str> {
    let filled = Some(value.trim().to_owned()).filter(|text| !text.is_empty());
    Ok(match action {
        "category" => Deed::Category(Category::parse(value).ok_or("请选择类别")?),
        "level" => Deed::Level(Level::parse(value).ok_or("请选择难度")?),
        "language" => Deed::Language(value.to_owned()),
        "season" => Deed::Season(filled),
        "valid_until" => {
            let day = filled.map(|text| text.parse().map_err(|_| "请填日期，如 2026-12-31")).transpose()?;
            Deed::ValidUntil(day)
        }
        "audience" => Deed::Audience(value.parse::<UnitId>().map_err(|_| "请选择单位")?, String::new()),
        "add_tag" => Deed::AddTag(value.to_owned()),
        "remove_tag" => Deed::RemoveTag(value.to_owned()),
        "submit" => Deed::Submit,
        "publish" => Deed::Publish,
        "withdraw" => Deed::Withdraw(value.to_owned()),
        _ => return Err("请选一项要改的内容"),
    })
}
