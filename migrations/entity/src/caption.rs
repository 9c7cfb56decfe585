//! Table `caption`.

use crate::ids::{AccountId, CaptionId, LessonId};
use crate::moment::Moment;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// The captions of a lesson in one language.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "caption")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: CaptionId,
    /// The lesson.
    pub lesson_id: LessonId,
    /// 普通话, 壮语 and so on; a lesson has one track of each.
    #[sea_orm(column_type = "Text")]
    pub language: String,
    /// The name of the file it came from.
    #[sea_orm(column_type = "Text")]
    pub source_name: String,
    /// The character encoding that was found in the file.
    #[sea_orm(column_type = "Text")]
    pub source_encoding: String,
    /// The cues as JSON, an array of `[from_ms, to_ms, "text"]` in order; read it with [`Model::read_cues`].
    #[sea_orm(column_type = "Text")]
    pub cues: String,
    /// Who brought it.
    pub created_by: Option<AccountId>,
    /// When it came.
    pub created_at: Moment,
}

/// One caption: what is said between two instants of the recording, both in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cue(pub i64, pub i64, pub String);

impl Model {
    /// The cues in order; none when the column holds no such JSON.
    pub fn read_cues(&self) -> Vec<Cue> {
        serde_json::from_str(&self.cues).unwrap_or_default()
    }
}

impl ActiveModelBehavior for ActiveModel {}
