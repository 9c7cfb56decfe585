//! The API's document, served at `/openapi.json`. A test holds it equal to the route table.

use crate::api::{
    appeals, archive, captions, courses, devices, drafts, exemptions, gaps, health, lessons, media, notes, notices,
    people, plans, play_days, playback, quiz, reports, schedule, search, searches, session, units, uploads, versions,
};
use crate::api::{check, guests, hands, join, room, rules, seals, sessions};
use actix_web::HttpResponse;
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};

/// Everything under `/api`, `/media` and `/uploads`, and the health routes.
#[derive(OpenApi)]
#[openapi(
    info(title = "远教 yuanjiao", description = "远程教育点播、集体学习与培训档案接口。错误一律为 {code, message}。"),
    modifiers(&SignIn),
    security(("bearer" = []), ("cookie" = [])),
    paths(
        session::sign_in, session::sign_out, session::refresh, session::sign_out_everywhere, session::change_password,
        session::me, search::search, search::suggest, searches::list, searches::answer, courses::list, courses::create, courses::show, courses::update,
        courses::delete, captions::list, captions::vtt, captions::preview, captions::put,
        captions::delete, lessons::list, lessons::create, lessons::show, lessons::update, lessons::delete,
        lessons::submit, lessons::publish, lessons::send_back, lessons::withdraw, media::serve, media::playlist::master,
        media::playlist::media, media::playlist::piece, media::preparation::show, media::preparation::retry, media::ticket, uploads::create,
        uploads::options, uploads::options_of_one, uploads::offset, uploads::append, uploads::terminate, uploads::list, uploads::show, playback::begin,
        playback::beat, playback::beats, playback::attendance, playback::close, people::list, people::import, archive::show, archive::correct,
        reports::download, units::show, devices::ask, devices::collect, devices::approve, devices::revoke, health::live,
        play_days::list, play_days::create, play_days::end, schedule::show,
        room::show, room::count_guests, room::sign_in, room::answer_check, hands::questions, hands::count_hands, join::join,
        guests::add, guests::name, guests::candidates, guests::join, guests::part, sessions::list, sessions::show,
        appeals::make, appeals::list, appeals::decide,
        gaps::of_person, gaps::of_unit, exemptions::list, exemptions::grant, exemptions::end,
        rules::list, rules::enact, rules::preview, seals::list, seals::begin, seals::show, seals::amend, check::check,
        health::ready, health::metrics,
        drafts::put, drafts::delete, versions::list, versions::restore, courses::arrange,
        plans::list, plans::create, plans::end, plans::progress, plans::mine,
        notes::list, notes::make, notes::settle, notices::list, notices::seen,
        quiz::show, quiz::put, quiz::standing, quiz::begin, quiz::hand_in,
    )
)]
pub struct Document;

struct SignIn;

impl utoipa::Modify for SignIn {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer =
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build());
        components.add_security_scheme("bearer", bearer);
        let cookie = ApiKey::Cookie(ApiKeyValue::new(crate::auth::cookie::ACCESS));
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(cookie));
    }
}

/// The document itself.
pub async fn document() -> HttpResponse {
    HttpResponse::Ok().insert_header(("Cache-Control", "public, max-age=300")).json(Document::openapi())
}
