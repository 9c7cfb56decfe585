//! Who a name and a telephone number might be, and who may stand on the roster twice.

use super::{PersonRow, pinyin_of, rows};
use crate::Result;
use entity::{Scope, org_unit, person};
use sea_orm::sea_query::{ExprTrait, LikeExpr};
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

/// People looked at for one who may stand on the roster twice: more of one sound are namesakes.
const LOOKED_AT: u64 = 200;

/// People on the roster within the scope who may be this very person under another number, the likeliest first, at most
/// `most`: who has their telephone number, is called this or sounds like it, or was born in the same year with a name that
/// differs in one character. Namesakes are normal, so of those who only sound alike nobody born in another year is named.
///
/// # Errors
/// When the database fails.
pub async fn twins(
    db: &impl ConnectionTrait,
    scope: &Scope,
    of: &person::Model,
    most: usize,
) -> Result<Vec<PersonRow>> {
    let born_with = of.birth_year.map(|year| person::Column::BirthYear.eq(year));
    let maybe_born_with = born_with.clone().map(|same| same.or(person::Column::BirthYear.is_null()));
    let sounds = Condition::all().add(person::Column::Pinyin.eq(of.pinyin.as_str())).add_option(maybe_born_with);
    let nearly = born_with.map(|same| Condition::all().add(same).add(one_character_apart(&of.name)));
    let alike = Condition::any()
        .add_option((!of.pinyin.is_empty()).then_some(sounds))
        .add_option(of.phone.as_deref().map(|phone| person::Column::Phone.eq(phone)))
        .add_option(nearly)
        .add(person::Column::Id.eq(of.id)); // never an empty condition, which would be met by all
    let mut people = person::Entity::find()
        .join(JoinType::InnerJoin, super::home())
        .filter(scope.of_units())
        .filter(person::Column::LeftOn.is_null())
        .filter(alike)
        .filter(person::Column::Id.ne(of.id))
        .order_by_asc(org_unit::Column::Path)
        .order_by_asc(person::Column::Id)
        .limit(LOOKED_AT)
        .all(db)
        .await?;
    people.sort_by_key(|other| {
        let same_phone = other.phone.is_some() && other.phone == of.phone;
        (!same_phone, other.birth_year.is_none(), other.name != of.name, other.unit_id != of.unit_id)
    });
    people.truncate(most);
    rows(db, people).await
}

/// Names of as many characters with another one in one place.
fn one_character_apart(name: &str) -> Condition {
    let letters: Vec<char> = name.chars().collect();
    let but = |place: usize| -> String {
        let letter = |(at, c): (usize, &char)| match (at == place, c) {
            (true, _) => "_".to_owned(),
            (false, '!' | '%' | '_') => format!("!{c}"),
            (false, c) => c.to_string(),
        };
        letters.iter().enumerate().map(letter).collect()
    };
    let like = |place| person::Column::Name.like(LikeExpr::new(but(place)).escape('!'));
    let places = if letters.len() > 1 { 0..letters.len() } else { 0..0 };
    places.map(like).fold(Condition::any().add(person::Column::Id.is_null()), Condition::add)
}
