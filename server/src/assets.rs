//! The stylesheet, icons and scripts of the pages, built into the binary.
//!
//! Each is served under a name with the hash of its content, so browsers and proxies may keep it for ever and a new
//! release is a new name. Scripts are ES modules: an import of `"./beats.js"` is served as an import of the hashed name.

use crate::error::{ApiError, ApiResult, Code};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::future::{Ready, ready};
use std::sync::LazyLock;

/// The address of an asset, such as `/assets/app.1f0c3a….css` for `app.css`.
///
/// A name that is not in the table gives an address that answers 404; a test looks for such in every template.
pub fn url(name: &str) -> &str {
    ASSETS.iter().find(|asset| asset.name == name).map_or(MISSING, |asset| &asset.url)
}

/// Serve an asset by its hashed name.
pub fn serve(request: HttpRequest, file: web::Path<String>) -> Ready<ApiResult<HttpResponse>> {
    let wanted = file.into_inner();
    let found = ASSETS.iter().find(|asset| asset.url.strip_prefix(FOLDER) == Some(&wanted));
    ready(found.map(|asset| answer(&request, asset)).ok_or_else(|| ApiError::new(Code::NotFound)))
}

const FOLDER: &str = "/assets/";
const MISSING: &str = "/assets/missing";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml; charset=utf-8";

/// Name, type and content. A module stands after the modules it imports.
const SOURCES: &[(&str, &str, &str)] = &[
    ("app.css", CSS, include_str!("../assets/app.css")),
    ("dark.css", CSS, include_str!("../assets/dark.css")),
    ("quiz.css", CSS, include_str!("../assets/quiz.css")),
    ("account.css", CSS, include_str!("../assets/account.css")),
    ("icons.svg", SVG, include_str!("../assets/icons.svg")),
    ("favicon.svg", SVG, include_str!("../assets/favicon.svg")),
    ("suggest.js", JS, include_str!("../assets/suggest.js")),
    ("classes.css", CSS, include_str!("../assets/classes.css")),
    ("books.css", CSS, include_str!("../assets/books.css")),
    ("certificate.css", CSS, include_str!("../assets/certificate.css")),
    ("paper.css", CSS, include_str!("../assets/paper.css")),
    ("rules.css", CSS, include_str!("../assets/rules.css")),
    ("print.js", JS, include_str!("../assets/print.js")),
    ("storage.js", JS, include_str!("../assets/storage.js")),
    ("hash.js", JS, include_str!("../assets/hash.js")),
    ("tus.js", JS, include_str!("../assets/tus.js")),
    ("upload.js", JS, include_str!("../assets/upload.js")),
    ("uploads.js", JS, include_str!("../assets/uploads.js")),
    ("import.js", JS, include_str!("../assets/import.js")),
    ("draft.js", JS, include_str!("../assets/draft.js")),
    ("autosave.js", JS, include_str!("../assets/autosave.js")),
    ("order.js", JS, include_str!("../assets/order.js")),
    ("ticks.js", JS, include_str!("../assets/ticks.js")),
    ("preparation.js", JS, include_str!("../assets/preparation.js")),
    ("notes.js", JS, include_str!("../assets/notes.js")),
    ("studio.css", CSS, include_str!("../assets/studio.css")),
    ("studio.js", JS, include_str!("../assets/studio.js")),
    ("beats.js", JS, include_str!("../../player/web/beats.js")),
    ("player.css", CSS, include_str!("../../player/web/player.css")),
    ("room.css", CSS, include_str!("../../player/web/room.css")),
    ("quality.js", JS, include_str!("../../player/web/quality.js")),
    ("seek.js", JS, include_str!("../../player/web/seek.js")),
    ("idle.js", JS, include_str!("../../player/web/idle.js")),
    ("voice.js", JS, include_str!("../../player/web/voice.js")),
    ("player.js", JS, include_str!("../../player/web/player.js")),
    ("captions.js", JS, include_str!("../../player/web/captions.js")),
    ("remote.js", JS, include_str!("../../player/web/remote.js")),
    ("door.js", JS, include_str!("../../player/web/door.js")),
    ("code.js", JS, include_str!("../../player/web/code.js")),
    ("state.js", JS, include_str!("../../player/web/state.js")),
    ("pin.js", JS, include_str!("../../player/web/pin.js")),
    ("attend.js", JS, include_str!("../../player/web/attend.js")),
    ("roll.js", JS, include_str!("../../player/web/roll.js")),
    ("play.js", JS, include_str!("../../player/web/play.js")),
    ("hands.js", JS, include_str!("../../player/web/hands.js")),
    ("classroom.js", JS, include_str!("../../player/web/classroom.js")),
    ("keys.js", JS, include_str!("../../player/web/keys.js")),
    ("line.js", JS, include_str!("../../player/web/line.js")),
    ("pair.js", JS, include_str!("../../player/web/pair.js")),
    ("schedule.js", JS, include_str!("../../player/web/schedule.js")),
    ("terminal.css", CSS, include_str!("../../player/web/terminal.css")),
];

struct Asset {
    name: &'static str,
    url: String,
    etag: String,
    mime: &'static str,
    content: Bytes,
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    SOURCES.iter().fold(Vec::new(), |mut built, (name, mime, source)| {
        let asset = build(name, mime, source, &built);
        built.push(asset);
        built
    })
});

fn build(name: &'static str, mime: &'static str, source: &str, before: &[Asset]) -> Asset {
    let content = before.iter().fold(source.to_owned(), |text, module| {
        text.replace(&format!("\"./{}\"", module.name), &format!("\"{}\"", module.url))
    });
    let digest = Sha256::digest(content.as_bytes());
    let hash: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    Asset {
        name,
        url: format!("{FOLDER}{stem}.{hash}.{extension}"),
        etag: format!("\"{hash}\""),
        mime,
        content: content.into(),
    }
}

fn answer(request: &HttpRequest, asset: &Asset) -> HttpResponse {
    let known = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let unchanged =
        known.is_some_and(|tags| tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == asset.etag));
    let mut response = if unchanged { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"));
    response.insert_header((ETAG, asset.etag.as_str()));
    response.insert_header((CONTENT_TYPE, asset.mime));
    if unchanged { response.finish() } else { response.body(asset.content.clone()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_asset_has_a_name_of_its_own_that_changes_with_its_content() {
        let one = build("a.js", JS, "export const a = 1;", &[]);
        let two = build("a.js", JS, "export const a = 2;", &[]);
        assert_ne!(one.url, two.url);
        assert!(one.url.starts_with("/assets/a.") && one.url.ends_with(".js"), "{}", one.url);
    }

    #[test]
    fn an_import_names_the_hashed_module() {
        let player = ASSETS.iter().find(|asset| asset.name == "player.js").map(|asset| asset.content.clone());
        let text = String::from_utf8_lossy(&player.unwrap_or_default()).into_owned();
        assert!(text.contains(&format!("\"{}\"", url("beats.js"))));
        for asset in ASSETS.iter() {
            let text = String::from_utf8_lossy(&asset.content);
            assert!(!text.contains("\"./"), "an import of {} was left without its hash", asset.name);
        }
    }

    fn templates(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries
            .flat_map(|entry| match entry.path() {
                path if path.is_dir() => templates(&path),
                path => std::fs::read_to_string(path).into_iter().collect(),
            })
            .collect()
    }

    #[test]
    fn every_asset_a_template_names_exists() {
        let all = templates(&Path::new(env!("CARGO_MANIFEST_DIR")).join("templates")).concat();
        let mut named = all.split("assets::url(\"").skip(1).filter_map(|rest| rest.split('"').next()).peekable();
        assert!(named.peek().is_some(), "no template was found");
        for name in named {
            assert_ne!(url(name), MISSING, "{name}");
        }
    }

    #[test]
    fn the_stylesheet_is_small() {
        let css = SOURCES.iter().find(|(name, ..)| *name == "app.css").map_or(0, |(_, _, text)| text.len());
        assert!(css < 24 * 1024, "{css} bytes");
    }
}
