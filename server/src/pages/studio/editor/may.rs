//! What may be done with a lesson in the editor, and why not more.

use super::REVIEWERS;
use crate::auth::identity::Identity;
use crate::database::Database;
use crate::error::ApiResult;
use entity::{LessonState, lesson};

/// Which buttons stand on the page; the domain has the last word.
#[derive(Clone, Copy, Debug, Default)]
pub struct Can {
    pub save: bool,
    pub submit: bool,
    pub publish: bool,
    pub send_back: bool,
    pub withdraw: bool,
    pub delete: bool,
}

pub async fn can(identity: &Identity, db: &Database, lesson: Option<&lesson::Model>) -> ApiResult<Can> {
    let Some(lesson) = lesson else { return Ok(Can { save: true, submit: true, ..Can::default() }) };
    let path = catalog::lesson::unit_path(&db.read, lesson).await?;
    let reviews = identity.scope(REVIEWERS).contains(&path);
    let judges = reviews
        && lesson.state == LessonState::Review
        && ![lesson.created_by, lesson.submitted_by].contains(&Some(identity.account_id));
    Ok(Can {
        save: lesson.state != LessonState::Review,
        submit: matches!(lesson.state, LessonState::Draft | LessonState::Withdrawn),
        publish: judges,
        send_back: judges,
        withdraw: reviews && lesson.state == LessonState::Published,
        delete: lesson.state == LessonState::Draft && lesson.published_on.is_none(),
    })
}

pub fn why_locked(state: LessonState, can: Can) -> Option<&'static str> {
    match state {
        LessonState::Review if can.publish => Some("请看过内容再决定。审核期间内容不能改动。"),
        LessonState::Review => Some("正在等另一位审核员审核，其间不能改动。"),
        LessonState::Published => {
            Some("已发布。标题、正文、音视频等要先撤回才能改；课程、标签、时节、有效期可以直接改。")
        }
        LessonState::Draft | LessonState::Withdrawn => None,
    }
}
