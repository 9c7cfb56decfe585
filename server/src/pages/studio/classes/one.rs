//! One class: what is said of it, its roster with the boxes of the roll, what proves it, and what becomes of it.

use super::people::PlanView;
use super::{days, runs, state_of};
use crate::api::class_files::add_evidence;
use crate::api::evidence::EVIDENCE_BYTES;
use crate::api::studies::settle;
use crate::auth::identity::{Assessor, Identity, Reader, Trainer};
use crate::auth::known::Known;
use crate::auth::reach;
use crate::body::Coming;
use crate::database::Database;
use crate::error::{ApiError, ApiResult};
use crate::pages::choose::{Choice, Tab, below, desk, page_number, tabs};
use crate::pages::go;
use crate::pages::office::form_data::FormData;
use crate::pages::parts::Pager;
use crate::pages::shell::Shell;
use actix_web::web::{Data, Form, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use archive::classes::roster::Enrolled;
use archive::classes::{self, evidence, list, roster, sign_in};
use askama::Template;
use content::store::Store;
use entity::{AttendanceStatus, ClassId, ClassState, Moment, PersonId, Role, Scope, class_run, person};
use serde::Deserialize;

/// People of one page: with a month of half-days three thousand boxes.
const PAGE: u64 = 50;

/// Which page of the roster, and what was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ClassQuery {
    page: String,
    done: String,
}

/// A decision, as typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DecisionForm {
    verdict: String,
    reason: String,
}

/// The page of a class.
#[derive(Template)]
#[template(path = "studio/class.html")]
pub struct ClassPage {
    shell: Shell,
    tabs: Vec<Tab>,
    pub(super) notice: Option<&'static str>,
    pub(super) problem: Option<String>,
    id: ClassId,
    title: String,
    state: (&'static str, &'static str),
    facts: Vec<(&'static str, String)>,
    half_days: Vec<i32>,
    rows: Vec<Row>,
    pager: Pager,
    /// The half-day people sign in to by code now.
    running: Option<i32>,
    /// It may be handed in.
    over: bool,
    may_run: bool,
    may_prove: bool,
    may_decide: bool,
    decided: bool,
    units: Vec<Choice>,
    pub(super) plan: Option<PlanView>,
    /// What was pasted, when it is shown again.
    pub(super) text: String,
    reason: String,
    files: Vec<(String, String)>,
}

struct Row {
    person_id: PersonId,
    name: String,
    code: String,
    unit: String,
    boxes: Vec<(i32, bool)>,
    half_days: i32,
    status: (&'static str, &'static str),
}

/// `GET /studio/classes/{id}`.
///
/// # Errors
/// `not_found` for a class beyond the caller's reach.
pub async fn show(
    reader: Reader,
    id: Path<ClassId>,
    query: Query<ClassQuery>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let mut page = page(&reader, &reader.reach(), &db, *id, page_number(Some(&query.page))).await?;
    page.notice = match query.done.as_str() {
        "created" => Some("已建好。下一步：加入学员；开班后让大家扫码签到，或在下面点名。"),
        "edited" => Some("已保存。"),
        "people" => Some("名单已更新。"),
        "roll" => Some("签到已保存。"),
        "evidence" => Some("材料已存档。"),
        "handed_in" => Some("已提交，等考核办审核；审核以后学时才记入档案。"),
        "approved" => Some("已审核，学时已记入每个人的档案。"),
        "returned" => Some("已退回，主办人会收到通知。"),
        "called_off" => Some("已取消。"),
        _ => None,
    };
    crate::pages::draw(&page)
}

/// `POST /studio/classes/{id}/evidence`: add a photograph or a scan.
///
/// # Errors
/// `not_found` for a class beyond the caller's reach; what is wrong with the file is said on the page.
pub async fn prove(
    trainer: Trainer,
    id: Path<ClassId>,
    request: HttpRequest,
    body: Coming,
    db: Data<Database>,
    store: Data<Store>,
) -> ApiResult<HttpResponse> {
    let class = list::one(&db.read, &trainer.reach(), *id).await?;
    let form = FormData::read(&request, body, EVIDENCE_BYTES + (64 << 10)).await?;
    let (name, file) = form.file("evidence").unwrap_or_default();
    let outcome = add_evidence(&trainer, (&db, &store), &class, (&name, &file)).await;
    after(&trainer, &db, *id, outcome.map(drop), "evidence").await
}

/// `POST /studio/classes/{id}/hand-in`: hand it in.
///
/// # Errors
/// `not_found` for a class beyond the caller's reach.
pub async fn hand_in(trainer: Trainer, id: Path<ClassId>, db: Data<Database>) -> ApiResult<HttpResponse> {
    list::one(&db.read, &trainer.reach(), *id).await?;
    let outcome = classes::hand_in(&db.write, *id, trainer.account_id, Moment::now()).await;
    after(&trainer, &db, *id, outcome.map(drop).map_err(ApiError::from), "handed_in").await
}

/// `POST /studio/classes/{id}/call-off`: call it off.
///
/// # Errors
/// `not_found` for a class beyond the caller's reach.
pub async fn call_off(trainer: Trainer, id: Path<ClassId>, db: Data<Database>) -> ApiResult<HttpResponse> {
    list::one(&db.read, &trainer.reach(), *id).await?;
    let outcome = classes::call_off(&db.write, *id, trainer.account_id, Moment::now()).await;
    after(&trainer, &db, *id, outcome.map(drop).map_err(ApiError::from), "called_off").await
}

/// `POST /studio/classes/{id}/decision`: approve it or send it back.
///
/// # Errors
/// `not_found` for a class beyond the caller's reach.
pub async fn decide(
    assessor: Assessor,
    id: Path<ClassId>,
    form: Form<DecisionForm>,
    db: Data<Database>,
    known: Data<Known>,
) -> ApiResult<HttpResponse> {
    let approve = form.verdict == "approve";
    match settle(&assessor, *id, (approve, None, &form.reason), (&db, &known)).await {
        Ok(_) => Ok(go(&format!("/studio/classes/{id}?done={}", if approve { "approved" } else { "returned" }))),
        Err(refused) if refused.can_be_mended() => {
            let mut page = page(&assessor, &assessor.reach(), &db, *id, 1).await?;
            page.reason.clone_from(&form.reason);
            again(page, &refused)
        }
        Err(other) => Err(other),
    }
}

/// Back to the class when it is done; else the page with what stands in the way.
pub(super) async fn after(
    trainer: &Trainer,
    db: &Database,
    id: ClassId,
    outcome: ApiResult<()>,
    done: &str,
) -> ApiResult<HttpResponse> {
    match outcome {
        Ok(()) => Ok(go(&format!("/studio/classes/{id}?done={done}"))),
        Err(refused) if refused.can_be_mended() => again(page(trainer, &trainer.reach(), db, id, 1).await?, &refused),
        Err(other) => Err(other),
    }
}

/// The page once more, with what stands in the way.
pub(super) fn again(mut page: ClassPage, refused: &ApiError) -> ApiResult<HttpResponse> {
    page.problem = Some(refused.message().to_owned());
    crate::pages::draw_as(refused.code().status(), &page)
}

/// The page of a class of this reach.
///
/// # Errors
/// `not_found`.
pub(super) async fn page(
    identity: &Identity,
    reach: &Scope,
    db: &Database,
    id: ClassId,
    number: u64,
) -> ApiResult<ClassPage> {
    let class = list::one(&db.read, reach, id).await?;
    let unit = reach::unit(db, reach, class.unit_id).await?;
    let (now, open) = (Moment::now(), class.state == ClassState::Open);
    let found = roster::page(&db.read, id, number, PAGE).await?;
    let files = evidence::of(&db.read, &[id]).await?.remove(&id).unwrap_or_default();
    let run = runs(identity, &unit);
    let entered = [class.created_by, class.handed_in_by].contains(&Some(identity.account_id));
    let waits = class.state == ClassState::HandedIn;
    Ok(ClassPage {
        shell: Shell::new(identity, class.title.clone(), desk(identity)),
        tabs: tabs(identity, "/studio/classes"),
        notice: None,
        problem: None,
        id,
        state: state_of(&class),
        half_days: (1..=class.half_days).collect(),
        pager: Pager::new(&format!("/studio/classes/{id}"), &[], found.page, PAGE, found.total),
        rows: found.rows.into_iter().map(|row| Row::of(row, class.half_days)).collect(),
        running: sign_in::running(&class, now),
        over: class.ends_on <= now.day(),
        may_run: run && open,
        may_prove: run && (open || waits),
        may_decide: waits && !entered && identity.scope(&[Role::Assessor]).contains(&unit.path),
        decided: class.state == ClassState::Approved,
        units: if run && open { below(&db.read, &unit, "").await? } else { Vec::new() },
        plan: None,
        text: String::new(),
        reason: String::new(),
        files: files.into_iter().map(|file| (format!("/media/{}", file.sha256), file.name)).collect(),
        facts: facts(&class, &unit.name),
        title: class.title,
    })
}

fn facts(class: &class_run::Model, unit: &str) -> Vec<(&'static str, String)> {
    let all = [
        ("主办", format!("{unit}（{}级）", class.level.label())),
        ("日期", days(class)),
        ("时长", format!("{} 个半天", class.half_days)),
        ("地点", class.place.clone()),
        ("授课", class.teacher.clone()),
        ("内容", class.topics.clone()),
        ("审核意见", class.decision.clone().unwrap_or_default()),
    ];
    all.into_iter().filter(|(_, text)| !text.is_empty()).collect()
}

impl Row {
    fn of(row: Enrolled, half_days: i32) -> Self {
        let kind = match row.status {
            AttendanceStatus::Enrolled => "",
            AttendanceStatus::Attended => "ok",
            AttendanceStatus::TooMuchLeave => "warn",
            AttendanceStatus::Absent => "off",
        };
        let signed = i32::try_from(row.there.len()).unwrap_or(i32::MAX);
        Self {
            person_id: row.person.person_id,
            code: person::masked(&row.person.code),
            name: row.person.name,
            unit: row.person.unit,
            boxes: (1..=half_days).map(|half_day| (half_day, row.there.contains(&half_day))).collect(),
            half_days: if row.status == AttendanceStatus::Enrolled { signed } else { row.half_days },
            status: (row.status.label(), kind),
        }
    }
}
