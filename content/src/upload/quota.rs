//! How much a county may keep: its recordings and handouts, and what is on its way.

use crate::{Error, Result};
use entity::{Scope, UnitId, UnitLevel, UploadState, media, org_unit, scope, upload};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QuerySelect};

/// `OverQuota` when `more` bytes would bring the county of this unit above `quota`. What the city keeps has none.
///
/// Two announcements at the same moment may both fit and together be too much; the next one is refused then.
pub(super) async fn must_fit(db: &impl ConnectionTrait, unit: UnitId, more: u64, quota: u64) -> Result<()> {
    let Some(county) = county_of(db, unit).await? else { return Ok(()) };
    let used = used(db, &Scope::of([county.path])).await?;
    if used.saturating_add(more) > quota {
        return Err(Error::OverQuota { county: county.name, used, quota, wanted: more });
    }
    Ok(())
}

async fn county_of(db: &impl ConnectionTrait, unit: UnitId) -> Result<Option<org_unit::Model>> {
    let Some(own) = org_unit::Entity::find_by_id(unit).one(db).await? else { return Ok(None) };
    let above = org_unit::Column::Id.is_in(scope::ancestors_of(&own.path));
    let county = org_unit::Column::Level.eq(UnitLevel::County);
    Ok(org_unit::Entity::find().filter(above).filter(county).one(db).await?)
}

async fn used(db: &impl ConnectionTrait, county: &Scope) -> Result<u64> {
    let kept = media::Entity::find()
        .select_only()
        .column_as(Expr::col(media::Column::SizeBytes).sum().cast_as("bigint"), "kept")
        .filter(county.reaches((media::Entity, media::Column::UnitId)));
    let kept: Option<Option<i64>> = kept.into_tuple().one(db).await?;
    // A part is complete and still no media: its bytes lie beside.
    let waiting = Condition::any()
        .add(upload::Column::State.is_in([UploadState::Receiving, UploadState::Processing]))
        .add(upload::Column::Concat.eq("partial"));
    let coming = upload::Entity::find()
        .select_only()
        .column_as(Expr::col(upload::Column::Length).sum().cast_as("bigint"), "coming")
        .filter(waiting)
        .filter(county.reaches((upload::Entity, upload::Column::UnitId)));
    let coming: Option<Option<i64>> = coming.into_tuple().one(db).await?;
    let bytes = |sum: Option<Option<i64>>| u64::try_from(sum.flatten().unwrap_or(0)).unwrap_or(0);
    Ok(bytes(kept).saturating_add(bytes(coming)))
}
