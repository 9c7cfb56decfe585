//! What makes the pages a program on a phone: the manifest it is installed by, the worker beside the pages, and the page
//! that worker shows while the line is away. None of them knows a person: whose texts are shown is found out on the
//! phone, by `assets/owner.js`.

use super::shell::Shell;
use crate::assets::{File, JS, linked};
use crate::error::ApiResult;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

#[derive(Template)]
#[template(path = "phone/offline.html")]
struct OfflinePage {
    shell: Shell,
}

/// Looked at again once a day; the pictures it names have their hash in their names.
const DAILY: &str = "public, max-age=86400";
/// Asked for at every visit, and answered by 304 until the next release.
const ASKED: &str = "no-cache";

/// `GET /manifest.webmanifest`: name, colours and pictures (W3C Web Application Manifest).
pub async fn manifest(request: HttpRequest) -> HttpResponse {
    let text = linked(include_str!("../../assets/manifest.webmanifest"));
    File::new("application/manifest+json", text.into()).answer(&request, DAILY)
}

/// `GET /sw.js`: the worker. It is another one whenever anything it keeps is, and then keeps it anew under another name.
///
/// # Errors
/// When the template fails.
pub async fn worker(request: HttpRequest) -> ApiResult<HttpResponse> {
    let text = linked(include_str!("../../assets/sw.js"));
    let release = File::new(JS, format!("{text}{}", offline()?).into()).hash;
    Ok(File::new(JS, text.replace("{release}", &release).into()).answer(&request, ASKED))
}

/// `GET /offline`: the page shown where there is no line.
///
/// # Errors
/// When the template fails.
pub async fn page(request: HttpRequest) -> ApiResult<HttpResponse> {
    Ok(File::new("text/html; charset=utf-8", offline()?.into()).answer(&request, ASKED))
}

fn offline() -> ApiResult<String> {
    Ok(OfflinePage { shell: Shell::bare("没有网络") }.render()?)
}
