//! The stylesheet, icons and scripts of the pages, built into the binary.
//!
//! Each is served under a name with the hash of its content, so browsers and proxies may keep it for ever and a new
//! release is a new name. Scripts are ES modules: an import of `"./beats.js"` is served as an import of the hashed name.

use crate::error::{ApiError, ApiResult, Code};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::future::{Ready, ready};
use std::sync::LazyLock;

/// The address of an asset, such as `/assets/app.1f0c3a….css` for `app.css`.
///
/// A name that is not in the tables gives an address that answers 404; a test looks for such in every template.
pub fn url(name: &str) -> &str {
    ASSETS.iter().find(|asset| asset.name == name).map_or(MISSING, |asset| &asset.url)
}

/// Serve an asset by its hashed name.
pub fn serve(request: HttpRequest, file: web::Path<String>) -> Ready<ApiResult<HttpResponse>> {
    let wanted = file.into_inner();
    let found = ASSETS.iter().find(|asset| asset.url.strip_prefix(FOLDER) == Some(&wanted));
    let answer = |asset: &Asset| {
        let mut response = asset.file.answer(&request, FOR_EVER);
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(NOTHING_RUNS));
        response
    };
    ready(found.map(answer).ok_or_else(|| ApiError::new(Code::NotFound)))
}

/// The text with the address of every asset in the place of its name, `"./app.css"`.
pub fn linked(text: &str) -> String {
    linked_to(text, &ASSETS)
}

/// The policy of a file that is no page. That of pages, as long as some scripts, would go out with each of a dozen.
const NOTHING_RUNS: &str = "default-src 'none'; frame-ancestors 'none'";
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const FOLDER: &str = "/assets/";
const MISSING: &str = "/assets/missing";
const CSS: &str = "text/css; charset=utf-8";
/// The type of a script.
pub const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml; charset=utf-8";
const PNG: &str = "image/png";

/// Name and content of the pictures that `assets/install/draw.py` drew.
const PICTURES: &[(&str, &[u8])] = &[
    ("icon-192.png", include_bytes!("../assets/install/icon-192.png")),
    ("icon-512.png", include_bytes!("../assets/install/icon-512.png")),
    ("maskable-512.png", include_bytes!("../assets/install/maskable-512.png")),
];

/// Name, type and content. A module stands after the modules it imports.
const SOURCES: &[(&str, &str, &str)] = &[
    ("app.css", CSS, include_str!("../assets/app.css")),
    ("dark.css", CSS, include_str!("../assets/dark.css")),
    ("quiz.css", CSS, include_str!("../assets/quiz.css")),
    ("account.css", CSS, include_str!("../assets/account.css")),
    ("icons.svg", SVG, include_str!("../assets/icons.svg")),
    ("favicon.svg", SVG, include_str!("../assets/favicon.svg")),
    ("owner.js", JS, include_str!("../assets/owner.js")),
    ("kept.js", JS, include_str!("../assets/kept.js")),
    ("offline.js", JS, include_str!("../assets/offline.js")),
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
    ("ending.js", JS, include_str!("../../player/web/ending.js")),
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

/// What is answered with, and what tells it from the file before it.
pub struct File {
    mime: &'static str,
    content: Bytes,
    /// The first 64 bits of its SHA-256, in hex.
    pub hash: String,
}

struct Asset {
    name: &'static str,
    url: String,
    file: File,
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let pictures = PICTURES.iter().map(|(name, bytes)| Asset::new(name, PNG, Bytes::from_static(bytes)));
    SOURCES.iter().fold(pictures.collect(), |mut built, (name, mime, source)| {
        built.push(Asset::new(name, mime, linked_to(source, &built).into()));
        built
    })
});

fn linked_to(text: &str, assets: &[Asset]) -> String {
    assets.iter().fold(text.to_owned(), |text, asset| {
        text.replace(&format!("\"./{}\"", asset.name), &format!("\"{}\"", asset.url))
    })
}

impl Asset {
    fn new(name: &'static str, mime: &'static str, content: Bytes) -> Self {
        let file = File::new(mime, content);
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        Self { name, url: format!("{FOLDER}{stem}.{}.{extension}", file.hash), file }
    }
}

impl File {
    /// A file of this type.
    pub fn new(mime: &'static str, content: Bytes) -> Self {
        let digest = Sha256::digest(&content);
        Self { mime, hash: digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect(), content }
    }

    /// The file, or 304 to who has it, to be kept as this `Cache-Control` says.
    pub fn answer(&self, request: &HttpRequest, kept: &'static str) -> HttpResponse {
        let etag = format!("\"{}\"", self.hash);
        let known = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
        let unchanged =
            known.is_some_and(|tags| tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag));
        let mut response = if unchanged { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response.insert_header((CACHE_CONTROL, kept));
        response.insert_header((ETAG, etag));
        response.insert_header((CONTENT_TYPE, self.mime));
        if unchanged { response.finish() } else { response.body(self.content.clone()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_asset_has_a_name_of_its_own_that_changes_with_its_content() {
        let one = Asset::new("a.js", JS, "export const a = 1;".into());
        let two = Asset::new("a.js", JS, "export const a = 2;".into());
        assert_ne!(one.url, two.url);
        assert!(one.url.starts_with("/assets/a.") && one.url.ends_with(".js"), "{}", one.url);
    }

    #[test]
    fn an_import_names_the_hashed_module() {
        let player = ASSETS.iter().find(|asset| asset.name == "player.js").map(|asset| asset.file.content.clone());
        let text = String::from_utf8_lossy(&player.unwrap_or_default()).into_owned();
        assert!(text.contains(&format!("\"{}\"", url("beats.js"))));
        for asset in ASSETS.iter() {
            let text = String::from_utf8_lossy(&asset.file.content);
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
