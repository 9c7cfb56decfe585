//! Where a television shows its pairing code. The code and the waiting are the API's and `player/web/pair.js`'s.

use crate::auth::access::identify;
use crate::error::ApiResult;
use crate::pages::go;
use crate::pages::shell::Shell;
use crate::public_url;
use actix_web::web::Query;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

/// Why the page is shown.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Why {
    /// Not empty for a terminal that was revoked.
    ended: String,
}

#[derive(Template)]
#[template(path = "classroom/pair.html")]
struct PairPage {
    shell: Shell,
    ended: bool,
    host: String,
}

/// The page that pairs a terminal; one that is paired goes on to its room.
///
/// # Errors
/// When the page can't be drawn.
pub async fn pair(request: HttpRequest, why: Query<Why>) -> ApiResult<HttpResponse> {
    if identify(&request).await.is_ok_and(|caller| caller.device_id.is_some()) {
        return Ok(go("/classroom"));
    }
    let host = public_url::of(&request).host().to_owned();
    crate::pages::draw_for_back(&PairPage { shell: Shell::room("终端配对"), ended: !why.ended.is_empty(), host })
}
