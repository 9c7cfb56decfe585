//! A page of a long list, and the order of the lists from which somebody decides.

use crate::Result;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, Order, PaginatorTrait, QueryOrder, QuerySelect, Select};

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Which page this is, from 1.
    pub page: u64,
    /// How many rows there are in all.
    pub total: u64,
}

/// A page of what is found, in its order. Pages count from 1, and one past the end is empty.
///
/// # Errors
/// Only those of the database.
pub(crate) async fn read<E>(db: &impl ConnectionTrait, found: Select<E>, page: u64, size: u64) -> Result<Page<E::Model>>
where
    E: EntityTrait<Model: Send + Sync>,
{
    let total = found.clone().count(db).await?;
    let page = page.clamp(1, 1_000_000);
    let rows = found.offset((page - 1) * size).limit(size).all(db).await?;
    Ok(Page { rows, page, total })
}

/// Those that are not decided first, the one that waits longest at the top; then the decided, newest first.
pub(crate) fn waiting_first<E: EntityTrait>(found: Select<E>, decided_at: E::Column, since: E::Column) -> Select<E> {
    found.order_by(decided_at.is_null(), Order::Desc).order_by_desc(decided_at).order_by_asc(since)
}
