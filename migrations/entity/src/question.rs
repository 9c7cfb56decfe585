//! Table `question`.

use crate::ids::{AccountId, LessonId, QuestionId};
use crate::moment::Moment;
use crate::words::QuestionKind;
use sea_orm::entity::prelude::*;

/// A question of a lesson's in-class quiz (随堂测验).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "question")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: QuestionId,
    /// Which lesson.
    pub lesson_id: LessonId,
    /// Its place, from 1.
    pub position: i32,
    /// How it is answered.
    pub kind: QuestionKind,
    /// The question.
    #[sea_orm(column_type = "Text")]
    pub text: String,
    /// A JSON array of strings; empty for true or false.
    #[sea_orm(column_type = "Text")]
    pub choices: String,
    /// A JSON array of the right choices' places, from 0; for true or false `[0]` is true and `[1]` is false.
    #[sea_orm(column_type = "Text")]
    pub answer: String,
    /// Why, shown after the answer; may be empty.
    #[sea_orm(column_type = "Text")]
    pub explanation: String,
    /// Who wrote it.
    pub created_by: Option<AccountId>,
    /// When.
    pub created_at: Moment,
}

impl Model {
    /// The choices in order; none when the column holds no such JSON.
    pub fn read_choices(&self) -> Vec<String> {
        serde_json::from_str(&self.choices).unwrap_or_default()
    }

    /// The places of the right choices; none when the column holds no such JSON.
    pub fn read_answer(&self) -> Vec<usize> {
        serde_json::from_str(&self.answer).unwrap_or_default()
    }
}

impl ActiveModelBehavior for ActiveModel {}
