//! Playlists for players that adapt to the link (HLS, RFC 8216): `master.m3u8` and one list for each form.
//!
//! The pieces are byte ranges of the same blobs that plain players read. A ticket for the recording opens its lists;
//! each list carries tickets for what it names, which die when the first one does.

use super::{TicketQuery, Watched, caller, may_read};
use crate::config::Config;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use content::prepare::woven::Segments;
use content::store::Store;
use content::ticket::{self as tickets, Tickets};
use entity::{AccountId, Moment, RenditionKind, rendition};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use std::fmt::Write;

/// The forms of a list, the one to begin with first: a player climbs from there.
const FORMS: [RenditionKind; 4] =
    [RenditionKind::Video240, RenditionKind::Video480, RenditionKind::Video720, RenditionKind::Audio];

/// The list of all forms of a recording.
#[utoipa::path(get, path = "/media/{sha256}/master.m3u8", tag = "media",
    params(("sha256" = String, Path, description = "SHA-256 of the recording, lower-case hex"), TicketQuery),
    responses(
        (status = 200, description = "an HLS multivariant playlist", content_type = "application/vnd.apple.mpegurl"),
        (status = 401, description = "not signed in, or the ticket is not good", body = ErrorBody),
        (status = 404, description = "no such recording, not for the caller, or nothing was made of it yet", body = ErrorBody),
    ))]
pub async fn master(
    request: HttpRequest,
    sha256: Path<String>,
    query: Query<TicketQuery>,
    db: Data<Database>,
    watched: Data<Watched>,
) -> ApiResult<HttpResponse> {
    let ticket = query.ticket.as_deref();
    let caller = caller(&request, &sha256, ticket, Moment::now()).await?;
    may_read(&db, &watched, &caller, &sha256, Moment::now()).await?;
    let made = rendition::Entity::find().filter(rendition::Column::MediaSha256.eq(&*sha256)).all(&db.read).await?;
    let forms = FORMS.iter().filter_map(|kind| made.iter().find(|made| made.kind == *kind));
    let carried = ticket.map(|ticket| format!("?ticket={ticket}")).unwrap_or_default();
    let lines: Vec<String> = forms.filter_map(|made| variant(made, &carried)).collect();
    if lines.is_empty() {
        return Err(Code::NotFound.into());
    }
    Ok(list(format!("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n{}", lines.concat())))
}

/// The list of one form.
#[utoipa::path(get, path = "/media/{sha256}/{kind}.m3u8", tag = "media",
    params(
        ("sha256" = String, Path, description = "SHA-256 of the recording, lower-case hex"),
        ("kind" = String, Path, description = "video_720, video_480, video_240 or audio"), TicketQuery),
    responses(
        (status = 200, description = "an HLS media playlist of byte ranges", content_type = "application/vnd.apple.mpegurl"),
        (status = 401, description = "not signed in, or the ticket is not good", body = ErrorBody),
        (status = 404, description = "no such recording or form, or not for the caller", body = ErrorBody),
    ))]
pub async fn media(
    request: HttpRequest,
    path: Path<(String, String)>,
    query: Query<TicketQuery>,
    db: Data<Database>,
    watched: Data<Watched>,
    keys: Data<Tickets>,
) -> ApiResult<HttpResponse> {
    let ((sha256, kind), now) = (path.into_inner(), Moment::now());
    let caller = caller(&request, &sha256, query.ticket.as_deref(), now).await?;
    may_read(&db, &watched, &caller, &sha256, now).await?;
    let kind = FORMS.into_iter().find(|form| form.as_str() == kind).ok_or(Code::NotFound)?;
    let made = rendition::Entity::find()
        .filter(rendition::Column::MediaSha256.eq(&sha256))
        .filter(rendition::Column::Kind.eq(kind))
        .one(&db.read)
        .await?
        .ok_or(Code::NotFound)?;
    let told = segments(&made).ok_or_else(|| ApiError::new(Code::NotFound))?;
    let until = query.ticket.as_deref().map(|ticket| tickets::open(&keys, ticket, &sha256, now)).transpose()?;
    let inner = |(account, expires): (AccountId, Moment)| tickets::sign(&keys, &made.blob_sha256, account, expires);
    let carried = until.map(inner).transpose()?.map(|ticket| format!("?ticket={ticket}")).unwrap_or_default();
    Ok(list(pieces(&told, &format!("../{}/{}.mp4{carried}", made.blob_sha256, kind.as_str()))))
}

/// The bytes of a blob under an address that ends as players of lists expect: some refuse pieces without an extension.
#[utoipa::path(get, path = "/media/{sha256}/{name}.mp4", tag = "media",
    params(
        ("sha256" = String, Path, description = "SHA-256 of the bytes, lower-case hex"),
        ("name" = String, Path, description = "any name; only the hash counts"), TicketQuery),
    responses(
        (status = 200, description = "all bytes", content_type = "video/mp4"),
        (status = 206, description = "the ranges asked for", content_type = "video/mp4"),
        (status = 401, description = "not signed in, or the ticket is not good", body = ErrorBody),
        (status = 404, description = "no such blob, or not for the caller", body = ErrorBody),
    ))]
pub async fn piece(
    request: HttpRequest,
    path: Path<(String, String)>,
    query: Query<TicketQuery>,
    db: Data<Database>,
    store: Data<Store>,
    watched: Data<Watched>,
    settings: Data<Config>,
) -> ApiResult<HttpResponse> {
    let (sha256, _) = path.into_inner();
    super::serve(request, Path::from(sha256), query, db, store, watched, settings).await
}

fn list(text: String) -> HttpResponse {
    let kind = (CONTENT_TYPE, "application/vnd.apple.mpegurl");
    // What is prepared grows; who may see it changes.
    HttpResponse::Ok().insert_header(kind).insert_header((CACHE_CONTROL, "private, no-cache")).body(text)
}

/// Two lines: what the form needs, and where its list is.
fn variant(made: &rendition::Model, carried: &str) -> Option<String> {
    let told = segments(made)?;
    let rate = |bytes: u64, ms: u64| (bytes * 8_000).checked_div(ms).unwrap_or(0);
    let most = told.segments.iter().filter(|(.., ms)| *ms >= 1000).map(|(_, bytes, ms)| rate(*bytes, *ms)).max();
    let (bytes, ms) = told.segments.iter().fold((0, 0), |(bytes, ms), (_, more, longer)| (bytes + more, ms + longer));
    let mean = rate(bytes, ms);
    let mut line = format!(
        "#EXT-X-STREAM-INF:BANDWIDTH={},AVERAGE-BANDWIDTH={mean},CODECS=\"{}\"",
        most.unwrap_or(mean).max(mean),
        made.codecs.as_deref()?
    );
    if let (Some(width), Some(height)) = (made.width, made.height) {
        write!(line, ",RESOLUTION={width}x{height}").ok()?;
    }
    Some(format!("{line}\n{}.m3u8{carried}\n", made.kind.as_str()))
}

fn pieces(told: &Segments, address: &str) -> String {
    let longest = told.segments.iter().map(|(.., ms)| ms.div_ceil(1000)).max().unwrap_or(1);
    let (from, length) = told.init;
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{longest}\n#EXT-X-PLAYLIST-TYPE:VOD\n\
         #EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"{address}\",BYTERANGE=\"{length}@{from}\"\n"
    );
    for (from, length, ms) in &told.segments {
        let (seconds, thousandths) = (ms / 1000, ms % 1000);
        // Writing to a String cannot fail.
        let _ = write!(text, "#EXTINF:{seconds}.{thousandths:03},\n#EXT-X-BYTERANGE:{length}@{from}\n{address}\n");
    }
    text.push_str("#EXT-X-ENDLIST\n");
    text
}

fn segments(made: &rendition::Model) -> Option<Segments> {
    let told: Segments = serde_json::from_str(made.detail.as_deref()?).ok()?;
    (!told.segments.is_empty()).then_some(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_byte_ranges_of_one_address() {
        let told = Segments { init: (50, 40), segments: vec![(100, 30, 6000), (130, 10, 1520)] };
        let text = pieces(&told, "../ab?ticket=t");
        assert!(text.contains("#EXT-X-TARGETDURATION:6\n") && text.ends_with("#EXT-X-ENDLIST\n"));
        assert!(text.contains("#EXT-X-MAP:URI=\"../ab?ticket=t\",BYTERANGE=\"40@50\"\n"));
        assert!(text.contains("#EXTINF:1.520,\n#EXT-X-BYTERANGE:10@130\n../ab?ticket=t\n"));
    }
}
