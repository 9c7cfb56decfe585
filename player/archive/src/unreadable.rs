//! Rows that cannot be read at all: somebody wrote into a column what no such row can hold.
//!
//! A database that lets one do that (SQLite does) makes a walk over the table fail, without a word on where.

use crate::Result;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

/// Keys in one statement.
const CHUNK: usize = 1000;

/// The keys of the rows of a table that cannot be read, in their order.
pub(crate) async fn rows<E: EntityTrait>(db: &impl ConnectionTrait, key: E::Column) -> Result<Vec<i64>> {
    let numbers = E::find().select_only().column(key).filter(key.lte(i64::MAX)); // where a key is a word, its number is missing
    let keys: Vec<i64> = numbers.order_by_asc(key).into_tuple().all(db).await?;
    let mut unreadable = Vec::new();
    for chunk in keys.chunks(CHUNK) {
        let (Some(first), Some(last)) = (chunk.first(), chunk.last()) else { continue };
        if E::find().filter(key.between(*first, *last)).all(db).await.is_ok() {
            continue;
        }
        for one in chunk {
            if E::find().filter(key.eq(*one)).one(db).await.is_err() {
                unreadable.push(*one);
            }
        }
    }
    Ok(unreadable)
}
