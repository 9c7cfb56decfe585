//! That two rows of the roster are one person (合并重复的人), and that they are not after all.
//!
//! Owns who may be merged with whom, and what the roster makes of it: the one who is merged leaves the lists, goes where
//! the one who is kept goes, and their posts are the other's, until they are parted and everything is put back. Their
//! account stays theirs and signs in as the one who is kept: nobody who knows only that login is shut out, and nothing of
//! it has to be made anew when they are parted. What it does to hours is the archive's.

use super::{MAX_PAGE_SIZE, Page};
use crate::{Error, Result, audit};
use entity::{AccountId, MergeId, Moment, PersonId, Verb, account, person, person_merge, post};
use sea_orm::sea_query::{ExprTrait, IntoCondition};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait,
    IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Set,
};
use std::collections::HashMap;

/// Longest reason, in characters.
const LONGEST: usize = 500;

/// Merge a person into another. Whoever is kept must be on the roster; neither may be one with somebody by another
/// merge, but for the one who is kept, into whom several may be merged.
///
/// # Errors
/// [`Error::NoMergeReason`], [`Error::NoSuchPerson`], [`Error::CannotMerge`], [`Error::OwnMerge`].
pub async fn merge(
    txn: &DatabaseTransaction,
    (kept, merged): (PersonId, PersonId),
    reason: &str,
    by: AccountId,
    now: Moment,
) -> Result<person_merge::Model> {
    let reason = said(reason)?;
    let (kept, merged) = (super::person(txn, kept).await?, super::person(txn, merged).await?);
    check(txn, &kept, &merged, by).await?;
    let theirs = post::Column::PersonId.eq(merged.id);
    let posts: Vec<_> =
        post::Entity::find().filter(theirs.clone()).all(txn).await?.iter().map(|post| post.id).collect();
    move_posts(txn, Condition::all().add(theirs), kept.id).await?;
    let row = person_merge::ActiveModel {
        id: NotSet,
        kept_id: Set(kept.id),
        merged_id: Set(merged.id),
        reason: Set(reason.clone()),
        merged_by: Set(by),
        merged_at: Set(now),
        before_seq: Set(0), // the archive says which entries were made by it
        since_seq: Set(0),
        until_seq: Set(None),
        unit_id: Set(merged.unit_id),
        left_on: Set(merged.left_on),
        posts: Set(person_merge::listed(&posts)),
        exemptions: Set(person_merge::listed::<PersonId>(&[])), // the archive moves those
        parted_by: Set(None),
        parted_at: Set(None),
        part_reason: Set(None),
    };
    let row = row.insert(txn).await?;
    let left_on = merged.left_on.or(Some(now.day()));
    let (kept_code, merged_code) = (shown(&kept), shown(&merged));
    place(txn, merged.id, kept.unit_id, left_on).await?;
    note(txn, Verb::PersonMerge, kept.id, format!("并入 {merged_code}：{reason}"), by, now).await?;
    note(txn, Verb::PersonMerge, merged.id, format!("并到 {kept_code}：{reason}"), by, now).await?;
    Ok(row)
}

/// Take a merge back: the person who was merged is on the roster again as they were, with their posts.
///
/// # Errors
/// [`Error::NoMergeReason`], [`Error::NoSuchMerge`], [`Error::CannotMerge`], [`Error::OwnMerge`].
pub async fn part(
    txn: &DatabaseTransaction,
    id: MergeId,
    reason: &str,
    by: AccountId,
    now: Moment,
) -> Result<person_merge::Model> {
    let reason = said(reason)?;
    let row = one(txn, id).await?;
    check_parting(txn, &row, by).await?;
    move_posts(txn, Condition::all().add(post::Column::Id.is_in(row.post_ids())), row.merged_id).await?;
    place(txn, row.merged_id, row.unit_id, row.left_on).await?;
    for (about, other) in [(row.kept_id, row.merged_id), (row.merged_id, row.kept_id)] {
        let other = super::person(txn, other).await?;
        note(txn, Verb::PersonPart, about, format!("与 {} 拆分：{reason}", shown(&other)), by, now).await?;
    }
    let mut row = row.into_active_model();
    row.parted_by = Set(Some(by));
    row.parted_at = Set(Some(now));
    row.part_reason = Set(Some(reason));
    Ok(row.update(txn).await?)
}

/// The merge with this id.
///
/// # Errors
/// [`Error::NoSuchMerge`].
pub async fn one(db: &impl ConnectionTrait, id: MergeId) -> Result<person_merge::Model> {
    person_merge::Entity::find_by_id(id).one(db).await?.ok_or(Error::NoSuchMerge)
}

/// The merges a person was ever in, on either side, the latest first. Pages count from 1 and are bounded.
pub async fn of_person(
    db: &impl ConnectionTrait,
    id: PersonId,
    page: u64,
    size: u64,
) -> Result<Page<person_merge::Model>> {
    let (page, size) = (page.clamp(1, u64::MAX), size.clamp(1, MAX_PAGE_SIZE));
    let either = Condition::any().add(person_merge::Column::KeptId.eq(id)).add(person_merge::Column::MergedId.eq(id));
    let found = person_merge::Entity::find().filter(either);
    let total = found.clone().count(db).await?;
    let first = (page - 1).saturating_mul(size).clamp(0, total);
    let rows = found.order_by_desc(person_merge::Column::Id).offset(first).limit(size).all(db).await?;
    Ok(Page { rows, total, page, size })
}

/// Who of these is one with whom: the one who is kept, by the one who is merged.
pub async fn kept_for(
    db: &impl ConnectionTrait,
    people: impl IntoIterator<Item = PersonId>,
) -> Result<HashMap<PersonId, PersonId>> {
    let standing = person_merge::Entity::find()
        .filter(person_merge::Column::PartedAt.is_null())
        .filter(person_merge::Column::MergedId.is_in(entity::padded(people)));
    Ok(standing.all(db).await?.into_iter().map(|merge| (merge.merged_id, merge.kept_id)).collect())
}

/// Whoever was merged into one of these people belongs where they belong now.
pub(crate) async fn follow(txn: &impl ConnectionTrait, people: &[PersonId]) -> Result<()> {
    let standing = person_merge::Entity::find().filter(person_merge::Column::PartedAt.is_null());
    for merge in standing.all(txn).await?.iter().filter(|merge| people.contains(&merge.kept_id)) {
        let kept = super::person(txn, merge.kept_id).await?;
        let merged = person::ActiveModel { id: Set(merge.merged_id), unit_id: Set(kept.unit_id), ..Default::default() };
        merged.update(txn).await?;
    }
    Ok(())
}

async fn check(txn: &DatabaseTransaction, kept: &person::Model, merged: &person::Model, by: AccountId) -> Result<()> {
    if kept.id == merged.id {
        return Err(Error::CannotMerge("不能把一个人与自己合并"));
    }
    if kept.left_on.is_some() {
        return Err(Error::CannotMerge("要保留的人已不在花名册上，请改为保留另一人"));
    }
    if standing(txn, person_merge::Column::MergedId.is_in([kept.id, merged.id])).await? > 0 {
        return Err(Error::CannotMerge("其中一人已与别人合并，请先拆分"));
    }
    if standing(txn, person_merge::Column::KeptId.eq(merged.id)).await? > 0 {
        return Err(Error::CannotMerge("要并入的人名下已并有别人，请先拆分，或改为保留此人"));
    }
    not_own(txn, [kept.id, merged.id], by).await
}

/// What a later merge took back it took beside this one: so the latest is taken back first.
async fn check_parting(txn: &DatabaseTransaction, row: &person_merge::Model, by: AccountId) -> Result<()> {
    if row.parted_at.is_some() {
        return Err(Error::CannotMerge("这次合并已经拆分"));
    }
    let later = person_merge::Column::KeptId.eq(row.kept_id).and(person_merge::Column::Id.gt(row.id));
    if standing(txn, later).await? > 0 {
        return Err(Error::CannotMerge("此人后来又并入了别人，请先拆分后一次"));
    }
    not_own(txn, [row.kept_id, row.merged_id], by).await
}

async fn standing(txn: &DatabaseTransaction, which: impl IntoCondition) -> Result<u64> {
    let standing = person_merge::Entity::find().filter(person_merge::Column::PartedAt.is_null());
    Ok(standing.filter(which).count(txn).await?)
}

/// Neither of these who stand on the roster may be whoever does it, whichever of their numbers their account is of.
async fn not_own(txn: &DatabaseTransaction, people: [PersonId; 2], by: AccountId) -> Result<()> {
    let own = account::Entity::find_by_id(by).one(txn).await?.and_then(|account| account.person_id);
    let kept = kept_for(txn, own).await?.into_values().next().or(own);
    if kept.is_some_and(|kept| people.contains(&kept)) { Err(Error::OwnMerge) } else { Ok(()) }
}

async fn move_posts(txn: &DatabaseTransaction, which: Condition, to: PersonId) -> Result<()> {
    let moved = post::ActiveModel { person_id: Set(to), ..Default::default() };
    post::Entity::update_many().set(moved).filter(which).exec(txn).await?;
    Ok(())
}

/// Naming the unit, even when it stays, lets the database note that the account of this person is to be read anew.
async fn place(
    txn: &DatabaseTransaction,
    id: PersonId,
    unit: entity::UnitId,
    left_on: Option<entity::Day>,
) -> Result<()> {
    let row = person::ActiveModel { id: Set(id), unit_id: Set(unit), left_on: Set(left_on), ..Default::default() };
    row.update(txn).await?;
    Ok(())
}

fn said(reason: &str) -> Result<String> {
    let reason = reason.replace('\0', "");
    let reason = reason.trim();
    if (1..=LONGEST).contains(&reason.chars().count()) { Ok(reason.to_owned()) } else { Err(Error::NoMergeReason) }
}

fn shown(person: &person::Model) -> String {
    format!("{}（编号 {}）", person.name, person::masked(&person.code))
}

async fn note(
    txn: &DatabaseTransaction,
    action: Verb,
    about: PersonId,
    detail: String,
    by: AccountId,
    now: Moment,
) -> Result<()> {
    Ok(audit::note(txn, Some(by), action, format!("person:{about}"), detail, now).await?)
}
