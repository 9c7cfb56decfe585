//! What may be done to many lessons at once, and what a lesson was before.
//!
//! Each is the same change, by the same rules, as in the editor: it is made of the same patches and steps.

use super::Doer;
use crate::lesson::{LessonPatch, changeable, patched, state, tags_of};
use crate::trail::Change;
use crate::{Error, Result, fields};
use entity::{AccountId, Category, Day, LessonState, Level, Moment, UnitId, Verb, lesson, org_unit};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};
use serde::{Deserialize, Serialize};

/// One thing that is done to each of many lessons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Another category.
    Category(Category),
    /// Another level.
    Level(Level),
    /// Another language.
    Language(String),
    /// Another season; `None` for none.
    Season(Option<String>),
    /// Another last day; `None` for none.
    ValidUntil(#[serde(with = "as_text")] Option<Day>),
    /// Another audience, with its name.
    Audience(UnitId, String),
    /// One tag more.
    AddTag(String),
    /// One tag less.
    RemoveTag(String),
    /// Hand in for review.
    Submit,
    /// Let out what is reviewed.
    Publish,
    /// Take off the shelf, with a reason.
    Withdraw(String),
}

/// What a lesson held, before, in the fields that were changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Was {
    Category(Category),
    Level(Level),
    Language(String),
    Season(Option<String>),
    ValidUntil(#[serde(with = "as_text")] Option<Day>),
    Audience(UnitId),
    Tags(String),
    Standing(Standing),
}

/// Where a lesson stood, and who had brought it there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Standing {
    state: LessonState,
    return_reason: Option<String>,
    submitted_by: Option<AccountId>,
    reviewed_by: Option<AccountId>,
    publish_at: Option<Moment>,
    #[serde(with = "as_text")]
    published_on: Option<Day>,
}

impl Deed {
    /// What an action and its value mean: the words of the variants, as in JSON.
    ///
    /// # Errors
    /// [`Error::Invalid`] for no such action, or a value that it cannot have.
    pub fn parse(action: &str, value: &str) -> Result<Self> {
        let wrong = |reason: &str| Error::invalid("value", reason);
        let filled = Some(value.trim().to_owned()).filter(|text| !text.is_empty());
        Ok(match action {
            "category" => Self::Category(Category::parse(value).ok_or_else(|| wrong("请选择类别"))?),
            "level" => Self::Level(Level::parse(value).ok_or_else(|| wrong("请选择难度"))?),
            "language" => Self::Language(value.to_owned()),
            "season" => Self::Season(filled),
            "valid_until" => {
                let day = filled.map(|text| text.parse().map_err(|_| wrong("请填日期，如 2026-12-31")));
                Self::ValidUntil(day.transpose()?)
            }
            "audience" => Self::Audience(value.parse().map_err(|_| wrong("请选择单位"))?, String::new()),
            "add_tag" => Self::AddTag(value.to_owned()),
            "remove_tag" => Self::RemoveTag(value.to_owned()),
            "submit" => Self::Submit,
            "publish" => Self::Publish,
            "withdraw" => Self::Withdraw(value.to_owned()),
            _ => return Err(Error::invalid("action", "请选一项要改的内容")),
        })
    }

    /// What people read.
    pub fn label(&self) -> String {
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "（空）".to_owned());
        match self {
            Self::Category(category) => format!("类别改为“{}”", category.label()),
            Self::Level(level) => format!("难度改为“{}”", level.label()),
            Self::Language(language) => format!("语言改为“{language}”"),
            Self::Season(season) => format!("适用时节改为“{}”", or_none(season.clone())),
            Self::ValidUntil(day) => format!("有效期改为“{}”", or_none(day.map(|day| day.to_string()))),
            Self::Audience(_, name) => format!("面向改为“{name}”"),
            Self::AddTag(tag) => format!("加上标签“{tag}”"),
            Self::RemoveTag(tag) => format!("去掉标签“{tag}”"),
            Self::Submit => "提交审核".to_owned(),
            Self::Publish => "审核通过，发布".to_owned(),
            Self::Withdraw(reason) => format!("撤回：{reason}"),
        }
    }

    /// Whether only those who review a lesson may do it.
    pub fn is_for_reviewers(&self) -> bool {
        matches!(self, Self::Publish | Self::Withdraw(_))
    }

    /// The same within the limits of what may be written, and of what this person reaches.
    pub(super) async fn checked(self, db: &impl ConnectionTrait, doer: &Doer) -> Result<Self> {
        let tag = |text: &str| {
            let tag = fields::tags(&[text.to_owned()])?.pop();
            tag.ok_or_else(|| Error::invalid("tag", "请填写标签"))
        };
        Ok(match self {
            Self::Language(text) => match fields::short("language", &text)? {
                text if text.is_empty() => return Err(Error::invalid("language", "请填写语言")),
                text => Self::Language(text),
            },
            Self::Season(text) => Self::Season(fields::short_or_none("season", text.as_deref())?),
            Self::Audience(id, _) => {
                let unit = org_unit::Entity::find_by_id(id).one(db).await?;
                let unit = unit.filter(|unit| doer.viewer.staff.contains(&unit.path));
                let unit = unit.ok_or_else(|| Error::invalid("audience", "只能面向您管理范围内的单位"))?;
                Self::Audience(id, unit.name)
            }
            Self::AddTag(text) => Self::AddTag(tag(&text)?),
            Self::RemoveTag(text) => Self::RemoveTag(tag(&text)?),
            Self::Withdraw(text) => Self::Withdraw(fields::reason(&text)?),
            other => other,
        })
    }

    /// The log's verb: that of the single change.
    pub(super) fn action(&self) -> Verb {
        self.step(None).map_or(Verb::LessonUpdate, |step| step.action)
    }

    /// What the log and the authors read beside the verb.
    pub(super) fn detail(&self) -> String {
        match self {
            Self::Withdraw(reason) => reason.clone(),
            Self::Submit | Self::Publish => String::new(),
            _ => self.label(),
        }
    }

    /// The step on a lesson's way that it is, if it is one.
    pub(super) fn step(&self, by: Option<AccountId>) -> Option<state::Step> {
        match self {
            Self::Submit => Some(state::submission(by)),
            Self::Publish => Some(state::publication(by)),
            Self::Withdraw(reason) => Some(state::withdrawal(by, reason.clone())),
            _ => None,
        }
    }

    /// What it writes over a lesson; `None` when the lesson is so already. Fails as the single change would.
    pub(super) async fn row(
        &self,
        txn: &impl ConnectionTrait,
        old: &lesson::Model,
        change: Change,
    ) -> Result<Option<lesson::ActiveModel>> {
        if let Some(step) = self.step(change.by) {
            step.allowed(old, change.by)?;
            if *self == Self::Submit && old.source.is_empty() {
                return Err(Error::invalid("source", "提交审核前请写明来源与授权"));
            }
            if *self == Self::Submit && old.body.is_empty() && old.media_sha256.is_none() {
                return Err(Error::invalid("body", "提交审核前请写正文，或上传音视频"));
            }
            return Ok(Some(step.over(old, change.now)));
        }
        let Some(patch) = self.patch(old) else { return Ok(None) };
        changeable(old, &patch)?;
        match self {
            // That the unit is there was found out once for all of them.
            Self::Audience(unit, _) => {
                Ok(Some(lesson::ActiveModel { audience_unit_id: Set(*unit), ..Default::default() }))
            }
            _ => Ok(Some(patched(txn, old, patch).await?)),
        }
    }

    fn patch(&self, old: &lesson::Model) -> Option<LessonPatch> {
        let mut patch = LessonPatch::default();
        let changes = match self {
            Self::Category(category) => {
                patch.category = Some(*category);
                old.category != *category
            }
            Self::Level(level) => {
                patch.level = Some(*level);
                old.level != *level
            }
            Self::Language(language) => {
                patch.language = Some(language.clone());
                old.language != *language
            }
            Self::Season(season) => {
                patch.season = Some(season.clone());
                old.season != *season
            }
            Self::ValidUntil(day) => {
                patch.valid_until = Some(*day);
                old.valid_until != *day
            }
            Self::Audience(unit, _) => {
                patch.audience_unit_id = Some(*unit);
                old.audience_unit_id != *unit
            }
            Self::AddTag(tag) => {
                let mut tags = tags_of(old);
                let lacks = !tags.contains(tag);
                tags.push(tag.clone());
                patch.tags = Some(tags);
                lacks
            }
            Self::RemoveTag(tag) => {
                let mut tags = tags_of(old);
                let has = tags.contains(tag);
                tags.retain(|kept| kept != tag);
                patch.tags = Some(tags);
                has
            }
            Self::Submit | Self::Publish | Self::Withdraw(_) => false,
        };
        changes.then_some(patch)
    }
}

impl Was {
    /// What of a lesson this deed changes.
    pub(super) fn before(deed: &Deed, old: &lesson::Model) -> Self {
        match deed {
            Deed::Category(_) => Self::Category(old.category),
            Deed::Level(_) => Self::Level(old.level),
            Deed::Language(_) => Self::Language(old.language.clone()),
            Deed::Season(_) => Self::Season(old.season.clone()),
            Deed::ValidUntil(_) => Self::ValidUntil(old.valid_until),
            Deed::Audience(..) => Self::Audience(old.audience_unit_id),
            Deed::AddTag(_) | Deed::RemoveTag(_) => Self::Tags(old.tags.clone()),
            Deed::Submit | Deed::Publish | Deed::Withdraw(_) => Self::Standing(Standing {
                state: old.state,
                return_reason: old.return_reason.clone(),
                submitted_by: old.submitted_by,
                reviewed_by: old.reviewed_by,
                publish_at: old.publish_at,
                published_on: old.published_on,
            }),
        }
    }

    /// What writes it back.
    pub(super) fn row(self) -> lesson::ActiveModel {
        let mut row = lesson::ActiveModel::default();
        match self {
            Self::Category(category) => row.category = Set(category),
            Self::Level(level) => row.level = Set(level),
            Self::Language(language) => row.language = Set(language),
            Self::Season(season) => row.season = Set(season),
            Self::ValidUntil(day) => row.valid_until = Set(day),
            Self::Audience(unit) => row.audience_unit_id = Set(unit),
            Self::Tags(tags) => row.tags = Set(tags),
            Self::Standing(was) => {
                row.state = Set(was.state);
                row.return_reason = Set(was.return_reason);
                row.submitted_by = Set(was.submitted_by);
                row.reviewed_by = Set(was.reviewed_by);
                row.publish_at = Set(was.publish_at);
                row.published_on = Set(was.published_on);
            }
        }
        row
    }
}

/// A civil day in JSON: `2026-12-31`.
mod as_text {
    use entity::Day;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub fn serialize<S: Serializer>(day: &Option<Day>, to: S) -> Result<S::Ok, S::Error> {
        day.map(|day| day.to_string()).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Day>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
    }
}
