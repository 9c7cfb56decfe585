//! Table `quiz_attempt`.

use crate::ids::{LessonId, PersonId, QuizAttemptId};
use crate::moment::{Day, Moment};
use sea_orm::entity::prelude::*;

/// One try of a person at a lesson's in-class quiz.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "quiz_attempt")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: QuizAttemptId,
    /// Who.
    pub person_id: PersonId,
    /// Which lesson.
    pub lesson_id: LessonId,
    /// The civil day it began.
    pub day: Day,
    /// When it began.
    pub begun_at: Moment,
    /// When it was handed in.
    pub submitted_at: Option<Moment>,
    /// A JSON array: the questions as they were then, with their answers.
    #[sea_orm(column_type = "Text")]
    pub questions: String,
    /// A JSON array: for each question the places chosen.
    #[sea_orm(column_type = "Text", nullable)]
    pub answers: Option<String>,
    /// How many were right.
    pub right_count: i32,
    /// Of how many.
    pub question_count: i32,
    /// Whether that was enough by the rule of that day.
    pub passed: bool,
}

impl ActiveModelBehavior for ActiveModel {}
