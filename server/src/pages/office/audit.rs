//! The audit log, newest first. Those whose reach is less than the whole tree see what people of their reach did.

use super::sheet::Sheet;
use crate::api::audit::LogQuery;
use crate::auth::identity::Auditor;
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::choose::{Choice, Tab, page_number, tabs};
use crate::pages::parts::{Pager, encoded};
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use archive::report::audit_log;
use askama::Template;
use entity::{UnitLevel, Verb};

const PAGE: u64 = 100;

#[derive(Template)]
#[template(path = "office/audit.html")]
struct AuditPage {
    shell: Shell,
    tabs: Vec<Tab>,
    actions: Vec<Choice>,
    who: String,
    person: String,
    target: String,
    from: String,
    to: String,
    sheet: Sheet,
    pager: Pager,
    xlsx: String,
    csv: String,
}

/// `GET /office/audit`: a page of the log.
///
/// # Errors
/// When the database fails.
pub async fn list(auditor: Auditor, query: Query<LogQuery>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let number = page_number(Some(&query.page));
    let first = (number - 1).saturating_mul(PAGE).min(i64::MAX as u64);
    let report = audit_log(&db.read, &query.read(&auditor), first, PAGE).await?;
    let kept = [
        ("action", query.action.as_str()),
        ("who", &query.who),
        ("person", &query.person),
        ("target", &query.target),
        ("from", &query.from),
        ("to", &query.to),
    ];
    let parameters: Vec<_> = kept.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let file = |extension: &str| format!("/api/v1/audit/log.{extension}?{}", parameters.join("&"));
    let none = Choice::new("", "全部", &query.action);
    let actions = Verb::ALL.iter().map(|verb| Choice::new(verb.as_str(), verb.label(), &query.action));
    crate::pages::draw(&AuditPage {
        shell: Shell::new(&auditor, "操作日志", "/office"),
        tabs: tabs(&auditor, "/office/audit"),
        actions: std::iter::once(none).chain(actions).collect(),
        pager: Pager::new("/office/audit", &kept, number, PAGE, report.row_count),
        sheet: Sheet::read(report, UnitLevel::City, usize::MAX).await?,
        xlsx: file("xlsx"),
        csv: file("csv"),
        who: query.who.clone(),
        person: query.person.clone(),
        target: query.target.clone(),
        from: query.from.clone(),
        to: query.to.clone(),
    })
}
