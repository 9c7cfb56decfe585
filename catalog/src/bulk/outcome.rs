//! What a change of many lessons does or has done, and why it leaves some of them as they are.

use crate::{Error, Result};
use entity::{LessonId, LessonState, bulk_lesson};

/// Left out lessons that are named.
pub(super) const NAMED: u64 = 200;

/// Why a lesson is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is no more, or no longer within reach.
    Gone,
    /// Somebody changed it meanwhile.
    Changed,
    /// It is so already.
    Unchanged,
    /// Its reviewer is somebody else.
    NotReviewer,
    /// Nobody reviews their own.
    OwnLesson,
    /// It stands elsewhere on its way.
    WrongState(LessonState),
    /// It breaks a rule.
    Refused(String),
}

/// A lesson that is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Which.
    pub lesson: LessonId,
    /// Its title when it was chosen.
    pub title: String,
    /// Why, in Chinese.
    pub why: String,
}

/// What a change does, or has done.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// How many lessons change.
    pub changed: u64,
    /// How many were chosen that stay as they are; of them the first ones are named.
    pub left_out: u64,
    /// Those that are named.
    pub named: Vec<LeftOut>,
}

impl Why {
    /// What people read.
    pub fn text(&self) -> String {
        match self {
            Self::Gone => "已删除，或不在您的管理范围内".to_owned(),
            Self::Changed => "预览以后有人改过它".to_owned(),
            Self::Unchanged => "已经是这样，不用改".to_owned(),
            Self::NotReviewer => "您不是它的审核员".to_owned(),
            Self::OwnLesson => "须由他人审核，不能审核自己的课程".to_owned(),
            Self::WrongState(state) => format!("状态是“{}”，不能这样改", state.label()),
            Self::Refused(reason) => reason.clone(),
        }
    }

    /// Why a single change would have been refused; a failure of the database is none.
    pub(super) fn of(cause: Error) -> Result<Self> {
        Ok(match cause {
            Error::WrongState { state } => Self::WrongState(state),
            Error::OwnLesson => Self::OwnLesson,
            Error::Invalid { reason, .. } => Self::Refused(reason),
            other => return Err(other),
        })
    }
}

impl Outcome {
    /// Counts a lesson that stays as it is, and names it while there is room.
    pub(super) fn leave_out(&mut self, item: bulk_lesson::Model, why: String) {
        self.left_out += 1;
        if self.left_out <= NAMED {
            self.named.push(LeftOut { lesson: item.lesson_id, title: item.title, why });
        }
    }
}
