//! What people are told on their own pages: that their lesson was returned, that one waits for their review.
//!
//! A notice is written in the transaction of what it tells of. Owns the rows `notice`; where one leads is the server's
//! business.

use crate::{Page, Result, page};
use entity::{AccountId, Moment, NoticeId, Role, UnitId, lesson, notice, org_unit, role_grant, scope};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use std::collections::{BTreeSet, HashMap};

/// Seen notices are kept for so long, in milliseconds: ninety days.
const KEPT_MS: i64 = 90 * 24 * 3_600_000;
/// Rows of one insert.
const CHUNK: usize = 500;

/// Tell these accounts, each once.
pub(crate) async fn tell(
    txn: &impl ConnectionTrait,
    accounts: impl IntoIterator<Item = AccountId>,
    kind: &str,
    subject_id: i64,
    text: &str,
    now: Moment,
) -> Result<()> {
    let accounts: BTreeSet<AccountId> = accounts.into_iter().collect();
    let told = accounts.into_iter().map(|account| (account, subject_id, text.to_owned()));
    tell_each(txn, told.collect(), kind, now).await
}

/// Tell these accounts, each of a subject of its own.
pub(crate) async fn tell_each(
    txn: &impl ConnectionTrait,
    told: Vec<(AccountId, i64, String)>,
    kind: &str,
    now: Moment,
) -> Result<()> {
    let row = |(account_id, subject_id, text)| notice::ActiveModel {
        id: NotSet,
        account_id: Set(account_id),
        kind: Set(kind.to_owned()),
        subject_id: Set(subject_id),
        text: Set(text),
        created_at: Set(now),
        seen_at: Set(None),
    };
    let rows: Vec<_> = told.into_iter().map(row).collect();
    for chunk in rows.chunks(CHUNK) {
        notice::Entity::insert_many(chunk.to_vec()).exec_without_returning(txn).await?;
    }
    Ok(())
}

/// A page of what this account has not seen yet, latest first.
///
/// # Errors
/// [`crate::Error::PageOutOfRange`].
pub async fn unseen(
    db: &impl ConnectionTrait,
    account: AccountId,
    page: u64,
    size: u64,
) -> Result<Page<notice::Model>> {
    let first = page::first_row(page, size)?;
    let query = notice::Entity::find().filter(of(account));
    let total = query.clone().count(db).await?;
    let query = query.order_by_desc(notice::Column::CreatedAt).order_by_desc(notice::Column::Id);
    Ok(Page { items: query.offset(first).limit(size).all(db).await?, total, page, size })
}

/// Note that this account has seen one notice of its own, or all; answers which it was, if one.
pub async fn seen(
    db: &impl ConnectionTrait,
    account: AccountId,
    one: Option<NoticeId>,
    now: Moment,
) -> Result<Option<notice::Model>> {
    let which = of(account).add_option(one.map(|id| notice::Column::Id.eq(id)));
    let found = match one {
        Some(_) => notice::Entity::find().filter(which.clone()).one(db).await?,
        None => None,
    };
    no_more(db, which, now).await?;
    Ok(found)
}

/// Nobody needs to be told this of these subjects any more.
pub(crate) async fn is_over(
    txn: &impl ConnectionTrait,
    kind: &str,
    subjects: impl Iterator<Item = i64>,
    now: Moment,
) -> Result<()> {
    let which = Condition::all()
        .add(notice::Column::Kind.eq(kind))
        .add(notice::Column::SubjectId.is_in(subjects))
        .add(notice::Column::SeenAt.is_null());
    no_more(txn, which, now).await
}

/// Drop what was seen more than ninety days ago, and answer how many.
pub async fn drop_older(db: &impl ConnectionTrait, now: Moment) -> Result<u64> {
    let old = notice::Column::SeenAt.lt(now.plus_ms(-KEPT_MS));
    Ok(notice::Entity::delete_many().filter(old).exec(db).await?.rows_affected)
}

/// Who may review these lessons, by the unit that keeps them: the reviewers of that unit and of those above.
pub(crate) async fn reviewers(
    txn: &impl ConnectionTrait,
    lessons: &[lesson::Model],
) -> Result<HashMap<UnitId, Vec<AccountId>>> {
    let units: BTreeSet<UnitId> = lessons.iter().map(|lesson| lesson.unit_id).collect();
    let units = org_unit::Entity::find().filter(org_unit::Column::Id.is_in(units)).all(txn).await?;
    let above: BTreeSet<UnitId> = units.iter().flat_map(|unit| scope::ancestors_of(&unit.path)).collect();
    let grants: Vec<(UnitId, AccountId)> = role_grant::Entity::find()
        .select_only()
        .columns([role_grant::Column::UnitId, role_grant::Column::AccountId])
        .filter(role_grant::Column::Role.eq(Role::Reviewer))
        .filter(role_grant::Column::UnitId.is_in(above))
        .into_tuple()
        .all(txn)
        .await?;
    let of = |unit: &org_unit::Model| {
        let line = scope::ancestors_of(&unit.path);
        grants.iter().filter(|(at, _)| line.contains(at)).map(|(_, account)| *account).collect()
    };
    Ok(units.iter().map(|unit| (unit.id, of(unit))).collect())
}

/// Whose lesson it is: who made it and who handed it in.
pub(crate) fn authors(lesson: &lesson::Model) -> impl Iterator<Item = AccountId> {
    lesson.created_by.into_iter().chain(lesson.submitted_by)
}

fn of(account: AccountId) -> Condition {
    Condition::all().add(notice::Column::AccountId.eq(account)).add(notice::Column::SeenAt.is_null())
}

async fn no_more(db: &impl ConnectionTrait, which: Condition, now: Moment) -> Result<()> {
    let seen = notice::Entity::update_many().col_expr(notice::Column::SeenAt, Expr::value(now));
    seen.filter(which).exec(db).await?;
    Ok(())
}
