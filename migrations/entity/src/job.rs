//! Table `job`.

use crate::ids::JobId;
use crate::moment::Moment;
use crate::words::{JobState, RenditionKind};
use sea_orm::entity::prelude::*;

/// One rendition to be made of one recording. A recording has at most one job of a kind.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: JobId,
    /// The recording.
    #[sea_orm(column_type = "Text")]
    pub media_sha256: String,
    /// What is to be made of it.
    pub kind: RenditionKind,
    /// Where it stands.
    pub state: JobState,
    /// How much is done, in thousandths.
    pub progress_permille: i32,
    /// How often it was begun.
    pub attempts: i32,
    /// Not before this.
    pub run_after: Moment,
    /// A running job whose lease has passed belongs to nobody: its worker died.
    pub leased_until: Option<Moment>,
    /// Which worker holds the lease.
    #[sea_orm(column_type = "Text", nullable)]
    pub worker: Option<String>,
    /// Why the last attempt failed, in Chinese, for the trainer.
    #[sea_orm(column_type = "Text", nullable)]
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: Moment,
    /// When it last changed.
    pub updated_at: Moment,
}

impl ActiveModelBehavior for ActiveModel {}
