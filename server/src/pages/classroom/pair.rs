//! Where a terminal enters its pairing code. The code itself goes to the API.

use crate::error::ApiResult;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use askama::Template;

#[derive(Template)]
#[template(path = "classroom/pair.html")]
struct PairPage {
    shell: Shell,
    digits: [u8; 10],
}

/// The page that pairs a terminal.
pub async fn pair() -> ApiResult<HttpResponse> {
    crate::pages::draw(&PairPage { shell: Shell::room("终端配对"), digits: [1, 2, 3, 4, 5, 6, 7, 8, 9, 0] })
}
