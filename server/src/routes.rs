//! The URL map: every address, what answers it, who may enter, and whether what it creates is created once for a request
//! that names itself. The table is also what the tests walk.

use crate::api::{
    appeals, archive, audit, captions, changes, courses, devices, drafts, exemptions, gaps, health, lessons, media,
    merges, notes, notices, people, plans, play_days, playback, quiz, reports, schedule, search, searches, session,
    stars, units, uploads, versions, views, voices, watchers,
};
use crate::api::{
    check, class_files, classes, guests, hands, join, late, room, rules, seals, sessions, signing, studies,
};
use crate::auth::identity::{
    APPEAL_READERS, AUTHORS, CARETAKERS, DECIDERS, MATCHERS, MERGERS, OPERATORS, READERS, UPLOADERS,
};
use crate::error::{ApiError, Code};
use crate::once::once;
use crate::pages;
use crate::readings::{Tells, noted};
use actix_web::http::Method;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::{HttpResponse, Resource, ResponseError, guard, web};
use entity::Role;
use std::collections::BTreeMap;

/// Who may enter a route; what they reach there is the handler's matter.
#[derive(Clone, Copy, Debug)]
pub enum Who {
    /// Anybody.
    Anyone,
    /// Anybody signed in, but no classroom terminal.
    SignedIn,
    /// Anybody signed in, and classroom terminals.
    SignedInOrRoom,
    /// Anybody signed in with one of these roles.
    With(&'static [Role]),
}

use Tells::{Archive, Log, Report, Thing, Unit};
use Who::{Anyone, SignedIn, SignedInOrRoom, With};

/// One method of one address.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// `GET`, `POST` and so on. A `GET` also answers `HEAD`.
    pub method: &'static str,
    /// The address, with `{names}` for its variable parts.
    pub path: &'static str,
    /// Who may enter.
    pub who: Who,
    /// Whether a request that names itself is done once, however often it is sent.
    pub once: bool,
    /// What its answers tell of other people's training, which is written down.
    pub tells: Tells,
}

/// What a route tells; nothing when it does not say.
macro_rules! tells {
    () => {
        Tells::Nothing
    };
    ($tells:expr) => {
        $tells
    };
}

macro_rules! routes {
    ($($path:literal { $($method:ident $handler:path, $who:expr $(=> $once:ident)? $(, $tells:expr)?;)+ })+) => {
        /// Every route of the server.
        pub const ROUTES: &[Route] = &[$($(Route {
            method: stringify!($method),
            path: $path,
            who: $who,
            once: is_marked(&[$(stringify!($once))?]),
            tells: tells!($($tells)?),
        },)+)+];

        /// Register every route.
        pub fn configure(app: &mut web::ServiceConfig) {
            let mut areas = Areas::default();
            $(areas.add($path, |path| {
                web::resource(path)
                    $(.route({
                        let made = noted(route(stringify!($method)).to($handler), tells!($($tells)?));
                        $(let made = $once(made);)?
                        made
                    }))+
                    .default_service(web::to(|| async { method_not_allowed(concat!($(stringify!($method), " "),+)) }))
            });)+
            areas.serve(app);
        }
    };
}

/// Whether this route honours the names of requests.
pub fn is_once(method: &str, path: &str) -> bool {
    ROUTES.iter().any(|route| route.once && route.path == path && route.method.eq_ignore_ascii_case(method))
}

const fn is_marked(marks: &[&str]) -> bool {
    !marks.is_empty()
}

const TRAINERS: &[Role] = &[Role::Trainer, Role::Admin];
const REVIEWERS: &[Role] = &[Role::Reviewer, Role::Admin];
const ASSESSORS: &[Role] = &[Role::Assessor];
const ADMINS: &[Role] = &[Role::Admin];
const AUDITORS: &[Role] = &[Role::Auditor, Role::Admin];

routes! {
    // Signing in
    "/api/v1/session" { POST session::sign_in, Anyone; DELETE session::sign_out, Anyone; }
    "/api/v1/session/refresh" { POST session::refresh, Anyone; }
    "/api/v1/sessions" { DELETE session::sign_out_everywhere, SignedInOrRoom; }
    "/api/v1/password" { POST session::change_password, SignedIn; }
    "/api/v1/me" { GET session::me, SignedInOrRoom; }

    // Finding
    "/api/v1/search" { GET search::search, SignedIn; }
    "/api/v1/suggest" { GET search::suggest, SignedInOrRoom; }
    "/api/v1/searches" { GET searches::list, With(AUTHORS); }
    "/api/v1/searches/answers" { POST searches::answer, With(AUTHORS); }
    "/api/v1/courses" { GET courses::list, SignedIn; POST courses::create, With(AUTHORS) => once; }
    "/api/v1/courses/{id}" { GET courses::show, SignedIn; PATCH courses::update, With(AUTHORS); DELETE courses::delete, With(AUTHORS); }
    "/api/v1/courses/{id}/order" { PUT courses::arrange, With(AUTHORS); }
    "/api/v1/lessons" { GET lessons::list, SignedIn; POST lessons::create, With(AUTHORS) => once; }
    "/api/v1/lessons/{id}" { GET lessons::show, SignedIn; PATCH lessons::update, With(AUTHORS); DELETE lessons::delete, With(AUTHORS); }
    "/api/v1/lessons/{id}/captions" { GET captions::list, SignedIn; }
    "/api/v1/lessons/{id}/captions/preview" { POST captions::preview, With(AUTHORS); }
    "/api/v1/lessons/{id}/captions/{language}.vtt" { GET captions::vtt, SignedInOrRoom; }
    "/api/v1/lessons/{id}/captions/{language}" { PUT captions::put, With(AUTHORS); DELETE captions::delete, With(AUTHORS); }
    "/api/v1/lessons/{id}/voices" { GET voices::list, SignedIn; }
    "/api/v1/lessons/{id}/voices/{language}" { PUT voices::put, With(AUTHORS); DELETE voices::delete, With(AUTHORS); }
    "/api/v1/lessons/{id}/submit" { POST lessons::submit, With(AUTHORS); }
    "/api/v1/lessons/{id}/publish" { POST lessons::publish, With(REVIEWERS); }
    "/api/v1/lessons/{id}/return" { POST lessons::send_back, With(REVIEWERS); }
    "/api/v1/lessons/{id}/withdraw" { POST lessons::withdraw, With(REVIEWERS); }
    "/api/v1/lessons/{id}/draft" { PUT drafts::put, With(AUTHORS); DELETE drafts::delete, With(AUTHORS); }
    "/api/v1/lessons/{id}/versions" { GET versions::list, With(AUTHORS); }
    "/api/v1/lessons/{id}/versions/{version}/restore" { POST versions::restore, With(AUTHORS); }
    "/api/v1/lessons/{id}/watchers.{format}" { GET watchers::download, With(READERS), Thing("lesson", "谁看过"); }
    "/api/v1/lessons/{id}/notes" { GET notes::list, With(AUTHORS); POST notes::make, With(AUTHORS) => once; }
    "/api/v1/lessons/{id}/notes/{note}/done" { POST notes::settle, With(AUTHORS); }
    "/api/v1/changes" { POST changes::choose, With(AUTHORS); }
    "/api/v1/changes/{id}" { GET changes::show, With(AUTHORS); }
    "/api/v1/changes/{id}/confirm" { POST changes::confirm, With(AUTHORS); }
    "/api/v1/changes/{id}/undo" { POST changes::undo, With(AUTHORS); }
    "/api/v1/views" { GET views::list, With(AUTHORS); POST views::keep, With(AUTHORS); }
    "/api/v1/views/{id}" { PATCH views::rename, With(AUTHORS); DELETE views::forget, With(AUTHORS); }
    "/api/v1/notices" { GET notices::list, SignedIn; }
    "/api/v1/notices/seen" { POST notices::seen, SignedIn; }

    // The in-class quiz
    "/api/v1/lessons/{id}/quiz" { GET quiz::show, With(AUTHORS); PUT quiz::put, With(AUTHORS); }
    "/api/v1/lessons/{id}/quiz/attempts" { GET quiz::standing, SignedIn; POST quiz::begin, SignedIn => once; }
    "/api/v1/lessons/{id}/quiz/attempts/{attempt}" { POST quiz::hand_in, SignedIn; }
    "/studio/lessons/{id}/quiz" { GET pages::studio::quiz::show, With(AUTHORS); POST pages::studio::quiz::work, With(AUTHORS); }
    "/studio/lessons/{id}/quiz/import" { POST pages::studio::quiz::import::take, With(AUTHORS); }
    "/studio/lessons/{id}/quiz/template.xlsx" { GET pages::studio::quiz::import::template, With(AUTHORS); }
    "/lessons/{slug}/quiz" { GET pages::phone::quiz::show, SignedIn; POST pages::phone::quiz::take, SignedIn => once; }

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
    "/api/v1/uploads" { GET uploads::list, With(UPLOADERS); }
    "/api/v1/uploads/{id}" { GET uploads::show, With(UPLOADERS); }

    // Playing
    "/api/v1/playback" { POST playback::begin, SignedInOrRoom; }
    "/api/v1/playback/{id}/beat" { POST playback::beat, SignedInOrRoom; }
    "/api/v1/playback/{id}/beats" { POST playback::beats, SignedInOrRoom; }
    "/api/v1/playback/{id}/attendance" { POST playback::attendance, With(OPERATORS); }
    "/api/v1/playback/{id}/close" { POST playback::close, SignedInOrRoom; }

    // The room
    "/api/v1/join" { POST join::join, SignedIn; }
    "/api/v1/playback/{id}/room" { GET room::show, With(OPERATORS); }
    "/api/v1/playback/{id}/guests/count" { PUT room::count_guests, With(OPERATORS); }
    "/api/v1/playback/{id}/pin" { POST room::sign_in, With(OPERATORS); }
    "/api/v1/playback/{id}/checks/{check}" { POST room::answer_check, With(OPERATORS); }
    "/api/v1/playback/{id}/questions" { GET hands::questions, With(OPERATORS); }
    "/api/v1/playback/{id}/questions/{question}/hands" { PUT hands::count_hands, With(OPERATORS); }
    "/api/v1/units/{id}/sessions" { GET sessions::list, With(READERS); }
    "/api/v1/sessions/{id}" { GET sessions::show, With(READERS), Thing("playback", "集体学习"); }
    "/api/v1/sessions/{id}/guests" { POST guests::add, With(MATCHERS) => once; }
    "/api/v1/guests/{id}" { PATCH guests::name, With(MATCHERS); }
    "/api/v1/guests/{id}/candidates" { GET guests::candidates, With(MATCHERS); }
    "/api/v1/guests/{id}/person" { PUT guests::join, With(MATCHERS); DELETE guests::part, With(MATCHERS); }

    // Archives and reports
    "/api/v1/people" { GET people::list, With(READERS); }
    "/api/v1/people/import" { POST people::import, With(ADMINS); }
    "/api/v1/people/{id}/twins" { GET merges::candidates, With(MERGERS), Archive("可能重复的人"); }
    "/api/v1/people/{id}/merges" { GET merges::list, With(MERGERS), Archive("合并"); POST merges::join, With(MERGERS) => once; }
    "/api/v1/merges/{merge}/part" { POST merges::part, With(MERGERS); }
    "/api/v1/people/{id}/archive" { GET archive::show, SignedIn, Archive("档案"); }
    "/api/v1/people/{id}/gap" { GET gaps::of_person, SignedIn, Archive("学时缺口"); }
    "/api/v1/people/{id}/exemptions" { GET exemptions::list, With(READERS), Archive("免除"); POST exemptions::grant, With(ASSESSORS) => once; }
    "/api/v1/exemptions/{exemption}/end" { POST exemptions::end, With(ASSESSORS); }
    "/api/v1/units/{id}/gaps" { GET gaps::of_unit, With(READERS), Unit("学时缺口"); }
    "/api/v1/units/{id}/rules" { GET rules::list, With(READERS); POST rules::enact, With(ASSESSORS) => once; }
    "/api/v1/units/{id}/rules/preview" { POST rules::preview, With(ASSESSORS), Unit("规则预览"); }
    "/api/v1/units/{id}/seals" { GET seals::list, With(READERS); POST seals::begin, With(ASSESSORS) => once; }
    "/api/v1/seals/{seal}" { GET seals::show, With(READERS), Thing("seal", "年度封存"); }
    "/api/v1/check/{code}" { GET check::check, Anyone; }
    "/api/v1/ledger/{seq}/amendments" { POST seals::amend, With(ASSESSORS) => once; }
    "/api/v1/late-sessions" { GET late::list, With(READERS), Unit("封存后送到的学习"); }
    "/api/v1/late-sessions/{late}/decision" { POST late::decide, With(ASSESSORS); }
    "/api/v1/ledger/{seq}/corrections" { POST archive::correct, With(ASSESSORS) => once; }
    "/api/v1/ledger/{seq}/appeals" { POST appeals::make, SignedIn => once; }
    "/api/v1/ledger/{seq}/decision" { POST appeals::decide_waiting, With(DECIDERS); }
    "/api/v1/appeals" { GET appeals::list, SignedIn, Unit("申诉"); }
    "/api/v1/appeals/{id}/decision" { POST appeals::decide, With(DECIDERS); }
    "/api/v1/reports/{file}" { GET reports::download, With(READERS), Report; }
    "/api/v1/audit/{file}" { GET audit::download, With(AUDITORS), Log; }
    "/api/v1/units/{id}/stars/{item}" { POST stars::mark, With(ASSESSORS) => once; }

    // Classes in person, other study
    "/api/v1/classes" { GET classes::list, With(READERS); POST classes::create, With(TRAINERS) => once; }
    "/api/v1/classes/{id}" { GET classes::show, With(READERS), Thing("class", "培训班"); PUT classes::edit, With(TRAINERS); }
    "/api/v1/classes/{id}/roster" { POST classes::enroll, With(TRAINERS); }
    "/api/v1/classes/{id}/roster/{person}" { DELETE classes::remove, With(TRAINERS); }
    "/api/v1/classes/{id}/signing" { GET signing::code, With(TRAINERS); PUT signing::begin, With(TRAINERS); }
    "/api/v1/classes/{id}/roll" { POST signing::call_roll, With(TRAINERS); }
    "/api/v1/classes/{id}/attendance" { POST class_files::attend, With(TRAINERS); }
    "/api/v1/classes/{id}/evidence" { GET class_files::list_evidence, With(READERS); POST class_files::prove, With(TRAINERS); }
    "/api/v1/classes/{id}/call-off" { POST classes::call_off, With(TRAINERS); }
    "/api/v1/classes/{id}/hand-in" { POST classes::hand_in, With(TRAINERS); }
    "/api/v1/classes/{id}/decision" { POST studies::decide, With(ASSESSORS); }
    "/api/v1/studies" { GET studies::list, With(READERS), Unit("其他学习"); }
    "/api/v1/me/studies" { GET studies::mine, SignedIn; POST studies::declare, SignedIn => once; }
    "/api/v1/people/{id}/studies" { POST studies::declare_for, With(MATCHERS) => once; }
    "/studio/classes" { GET pages::studio::classes::list, With(READERS); POST pages::studio::classes::create, With(TRAINERS) => once; }
    "/studio/classes/new" { GET pages::studio::classes::new, With(TRAINERS); }
    "/studio/classes/{id}" { GET pages::studio::classes::one::show, With(READERS), Thing("class", "培训班"); }
    "/studio/classes/{id}/edit" { GET pages::studio::classes::edit_form, With(TRAINERS); POST pages::studio::classes::edit, With(TRAINERS); }
    "/studio/classes/{id}/people" { POST pages::studio::classes::people::take, With(TRAINERS), Thing("class", "培训班"); }
    "/studio/classes/{id}/roll" { POST pages::studio::classes::roll::call, With(TRAINERS), Thing("class", "培训班"); }
    "/studio/classes/{id}/signing" { POST pages::studio::classes::wall::begin, With(TRAINERS); }
    "/studio/classes/{id}/code" { GET pages::studio::classes::wall::show, With(TRAINERS); }
    "/studio/classes/{id}/evidence" { POST pages::studio::classes::one::prove, With(TRAINERS) => once, Thing("class", "培训班"); }
    "/studio/classes/{id}/hand-in" { POST pages::studio::classes::one::hand_in, With(TRAINERS), Thing("class", "培训班"); }
    "/studio/classes/{id}/call-off" { POST pages::studio::classes::one::call_off, With(TRAINERS), Thing("class", "培训班"); }
    "/studio/classes/{id}/decision" { POST pages::studio::classes::one::decide, With(ASSESSORS), Thing("class", "培训班"); }
    "/office/declared" { GET pages::office::declared::list, With(READERS), Unit("其他学习"); }
    "/office/declared/{id}" { POST pages::office::declared::decide, With(ASSESSORS), Thing("class", "其他学习"); }
    "/office/people/{id}/study" { GET pages::declare::form_for, With(MATCHERS); POST pages::declare::take_for, With(MATCHERS) => once; }

    // Stations
    "/api/v1/units/{id}" { GET units::show, With(READERS); }
    "/api/v1/units/{id}/devices" { POST devices::approve, With(CARETAKERS); }
    "/api/v1/pairings" { POST devices::ask, Anyone; }
    "/api/v1/pairings/collect" { POST devices::collect, Anyone; }
    "/api/v1/devices/{id}" { DELETE devices::revoke, With(CARETAKERS); }

    // Training plans
    "/api/v1/plans" { GET plans::list, With(TRAINERS); POST plans::create, With(TRAINERS) => once; }
    "/api/v1/plans/{id}/end" { POST plans::end, With(TRAINERS); }
    "/api/v1/plans/{id}/progress.{format}" { GET plans::progress, With(TRAINERS), Thing("plan", "计划进度"); }
    "/api/v1/me/plans" { GET plans::mine, SignedIn; }
    "/studio/plans" { GET pages::studio::plans::list, With(TRAINERS); POST pages::studio::plans::take, With(TRAINERS) => once; }
    "/studio/plans/new" { GET pages::studio::plans::new, With(TRAINERS); }
    "/studio/plans/{id}" { GET pages::studio::plans::progress::show, With(TRAINERS), Thing("plan", "计划进度"); }
    "/studio/plans/{id}/end" { POST pages::studio::plans::end, With(TRAINERS); }

    // Play days
    "/api/v1/play-days" { GET play_days::list, With(TRAINERS); POST play_days::create, With(TRAINERS) => once; }
    "/api/v1/play-days/{id}/end" { POST play_days::end, With(TRAINERS); }
    "/api/v1/schedule" { GET schedule::show, With(OPERATORS); }

    // Pages of the studio
    "/studio" { GET pages::studio::lessons::list, With(AUTHORS); }
    "/studio/changes" { POST pages::studio::changes::choose, With(AUTHORS); }
    "/studio/changes/{id}" { GET pages::studio::changes::show, With(AUTHORS); POST pages::studio::changes::take, With(AUTHORS); }
    "/studio/views" { POST pages::studio::views::keep, With(AUTHORS); }
    "/studio/views/{id}" { POST pages::studio::views::change, With(AUTHORS); }
    "/studio/lessons" { POST pages::studio::save::create, With(AUTHORS) => once; }
    "/studio/lessons/new" { GET pages::studio::editor::new, With(AUTHORS); }
    "/studio/lessons/{id}" { GET pages::studio::editor::edit, With(AUTHORS); POST pages::studio::save::update, With(AUTHORS); }
    "/studio/lessons/{id}/captions" { GET pages::studio::captions::show, With(AUTHORS); POST pages::studio::captions::take, With(AUTHORS); }
    "/studio/lessons/{id}/voices" { GET pages::studio::voices::show, With(AUTHORS); POST pages::studio::voices::take, With(AUTHORS); }
    "/studio/lessons/{id}/versions" { GET pages::studio::versions::show, With(AUTHORS); POST pages::studio::versions::restore, With(AUTHORS); }
    "/studio/courses/{id}" { GET pages::studio::course::show, With(AUTHORS); POST pages::studio::course::arrange, With(AUTHORS); }
    "/studio/courses/{id}/package.zip" { GET pages::studio::package::download, With(AUTHORS); }
    "/studio/import" { GET pages::studio::import::show, With(AUTHORS); POST pages::studio::import::take, With(AUTHORS) => once; }
    "/studio/import/template.xlsx" { GET pages::studio::import::template::download, With(AUTHORS); }
    "/studio/lessons/{id}/notes" { POST pages::studio::notes::take, With(AUTHORS) => once; }
    "/studio/lessons/{id}/watchers" { GET pages::studio::watchers::show, With(READERS), Thing("lesson", "谁看过"); }
    "/studio/preparation" { GET pages::studio::preparation::list, With(AUTHORS); POST pages::studio::preparation::retry, With(AUTHORS); }
    "/studio/uploads" { GET pages::studio::uploads::show, With(AUTHORS); }
    "/studio/searches/answer" { GET pages::studio::answer::show, With(AUTHORS); POST pages::studio::answer::take, With(AUTHORS); }
    "/studio/searches" { GET pages::studio::searches::list, With(AUTHORS); }
    "/studio/attendance" { GET pages::studio::attendance::show, With(READERS), Unit("考勤报表"); }
    "/studio/devices" { GET pages::studio::devices::list, With(CARETAKERS); POST pages::studio::devices::approve, With(CARETAKERS); }
    "/studio/devices/{id}/revoke" { POST pages::studio::devices::revoke, With(CARETAKERS); }
    "/pair" { GET pages::studio::devices::short, With(CARETAKERS); }
    "/studio/play-days" { GET pages::studio::play_days::list, With(TRAINERS); POST pages::studio::play_days::take, With(TRAINERS) => once; }
    "/studio/play-days/new" { GET pages::studio::play_days::new, With(TRAINERS); }
    "/studio/play-days/{id}/end" { POST pages::studio::play_days::end, With(TRAINERS); }

    // Pages of the offices
    "/office" { GET pages::office::units::show, With(READERS), Unit("单位一览"); }
    "/office/gaps" { GET pages::office::gaps::list, With(READERS), Unit("学时缺口"); }
    "/office/seal" { GET pages::office::seal::show, With(READERS), Unit("年度封存"); POST pages::office::seal::begin, With(ASSESSORS) => once, Unit("年度封存"); }
    "/office/late" { GET pages::office::late::list, With(READERS), Unit("封存后送到的学习"); }
    "/office/late/{late}" { POST pages::office::late::decide, With(ASSESSORS), Thing("late", "封存后送到的学习"); }
    "/office/rules" { GET pages::office::rules::show, With(READERS); }
    "/office/rules/draft" { GET pages::office::rules::draft::show, With(ASSESSORS); POST pages::office::rules::draft::take, With(ASSESSORS) => once, Unit("规则预览"); }
    "/office/people/{id}/certificate" { GET pages::certificate::of_person, With(READERS), Archive("证书"); }
    "/office/people/{id}/exemptions" { GET pages::office::exemptions::show, With(READERS), Archive("免除"); POST pages::office::exemptions::grant, With(ASSESSORS) => once, Archive("免除"); }
    "/office/exemptions/{exemption}/end" { POST pages::office::exemptions::end, With(ASSESSORS), Thing("exemption", "免除"); }
    "/office/people" { GET pages::office::people::list, With(READERS); }
    "/office/people/{id}" { GET pages::office::person::show, With(READERS), Archive("档案"); }
    "/office/people/{id}/corrections" { POST pages::office::person::correct, With(ASSESSORS) => once, Archive("档案"); }
    "/office/people/{id}/merge" { GET pages::office::merge::show, With(MERGERS); POST pages::office::merge::join, With(MERGERS) => once; }
    "/office/merges/{merge}/part" { POST pages::office::merge::part, With(MERGERS); }
    "/office/books" { GET pages::office::books::show, With(READERS), Unit("四簿一册"); }
    "/office/books/print" { GET pages::office::books::print::show, With(READERS), Unit("四簿一册"); }
    "/office/bulletin" { GET pages::office::bulletin::show, With(READERS); }
    "/office/bulletin/print" { GET pages::office::bulletin::print, With(READERS); }
    "/office/stars" { GET pages::office::stars::show, With(READERS); POST pages::office::stars::take, With(ASSESSORS) => once; }
    "/office/stars/print" { GET pages::office::stars::print, With(READERS); }
    "/office/appeals" { GET pages::office::appeals::list, With(APPEAL_READERS), Unit("申诉"); }
    "/office/appeals/{id}" { GET pages::office::appeals::show, With(APPEAL_READERS), Thing("appeal", "申诉"); }
    "/office/appeals/entries/{seq}" { GET pages::office::appeals::waiting::show, With(APPEAL_READERS), Thing("ledger", "等候核实"); POST pages::office::appeals::waiting::decide, With(DECIDERS), Thing("ledger", "等候核实"); }
    "/office/appeals/{id}/decision" { POST pages::office::appeals::decide, With(DECIDERS), Thing("appeal", "申诉"); }
    "/office/import" { GET pages::office::import::show, With(ADMINS); POST pages::office::import::take, With(ADMINS); }
    "/office/audit" { GET pages::office::audit::list, With(AUDITORS); }

    // Watching the server
    "/healthz" { GET health::live, Anyone; }
    "/readyz" { GET health::ready, Anyone; }
    "/metrics" { GET health::metrics, Anyone; }
    "/openapi.json" { GET crate::openapi::document, Anyone; }
    "/assets/{file}" { GET crate::assets::serve, Anyone; }
    "/manifest.webmanifest" { GET pages::offline::manifest, Anyone; }
    "/sw.js" { GET pages::offline::worker, Anyone; }
    "/offline" { GET pages::offline::page, Anyone; }

    // Pages: the door
    "/" { GET pages::sign_in::front, Anyone; }
    "/check" { GET pages::check::check, Anyone; }
    "/sign-in" { GET pages::sign_in::form, Anyone; POST pages::sign_in::sign_in, Anyone; }
    "/sign-out" { POST pages::sign_in::sign_out, Anyone; }
    "/password" { GET pages::sign_in::password_form, SignedIn; POST pages::sign_in::change_password, SignedIn; }

    // Pages: the phone
    "/home" { GET pages::phone::home::home, SignedIn; }
    "/notices" { POST pages::notices::seen, SignedIn; }
    "/search" { GET pages::phone::search::search, SignedIn; POST pages::phone::search::wish, SignedIn; }
    "/lessons/{slug}" { GET pages::phone::lesson::lesson, SignedIn; }
    "/courses/{slug}" { GET pages::phone::course::course, SignedIn; }
    "/record" { GET pages::phone::record::record, SignedIn; }
    "/record/certificate" { GET pages::certificate::own, SignedIn; }
    "/record/make-up" { GET pages::phone::make_up::list, SignedIn; }
    "/record/declare" { GET pages::declare::form, SignedIn; POST pages::declare::take, SignedIn => once; }
    "/record/{seq}" { GET pages::phone::entry::show, SignedIn; }
    "/record/{seq}/appeal" { POST pages::phone::entry::appeal, SignedIn => once; }

    // Pages: group sessions, signing in to a room
    "/sessions" { GET pages::sessions::list, With(READERS); }
    "/sessions/{id}" { GET pages::sessions::show, With(READERS), Thing("playback", "集体学习"); }
    "/sessions/{id}/guests" { POST pages::sessions::guests::add, With(MATCHERS) => once, Thing("playback", "集体学习"); }
    "/guests/{id}/name" { POST pages::sessions::guests::name, With(MATCHERS), Thing("guest", "集体学习"); }
    "/guests/{id}/match" { POST pages::sessions::guests::join, With(MATCHERS), Thing("guest", "集体学习"); }
    "/guests/{id}/unmatch" { POST pages::sessions::guests::part, With(MATCHERS), Thing("guest", "集体学习"); }
    "/office/people/{id}/pin" { POST pages::pin::give, With(MATCHERS); }
    "/join" { GET pages::join::form, SignedIn; POST pages::join::join, SignedIn; }
    "/pin" { GET pages::pin::form, SignedIn; POST pages::pin::set, SignedIn; }

    // Pages: the classroom
    "/classroom" { GET pages::classroom::pick::pick, With(OPERATORS); }
    "/classroom/pair" { GET pages::classroom::pair::pair, Anyone; }
    "/classroom/play/{id}" { GET pages::classroom::play::play, With(OPERATORS); }
    "/classroom/done/{id}" { GET pages::classroom::play::done, With(OPERATORS); }
    "/classroom/quiz/{id}" { GET pages::classroom::quiz::quiz, With(OPERATORS); }
    "/classroom/{slug}" { GET pages::classroom::roll::roll, With(OPERATORS); }

}

/// The resources by the fixed words their addresses begin with. The router tries one after the other, an address with
/// a variable part by a regular expression; so it first finds the few that begin like the request.
#[derive(Default)]
struct Areas(BTreeMap<&'static str, Vec<Resource>>);

impl Areas {
    fn add(&mut self, path: &'static str, resource: impl FnOnce(&'static str) -> Resource) {
        let (area, rest) = path.split_at(area_of(path));
        self.0.entry(area).or_default().push(resource(rest));
    }

    fn serve(self, app: &mut web::ServiceConfig) {
        for (area, resources) in self.0 {
            if area.is_empty() {
                for resource in resources {
                    app.service(resource);
                }
            } else {
                let scope = web::scope(area);
                app.service(resources.into_iter().fold(scope, |scope, resource| scope.service(resource)));
            }
        }
    }
}

/// Where the first word of an address ends, or the third below `/api/v1`; `/` alone has none.
fn area_of(path: &str) -> usize {
    let words = if path.starts_with("/api/v1/") { 3 } else { 1 };
    let ends = path.match_indices('/').map(|(at, _)| at).skip(1).chain([path.len()]);
    if path == "/" { 0 } else { ends.take(words).last().unwrap_or(0) }
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
