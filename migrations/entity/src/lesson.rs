//! Table `lesson`.

use crate::ids::{AccountId, CourseId, LessonId, UnitId};
use crate::moment::{Day, Moment};
use crate::words::{Category, LessonState, Level};
use sea_orm::entity::prelude::*;

/// One lesson. Without media it is an article lesson (图文课): `body` is what is read. With media `body` is the transcript.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "lesson")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: LessonId,
    /// The name in addresses; unique.
    #[sea_orm(column_type = "Text")]
    pub slug: String,
    /// The course it belongs to.
    pub course_id: CourseId,
    /// Its place in the course, from 1.
    pub position: i32,
    /// The title.
    #[sea_orm(column_type = "Text")]
    pub title: String,
    /// What it teaches, in a few sentences.
    #[sea_orm(column_type = "Text")]
    pub summary: String,
    /// Transcript, or the article itself.
    #[sea_orm(column_type = "Text")]
    pub body: String,
    /// What it is about.
    pub category: Category,
    /// A JSON array of strings.
    #[sea_orm(column_type = "Text")]
    pub tags: String,
    /// The crop or animal it is about.
    #[sea_orm(column_type = "Text", nullable)]
    pub crop: Option<String>,
    /// The solar terms (节气) or months it fits.
    #[sea_orm(column_type = "Text", nullable)]
    pub season: Option<String>,
    /// How hard it is.
    pub level: Level,
    /// 普通话, 桂柳话, 壮语 and so on.
    #[sea_orm(column_type = "Text")]
    pub language: String,
    /// Who teaches.
    #[sea_orm(column_type = "Text")]
    pub lecturer: String,
    /// Where it comes from and under which right.
    #[sea_orm(column_type = "Text")]
    pub source: String,
    /// The last day it may be shown.
    pub valid_until: Option<Day>,
    /// Its length; for an article the reading time.
    pub duration_ms: i64,
    /// The blob that is played.
    #[sea_orm(column_type = "Text", nullable)]
    pub media_sha256: Option<String>,
    /// Where it stands.
    pub state: LessonState,
    /// The unit that keeps it.
    pub unit_id: UnitId,
    /// Whom it is for: everyone of this subtree.
    pub audience_unit_id: UnitId,
    /// The day it was (first) published.
    pub published_on: Option<Day>,
    /// How often a playback of it began.
    pub plays: i64,
    /// Sample text whose doses and sums are not advice (示例内容).
    pub is_sample: bool,
    /// Why a reviewer returned it, or why it was withdrawn.
    #[sea_orm(column_type = "Text", nullable)]
    pub return_reason: Option<String>,
    /// Who made it.
    pub created_by: Option<AccountId>,
    /// Who published, returned or withdrew it.
    pub reviewed_by: Option<AccountId>,
    /// When it last changed.
    pub updated_at: Moment,
    /// Rises by one with every change (optimistic locking).
    pub version: i32,
    /// Whether watching counts only for those who pass its in-class quiz.
    pub quiz_required: bool,
    /// Who handed it in for review last.
    pub submitted_by: Option<AccountId>,
    /// When it is published by itself: it is reviewed, and waits for its time.
    pub publish_at: Option<Moment>,
    /// Its chapters, a line each: `1:23 What it is about`.
    #[sea_orm(column_type = "Text")]
    pub chapters: String,
    /// The picture that stands for it: a blob.
    #[sea_orm(column_type = "Text", nullable)]
    pub cover_sha256: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
