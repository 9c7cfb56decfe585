//! Table `post`.

use crate::ids::{PersonId, PostId};
use crate::moment::Day;
use crate::words::PostKind;
use sea_orm::entity::prelude::*;

/// A term of office.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "post")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: PostId,
    /// Who holds it.
    pub person_id: PersonId,
    /// Which post.
    pub kind: PostKind,
    /// First day of the term.
    pub appointed_on: Day,
    /// Last day of the term; `None` while it runs.
    pub ended_on: Option<Day>,
}

impl ActiveModelBehavior for ActiveModel {}
