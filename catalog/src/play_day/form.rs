//! What is asked of a new play day before it is written.

use super::{Days, MOST_LESSONS, minute_now};
use crate::audience::{self, Viewer};
use crate::{Error, Result};
use entity::{Day, LessonId, Moment, UnitId, lesson, org_unit};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use std::collections::HashMap;

/// Most characters of a title: it stands on a television.
const TITLE: usize = 30;

/// How far ahead a play day may be set: whoever plans further mistyped the year.
const FURTHEST_DAYS: u64 = 400;

/// A play day to be set.
#[derive(Clone, Debug)]
pub struct NewPlayDay<'a> {
    /// For the stations of this unit and all below it.
    pub unit_id: UnitId,
    /// What people call it.
    pub title: &'a str,
    /// Days of the month, as [`Days::parse`] reads them.
    pub days: &'a str,
    /// When it begins: `19:30`.
    pub at: &'a str,
    /// The first day it is in force.
    pub valid_from: Day,
    /// What is played, in this order.
    pub lessons: &'a [LessonId],
    /// Who sets it: they may list only lessons they may see themselves.
    pub viewer: &'a Viewer,
}

/// The parts that were checked without looking at any row.
pub(super) struct Checked {
    pub(super) title: String,
    pub(super) days: Days,
    pub(super) at_minute: i32,
}

impl NewPlayDay<'_> {
    pub(super) fn check(&self, now: Moment) -> Result<Checked> {
        let title = self.title.trim();
        if title.is_empty() || title.chars().count() > TITLE || title.chars().any(char::is_control) {
            return Err(Error::invalid("title", format!("名称应为 1 到 {TITLE} 个字")));
        }
        let days = Days::parse(self.days).map_err(|reason| Error::invalid("days", reason))?;
        let at_minute = minute_of(self.at).ok_or_else(|| Error::invalid("at", "时间写成 19:30 这样"))?;
        let today = now.day();
        let begun = self.valid_from == today && days.has(today) && minute_now(now) >= at_minute;
        if self.valid_from < today || begun {
            return Err(Error::invalid("valid_from", "从今天起算的，要在开始时间以前设好；请改从明天起"));
        }
        if today.checked_add_days(chrono::Days::new(FURTHEST_DAYS)).is_some_and(|last| self.valid_from > last) {
            return Err(Error::invalid("valid_from", "开始的日子太远了"));
        }
        match self.lessons.len() {
            0 => Err(Error::invalid("lessons", "请至少选一课")),
            count if count > MOST_LESSONS => Err(Error::invalid("lessons", format!("最多 {MOST_LESSONS} 课"))),
            _ => Ok(Checked { title: title.to_owned(), days, at_minute }),
        }
    }
}

pub(super) async fn unit(db: &impl ConnectionTrait, id: UnitId) -> Result<org_unit::Model> {
    org_unit::Entity::find_by_id(id).one(db).await?.ok_or(Error::UnitNotFound)
}

/// Every lesson of the list must be one that each station below the unit can open and play.
pub(super) async fn lessons(
    db: &impl ConnectionTrait,
    new: &NewPlayDay<'_>,
    unit: &org_unit::Model,
    today: Day,
) -> Result<()> {
    let refuse = |reason: String| Err(Error::invalid("lessons", reason));
    let mut known: Vec<LessonId> = new.lessons.to_vec();
    known.sort_unstable();
    known.dedup();
    if known.len() != new.lessons.len() {
        return refuse("同一课只能排一次".into());
    }
    let visible = audience::published_for(new.viewer, today);
    let found = lesson::Entity::find().filter(lesson::Column::Id.is_in(known)).filter(visible).all(db).await?;
    let units =
        org_unit::Entity::find().filter(org_unit::Column::Id.is_in(found.iter().map(|row| row.audience_unit_id)));
    let paths: HashMap<UnitId, String> = units.all(db).await?.into_iter().map(|unit| (unit.id, unit.path)).collect();
    for id in new.lessons {
        let Some(row) = found.iter().find(|row| row.id == *id) else {
            return refuse("有的课没有发布或已撤回，请去掉后再存".into());
        };
        if row.media_sha256.is_none() {
            return refuse(format!("《{}》是图文课，教室里放不了", row.title));
        }
        let for_all = paths.get(&row.audience_unit_id).is_some_and(|path| unit.path.starts_with(path.as_str()));
        if !for_all {
            return refuse(format!("《{}》不是给{}全部站点看的", row.title, unit.name));
        }
    }
    Ok(())
}

/// Minutes after midnight of `19:30`, also with a full-width colon.
pub fn minute_of(text: &str) -> Option<i32> {
    let (hour, minute) = text.trim().split_once([':', '：'])?;
    let number = |text: &str, below: i32| {
        let fits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i32>().ok().filter(|number| fits && *number < below)
    };
    Some(number(hour, 24)? * 60 + number(minute, 60)?)
}

/// `19:30` of minutes after midnight.
pub fn clock(minute: i32) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_read_and_written() {
        for (typed, minute) in [("19:30", 1170), ("0:00", 0), (" 23：59 ", 1439), ("08:05", 485)] {
            assert_eq!(minute_of(typed), Some(minute));
        }
        for typed in ["", "19", "24:00", "12:60", "-1:30", "+1:30", "1:2:3", "a:b", "001:30", "19：3０"] {
            assert_eq!(minute_of(typed), None, "{typed}");
        }
        assert_eq!((clock(0), clock(1170)), ("00:00".into(), "19:30".into()));
    }
}
