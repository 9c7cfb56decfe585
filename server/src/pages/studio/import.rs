//! Import of many lessons: a package is uploaded as any file is, looked through, shown, and confirmed.
//!
//! Nothing is kept between the steps but the upload; what was seen is made anew at the confirmation, so that what is
//! done is what holds then. A package that was taken in is forgotten: its films have become recordings of their own.

pub mod template;

use crate::auth::identity::Author;
use crate::auth::reach;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use crate::package::{self, Checked, Importer};
use crate::pages::choose::top_of;
use crate::pages::draw;
use crate::pages::office::import::Tile;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Query, block};
use askama::Template;
use catalog::import::{BadRow, Manifest, Plan, RowChange, Terms};
use content::package::Package;
use content::store::Store;
use content::upload::{self, Uploads};
use entity::{Moment, media};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::Deserialize;
use std::collections::HashSet;
use tokio::sync::Semaphore;

/// Rows listed of each part.
const SHOWN: usize = 200;
/// Packages looked through at the same time: each reads its films whole.
static LOOKING: Semaphore = Semaphore::const_new(2);

/// The uploaded package, by its SHA-256.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PackageForm {
    package: String,
}

#[derive(Template)]
#[template(path = "studio/import.html")]
struct ImportPage {
    shell: Shell,
    problem: Option<String>,
    plan: Option<PlanView>,
    done: Option<String>,
}

struct PlanView {
    name: String,
    package: String,
    tiles: Vec<Tile>,
    courses: Vec<(String, String)>,
    bad: Vec<BadRow>,
    bad_more: usize,
    changes: Vec<RowChange>,
    changes_more: usize,
    adds: Vec<(usize, String, String)>,
    adds_more: usize,
    ready: bool,
}

/// `GET /studio/import`: where a package is brought, and what the one in the address would do.
///
/// # Errors
/// When the database or the store fails; what is wrong with the package is said on the page.
pub async fn show(
    author: Author,
    query: Query<PackageForm>,
    db: Data<Database>,
    store: Data<Store>,
    uploads: Data<Uploads>,
) -> ApiResult<HttpResponse> {
    if query.package.is_empty() {
        return draw(&ImportPage::of(&author));
    }
    let importer = importer(&author)?;
    match looked_through(&author, &db, &store, &uploads, &query.package, importer).await {
        Ok((_, found, checked)) => answer(&author, found, checked.plan),
        Err(cause) => said(&author, cause),
    }
}

/// `POST /studio/import`: take in the package that was shown.
///
/// # Errors
/// When the database or the store fails; what is wrong with the package is said on the page.
pub async fn take(
    author: Author,
    form: Form<PackageForm>,
    db: Data<Database>,
    store: Data<Store>,
    uploads: Data<Uploads>,
) -> ApiResult<HttpResponse> {
    let (importer, now) = (importer(&author)?, Moment::now());
    let (importer, found, checked) = match looked_through(&author, &db, &store, &uploads, &form.package, importer).await
    {
        Ok(all) => all,
        Err(cause) => return said(&author, cause),
    };
    if !checked.plan.is_ready() {
        return answer(&author, found, checked.plan);
    }
    match package::take_in(&db, &store, &checked, &importer, now).await {
        Ok(summary) => {
            content::collect::forget_one(&db.write, &found, importer.by, now).await?;
            let done = format!("{summary}。新的课都是草稿，请逐课看一遍，再提交审核。");
            draw(&ImportPage { done: Some(done), ..ImportPage::of(&author) })
        }
        Err(cause) => said(&author, cause.into()),
    }
}

/// Whom lessons come from and where they go: the highest unit within reach keeps them.
fn importer(author: &Author) -> ApiResult<Importer> {
    let (reach, by) = (author.reach(), Some(author.account_id));
    let unit = top_of(&reach).ok_or(Code::Forbidden)?;
    Ok(Importer { terms: Terms::Author(reach), unit, by, withheld: HashSet::new() })
}

/// The package's own row, and what is in it.
async fn looked_through(
    author: &Author,
    db: &Database,
    store: &Store,
    uploads: &Uploads,
    sha256: &str,
    mut importer: Importer,
) -> ApiResult<(Importer, media::Model, Checked)> {
    let unknown = || ApiError::say(Code::Unprocessable, "没有这个文件，请重新上传");
    reach::blob(db, author, sha256).await.map_err(|_| unknown())?;
    let found = media::Entity::find_by_id(sha256).one(&db.read).await?.ok_or_else(unknown)?;
    let _turn = LOOKING.acquire().await.map_err(ApiError::internal)?;
    let copy = store.local_copy(sha256).await?;
    let path = copy.path().to_owned();
    let package = block(move || Package::of_upload(&path)).await??;
    let manifest = package::manifest(&package).await?;
    importer.withheld = withheld(author, db, &manifest).await?;
    let checked = package::check(db, store, package, &manifest, &importer, Moment::now()).await?;
    // The package itself goes when it is taken in: what counts is what comes out of it.
    let more = checked.brings(db).await?.saturating_sub(u64::try_from(found.size_bytes).unwrap_or(0));
    upload::within_quota(&db.read, uploads, importer.unit, more).await?;
    Ok((importer, found, checked))
}

/// The recordings that the manifest only names, are here, and are not the author's to use.
async fn withheld(author: &Author, db: &Database, manifest: &Manifest) -> ApiResult<HashSet<String>> {
    let mut withheld = HashSet::new();
    for chunk in manifest.named().hashes.chunks(500) {
        let here = media::Entity::find().filter(media::Column::Sha256.is_in(chunk.iter().map(String::as_str)));
        for blob in here.all(&db.read).await? {
            if reach::blob(db, author, &blob.sha256).await.is_err() {
                withheld.insert(blob.sha256);
            }
        }
    }
    Ok(withheld)
}

fn answer(author: &Author, found: media::Model, plan: Plan) -> ApiResult<HttpResponse> {
    let status = if plan.bad.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    crate::pages::draw_as(status, &ImportPage { plan: Some(PlanView::of(plan, found)), ..ImportPage::of(author) })
}

/// Says on the page what is wrong with the package; any other failure is not the page's.
fn said(author: &Author, cause: ApiError) -> ApiResult<HttpResponse> {
    let speaks =
        [Code::Unprocessable, Code::TooLarge, Code::VersionConflict, Code::Taken, Code::DiskFull, Code::QuotaExceeded];
    if !speaks.contains(&cause.code()) {
        return Err(cause);
    }
    let problem = Some(format!("{}。", cause.message().trim_end_matches('。')));
    crate::pages::draw_as(StatusCode::UNPROCESSABLE_ENTITY, &ImportPage { problem, ..ImportPage::of(author) })
}

impl ImportPage {
    fn of(author: &Author) -> Self {
        Self { shell: Shell::new(author, "批量导入", "/studio"), problem: None, plan: None, done: None }
    }
}

impl PlanView {
    fn of(mut plan: Plan, found: media::Model) -> Self {
        let tile = |value: usize, label, kind| Tile { value: value.to_string(), label, kind };
        let course = |course: &catalog::import::CoursePlan| {
            let what = match course.here {
                None => "新增".to_owned(),
                Some(_) => course.fields.iter().map(ToString::to_string).collect::<Vec<_>>().join("；"),
            };
            (course.title.clone(), what)
        };
        let (ready, bad) = (plan.is_ready(), plan.bad.len());
        Self {
            tiles: vec![
                tile(plan.adds.len(), "新增", ""),
                tile(plan.changes.len(), "更改", ""),
                tile(plan.unchanged, "不变", ""),
                tile(bad, "不合格", if bad == 0 { "" } else { "bad" }),
            ],
            courses: plan.courses.iter().filter(|course| !course.is_unchanged()).map(course).collect(),
            bad_more: cut(&mut plan.bad),
            bad: plan.bad,
            changes_more: cut(&mut plan.changes),
            changes: plan.changes,
            adds_more: cut(&mut plan.adds),
            adds: plan.adds.into_iter().map(|row| (row.line, row.title, row.course.unwrap_or_default())).collect(),
            name: found.filename,
            package: found.sha256,
            ready,
        }
    }
}

/// Leaves the first rows and says how many were cut.
fn cut<T>(rows: &mut Vec<T>) -> usize {
    let more = rows.len().saturating_sub(SHOWN);
    rows.truncate(SHOWN);
    more
}
