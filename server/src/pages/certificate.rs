//! The certificate (结业证书) of a sealed year, or the proof of a record that did not reach everything, ready for paper.

use crate::api::archive::may_read;
use crate::auth::identity::{Reader, SignedIn};
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use crate::pages::shell::Shell;
use crate::public_url;
use crate::qr::{self, Qr};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use archive::Hundredths;
use archive::seal::{self, SealedStanding, last_year};
use askama::Template;
use entity::{Moment, PersonId};
use serde::Deserialize;

/// Which year.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct YearQuery {
    year: String,
}

#[derive(Template)]
#[template(path = "certificate.html")]
struct CertificatePage {
    shell: Shell,
    back: String,
    met: bool,
    name: String,
    code_of_person: String,
    unit: String,
    year: i32,
    posts: String,
    credit: String,
    standings: Vec<Row>,
    sealed_on: String,
    amended: bool,
    code: String,
    address: String,
    qr: Option<Qr>,
}

/// One target.
struct Row {
    name: String,
    have: String,
    need: String,
    verdict: &'static str,
}

impl Row {
    fn of(standing: &SealedStanding) -> Self {
        let amount = |hundredths| format!("{} {}", Hundredths(hundredths), standing.unit);
        Self {
            name: standing.name.clone(),
            have: amount(standing.have),
            need: amount(standing.need),
            verdict: match (standing.need, standing.met) {
                (0, _) => "免",
                (_, true) => "达标",
                (_, false) => "未达标",
            },
        }
    }
}

/// `GET /record/certificate`: one's own.
///
/// # Errors
/// `not_found` for an account without a learner, or a year that is not sealed.
pub async fn own(
    caller: SignedIn,
    request: HttpRequest,
    query: Query<YearQuery>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let who = caller.person_id.ok_or(Code::NotFound)?;
    let year = year_of(&query.year);
    let shell = Shell::new(&caller, "证书", "/record");
    page(&db, &request, shell, (who, year), format!("/record?year={year}")).await
}

/// `GET /office/people/{id}/certificate`: somebody's within reach; the reading is recorded.
///
/// # Errors
/// `not_found` for somebody beyond reach, or a year that is not sealed.
pub async fn of_person(
    reader: Reader,
    request: HttpRequest,
    id: Path<PersonId>,
    query: Query<YearQuery>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    may_read(&reader, *id, &db).await?;
    let year = year_of(&query.year);
    let shell = Shell::new(&reader, "证书", "/office");
    page(&db, &request, shell, (*id, year), format!("/office/people/{id}?year={year}")).await
}

fn year_of(text: &str) -> i32 {
    text.parse().unwrap_or_else(|_| last_year(Moment::now().day()))
}

async fn page(
    db: &Database,
    request: &HttpRequest,
    shell: Shell,
    (who, year): (PersonId, i32),
    back: String,
) -> ApiResult<HttpResponse> {
    let found = seal::of_person(&db.read, who, year).await?;
    let found = found.ok_or_else(|| ApiError::say(Code::NotFound, format!("{year} 年还没有封存，封存以后才有证书")))?;
    let address = format!("{}/check", public_url::of(request));
    let now = found.now().clone();
    crate::pages::draw(&CertificatePage {
        shell,
        back,
        met: now.is_met(),
        posts: now.posts.iter().map(|post| post.label()).collect::<Vec<_>>().join("、"),
        name: now.name,
        code_of_person: entity::person::masked(&now.code),
        unit: now.unit_name,
        year,
        credit: Hundredths(now.credit).to_string(),
        standings: now.standings.iter().map(Row::of).collect(),
        sealed_on: found.sealed_at.local().format("%Y 年 %-m 月 %-d 日").to_string(),
        amended: found.amended.is_some(),
        qr: qr::of(&format!("{address}?code={}", found.code)),
        code: found.code,
        address,
    })
}
