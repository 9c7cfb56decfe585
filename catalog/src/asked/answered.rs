//! Wishes that are answered: a trainer names a lesson, and those who pressed "I want to learn this" are told.
//!
//! Who wished is kept to tell them and for nothing else; a wish goes when it is answered, or after a year.

use super::Wish;
use crate::audience::{Viewer, published_for};
use crate::trail::{self, Change};
use crate::{Error, Result, notice};
use entity::{AccountId, LessonId, Moment, Scope, UnitId, Verb, lesson, org_unit, wish, wish_answer};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Wishes one account may have open.
const MOST: usize = 50;
/// How long a wish waits, in milliseconds: a year.
const WAITS_MS: i64 = 365 * 24 * 3_600_000;
/// Keys in one statement.
const CHUNK: usize = 400;

/// Keeps that this account wants to be told; the same wish again is the same wish. Answers whether it is one to be kept.
pub async fn wish(
    db: &impl ConnectionTrait,
    account: AccountId,
    unit: UnitId,
    query: &str,
    now: Moment,
) -> Result<bool> {
    let Some(Wish { meaning, query }) = Wish::of(query) else { return Ok(false) };
    let open = wish::Entity::find().filter(wish::Column::AccountId.eq(account)).all(db).await?;
    if open.len() >= MOST {
        return Ok(false);
    }
    let row = wish::ActiveModel {
        account_id: Set(account),
        meaning: Set(meaning),
        query: Set(query),
        unit_id: Set(unit),
        asked_at: Set(now),
    };
    let again = OnConflict::columns([wish::Column::AccountId, wish::Column::Meaning])
        .update_columns([wish::Column::Query, wish::Column::UnitId, wish::Column::AskedAt])
        .to_owned();
    wish::Entity::insert(row).on_conflict(again).exec_without_returning(db).await?;
    Ok(true)
}

/// Answers a wish of the people of this unit and below with a lesson that all of them may see, and tells those who
/// asked; answers how many that were.
pub async fn answer(
    db: &DatabaseConnection,
    unit: &org_unit::Model,
    query: &str,
    lesson: LessonId,
    by: AccountId,
    now: Moment,
) -> Result<u64> {
    let Some(Wish { meaning, .. }) = Wish::of(query) else {
        return Err(Error::invalid("query", "没有这条想学的内容"));
    };
    let txn = entity::writing::begin(db).await?;
    let anybody = Viewer { homes: vec![unit.path.clone()], staff: Scope::default() };
    let seen = lesson::Entity::find_by_id(lesson).filter(published_for(&anybody, now.day())).one(&txn).await?;
    let lesson = seen.ok_or_else(|| Error::invalid("lesson", "这一课没有发布，或不面向这个单位的所有人"))?;
    let below = Scope::of([unit.path.clone()]);
    let wishes = wish::Entity::find()
        .filter(wish::Column::Meaning.eq(&meaning))
        .filter(below.reaches((wish::Entity, wish::Column::UnitId)))
        .all(&txn)
        .await?;
    // Each is told in their own spelling.
    let mut by_query: BTreeMap<&str, Vec<AccountId>> = BTreeMap::new();
    for wish in &wishes {
        by_query.entry(&wish.query).or_default().push(wish.account_id);
    }
    for (query, accounts) in by_query {
        let text = format!("您想学的“{query}”有课了：《{}》", lesson.title);
        notice::tell(&txn, accounts, "wish.answered", lesson.id.0, &text, now).await?;
    }
    wish::Entity::delete_many()
        .filter(wish::Column::Meaning.eq(&meaning))
        .filter(below.reaches((wish::Entity, wish::Column::UnitId)))
        .exec(&txn)
        .await?;
    let told = wishes.len() as u64;
    keep(&txn, &meaning, unit.id, lesson.id, by, told, now).await?;
    let detail = format!("{query} → {}", lesson.title);
    trail::note(&txn, Verb::WishAnswer, format!("lesson:{}", lesson.id), &detail, Change { by: Some(by), now }).await?;
    txn.commit().await?;
    Ok(told)
}

async fn keep(
    txn: &impl ConnectionTrait,
    meaning: &str,
    unit: UnitId,
    lesson: LessonId,
    by: AccountId,
    told: u64,
    now: Moment,
) -> Result<()> {
    use wish_answer::Column;
    let row = wish_answer::ActiveModel {
        meaning: Set(meaning.to_owned()),
        unit_id: Set(unit),
        lesson_id: Set(lesson),
        answered_by: Set(by),
        answered_at: Set(now),
        told: Set(i64::try_from(told).unwrap_or(i64::MAX)),
    };
    let again = OnConflict::columns([Column::Meaning, Column::UnitId])
        .update_columns([Column::LessonId, Column::AnsweredBy, Column::AnsweredAt, Column::Told])
        .to_owned();
    wish_answer::Entity::insert(row).on_conflict(again).exec_without_returning(txn).await?;
    Ok(())
}

/// The lesson that answers each of these wishes for units of this scope, the latest answer of each.
pub async fn answers(
    db: &impl ConnectionTrait,
    scope: &Scope,
    meanings: &[String],
) -> Result<HashMap<String, lesson::Model>> {
    let mut rows = wish_answer::Entity::find()
        .filter(wish_answer::Column::Meaning.is_in(meanings.iter().map(String::as_str)))
        .filter(scope.reaches((wish_answer::Entity, wish_answer::Column::UnitId)))
        .all(db)
        .await?;
    rows.sort_by_key(|row| row.answered_at);
    let ids: Vec<LessonId> = rows.iter().map(|row| row.lesson_id).collect::<HashSet<_>>().into_iter().collect();
    let mut lessons: HashMap<LessonId, lesson::Model> = HashMap::new();
    for some in ids.chunks(CHUNK) {
        let found = lesson::Entity::find().filter(lesson::Column::Id.is_in(some.iter().copied())).all(db).await?;
        lessons.extend(found.into_iter().map(|lesson| (lesson.id, lesson)));
    }
    let answered = rows.into_iter().filter_map(|row| Some((row.meaning, lessons.get(&row.lesson_id)?.clone())));
    Ok(answered.collect())
}

/// Drops wishes that nobody answered within a year, and answers how many.
pub async fn drop_wishes(db: &impl ConnectionTrait, now: Moment) -> Result<u64> {
    let old = wish::Column::AskedAt.lt(now.plus_ms(-WAITS_MS));
    Ok(wish::Entity::delete_many().filter(old).exec(db).await?.rows_affected)
}
