//! The rules of hours in force at a unit, in words with their sources, and the history of its own.

use crate::auth::identity::{Identity, Reader};
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::choose::{Choice, Tab, tabs, unit};
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use archive::rules::{self, Measure, OtherWay, Rules, Target, Version, described};
use askama::Template;
use entity::{Day, Moment, Role, Scope, UnitLevel, org_unit, rule};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::Deserialize;

/// Versions shown at most.
const SHOWN: u64 = 100;

pub mod draft;

/// Which unit, and what was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RulesQuery {
    unit: String,
    done: String,
}

#[derive(Template)]
#[template(path = "office/rules.html")]
struct RulesPage {
    shell: Shell,
    tabs: Vec<Tab>,
    notice: Option<&'static str>,
    unit_name: String,
    units: Vec<Choice>,
    draft: Option<String>,
    in_force: Option<InForce>,
    versions: Vec<Version>,
    today: Day,
}

/// The rule in force, in words.
struct InForce {
    name: String,
    valid_from: Day,
    of: String,
    keys: Vec<(String, String)>,
    targets: Vec<TargetRow>,
    exemptions: Vec<(&'static str, String, String)>,
    bounds: Vec<(String, i64, i64)>,
}

struct TargetRow {
    name: String,
    posts: String,
    need: String,
    clause: String,
}

/// `GET /office/rules`.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach.
pub async fn show(reader: Reader, query: Query<RulesQuery>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let reach = reader.reach();
    let at = unit(&db.read, &reach, Some(&query.unit)).await?;
    let today = Moment::now().day();
    let row = rules::row_in_force(&db.read, &at, today).await?;
    crate::pages::draw(&RulesPage {
        shell: Shell::new(&reader, format!("{} 学时规则", at.name), "/office"),
        tabs: tabs(&reader, "/office/rules"),
        notice: (query.done == "enacted").then_some("新规则已登记，到生效日起执行；已记入的学时不变。"),
        units: choices(&db.read, &reach, &at).await?,
        draft: may_set(&reader, &at).then(|| format!("/office/rules/draft?unit={}", at.id)),
        in_force: match row {
            Some(row) => Some(in_force(&db.read, row).await?),
            None => None,
        },
        versions: rules::history(&db.read, &at, (1, SHOWN)).await?.0,
        unit_name: at.name,
        today,
    })
}

/// Whether the caller may set rules there.
fn may_set(identity: &Identity, at: &org_unit::Model) -> bool {
    let sets = matches!(at.level, UnitLevel::City | UnitLevel::County);
    sets && identity.scope(&[Role::Assessor]).contains(&at.path)
}

/// The city and the counties within reach, and the unit itself.
async fn choices(db: &impl ConnectionTrait, reach: &Scope, at: &org_unit::Model) -> ApiResult<Vec<Choice>> {
    let setting = Condition::any()
        .add(org_unit::Column::Level.is_in([UnitLevel::City, UnitLevel::County]))
        .add(org_unit::Column::Id.eq(at.id));
    let query = org_unit::Entity::find().filter(reach.of_units()).filter(setting);
    let found = query.order_by_asc(org_unit::Column::Path).all(db).await?;
    let current = at.id.to_string();
    Ok(found.into_iter().map(|unit| Choice::new(unit.id.to_string(), unit.name, &current)).collect())
}

async fn in_force(db: &impl ConnectionTrait, row: rule::Model) -> ApiResult<InForce> {
    let read = Rules::parse(&row.body)?;
    let of = roster::org::unit(db, row.unit_id).await?.name;
    let lifted = |rule: &archive::rules::ExemptionRule| {
        let lifts: Vec<_> = rule.lifts.iter().map(|measure| counted(*measure)).collect();
        (rule.kind.label(), lifts.join("、"), rule.clause.clone())
    };
    Ok(InForce {
        name: row.name,
        valid_from: row.valid_from,
        of,
        keys: described(&row.body).into_iter().skip(2).collect(),
        targets: read.targets.iter().map(TargetRow::of).collect(),
        exemptions: read.exemptions.iter().map(lifted).collect(),
        bounds: read.bounds.iter().map(|bound| (named(&row.body, bound.key.get_ref()), bound.from, bound.to)).collect(),
    })
}

/// What people call a key.
fn named(text: &str, key: &str) -> String {
    rules::changes("", text).into_iter().find(|change| change.key == key).map_or(key.to_owned(), |change| change.label)
}

fn counted(measure: Measure) -> &'static str {
    match measure {
        Measure::CreditHours => "学时",
        Measure::Classes => "集中培训次数",
        Measure::ClassDays => "集中培训天数",
    }
}

impl TargetRow {
    fn of(target: &Target) -> Self {
        let level = target.level.map_or("", UnitLevel::label);
        let mut need = format!("{level}{} {} {}", counted(target.measure), target.need, target.measure.unit());
        if let Some(OtherWay { measure, level, need: other }) = &target.otherwise {
            let level = level.map_or("", UnitLevel::label);
            need.push_str(&format!("，或者{level}{} {other} {}", counted(*measure), measure.unit()));
        }
        if let Some(months) = target.within_months {
            need.push_str(&format!("，任职后 {months} 个月内"));
        }
        let posts: Vec<_> = target.posts.iter().map(|post| post.label()).collect();
        Self { name: target.name.clone(), posts: posts.join("、"), need, clause: target.clause.clone() }
    }
}
