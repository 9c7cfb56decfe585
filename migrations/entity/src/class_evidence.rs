//! Table `class_evidence`.

use crate::ids::{AccountId, ClassEvidenceId, ClassId};
use crate::moment::Moment;
use sea_orm::entity::prelude::*;

/// A file that proves a class or another study: a photograph, a scanned sign-in sheet. Only ever added.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "class_evidence")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: ClassEvidenceId,
    /// Which class.
    pub class_run_id: ClassId,
    /// The file.
    #[sea_orm(column_type = "Text")]
    pub sha256: String,
    /// The name it came with.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// Who added it.
    pub added_by: AccountId,
    /// When.
    pub added_at: Moment,
}

impl ActiveModelBehavior for ActiveModel {}
