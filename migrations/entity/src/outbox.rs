//! Table `outbox`.

use crate::ids::{LessonId, OutboxId};
use crate::moment::Moment;
use sea_orm::entity::prelude::*;
use sea_orm::{ActiveValue::NotSet, ActiveValue::Set, ConnectionTrait, DbBackend};

/// Lessons whose search entry is to be made anew; written in the transaction of the change.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub struct Model {
    /// The key; the index remembers the highest it has applied.
    #[sea_orm(primary_key)]
    pub id: OutboxId,
    /// Which lesson.
    pub lesson_id: LessonId,
    /// When it changed.
    pub at: Moment,
}

impl ActiveModelBehavior for ActiveModel {}

/// Rows of one insert; SQLite bounds the variables of a statement.
const CHUNK: usize = 500;

/// Any number that nothing else locks by.
const TURN: i64 = 7_215_533_101;

/// Has the search entries of these lessons made anew once the transaction is committed.
///
/// PostgreSQL hands out ids when rows are written and shows them when they are committed: whoever followed the ids would
/// pass over the rows of a long transaction that commits after a short one with higher ids. So its writers take turns, from
/// their first row here until they commit.
pub async fn append(txn: &impl ConnectionTrait, lessons: &[LessonId], now: Moment) -> Result<(), DbErr> {
    if lessons.is_empty() {
        return Ok(());
    }
    if txn.get_database_backend() == DbBackend::Postgres {
        txn.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({TURN})")).await?;
    }
    for chunk in lessons.chunks(CHUNK) {
        let rows = chunk.iter().map(|id| ActiveModel { id: NotSet, lesson_id: Set(*id), at: Set(now) });
        Entity::insert_many(rows).exec_without_returning(txn).await?;
    }
    Ok(())
}
