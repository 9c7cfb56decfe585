//! What the studio and office pages offer to choose from: tabs, options of a select, headings that sort, units.
//!
//! Owns no rule: which tabs and units there are follows from the caller's roles and reach.

use crate::auth::identity::{APPEAL_READERS, AUTHORS, Identity, READERS};
use crate::error::{ApiError, ApiResult, Code};
use entity::{Role, Scope, UnitId, UnitLevel, org_unit, scope};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::{BTreeMap, HashMap};

/// One option of a select.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What the form sends.
    pub value: String,
    /// What people read.
    pub label: String,
    /// It stands chosen.
    pub chosen: bool,
}

impl Choice {
    /// An option, chosen when it is the `current` one.
    pub fn new(value: impl Into<String>, label: impl Into<String>, current: &str) -> Self {
        let value = value.into();
        Self { chosen: value == current, value, label: label.into() }
    }
}

/// One of the links beside each other of which one is current: a tab, a crumb, a year.
#[derive(Clone, Debug)]
pub struct Tab {
    /// Where it leads.
    pub href: String,
    /// What it says.
    pub label: String,
    /// This is what is being shown.
    pub current: bool,
}

/// The heading of a column.
#[derive(Clone, Debug)]
pub struct Head {
    /// What it says.
    pub label: String,
    /// The column holds numbers.
    pub number: bool,
    /// Where a click sorts by it; `None` for a column that does not sort.
    pub href: Option<String>,
    /// `ascending` or `descending` when the table is sorted by it.
    pub sorted: Option<&'static str>,
}

/// What is wrong with the fields of a form, by the field's name.
#[derive(Clone, Debug, Default)]
pub struct Errors(BTreeMap<String, String>);

impl Errors {
    /// What a refusal says, at the field it names before its colon, or else at this one.
    pub fn said(refusal: &str, otherwise: &str) -> Self {
        let (field, reason) = refusal.split_once('：').unwrap_or((otherwise, refusal));
        Self(BTreeMap::from([(field.to_owned(), reason.to_owned())]))
    }

    /// Say what is wrong with a field; the first word on a field stays.
    pub fn put(&mut self, field: &str, text: impl Into<String>) {
        self.0.entry(field.to_owned()).or_insert_with(|| text.into());
    }

    /// What is wrong with this field.
    pub fn of(&self, field: &str) -> Option<&str> {
        self.0.get(field).map(String::as_str)
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A page's number as people may write it in an address: anything else than a number from 1 is the first page.
pub fn page_number(text: Option<&str>) -> u64 {
    text.and_then(|text| text.parse().ok()).filter(|page| *page > 0).unwrap_or(1)
}

/// What people typed into a filter, on one line and bounded; PostgreSQL refuses text with NUL.
pub fn typed(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(100).collect()
}

/// The pages of the studio and the office this caller may open. `here` is the one being shown.
pub fn tabs(identity: &Identity, here: &str) -> Vec<Tab> {
    let all: [(&str, &str, &[Role]); 20] = [
        ("/studio", "课程管理", AUTHORS),
        ("/studio/searches", "想学清单", AUTHORS),
        ("/studio/plans", "培训计划", &[Role::Trainer, Role::Admin]),
        ("/studio/classes", "培训班", READERS),
        ("/office", "单位一览", READERS),
        ("/office/gaps", "学时缺口", READERS),
        ("/office/people", "人员", READERS),
        ("/sessions", "集体学习", READERS),
        ("/studio/attendance", "考勤报表", READERS),
        ("/office/books", "四簿一册", READERS),
        ("/office/bulletin", "通报", READERS),
        ("/office/stars", "创星升级", READERS),
        ("/office/rules", "学时规则", READERS),
        ("/office/seal", "年度封存", READERS),
        ("/office/declared", "其他学习", READERS),
        ("/office/appeals", "申诉", APPEAL_READERS),
        ("/studio/play-days", "播放日", &[Role::Trainer, Role::Admin]),
        ("/studio/devices", "教室终端", &[Role::SiteManager, Role::Trainer, Role::Admin]),
        ("/office/import", "花名册导入", &[Role::Admin]),
        ("/office/audit", "操作日志", &[Role::Auditor, Role::Admin]),
    ];
    let said = |href: &str, label: &str| match waiting(identity, href) {
        0 => label.to_owned(),
        count => format!("{label} {count}"),
    };
    let tab =
        |(href, label, _): (&str, &str, _)| Tab { href: href.into(), label: said(href, label), current: href == here };
    all.into_iter().filter(|(_, _, roles)| identity.has(roles)).map(tab).collect()
}

/// How much waits for a decision of the caller behind a tab.
fn waiting(identity: &Identity, href: &str) -> u64 {
    match href {
        "/office/appeals" => identity.waiting.appeals + identity.waiting.clocks,
        "/studio/classes" => identity.waiting.classes,
        "/office/declared" => identity.waiting.studies,
        _ => 0,
    }
}

/// The entry of the main navigation to which pages shared by the studio and the offices belong for this caller.
pub fn desk(identity: &Identity) -> &'static str {
    if identity.has(AUTHORS) { "/studio" } else { "/office" }
}

/// The unit a page is about: the wanted one when it lies within reach, else the highest the caller reaches.
///
/// # Errors
/// `not_found` when the wanted unit is not there or out of reach.
pub async fn unit(db: &impl ConnectionTrait, reach: &Scope, wanted: Option<&str>) -> ApiResult<org_unit::Model> {
    let wanted = wanted.map(str::trim).filter(|text| !text.is_empty());
    let id = match wanted {
        Some(text) => text.parse().ok(),
        None => top_of(reach),
    };
    let unit = org_unit::Entity::find_by_id(id.ok_or(Code::NotFound)?).one(db).await?;
    unit.filter(|unit| reach.contains(&unit.path)).ok_or_else(|| ApiError::new(Code::NotFound))
}

/// The highest unit of a scope.
pub fn top_of(reach: &Scope) -> Option<UnitId> {
    let highest = reach.paths().iter().min_by_key(|path| scope::ancestors_of(path).len())?;
    scope::ancestors_of(highest).pop()
}

/// Units to choose from: those down to the townships, and around the current one its siblings and children, so that a
/// village is two choices away and the list stays short. Indented by their place in the tree.
///
/// # Errors
/// When the database fails.
pub async fn units(db: &impl ConnectionTrait, reach: &Scope, current: &org_unit::Model) -> ApiResult<Vec<Choice>> {
    let high = [UnitLevel::City, UnitLevel::County, UnitLevel::Township];
    let near = Condition::any()
        .add(org_unit::Column::Level.is_in(high))
        .add(org_unit::Column::ParentId.eq(current.id))
        .add(org_unit::Column::ParentId.eq(current.parent_id))
        .add(org_unit::Column::Path.is_in(reach.paths().iter().cloned()))
        .add(org_unit::Column::Id.eq(current.id));
    let query = org_unit::Entity::find().filter(reach.of_units()).filter(near);
    let found = query.order_by_asc(org_unit::Column::Code).limit(2_000).all(db).await?;
    Ok(in_their_tree(found, &current.id.to_string()))
}

/// A unit and everything below it, indented by their place in the tree; at most 2,000.
///
/// # Errors
/// When the database fails.
pub async fn below(db: &impl ConnectionTrait, top: &org_unit::Model, current: &str) -> ApiResult<Vec<Choice>> {
    let query = org_unit::Entity::find().filter(Scope::of([top.path.clone()]).of_units());
    let found = query.order_by_asc(org_unit::Column::Code).limit(2_000).all(db).await?;
    Ok(in_their_tree(found, current))
}

fn in_their_tree(mut found: Vec<org_unit::Model>, current: &str) -> Vec<Choice> {
    let codes: HashMap<UnitId, String> = found.iter().map(|unit| (unit.id, unit.code.clone())).collect();
    let line = |unit: &org_unit::Model| -> Vec<String> {
        scope::ancestors_of(&unit.path).into_iter().filter_map(|id| codes.get(&id).cloned()).collect()
    };
    found.sort_by_cached_key(line);
    let option = |unit: org_unit::Model| {
        let indent = "　".repeat(line(&unit).len().saturating_sub(1));
        Choice::new(unit.id.to_string(), format!("{indent}{}", unit.name), current)
    };
    found.into_iter().map(option).collect()
}

/// The way from the highest unit within reach down to this one, as links to `href` with the unit's id appended.
///
/// # Errors
/// When the database fails.
pub async fn crumbs(db: &impl ConnectionTrait, reach: &Scope, path: &str, href: &str) -> ApiResult<Vec<Tab>> {
    let ids = scope::ancestors_of(path);
    let mut line = org_unit::Entity::find().filter(org_unit::Column::Id.is_in(ids)).all(db).await?;
    line.sort_by_key(|unit| unit.path.len());
    let crumb = |unit: org_unit::Model| Tab {
        href: format!("{href}{}", unit.id),
        current: unit.path == path,
        label: unit.name,
    };
    Ok(line.into_iter().filter(|unit| reach.contains(&unit.path)).map(crumb).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_on_a_field_stays() {
        let mut errors = Errors::default();
        errors.put("title", "标题不能为空");
        errors.put("title", "最多100字");
        assert_eq!(errors.of("title"), Some("标题不能为空"));
        assert!(errors.of("body").is_none() && !errors.is_empty());
    }

    #[test]
    fn a_page_number_that_is_none_is_the_first_page() {
        assert_eq!([None, Some(""), Some("0"), Some("-3"), Some("七"), Some("7")].map(page_number), [1, 1, 1, 1, 1, 7]);
    }

    #[test]
    fn what_is_typed_into_a_filter_loses_control_characters_and_length() {
        assert_eq!(typed(" 沙\0糖\n桔 "), "沙糖桔");
        assert_eq!(typed(&"果".repeat(200)).chars().count(), 100);
    }

    #[test]
    fn the_highest_unit_of_a_scope_is_its_shortest_path() {
        let reach = Scope::of(["/1/20/300/".to_owned(), "/1/4/".to_owned()]);
        assert_eq!(top_of(&reach), Some(UnitId(4)));
        assert_eq!(top_of(&Scope::default()), None);
    }
}
