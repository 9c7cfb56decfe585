//! Reads a form that carries a file: `multipart/form-data` (RFC 7578), held in memory and bounded.

use crate::body::Coming;
use crate::error::{ApiError, ApiResult, Code};
use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_TYPE;
use bytes::Bytes;

/// The fields of such a form.
#[derive(Debug, Default)]
pub struct FormData {
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    name: String,
    filename: String,
    content: Bytes,
}

impl FormData {
    /// Read the whole body, at most `limit` bytes of it.
    ///
    /// # Errors
    /// `unsupported_media_type` for another kind of body, `too_large`, `invalid_request` for a broken one.
    pub async fn read(request: &HttpRequest, body: Coming, limit: usize) -> ApiResult<Self> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let boundary = boundary(kind).ok_or(Code::UnsupportedMediaType)?;
        // The first delimiter stands at the start of the body, all others after a line break (RFC 2046, 5.1.1).
        let body = [b"\r\n", &body.whole(limit).await?[..]].concat();
        Self::parse(&body.into(), &boundary).ok_or_else(|| ApiError::new(Code::InvalidRequest))
    }

    /// The text of a field; empty when it is missing or not UTF-8.
    pub fn text(&self, name: &str) -> &str {
        self.part(name).and_then(|part| std::str::from_utf8(&part.content).ok()).unwrap_or_default()
    }

    /// The name and content of a file field that was filled.
    pub fn file(&self, name: &str) -> Option<(String, Bytes)> {
        let part = self.part(name).filter(|part| !part.filename.is_empty())?;
        Some((part.filename.clone(), part.content.clone()))
    }

    fn part(&self, name: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.name == name)
    }

    fn parse(body: &Bytes, boundary: &str) -> Option<Self> {
        let delimiter = format!("\r\n--{boundary}");
        let mut rest = after(body, delimiter.as_bytes())?;
        let mut form = Self::default();
        while !rest.starts_with(b"--") {
            let end = find(&rest, delimiter.as_bytes())?;
            form.parts.extend(part(&rest.slice(..end)));
            rest = rest.slice(end + delimiter.len()..);
        }
        Some(form)
    }
}

/// The mark between the fields of such a form, as its content type says.
pub fn boundary(content_type: &str) -> Option<String> {
    let (kind, parameters) = content_type.split_once(';')?;
    kind.trim().eq_ignore_ascii_case("multipart/form-data").then_some(())?;
    let value = parameter(parameters, "boundary")?;
    (1..=70).contains(&value.len()).then_some(value)
}

/// A part's headers and content; `None` for one without a name.
fn part(bytes: &Bytes) -> Option<Part> {
    let end = find(bytes, b"\r\n\r\n")?;
    let headers = String::from_utf8_lossy(bytes.get(..end)?).into_owned();
    let disposition = headers.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    let (_, parameters) = disposition.split_once(';')?;
    Some(Part {
        name: parameter(parameters, "name")?,
        filename: parameter(parameters, "filename").unwrap_or_default(),
        content: bytes.slice(end + 4..),
    })
}

/// A parameter's value, in quotes or not. Browsers write a quote inside a name as `%22` (HTML, form submission).
fn parameter(parameters: &str, wanted: &str) -> Option<String> {
    parameters.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().trim_matches('"').replace("%22", "\""))
    })
}

fn after(bytes: &Bytes, wanted: &[u8]) -> Option<Bytes> {
    find(bytes, wanted).map(|at| bytes.slice(at + wanted.len()..))
}

/// Where these bytes first stand.
pub fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: &'static str) -> Option<FormData> {
        FormData::parse(&Bytes::from(format!("\r\n{body}")), "EDGE")
    }

    #[test]
    fn a_file_and_a_field_are_read_as_sent() {
        let form = parsed(
            "--EDGE\r\nContent-Disposition: form-data; name=\"file\"; filename=\"花名册.csv\"\r\nContent-Type: text/csv\r\n\r\n\
             编号\r\n0007\r\n--EDGE\r\ncontent-disposition: form-data; name=confirm\r\n\r\nyes\r\n--EDGE--\r\n",
        )
        .unwrap_or_default();
        assert_eq!(form.file("file"), Some(("花名册.csv".to_owned(), Bytes::from("编号\r\n0007"))));
        assert_eq!(form.text("confirm"), "yes");
        assert_eq!(form.text("absent"), "");
    }

    #[test]
    fn a_file_field_left_empty_is_no_file() {
        let form = parsed("--EDGE\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\"\r\n\r\n\r\n--EDGE--");
        assert_eq!(form.unwrap_or_default().file("file"), None);
    }

    #[test]
    fn a_body_cut_short_is_refused() {
        assert!(parsed("--EDGE\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nabc").is_none());
        assert!(parsed("").is_none());
        assert!(parsed("--EDGE").is_none());
        assert!(parsed("--EDGE--").is_some());
    }

    #[test]
    fn only_a_form_with_a_boundary_is_taken() {
        assert_eq!(boundary("multipart/form-data; boundary=\"abc\"").as_deref(), Some("abc"));
        assert!(boundary("application/x-www-form-urlencoded").is_none());
        assert!(boundary("multipart/form-data; boundary=").is_none());
    }
}
