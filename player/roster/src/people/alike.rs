//! Who a name and a telephone number might be.

use super::{PersonRow, pinyin_of, rows};
use crate::Result;
use entity::{Scope, org_unit, person};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect};

/// People on the roster within the scope who have this number, are called this, or sound like it: the likeliest first,
/// at most `most`.
///
/// # Errors
/// When the database fails.
pub async fn alike(
    db: &impl ConnectionTrait,
    scope: &Scope,
    (name, phone): (&str, Option<&str>),
    most: u64,
) -> Result<Vec<PersonRow>> {
    let sound = pinyin_of(name);
    let alike = Condition::any()
        .add(person::Column::Name.eq(name))
        .add_option((!sound.is_empty()).then(|| person::Column::Pinyin.eq(sound.as_str())))
        .add_option(phone.map(|phone| person::Column::Phone.eq(phone)));
    let mut people = person::Entity::find()
        .join(JoinType::InnerJoin, super::home())
        .filter(scope.of_units())
        .filter(person::Column::LeftOn.is_null())
        .filter(alike)
        .order_by_asc(org_unit::Column::Path)
        .order_by_asc(person::Column::Id)
        .limit(50)
        .all(db)
        .await?;
    people.sort_by_key(|person| (person.phone.as_deref() != phone || phone.is_none(), person.name != name));
    people.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    rows(db, people).await
}
