//! Other study that was declared: the list, those that wait first, each with its evidence and the decision.

use super::narrowing::{Bar, Narrowing};
use crate::api::studies::settle;
use crate::auth::identity::{Assessor, Reader};
use crate::auth::known::Known;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use crate::pages::choose::{Tab, tabs};
use crate::pages::go;
use crate::pages::parts::Pager;
use crate::pages::shell::Shell;
use crate::pages::studio::classes::days;
use actix_web::HttpResponse;
use actix_web::web::{Data, Form, Path, Query};
use archive::classes::evidence;
use archive::classes::list::{self, Filter, Listed};
use archive::classes::study;
use askama::Template;
use chrono::Datelike;
use entity::{ClassId, ClassState, PersonId, Role, class_evidence, class_run};
use serde::Deserialize;

const PATH: &str = "/office/declared";
/// Studies shown on the page of one person at most.
const SHOWN: u64 = 50;

const PAGE: u64 = 20;

/// A decision, as typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StudyDecisionForm {
    verdict: String,
    half_days: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "office/declared.html")]
struct DeclaredPage {
    shell: Shell,
    tabs: Vec<Tab>,
    notice: Option<&'static str>,
    bar: Bar,
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    id: ClassId,
    person: String,
    person_href: String,
    unit: String,
    view: StudyView,
    decided_by: String,
    may_decide: bool,
    typed: StudyDecisionForm,
    problem: Option<String>,
}

/// A study as people read it; the person's own pages show the same.
pub struct StudyView {
    /// What kind.
    pub source: &'static str,
    /// What it was.
    pub title: String,
    /// Where.
    pub place: String,
    /// From when to when.
    pub days: String,
    /// Half-days, as declared.
    pub half_days: i32,
    /// What is said of it.
    pub words: String,
    /// Where it stands, and its colour.
    pub state: (&'static str, &'static str),
    /// Why it was decided so.
    pub reason: Option<String>,
    /// Address and name of what proves it.
    pub files: Vec<(String, String)>,
}

impl StudyView {
    fn of(row: class_run::Model, files: Vec<class_evidence::Model>) -> Self {
        Self {
            days: days(&row),
            source: row.source.label(),
            title: row.title,
            place: row.place,
            half_days: row.half_days,
            words: row.topics,
            state: match row.state {
                ClassState::Open | ClassState::HandedIn => ("待县级审核", "warn"),
                ClassState::Approved => (ClassState::Approved.label(), "ok"),
                ClassState::Refused => ("未通过", "off"),
            },
            reason: row.decision,
            files: files.into_iter().map(|file| (format!("/media/{}", file.sha256), file.name)).collect(),
        }
    }
}

/// The studies of a person, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn of_person(db: &Database, id: PersonId) -> ApiResult<Vec<StudyView>> {
    let (rows, _) = study::of_person(&db.read, id, (1, SHOWN)).await?;
    let mut files = evidence::of(&db.read, &rows.iter().map(|row| row.id).collect::<Vec<_>>()).await?;
    let view = |row: class_run::Model| {
        let files = files.remove(&row.id).unwrap_or_default();
        StudyView::of(row, files)
    };
    Ok(rows.into_iter().map(view).collect())
}

/// `GET /office/declared`: a page of them.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach.
pub async fn list(reader: Reader, query: Query<Narrowing>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let mut page = page(&reader, &query, &db).await?;
    page.notice = query.decided().then_some("已处理，本人会收到通知。");
    crate::pages::draw(&page)
}

/// `POST /office/declared/{id}`: decide one.
///
/// # Errors
/// `not_found` beyond the caller's reach.
pub async fn decide(
    reader: Reader,
    assessor: Assessor,
    id: Path<ClassId>,
    query: Query<Narrowing>,
    form: Form<StudyDecisionForm>,
    (db, known): (Data<Database>, Data<Known>),
) -> ApiResult<HttpResponse> {
    let refusal = match form.parse() {
        Err(refused) => refused,
        Ok((approve, half_days)) => {
            match settle(&assessor, *id, (approve, half_days, &form.reason), (&db, &known)).await {
                Ok(_) => {
                    return Ok(go(&format!("/office/declared?unit={}&state={}&done=decided", query.unit, query.state)));
                }
                Err(refused) if refused.can_be_mended() => refused,
                Err(other) => return Err(other),
            }
        }
    };
    let mut page = page(&reader, &query, &db).await?;
    page.say(*id, form.into_inner(), refusal.message());
    crate::pages::draw_as(refusal.code().status(), &page)
}

async fn page(reader: &Reader, query: &Narrowing, db: &Database) -> ApiResult<DeclaredPage> {
    let reach = reader.reach();
    let at = query.unit(&db.read, &reach).await?;
    let state = ClassState::ALL.iter().copied().find(|state| state.as_str() == query.state);
    let filter = Filter { reach: reach.clone(), below: query.below(&at), state };
    let found = list::studies(&db.read, &filter, query.page(), PAGE).await?;
    let ids: Vec<ClassId> = found.rows.iter().map(|listed| listed.class.id).collect();
    let mut files = evidence::of(&db.read, &ids).await?;
    let states = [("handed_in", "待审核"), ("approved", "已计入"), ("refused", "未通过")];
    let decides = reader.has(&[Role::Assessor]);
    let row = |listed: Listed| {
        let files = files.remove(&listed.class.id).unwrap_or_default();
        Row::of(listed, files, decides)
    };
    Ok(DeclaredPage {
        shell: Shell::new(reader, "其他学习", "/office"),
        tabs: tabs(reader, PATH),
        notice: None,
        bar: query.bar(&db.read, (&reach, &at), PATH, &states).await?,
        pager: query.pager(PATH, found.page, PAGE, found.total),
        rows: found.rows.into_iter().map(row).collect(),
    })
}

impl StudyDecisionForm {
    /// Whether it counts, and how many half-days.
    fn parse(&self) -> ApiResult<(bool, Option<i32>)> {
        let half_days = || match self.half_days.trim() {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| archive::Error::BadClass("half_days_approved")),
        };
        match self.verdict.as_str() {
            "approve" => Ok((true, half_days()?)),
            "refuse" => Ok((false, None)),
            _ => Err(ApiError::say(Code::InvalidRequest, "请选择通过或不通过")),
        }
    }
}

impl DeclaredPage {
    /// Say beside one of them why it could not be decided, and keep what was typed.
    fn say(&mut self, id: ClassId, typed: StudyDecisionForm, refusal: &str) {
        if let Some(row) = self.rows.iter_mut().find(|row| row.id == id) {
            row.typed = typed;
            row.problem = Some(refusal.to_owned());
        }
    }
}

impl Row {
    fn of(listed: Listed, files: Vec<class_evidence::Model>, decides: bool) -> Self {
        let class = listed.class;
        let person = class.person_id.map(|id| format!("/office/people/{id}?year={}", class.ends_on.year()));
        Self {
            id: class.id,
            person: listed.person,
            person_href: person.unwrap_or_default(),
            unit: listed.unit,
            decided_by: listed.decided_by,
            may_decide: decides && class.state == ClassState::HandedIn,
            typed: StudyDecisionForm { half_days: class.half_days.to_string(), ..StudyDecisionForm::default() },
            view: StudyView::of(class, files),
            problem: None,
        }
    }
}
