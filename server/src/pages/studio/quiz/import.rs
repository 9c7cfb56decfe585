//! Questions from an Excel or CSV table: choose a file, see what it would change, then confirm; and the empty table.
//!
//! The file travels back with the confirmation, so nothing is kept between the two steps. Reading a file, bounded
//! against hostile ones, is the roster's; what its lines mean is the catalog's.

use super::{Back, Draft, again, page};
use crate::auth::identity::Author;
use crate::auth::reach;
use crate::body::Coming;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use crate::pages::go;
use crate::pages::office::form_data::FormData;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{Data, Path, Query, block};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use catalog::quiz::sheet::{self, EXAMPLES, HEADINGS, Plan};
use entity::{LessonId, Moment, lesson};
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};

/// The largest file: a hundred questions are a few dozen kilobytes.
const FILE_BYTES: usize = 2 << 20;
/// A file comes back in base64, a third longer.
const BODY_BYTES: usize = FILE_BYTES / 3 * 4 + (64 << 10);
/// Rows listed of each part.
const SHOWN: usize = 100;
/// The type of a workbook.
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// What a file would do, to be confirmed.
pub struct PlanView {
    /// The file's name.
    pub name: String,
    /// How many are new.
    pub adds: usize,
    /// How many change.
    pub changes: usize,
    /// How many are there already.
    pub unchanged: usize,
    /// Line, what happens, and the question.
    pub rows: Vec<(usize, &'static str, String)>,
    /// Line and reason.
    pub bad: Vec<(usize, String)>,
    /// Bad lines that are not listed.
    pub bad_more: usize,
    /// The file in base64, when there is something to confirm.
    pub content: Option<String>,
}

/// `POST /studio/lessons/{id}/quiz/import`: check a file, or import the one that was checked.
///
/// # Errors
/// `not_found`, a form that cannot be read, or the database; what is wrong with the file is said on the page.
pub async fn take(
    author: Author,
    id: Path<LessonId>,
    back: Query<Back>,
    request: HttpRequest,
    body: Coming,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let lesson = reach::lesson(&db, &author.reach(), *id).await?;
    let form = FormData::read(&request, body, BODY_BYTES).await?;
    let confirmed = form.text("action") == "confirm";
    let file = if confirmed { returned(&form) } else { form.file("file") };
    let (name, content) = file.unwrap_or_default();
    let draft = Draft { back: Back::clone(&back), ..Draft::default() };
    match planned(&db, &lesson, &name, &content).await {
        Ok(plan) if confirmed && plan.bad.is_empty() => {
            let version = form.text("version").parse().unwrap_or(0);
            let (by, now) = (Some(author.account_id), Moment::now());
            match catalog::quiz::put(&db.write, lesson.id, plan.quiz, version, by, now).await {
                Ok(_) => Ok(go(&format!("/studio/lessons/{}/quiz?done=imported{}", *id, back.carried()))),
                Err(cause) => again(&author, &db, lesson.id, draft, cause).await,
            }
        }
        Ok(plan) => answer(&author, &db, lesson, draft, Ok(PlanView::of(plan, name, &content))).await,
        Err(cause) if speaks(&cause) => answer(&author, &db, lesson, draft, Err(cause)).await,
        Err(cause) => Err(cause),
    }
}

/// `GET /studio/lessons/{id}/quiz/template.xlsx`: a table with the headings, and one with examples.
///
/// # Errors
/// `not_found` when the lesson is not there or kept beyond the caller's reach.
pub async fn template(author: Author, id: Path<LessonId>, db: Data<Database>) -> ApiResult<HttpResponse> {
    reach::lesson(&db, &author.reach(), *id).await?;
    let bytes = block(workbook).await?.map_err(ApiError::internal)?;
    let name = "attachment; filename=\"quiz.xlsx\"; filename*=UTF-8''%E9%9A%8F%E5%A0%82%E6%B5%8B%E9%AA%8C%E6%A8%A1%E6%9D%BF.xlsx";
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, XLSX)).insert_header((CONTENT_DISPOSITION, name)).body(bytes))
}

async fn planned(db: &Database, lesson: &lesson::Model, name: &str, content: &Bytes) -> ApiResult<Plan> {
    if content.is_empty() {
        return Err(ApiError::say(Code::Unprocessable, "请先选择一个文件"));
    }
    if content.len() > FILE_BYTES {
        return Err(ApiError::say(Code::TooLarge, "文件超过 2 MB，请只留题目"));
    }
    let read = crate::sheet::read(content.clone(), name.to_owned()).await??;
    let tables: Vec<&sheet::Lines> = read.tables.iter().map(|table| table.rows.as_slice()).collect();
    sheet::plan(&db.read, lesson, &tables).await.map_err(|cause| match cause {
        catalog::Error::Invalid { reason, .. } => ApiError::say(Code::Unprocessable, reason),
        other => other.into(),
    })
}

async fn answer(
    author: &Author,
    db: &Database,
    lesson: lesson::Model,
    mut draft: Draft,
    outcome: Result<PlanView, ApiError>,
) -> ApiResult<HttpResponse> {
    let rows = catalog::quiz::of_lesson(&db.read, lesson.id).await?;
    let bad = outcome.as_ref().map_or(true, |plan| !plan.bad.is_empty());
    match outcome {
        Ok(plan) => draft.plan = Some(plan),
        Err(cause) => draft.problem = Some(format!("{}。", cause.message().trim_end_matches('。'))),
    }
    let mut answer = crate::pages::draw(&page(author, lesson, rows, draft))?;
    if bad {
        *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(answer)
}

/// The file as it came back with the confirmation.
fn returned(form: &FormData) -> Option<(String, Bytes)> {
    let content = STANDARD.decode(form.text("content")).ok()?;
    Some((form.text("name").to_owned(), content.into()))
}

/// Whether an error is about the file, so that the page says it.
fn speaks(cause: &ApiError) -> bool {
    [Code::Unprocessable, Code::TooLarge, Code::InvalidRequest].contains(&cause.code())
}

impl PlanView {
    fn of(plan: Plan, name: String, content: &Bytes) -> Self {
        let content = plan.is_ready().then(|| STANDARD.encode(content));
        let (adds, changes) = (plan.adds.len(), plan.changes.len());
        let named = |rows: Vec<(usize, String)>, what: &'static str| {
            rows.into_iter().map(move |(line, text)| (line, what, text))
        };
        let mut rows: Vec<_> = named(plan.adds, "新增").chain(named(plan.changes, "更改")).collect();
        rows.sort_by_key(|(line, ..)| *line);
        let mut bad = plan.bad;
        let bad_more = bad.len().saturating_sub(SHOWN);
        bad.truncate(SHOWN);
        Self { name, adds, changes, unchanged: plan.unchanged, rows, bad, bad_more, content }
    }
}

fn workbook() -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    headed(book.add_worksheet().set_name("题目")?)?;
    let examples = headed(book.add_worksheet().set_name("示例")?)?;
    for (row, cells) in (1..).zip(EXAMPLES) {
        for (column, text) in (0..).zip(cells) {
            examples.write_string(row, column, text)?;
        }
    }
    book.save_to_buffer()
}

fn headed(sheet: &mut Worksheet) -> Result<&mut Worksheet, XlsxError> {
    let bold = Format::new().set_bold();
    for (column, text) in (0..).zip(HEADINGS) {
        sheet.write_string_with_format(0, column, text, &bold)?;
        sheet.set_column_width(column, if matches!(text, "题目" | "解析") { 44 } else { 14 })?;
    }
    sheet.set_freeze_panes(1, 0)
}
