//! Views of the list of lessons that people keep under a name: filters and order, as the query of an address.
//!
//! What the query means is the server's business. Owns the rows `saved_view`.

use crate::{Error, Result, fields};
use entity::{AccountId, Moment, ViewId, saved_view};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder,
};

/// Views of one account at most.
pub const MOST: u64 = 20;
/// Most characters of a name.
const NAME: usize = 20;

/// The views of this account, in the order they were kept.
pub async fn of(db: &impl ConnectionTrait, account: AccountId) -> Result<Vec<saved_view::Model>> {
    let query = saved_view::Entity::find().filter(saved_view::Column::AccountId.eq(account));
    Ok(query.order_by_asc(saved_view::Column::Id).all(db).await?)
}

/// Keeps a view; one of that name is replaced. Answers what is kept.
///
/// # Errors
/// [`Error::Invalid`] for a name that is blank or too long, and beyond the twentieth view.
pub async fn keep(
    db: &impl ConnectionTrait,
    account: AccountId,
    name: &str,
    query: &str,
    now: Moment,
) -> Result<saved_view::Model> {
    let name = named(name)?;
    let others = saved_view::Entity::find()
        .filter(saved_view::Column::AccountId.eq(account))
        .filter(saved_view::Column::Name.ne(&name));
    if others.count(db).await? >= MOST {
        return Err(Error::invalid("name", format!("最多保存 {MOST} 个，请先删除不用的")));
    }
    let row = saved_view::ActiveModel {
        id: NotSet,
        account_id: Set(account),
        name: Set(name.clone()),
        query: Set(query.to_owned()),
        created_at: Set(now),
    };
    let replaced = OnConflict::columns([saved_view::Column::AccountId, saved_view::Column::Name])
        .update_column(saved_view::Column::Query)
        .to_owned();
    saved_view::Entity::insert(row).on_conflict(replaced).exec_without_returning(db).await?;
    let kept = saved_view::Entity::find()
        .filter(saved_view::Column::AccountId.eq(account))
        .filter(saved_view::Column::Name.eq(name));
    kept.one(db).await?.ok_or(Error::ViewNotFound)
}

/// Gives a view of this account another name.
///
/// # Errors
/// [`Error::Invalid`] for a name that is blank, too long, or another view's.
pub async fn rename(db: &impl ConnectionTrait, account: AccountId, id: ViewId, name: &str) -> Result<()> {
    let renamed = saved_view::Entity::update_many()
        .set(saved_view::ActiveModel { name: Set(named(name)?), ..Default::default() })
        .filter(saved_view::Column::Id.eq(id))
        .filter(saved_view::Column::AccountId.eq(account));
    match renamed.exec(db).await {
        Ok(done) if done.rows_affected == 0 => Err(Error::ViewNotFound),
        Ok(_) => Ok(()),
        Err(cause) => match cause.sql_err() {
            Some(sea_orm::SqlErr::UniqueConstraintViolation(_)) => Err(Error::invalid("name", "已有同名的视图")),
            _ => Err(cause.into()),
        },
    }
}

/// Forgets a view of this account.
///
/// # Errors
/// [`Error::ViewNotFound`] when there is none.
pub async fn forget(db: &impl ConnectionTrait, account: AccountId, id: ViewId) -> Result<()> {
    let gone = saved_view::Entity::delete_many().filter(saved_view::Column::Id.eq(id));
    match gone.filter(saved_view::Column::AccountId.eq(account)).exec(db).await?.rows_affected {
        0 => Err(Error::ViewNotFound),
        _ => Ok(()),
    }
}

fn named(text: &str) -> Result<String> {
    let name = fields::line("name", text, NAME)?;
    if name.is_empty() { Err(Error::invalid("name", "请给视图起个名字")) } else { Ok(name) }
}
