//! People and their posts: look-up, the searchable list, the roll of a unit.
//!
//! Owns how names are searched and filed. What a person has learnt is the archive's.

use crate::{Error, Result, org};
use entity::{PersonId, PostKind, Scope, UnitId, UnitLevel, org_unit, person, post, scope};
use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, JoinType, Order, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use std::collections::{HashMap, HashSet};

mod alike;
pub mod merge;
mod name;
pub use alike::{alike, twins};
pub use name::{masked, pinyin_of};

/// The most rows a page may have.
pub const MAX_PAGE_SIZE: u64 = 200;

/// Which people a list shows.
#[derive(Clone, Debug, Default)]
pub struct PeopleFilter {
    /// Part of a name, its pinyin, its initials (`wxm`), or the start of a roster number.
    pub q: Option<String>,
    /// Only people of the unit with this path and below it.
    pub unit: Option<String>,
}

/// A part of a long list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows of this page.
    pub rows: Vec<T>,
    /// Rows in all pages.
    pub total: u64,
    /// Which page, from 1.
    pub page: u64,
    /// Rows a full page has.
    pub size: u64,
}

/// A person in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonRow {
    /// The key.
    pub id: PersonId,
    /// The roster number.
    pub code: String,
    /// The name.
    pub name: String,
    /// Toneless pinyin, syllables apart.
    pub pinyin: String,
    /// The unit they belong to.
    pub unit_id: UnitId,
    /// That unit's names from the county down.
    pub unit_name: String,
    /// The highest post they hold now.
    pub post: Option<PostKind>,
    /// The phone number with its middle hidden.
    pub phone: Option<String>,
}

/// The person with this id.
///
/// # Errors
/// [`Error::NoSuchPerson`].
pub async fn person(db: &impl ConnectionTrait, id: PersonId) -> Result<person::Model> {
    person::Entity::find_by_id(id).one(db).await?.ok_or(Error::NoSuchPerson)
}

/// The person with this roster number.
pub async fn by_code(db: &impl ConnectionTrait, code: &str) -> Result<Option<person::Model>> {
    Ok(person::Entity::find().filter(person::Column::Code.eq(code)).one(db).await?)
}

/// The people on the roster of this very unit, filed by pinyin: the roll of a classroom.
pub async fn of_unit(db: &impl ConnectionTrait, unit: UnitId) -> Result<Vec<person::Model>> {
    let here = person::Column::UnitId.eq(unit).and(person::Column::LeftOn.is_null());
    let roll = person::Entity::find().filter(here).order_by_asc(person::Column::Pinyin);
    Ok(roll.order_by_asc(person::Column::Id).all(db).await?)
}

/// The posts of a person, the running ones first, then the latest.
pub async fn posts(db: &impl ConnectionTrait, id: PersonId) -> Result<Vec<post::Model>> {
    let held = post::Entity::find().filter(post::Column::PersonId.eq(id));
    let mut posts = held.order_by_desc(post::Column::AppointedOn).order_by_asc(post::Column::Id).all(db).await?;
    posts.sort_by_key(|post| post.ended_on.is_some());
    Ok(posts)
}

/// People on the roster within the scope, by unit and then by pinyin. Pages count from 1 and are bounded.
pub async fn page(
    db: &impl ConnectionTrait,
    scope: &Scope,
    filter: PeopleFilter,
    page: u64,
    size: u64,
) -> Result<Page<PersonRow>> {
    let (page, size) = (page.clamp(1, u64::MAX), size.clamp(1, MAX_PAGE_SIZE));
    let scope = filter.unit.map_or_else(|| scope.clone(), |path| scope.within(&path));
    let found = person::Entity::find()
        .join(JoinType::InnerJoin, home())
        .filter(scope.of_units())
        .filter(person::Column::LeftOn.is_null())
        .filter(filter.q.as_deref().map_or_else(Condition::all, matching));
    let total = found.clone().count(db).await?;
    let people = found
        .order_by(org_unit::Column::Path, Order::Asc)
        .order_by(person::Column::Pinyin, Order::Asc)
        .order_by(person::Column::Id, Order::Asc)
        .offset((page - 1).saturating_mul(size).clamp(0, total))
        .limit(size)
        .all(db)
        .await?;
    Ok(Page { rows: rows(db, people).await?, total, page, size })
}

/// From a person to their unit.
pub(crate) fn home() -> sea_orm::RelationDef {
    person::Entity::belongs_to(org_unit::Entity).from(person::Column::UnitId).to(org_unit::Column::Id).into()
}

/// What people type into a search box: all of it must be met, word by word.
fn matching(q: &str) -> Condition {
    let clean: String = q.chars().map(|c| if c.is_control() { ' ' } else { c }).take(50).collect();
    clean.split_whitespace().fold(Condition::all(), |all, word| all.add(matching_word(&word.to_lowercase())))
}

fn matching_word(word: &str) -> Condition {
    let any = Condition::any()
        .add(lower(person::Column::Name).like(pattern("%", word, "%")))
        .add(lower(person::Column::Code).like(pattern("", word, "%")));
    if !word.chars().all(|c| c.is_ascii_lowercase()) {
        return any;
    }
    let initials = word.chars().fold(String::new(), |initials, c| format!("{initials}{c}% "));
    let solid = Func::cust("REPLACE").arg(Expr::col(person::Column::Pinyin.as_column_ref())).arg(" ").arg("");
    any.add(person::Column::Pinyin.like(initials.trim_end())).add(Expr::expr(solid).like(pattern("", word, "%")))
}

/// SQLite ignores case in LIKE and PostgreSQL does not, so both sides are lowered.
fn lower(column: person::Column) -> Expr {
    Expr::expr(Func::lower(Expr::col(column.as_column_ref())))
}

/// A LIKE pattern in which only the ends are wild. The databases disagree on a default escape, so it is named.
fn pattern(before: &str, text: &str, after: &str) -> LikeExpr {
    let text = text.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    LikeExpr::new(format!("{before}{text}{after}")).escape('!')
}

async fn rows(db: &impl ConnectionTrait, people: Vec<person::Model>) -> Result<Vec<PersonRow>> {
    let units = unit_names(db, people.iter().map(|person| person.unit_id).collect()).await?;
    let posts = current_posts(db, people.iter().map(|person| person.id).collect()).await?;
    let row = |person: person::Model| PersonRow {
        unit_name: units.get(&person.unit_id).cloned().unwrap_or_default(),
        post: posts.get(&person.id).copied(),
        phone: person.phone.as_deref().map(name::masked),
        id: person.id,
        code: person.code,
        name: person.name,
        pinyin: person.pinyin,
        unit_id: person.unit_id,
    };
    Ok(people.into_iter().map(row).collect())
}

/// The full names of these units, in two queries however many there are.
async fn unit_names(db: &impl ConnectionTrait, ids: HashSet<UnitId>) -> Result<HashMap<UnitId, String>> {
    let units = org_unit::Entity::find().filter(org_unit::Column::Id.is_in(ids)).all(db).await?;
    let above: HashSet<UnitId> = units.iter().flat_map(|unit| scope::ancestors_of(&unit.path)).collect();
    let above = org_unit::Entity::find().filter(org_unit::Column::Id.is_in(above)).all(db).await?;
    let known: HashMap<UnitId, (UnitLevel, &str)> =
        above.iter().map(|unit| (unit.id, (unit.level, unit.name.as_str()))).collect();
    let full = |unit: &org_unit::Model| {
        let line = scope::ancestors_of(&unit.path).into_iter().filter_map(|id| known.get(&id).copied());
        (unit.id, org::joined(line).unwrap_or_else(|| unit.name.clone()))
    };
    Ok(units.iter().map(full).collect())
}

/// The highest running post of each person who holds one; `PostKind` is ordered from the secretary down.
async fn current_posts(db: &impl ConnectionTrait, ids: Vec<PersonId>) -> Result<HashMap<PersonId, PostKind>> {
    let running = post::Column::PersonId.is_in(ids).and(post::Column::EndedOn.is_null());
    let mut posts = post::Entity::find().filter(running).all(db).await?;
    posts.sort_by_key(|post| std::cmp::Reverse(post.kind));
    Ok(posts.into_iter().map(|post| (post.person_id, post.kind)).collect())
}
