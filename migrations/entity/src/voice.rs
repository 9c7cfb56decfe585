//! Table `voice`.

use crate::ids::{AccountId, LessonId, VoiceId};
use crate::moment::Moment;
use sea_orm::entity::prelude::*;

/// The second sound of a lesson in one language: it is heard in the place of what the recording itself says.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "voice")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: VoiceId,
    /// The lesson.
    pub lesson_id: LessonId,
    /// 壮语, 桂柳话 and so on; a lesson has one voice of each, none in its own language.
    #[sea_orm(column_type = "Text")]
    pub language: String,
    /// The blob that is heard.
    #[sea_orm(column_type = "Text")]
    pub media_sha256: String,
    /// Who added it.
    pub created_by: Option<AccountId>,
    /// When it was added.
    pub created_at: Moment,
}

impl ActiveModelBehavior for ActiveModel {}
