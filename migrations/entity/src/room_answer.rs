//! Table `room_answer`.

use crate::ids::{AccountId, PlaybackId, QuestionId};
use crate::moment::Moment;
use sea_orm::entity::prelude::*;

/// How many hands a room raised for one choice of a question.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "room_answer")]
pub struct Model {
    /// Which playback.
    #[sea_orm(primary_key, auto_increment = false)]
    pub playback_id: PlaybackId,
    /// Which question.
    #[sea_orm(primary_key, auto_increment = false)]
    pub question_id: QuestionId,
    /// The choice's place, from 0.
    #[sea_orm(primary_key, auto_increment = false)]
    pub choice: i32,
    /// How many hands.
    pub hands: i32,
    /// Who counted.
    pub answered_by: Option<AccountId>,
    /// When.
    pub answered_at: Moment,
}

impl ActiveModelBehavior for ActiveModel {}
