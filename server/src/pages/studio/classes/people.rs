//! Who is to come, and who came by a table: chosen, pasted or from a file, looked at first, then done whole.
//!
//! What is to be done travels back with the confirmation and is judged once more, so nothing is kept between the two
//! steps and any server may answer.

use super::one::{ClassPage, after, again, page};
use crate::api::class_files::{TABLE_BYTES, table};
use crate::auth::identity::Trainer;
use crate::auth::reach;
use crate::body::Coming;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use crate::pages::office::form_data::FormData;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use archive::classes::sheet::{Found, Plan, typed};
use archive::classes::sign_in::{self, Mark};
use archive::classes::{list, roster as enrolling};
use entity::{ClassId, Moment, PersonId, Scope, UnitId, class_run, person};
use std::collections::BTreeSet;

/// Rows listed of each part.
const SHOWN: usize = 100;

/// What a table would do, to be confirmed.
pub struct PlanView {
    /// What the button of the confirmation does: `enroll` or `attend`.
    pub deed: &'static str,
    /// Name, number, unit, and what is said of their half-days.
    pub rows: Vec<(String, String, String, String)>,
    /// Rows that are not listed.
    pub rows_more: usize,
    /// How many in all.
    pub total: usize,
    /// How many are so already.
    pub unchanged: usize,
    /// Line and reason.
    pub bad: Vec<(usize, String)>,
    /// Bad lines that are not listed.
    pub bad_more: usize,
    /// What the confirmation sends, when there is something to confirm.
    pub confirm: Option<String>,
}

/// `POST /studio/classes/{id}/people`: look at a unit, a table of people or of attendance; do what was looked at; take
/// somebody off the roster.
///
/// # Errors
/// `not_found` for a class beyond the caller's reach; what is wrong with a table is said on the page.
pub async fn take(
    trainer: Trainer,
    id: Path<ClassId>,
    request: HttpRequest,
    body: Coming,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let class = list::one(&db.read, &trainer.reach(), *id).await?;
    let form = FormData::read(&request, body, TABLE_BYTES + (1 << 20)).await?;
    let (by, now) = (trainer.account_id, Moment::now());
    let (done, outcome) = match form.text("do") {
        "enroll" => {
            let people: Vec<PersonId> = form.text("what").split(',').filter_map(|id| id.parse().ok()).collect();
            ("people", enrolling::enroll(&db.write, class.id, &people, by, now).await.map(drop))
        }
        "attend" => {
            let marks: Vec<Mark> = attendance(form.text("what"), class.half_days);
            ("roll", sign_in::call_roll(&db.write, class.id, &marks, by, now).await.map(drop))
        }
        "drop" => {
            let who = form.text("person").parse().map_err(|_| ApiError::new(Code::NotFound))?;
            ("people", enrolling::remove(&db.write, class.id, who, by, now).await)
        }
        deed => return look(&trainer, &db, class, deed, &form).await,
    };
    after(&trainer, &db, *id, outcome.map_err(ApiError::from), done).await
}

/// Say what it would do.
async fn look(
    trainer: &Trainer,
    db: &Database,
    class: class_run::Model,
    deed: &str,
    form: &FormData,
) -> ApiResult<HttpResponse> {
    let mut page: ClassPage = page(trainer, &trainer.reach(), db, class.id, 1).await?;
    form.text("text").clone_into(&mut page.text);
    match planned(db, &class, deed, form).await {
        Ok(plan) => {
            page.plan = Some(plan);
            crate::pages::draw(&page)
        }
        Err(refused) if refused.can_be_mended() => again(page, &refused),
        Err(other) => Err(other),
    }
}

async fn planned(db: &Database, class: &class_run::Model, deed: &str, form: &FormData) -> ApiResult<PlanView> {
    if deed == "unit" {
        let unit: UnitId = form.text("unit_id").parse().map_err(|_| ApiError::new(Code::NotFound))?;
        let top = roster::org::unit(&db.read, class.unit_id).await?;
        let unit = reach::unit(db, &Scope::of([top.path]), unit).await?;
        return Ok(PlanView::of_people(enrolling::plan_unit(&db.read, class, &unit.path).await?));
    }
    let rows = rows(form).await?;
    match deed {
        "attendance" => {
            Ok(PlanView::of_attendance(enrolling::plan_attendance(&db.read, class, &rows).await?, class.half_days))
        }
        _ => Ok(PlanView::of_people(enrolling::plan(&db.read, class, &rows).await?)),
    }
}

/// The rows of the file, or else of what was pasted.
async fn rows(form: &FormData) -> ApiResult<Vec<(usize, Vec<String>)>> {
    let Some((name, content)) = form.file("file") else {
        let rows = typed(form.text("text"));
        let nothing = || ApiError::say(Code::Unprocessable, "请粘贴名单，或选择一个文件");
        return if rows.is_empty() { Err(nothing()) } else { Ok(rows) };
    };
    table(content, name).await
}

impl PlanView {
    fn of_people(plan: Plan<Found>) -> Self {
        let ids: Vec<String> = plan.rows.iter().map(|one| one.person_id.to_string()).collect();
        let ready = plan.is_ready();
        let row = |one: Found| (one.name, person::masked(&one.code), one.unit, String::new());
        Self::of("enroll", plan, ready.then(|| ids.join(",")), row)
    }

    fn of_attendance(plan: Plan<(Found, BTreeSet<i32>)>, half_days: i32) -> Self {
        let sent = |(one, there): &(Found, BTreeSet<i32>)| format!("{}={}", one.person_id, joined(there, "."));
        let what: Vec<String> = plan.rows.iter().map(sent).collect();
        let ready = plan.is_ready();
        let row = |(one, there): (Found, BTreeSet<i32>)| {
            let said = match i32::try_from(there.len()) {
                Ok(0) => "缺勤".to_owned(),
                Ok(all) if all == half_days => "全勤".to_owned(),
                _ => joined(&there, "、"),
            };
            (one.name, person::masked(&one.code), one.unit, said)
        };
        Self::of("attend", plan, ready.then(|| what.join(",")), row)
    }

    fn of<T>(
        deed: &'static str,
        plan: Plan<T>,
        confirm: Option<String>,
        row: impl Fn(T) -> (String, String, String, String),
    ) -> Self {
        let (total, bad) = (plan.rows.len(), plan.bad.len());
        Self {
            deed,
            rows: plan.rows.into_iter().take(SHOWN).map(row).collect(),
            rows_more: total.saturating_sub(SHOWN),
            total,
            unchanged: plan.unchanged,
            bad: plan.bad.into_iter().take(SHOWN).collect(),
            bad_more: bad.saturating_sub(SHOWN),
            confirm,
        }
    }
}

fn joined(there: &BTreeSet<i32>, by: &str) -> String {
    there.iter().map(i32::to_string).collect::<Vec<_>>().join(by)
}

/// The boxes that a confirmation names: `12=1.2.3,13=`.
fn attendance(what: &str, half_days: i32) -> Vec<Mark> {
    let one = |part: &str| {
        let (who, there) = part.split_once('=')?;
        let there: BTreeSet<i32> = there.split('.').filter_map(|half_day| half_day.parse().ok()).collect();
        Some(enrolling::marks(who.parse().ok()?, &there, half_days).collect::<Vec<_>>())
    };
    what.split(',').filter_map(one).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confirmation_says_every_box_of_a_person() {
        let there = |who, half_day, there| Mark { person_id: PersonId(who), half_day, there };
        let marks = attendance("12=1.3,13=,x=1,14", 3);
        assert_eq!(
            marks,
            [
                there(12, 1, true),
                there(12, 2, false),
                there(12, 3, true),
                there(13, 1, false),
                there(13, 2, false),
                there(13, 3, false)
            ]
        );
    }
}
