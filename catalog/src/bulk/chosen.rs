//! Which lessons are changed, and how.

use super::{CHUNK, Deed, Doer, KEPT_MS, MOST, held};
use crate::audience::kept_by_staff;
use crate::lesson::LessonFilter;
use crate::{Error, Result};
use entity::{BulkId, LessonId, Moment, bulk_change, bulk_lesson, lesson};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait,
    DatabaseConnection, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};

/// The lessons that are to be changed.
#[derive(Clone, Debug)]
pub enum Chosen {
    /// These.
    These(Vec<LessonId>),
    /// All that a list holds.
    All(Box<LessonFilter>),
}

/// Remembers the chosen lessons within this person's reach as they are now. What is to be done with them is said by
/// [`intend`]. `place` is where to come back to.
///
/// # Errors
/// [`Error::Invalid`] when none is chosen, or more than [`MOST`].
pub async fn choose(
    db: &DatabaseConnection,
    doer: &Doer,
    chosen: Chosen,
    place: &str,
    now: Moment,
) -> Result<bulk_change::Model> {
    let txn = entity::writing::begin(db).await?;
    drop_old(&txn, doer, now).await?;
    let lessons = lessons(&txn, doer, chosen, now).await?;
    if lessons.is_empty() {
        return Err(Error::invalid("lesson", "请先勾选要改的课"));
    }
    if lessons.len() as u64 > MOST {
        return Err(Error::invalid("lesson", format!("一次最多改 {MOST} 课，请先缩小条件")));
    }
    let bulk = bulk_change::ActiveModel {
        id: NotSet,
        account_id: Set(doer.account),
        deed: Set(String::new()),
        place: Set(place.to_owned()),
        made_at: Set(now),
        done_at: Set(None),
        undone_at: Set(None),
    };
    let bulk = bulk.insert(&txn).await?;
    for some in lessons.chunks(CHUNK as usize) {
        let rows = some.iter().map(|(id, version, title)| bulk_lesson::ActiveModel {
            bulk_id: Set(bulk.id),
            lesson_id: Set(*id),
            version: Set(*version),
            title: Set(title.clone()),
            was: Set(None),
            left_out: Set(None),
        });
        bulk_lesson::Entity::insert_many(rows).exec_without_returning(&txn).await?;
    }
    txn.commit().await?;
    Ok(bulk)
}

/// Says what is to be done with the chosen lessons.
///
/// # Errors
/// [`Error::Invalid`] when it may not be written; [`Error::BulkNotFound`] when the change is not this account's, or done.
pub async fn intend(db: &DatabaseConnection, doer: &Doer, id: BulkId, deed: Deed) -> Result<()> {
    let txn = entity::writing::begin(db).await?;
    let bulk = held(&txn, doer.account, id).await?;
    if bulk.done_at.is_some() {
        return Err(Error::BulkNotFound);
    }
    let deed = deed.checked(&txn, doer).await?;
    let mut row = bulk.into_active_model();
    row.deed = Set(serde_json::to_string(&deed).map_err(std::io::Error::other)?);
    row.update(&txn).await?;
    txn.commit().await?;
    Ok(())
}

async fn lessons(
    txn: &impl ConnectionTrait,
    doer: &Doer,
    chosen: Chosen,
    now: Moment,
) -> Result<Vec<(LessonId, i32, String)>> {
    let which = match chosen {
        // One more than may be, so that too many are told from as many as may be.
        Chosen::These(ids) => Condition::all().add(lesson::Column::Id.is_in(ids.into_iter().take(MOST as usize + 1))),
        Chosen::All(filter) => LessonFilter { kept: true, ..*filter }.condition(&doer.viewer, now.day()),
    };
    let query = lesson::Entity::find()
        .select_only()
        .columns([lesson::Column::Id, lesson::Column::Version, lesson::Column::Title])
        .filter(kept_by_staff(&doer.viewer))
        .filter(which)
        .order_by_asc(lesson::Column::Id)
        .limit(MOST + 1);
    Ok(query.into_tuple().all(txn).await?)
}

/// Drops what can no longer be undone, and what this account chose and did not do.
async fn drop_old(txn: &impl ConnectionTrait, doer: &Doer, now: Moment) -> Result<()> {
    let given_up = Condition::all()
        .add(bulk_change::Column::AccountId.eq(doer.account))
        .add(bulk_change::Column::DoneAt.is_null());
    let long_ago = now.plus_ms(-KEPT_MS);
    let left =
        Condition::all().add(bulk_change::Column::MadeAt.lt(long_ago)).add(bulk_change::Column::DoneAt.is_null());
    let old = Condition::any().add(bulk_change::Column::DoneAt.lt(long_ago)).add(left).add(given_up);
    let ids = bulk_change::Entity::find().select_only().column(bulk_change::Column::Id).filter(old.clone());
    let lessons = bulk_lesson::Entity::delete_many().filter(bulk_lesson::Column::BulkId.in_subquery(ids.into_query()));
    lessons.exec(txn).await?;
    bulk_change::Entity::delete_many().filter(old).exec(txn).await?;
    Ok(())
}
