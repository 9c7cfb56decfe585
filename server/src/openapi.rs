//! The API's document, served at `/openapi.json`. A test holds it equal to the route table.

mod bounds;
mod words;

use crate::api::{
    appeals, archive, audit, captions, changes, courses, devices, drafts, exemptions, gaps, health, lessons, media,
    merges, notes, notices, people, plans, play_days, playback, quiz, reports, schedule, search, searches, session,
    stars, units, uploads, versions, views, voices, watchers,
};
use crate::api::{
    check, class_files, classes, guests, hands, join, late, room, rules, seals, sessions, signing, studies,
};
use crate::once::KEY_PATTERN;
use actix_web::HttpResponse;
use std::sync::LazyLock;
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, Ref, RefOr, Required, ResponseBuilder};

/// Everything under `/api`, `/media` and `/uploads`, and the health routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "远教 yuanjiao",
        description = "远程教育点播、集体学习与培训档案接口。错误一律为 {code, message}。",
        contact(name = "本服务器的系统管理员"),
    ),
    servers((url = "/", description = "本服务器")),
    tags(
        (name = "session", description = "登录与账号"),
        (name = "catalog", description = "课程、搜索与审核"),
        (name = "studio", description = "课程列表的批量修改与视图"),
        (name = "captions", description = "字幕"),
        (name = "voices", description = "语言配音"),
        (name = "quiz", description = "随堂测验"),
        (name = "media", description = "视频、音频与文件"),
        (name = "uploads", description = "断点续传（tus 1.0.0）"),
        (name = "playback", description = "播放与学时上报"),
        (name = "room", description = "教室"),
        (name = "sessions", description = "集体学习记录与来宾"),
        (name = "play-days", description = "播放日"),
        (name = "plans", description = "培训计划"),
        (name = "classes", description = "集中培训与其他学习"),
        (name = "devices", description = "教室终端"),
        (name = "people", description = "人员"),
        (name = "units", description = "单位"),
        (name = "archive", description = "培训档案、申诉与报表"),
        (name = "rules", description = "学时规则"),
        (name = "seals", description = "年度封存与查验"),
        (name = "health", description = "运行状况"),
    ),
    modifiers(&SignIn, &Completed),
    security(("bearer" = []), ("cookie" = [])),
    paths(
        session::sign_in, session::sign_out, session::refresh, session::sign_out_everywhere, session::change_password,
        session::me, search::search, search::suggest, searches::list, searches::answer, courses::list, courses::create, courses::show, courses::update,
        courses::delete, captions::list, captions::vtt, captions::preview, captions::put,
        captions::delete, voices::list, voices::put, voices::delete, lessons::list, lessons::create, lessons::show, lessons::update, lessons::delete,
        lessons::submit, lessons::publish, lessons::send_back, lessons::withdraw, media::serve, media::playlist::master,
        media::playlist::media, media::playlist::piece, media::preparation::show, media::preparation::retry, media::ticket, uploads::create,
        uploads::options, uploads::options_of_one, uploads::offset, uploads::append, uploads::terminate, uploads::list, uploads::show, playback::begin,
        playback::beat, playback::beats, playback::attendance, playback::close, people::list, people::import, archive::show, archive::correct,
        reports::download, audit::download, stars::mark, units::show, devices::ask, devices::collect, devices::approve, devices::revoke, health::live,
        play_days::list, play_days::create, play_days::end, schedule::show,
        room::show, room::count_guests, room::sign_in, room::answer_check, hands::questions, hands::count_hands, join::join,
        guests::add, guests::name, guests::candidates, guests::join, guests::part, sessions::list, sessions::show,
        appeals::make, appeals::list, appeals::decide, appeals::decide_waiting,
        merges::candidates, merges::list, merges::join, merges::part,
        gaps::of_person, gaps::of_unit, exemptions::list, exemptions::grant, exemptions::end,
        rules::list, rules::enact, rules::preview, seals::list, seals::begin, seals::show, seals::amend, late::list, late::decide, check::check,
        health::ready, health::metrics,
        drafts::put, drafts::delete, versions::list, versions::restore, courses::arrange,
        changes::choose, changes::show, changes::confirm, changes::undo, views::list, views::keep, views::rename, views::forget,
        watchers::download, plans::list, plans::create, plans::end, plans::progress, plans::mine,
        notes::list, notes::make, notes::settle, notices::list, notices::seen,
        classes::list, classes::create, classes::show, classes::edit, classes::enroll, classes::remove, classes::call_off, classes::hand_in, signing::code, signing::begin,
        signing::call_roll, class_files::list_evidence, class_files::prove, class_files::attend, studies::decide, studies::list, studies::mine, studies::declare, studies::declare_for,
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
        let cookie = ApiKey::Cookie(ApiKeyValue::new(crate::auth::cookie::Kind::Access.name(false)));
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(cookie));
    }
}

/// What every operation has, said in one place: a name nothing else has, a description, and how it fails.
struct Completed;

impl utoipa::Modify for Completed {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut document.paths.paths {
            for (method, operation) in operations(item) {
                operation.operation_id = Some(name_of(method, path));
                operation.description = operation.description.take().or_else(|| operation.summary.clone());
                let error = Content::new(Some(Ref::from_schema_name("ErrorBody")));
                let failed = ResponseBuilder::new().description("an error as {code, message}");
                let failed = failed.content("application/json", error).build();
                operation.responses.responses.entry("default".to_owned()).or_insert(RefOr::T(failed));
                if crate::routes::is_once(method, path) {
                    operation.parameters.get_or_insert_default().push(RefOr::T(key()));
                }
            }
        }
    }
}

/// The name of a request that is done once.
fn key() -> Parameter {
    let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(KEY_PATTERN));
    let about = "names this request of yours for a day: sent again, it is answered as the first time, with \
                 `Idempotent-Replayed: true`, and nothing is done twice. With another content: 422 `key_reused`; while the \
                 first is being worked on: 409 `still_running`; done, but the answer is lost: 409 `done_before`";
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(about))
        .schema(Some(text))
        .build()
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let PathItem { get, put, post, delete, options, head, patch, .. } = item;
    let all = [
        ("get", get),
        ("put", put),
        ("post", post),
        ("delete", delete),
        ("options", options),
        ("head", head),
        ("patch", patch),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// `get_lessons_id_captions` for `GET /api/v1/lessons/{id}/captions`.
fn name_of(method: &str, path: &str) -> String {
    let words = path.trim_start_matches("/api/v1").split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|word| !word.is_empty()).fold(method.to_owned(), |name, word| name + "_" + word)
}

/// Made once: to make it takes longer than to send it, and anybody may ask.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| whole().0.to_string());

/// The document with its words and bounds; and which words found no place in it.
fn whole() -> (serde_json::Value, Vec<(&'static str, &'static str)>) {
    let mut document = serde_json::to_value(Document::openapi()).unwrap_or_default();
    let unknown = words::write(&mut document);
    bounds::write(&mut document);
    (document, unknown)
}

/// The document itself.
pub async fn document() -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header(("Cache-Control", "public, max-age=300"))
        .content_type("application/json")
        .body(DOCUMENT.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::collections::HashSet;

    /// Texts that are described as a choice of words, and list none.
    fn unlisted(at: &str, value: &Value, found: &mut Vec<String>) {
        if let Some(map) = value.as_object() {
            let described = map.get("description").and_then(Value::as_str).unwrap_or_default();
            let schema = map.get("schema").unwrap_or(value);
            let is_text = schema.get("type").is_some_and(|kind| kind.to_string().contains("\"string\""));
            if described.starts_with('`') && described.contains("` or `") && is_text && schema.get("enum").is_none() {
                found.push(format!("{at}: {described}"));
            }
        }
        match value {
            Value::Object(map) => map.iter().for_each(|(key, inner)| unlisted(&format!("{at}/{key}"), inner, found)),
            Value::Array(list) => list.iter().for_each(|inner| unlisted(at, inner, found)),
            _ => {}
        }
    }

    #[test]
    fn every_choice_of_words_is_listed_and_every_list_has_its_place() {
        let (document, unknown) = whole();
        assert_eq!(unknown, []);
        let mut found = Vec::new();
        unlisted("", &document, &mut found);
        assert!(found.is_empty(), "{found:#?}");
    }

    #[test]
    fn every_operation_has_a_name_of_its_own_a_description_and_a_tag_that_is_described() {
        let mut document = Document::openapi();
        let tags: HashSet<String> = document.tags.take().unwrap_or_default().into_iter().map(|tag| tag.name).collect();
        let mut names = HashSet::new();
        for (path, item) in &mut document.paths.paths {
            for (method, operation) in operations(item) {
                assert!(names.insert(operation.operation_id.clone()), "{method} {path}");
                assert!(operation.description.is_some(), "{method} {path}");
                assert!(operation.tags.iter().flatten().all(|tag| tags.contains(tag)), "{method} {path}");
            }
        }
        assert!(names.len() > 100);
    }
}
