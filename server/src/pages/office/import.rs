//! Import of the roster: choose a file, see what it would change, then confirm.
//!
//! The file travels back with the confirmation, so nothing is kept between the two steps and any server may answer.

use super::form_data::FormData;
use crate::auth::identity::Admin;
use crate::body::Coming;
use crate::database::Database;
use crate::error::{ApiError, ApiResult};
use crate::pages::choose::{Tab, tabs};
use crate::pages::shell::Shell;
use crate::sheet;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use entity::Moment;
use roster::import::{Add, BadRow, Change, FirstPassword, Plan, Summary};

/// The largest file taken by the page; the command line takes larger ones.
const FILE_BYTES: usize = 16 << 20;
/// A file comes back in base64, a third longer.
const BODY_BYTES: usize = FILE_BYTES / 3 * 4 + (64 << 10);
/// Rows listed of each part.
const SHOWN: usize = 200;

#[derive(Template)]
#[template(path = "office/import.html")]
struct ImportPage {
    shell: Shell,
    tabs: Vec<Tab>,
    problem: Option<String>,
    plan: Option<PlanView>,
    done: Option<Done>,
}

/// A number over its name.
pub struct Tile {
    /// The number.
    pub value: String,
    /// What it counts.
    pub label: &'static str,
    /// Its colour.
    pub kind: &'static str,
}

struct PlanView {
    filename: String,
    tiles: Vec<Tile>,
    bad: Vec<BadRow>,
    bad_more: usize,
    changes: Vec<Change>,
    changes_more: usize,
    adds: Vec<Add>,
    adds_more: usize,
    content: Option<String>,
}

struct Done {
    text: String,
    accounts: Vec<FirstPassword>,
}

/// `GET /office/import`: the form.
///
/// # Errors
/// When the page cannot be drawn.
pub async fn show(admin: Admin) -> ApiResult<HttpResponse> {
    crate::pages::draw(&page(&admin))
}

/// `POST /office/import`: check a file, or import the one that was checked when `confirm` is sent with it.
///
/// # Errors
/// When the form cannot be read or the database fails; what is wrong with the file is said on the page.
pub async fn take(admin: Admin, request: HttpRequest, body: Coming, db: Data<Database>) -> ApiResult<HttpResponse> {
    let form = FormData::read(&request, body, BODY_BYTES).await?;
    let confirmed = form.text("confirm") == "yes";
    let file = if confirmed { returned(&form) } else { form.file("file") };
    let mut page = page(&admin);
    let outcome = match file {
        Some((name, content)) => work(&admin, &db, &mut page, (name, content), confirmed).await,
        None => Err(roster::Error::NotASheet("请先选择一个文件".into()).into()),
    };
    match outcome {
        Ok(()) => crate::pages::draw(&page),
        Err(Trouble::Roster(cause)) if speaks(&cause) => {
            page.problem = Some(format!("{cause}。"));
            crate::pages::draw_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(Trouble::Roster(cause)) => Err(cause.into()),
        Err(Trouble::Other(cause)) => Err(cause),
    }
}

enum Trouble {
    Roster(roster::Error),
    Other(ApiError),
}

impl From<roster::Error> for Trouble {
    fn from(cause: roster::Error) -> Self {
        Self::Roster(cause)
    }
}

/// Whether an error is about the file, so that the page says it.
fn speaks(cause: &roster::Error) -> bool {
    use roster::Error as E;
    matches!(cause, E::NotASheet(_) | E::TooLarge(_) | E::BadRows(_) | E::PlanOutdated)
}

async fn work(
    admin: &Admin,
    db: &Database,
    page: &mut ImportPage,
    (name, content): (String, Bytes),
    confirmed: bool,
) -> Result<(), Trouble> {
    if content.len() > FILE_BYTES {
        return Err(roster::Error::TooLarge("文件超过 16 MiB，请分批导入，或由运维人员用命令行导入").into());
    }
    let sheet = sheet::read(content.clone(), name.clone()).await.map_err(Trouble::Other)??;
    let plan = roster::import::plan_within(&db.read, &sheet, &admin.reach()).await?;
    if confirmed && plan.bad.is_empty() {
        let done = roster::import::apply(&db.write, &plan, Some(admin.account_id), Moment::now()).await?;
        page.done = Some(Done::of(done));
    } else {
        page.plan = Some(PlanView::of(plan, name, &content));
    }
    Ok(())
}

fn page(admin: &Admin) -> ImportPage {
    ImportPage {
        shell: Shell::new(admin, "花名册导入", "/office"),
        tabs: tabs(admin, "/office/import"),
        problem: None,
        plan: None,
        done: None,
    }
}

/// The file as it came back with the confirmation.
fn returned(form: &FormData) -> Option<(String, Bytes)> {
    let content = STANDARD.decode(form.text("content")).ok().filter(|content| !content.is_empty())?;
    Some((form.text("filename").to_owned(), content.into()))
}

impl PlanView {
    fn of(mut plan: Plan, filename: String, content: &Bytes) -> Self {
        let tile = |value: usize, label, kind| Tile { value: value.to_string(), label, kind };
        let tiles = vec![
            tile(plan.adds.len(), "新增", ""),
            tile(plan.changes.len(), "更改", ""),
            tile(plan.unchanged, "不变", ""),
            tile(plan.bad.len(), "不合格", if plan.bad.is_empty() { "" } else { "bad" }),
        ];
        let good = plan.bad.is_empty() && !(plan.adds.is_empty() && plan.changes.is_empty());
        Self {
            filename,
            tiles,
            bad_more: cut(&mut plan.bad),
            bad: plan.bad,
            changes_more: cut(&mut plan.changes),
            changes: plan.changes,
            adds_more: cut(&mut plan.adds),
            adds: plan.adds,
            content: good.then(|| STANDARD.encode(content)),
        }
    }
}

/// Leaves the first rows and says how many were cut.
fn cut<T>(rows: &mut Vec<T>) -> usize {
    let more = rows.len().saturating_sub(SHOWN);
    rows.truncate(SHOWN);
    more
}

impl Done {
    fn of(summary: Summary) -> Self {
        let text = format!(
            "导入完成。单位：新增 {}，更改 {}；人员：新增 {}，更改 {}；不变 {}；新账号 {}。",
            summary.units_added,
            summary.units_changed,
            summary.people_added,
            summary.people_changed,
            summary.unchanged,
            summary.accounts.len()
        );
        Self { text, accounts: summary.accounts }
    }
}
