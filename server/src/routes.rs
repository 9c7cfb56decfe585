//! The URL map: every address, what answers it, and who may enter. The table is also what the tests walk.

use crate::api::{
    archive, captions, courses, devices, health, lessons, media, people, playback, reports, search, searches, session,
    units, uploads,
};
use crate::auth::identity::{AUTHORS, OPERATORS, READERS, UPLOADERS};
use crate::error::{ApiError, Code};
use crate::pages;
use actix_web::http::Method;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::{HttpResponse, ResponseError, guard, web};
use entity::Role;

/// Who may enter a route; what they reach there is the handler's matter.
#[derive(Clone, Copy, Debug)]
pub enum Who {
    /// Anybody.
    Anyone,
    /// Anybody signed in.
    SignedIn,
    /// Anybody signed in with one of these roles.
    With(&'static [Role]),
}

use Who::{Anyone, SignedIn, With};

/// One method of one address.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// `GET`, `POST` and so on. A `GET` also answers `HEAD`.
    pub method: &'static str,
    /// The address, with `{names}` for its variable parts.
    pub path: &'static str,
    /// Who may enter.
    pub who: Who,
}

macro_rules! routes {
    ($($path:literal { $($method:ident $handler:path, $who:expr;)+ })+) => {
        /// Every route of the server.
        pub const ROUTES: &[Route] = &[$($(Route { method: stringify!($method), path: $path, who: $who },)+)+];

        /// Register every route.
        pub fn configure(app: &mut web::ServiceConfig) {
            $(app.service(
                web::resource($path)
                    $(.route(route(stringify!($method)).to($handler)))+
                    .default_service(web::to(|| async { method_not_allowed(concat!($(stringify!($method), " "),+)) })),
            );)+
        }
    };
}

const CARETAKERS: &[Role] = &[Role::SiteManager, Role::Trainer, Role::Admin];
const REVIEWERS: &[Role] = &[Role::Reviewer, Role::Admin];
const ASSESSORS: &[Role] = &[Role::Assessor];
const ADMINS: &[Role] = &[Role::Admin];
const AUDITORS: &[Role] = &[Role::Auditor, Role::Admin];

routes! {
    // Signing in
    "/api/v1/session" { POST session::sign_in, Anyone; DELETE session::sign_out, Anyone; }
    "/api/v1/session/refresh" { POST session::refresh, Anyone; }
    "/api/v1/sessions" { DELETE session::sign_out_everywhere, SignedIn; }
    "/api/v1/password" { POST session::change_password, SignedIn; }
    "/api/v1/me" { GET session::me, SignedIn; }

    // Finding
    "/api/v1/search" { GET search::search, SignedIn; }
    "/api/v1/suggest" { GET search::suggest, SignedIn; }
    "/api/v1/searches" { GET searches::list, With(AUTHORS); }
    "/api/v1/courses" { GET courses::list, SignedIn; POST courses::create, With(AUTHORS); }
    "/api/v1/courses/{id}" { GET courses::show, SignedIn; PATCH courses::update, With(AUTHORS); DELETE courses::delete, With(AUTHORS); }
    "/api/v1/lessons" { GET lessons::list, SignedIn; POST lessons::create, With(AUTHORS); }
    "/api/v1/lessons/{id}" { GET lessons::show, SignedIn; PATCH lessons::update, With(AUTHORS); DELETE lessons::delete, With(AUTHORS); }
    "/api/v1/lessons/{id}/captions" { GET captions::list, SignedIn; }
    "/api/v1/lessons/{id}/captions/preview" { POST captions::preview, With(AUTHORS); }
    "/api/v1/lessons/{id}/captions/{language}.vtt" { GET captions::vtt, SignedIn; }
    "/api/v1/lessons/{id}/captions/{language}" { PUT captions::put, With(AUTHORS); DELETE captions::delete, With(AUTHORS); }
    "/api/v1/lessons/{id}/submit" { POST lessons::submit, With(AUTHORS); }
    "/api/v1/lessons/{id}/publish" { POST lessons::publish, With(REVIEWERS); }
    "/api/v1/lessons/{id}/return" { POST lessons::send_back, With(REVIEWERS); }
    "/api/v1/lessons/{id}/withdraw" { POST lessons::withdraw, With(REVIEWERS); }

    // Bytes
    "/media/{sha256}" { GET media::serve, Anyone; }
    "/media/{sha256}/master.m3u8" { GET media::playlist::master, Anyone; }
    "/media/{sha256}/{name}.mp4" { GET media::playlist::piece, Anyone; }
    "/media/{sha256}/{kind}.m3u8" { GET media::playlist::media, Anyone; }
    "/api/v1/media/{sha256}/preparation" { GET media::preparation::show, With(AUTHORS); }
    "/api/v1/media/{sha256}/preparation/{kind}/retry" { POST media::preparation::retry, With(AUTHORS); }
    "/api/v1/media/{sha256}/ticket" { POST media::ticket, SignedIn; }
    "/uploads" { POST uploads::create, With(UPLOADERS); OPTIONS uploads::options, Anyone; }
    "/uploads/{id}" { HEAD uploads::offset, With(UPLOADERS); PATCH uploads::append, With(UPLOADERS); DELETE uploads::terminate, With(UPLOADERS); OPTIONS uploads::options_of_one, Anyone; }
    "/api/v1/uploads/{id}" { GET uploads::show, With(UPLOADERS); }

    // Playing
    "/api/v1/playback" { POST playback::begin, SignedIn; }
    "/api/v1/playback/{id}/beat" { POST playback::beat, SignedIn; }
    "/api/v1/playback/{id}/attendance" { POST playback::attendance, With(OPERATORS); }
    "/api/v1/playback/{id}/close" { POST playback::close, SignedIn; }

    // Archives and reports
    "/api/v1/people" { GET people::list, With(READERS); }
    "/api/v1/people/import" { POST people::import, With(ADMINS); }
    "/api/v1/people/{id}/archive" { GET archive::show, SignedIn; }
    "/api/v1/ledger/{seq}/corrections" { POST archive::correct, With(ASSESSORS); }
    "/api/v1/reports/{file}" { GET reports::download, With(READERS); }

    // Stations
    "/api/v1/units/{id}" { GET units::show, With(READERS); }
    "/api/v1/units/{id}/devices" { POST devices::register, With(CARETAKERS); }
    "/api/v1/devices/pair" { POST devices::pair, Anyone; }
    "/api/v1/devices/{id}" { DELETE devices::revoke, With(CARETAKERS); }

    // Pages of the studio
    "/studio" { GET pages::studio::lessons::list, With(AUTHORS); }
    "/studio/lessons" { POST pages::studio::save::create, With(AUTHORS); }
    "/studio/lessons/new" { GET pages::studio::editor::new, With(AUTHORS); }
    "/studio/lessons/{id}" { GET pages::studio::editor::edit, With(AUTHORS); POST pages::studio::save::update, With(AUTHORS); }
    "/studio/lessons/{id}/captions" { GET pages::studio::captions::show, With(AUTHORS); POST pages::studio::captions::take, With(AUTHORS); }
    "/studio/searches" { GET pages::studio::searches::list, With(AUTHORS); }
    "/studio/attendance" { GET pages::studio::attendance::show, With(READERS); }
    "/studio/devices" { GET pages::studio::devices::list, With(CARETAKERS); POST pages::studio::devices::register, With(CARETAKERS); }
    "/studio/devices/{id}/revoke" { POST pages::studio::devices::revoke, With(CARETAKERS); }

    // Pages of the offices
    "/office" { GET pages::office::units::show, With(READERS); }
    "/office/people" { GET pages::office::people::list, With(READERS); }
    "/office/people/{id}" { GET pages::office::person::show, With(READERS); }
    "/office/people/{id}/corrections" { POST pages::office::person::correct, With(ASSESSORS); }
    "/office/import" { GET pages::office::import::show, With(ADMINS); POST pages::office::import::take, With(ADMINS); }
    "/office/audit" { GET pages::office::audit::list, With(AUDITORS); }

    // Watching the server
    "/healthz" { GET health::live, Anyone; }
    "/readyz" { GET health::ready, Anyone; }
    "/metrics" { GET health::metrics, Anyone; }
    "/openapi.json" { GET crate::openapi::document, Anyone; }
    "/assets/{file}" { GET crate::assets::serve, Anyone; }

    // Pages: the door
    "/" { GET pages::sign_in::front, Anyone; }
    "/sign-in" { GET pages::sign_in::form, Anyone; POST pages::sign_in::sign_in, Anyone; }
    "/sign-out" { POST pages::sign_in::sign_out, Anyone; }
    "/password" { GET pages::sign_in::password_form, SignedIn; POST pages::sign_in::change_password, SignedIn; }

    // Pages: the phone
    "/home" { GET pages::phone::home::home, SignedIn; }
    "/search" { GET pages::phone::search::search, SignedIn; POST pages::phone::search::wish, SignedIn; }
    "/lessons/{slug}" { GET pages::phone::lesson::lesson, SignedIn; }
    "/courses/{slug}" { GET pages::phone::course::course, SignedIn; }
    "/record" { GET pages::phone::record::record, SignedIn; }

    // Pages: the classroom
    "/classroom" { GET pages::classroom::pick::pick, With(OPERATORS); }
    "/classroom/pair" { GET pages::classroom::pair::pair, Anyone; }
    "/classroom/play/{id}" { GET pages::classroom::play::play, With(OPERATORS); }
    "/classroom/done/{id}" { GET pages::classroom::play::done, With(OPERATORS); }
    "/classroom/{slug}" { GET pages::classroom::roll::roll, With(OPERATORS); }

}

fn route(method: &str) -> actix_web::Route {
    match method {
        "GET" => web::route().guard(guard::Any(guard::Get()).or(guard::Head())),
        other => web::method(Method::from_bytes(other.as_bytes()).unwrap_or_default()),
    }
}

fn method_not_allowed(methods: &str) -> HttpResponse {
    let mut response = ApiError::new(Code::MethodNotAllowed).error_response();
    let allowed = methods.split_whitespace().collect::<Vec<_>>().join(", ").replace("GET", "GET, HEAD");
    if let Ok(value) = HeaderValue::from_str(&allowed) {
        response.headers_mut().insert(ALLOW, value);
    }
    response
}
