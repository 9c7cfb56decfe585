//! What a request is called by whoever sends it, and what is weighed to see that one name means one request.

use super::answers::Asked;
use crate::error::{ApiError, ApiResult, Code};
use crate::pages::office::form_data::{boundary, find};
use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_TYPE;
use entity::AccountId;
use sha2::{Digest, Sha256};

/// The header field of programs.
pub const HEADER: &str = "idempotency-key";
/// The query parameter of our own forms.
const PARAMETER: &str = "once=";
/// The longest key.
const LONGEST: usize = 64;
/// What is taken for a key, for the API's document.
pub const PATTERN: &str = r#"^("[!#-+\--:<-\[\]-~]{1,64}"|[!#-+\--:<-\[\]-~]{1,64})$"#;
/// Bytes of a body that are weighed; what is longer differs within them.
const WEIGHED: usize = 1 << 20;
/// Bytes that are read of a longer one. What is left of them without the marks between a form's fields, which a browser
/// makes up anew each time, is more than is weighed.
pub const READ: usize = WEIGHED + (16 << 10);

/// A name of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// Said by a program, which means one request by it.
    Said(String),
    /// Drawn with a form. Somebody who goes back to the form and fills it in otherwise means another request.
    Drawn(String),
}

impl Key {
    /// The key of this request, if it has one. A form's address that was tampered with has none.
    ///
    /// # Errors
    /// `invalid_header`.
    pub fn of(request: &HttpRequest) -> Option<ApiResult<Self>> {
        let mut said = request.headers().get_all(HEADER);
        match (said.next(), said.next()) {
            (None, _) => drawn(request.query_string()).map(|key| Ok(Self::Drawn(key))),
            (Some(value), None) => Some(value.to_str().ok().and_then(parse).map(Self::Said).ok_or_else(bad)),
            (Some(_), Some(_)) => Some(Err(bad())),
        }
    }

    /// Whether a form carries it.
    pub fn is_of_a_form(&self) -> bool {
        matches!(self, Self::Drawn(_))
    }

    /// What is asked of this address under this key, by this account.
    pub fn asks(&self, account: AccountId, request: &HttpRequest, beginning: &[u8]) -> Asked {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let fingerprint = fingerprint(request.query_string(), kind, beginning);
        let (method, path) = (request.method().as_str(), request.path());
        let request = match self {
            Self::Said(key) => hash(&[method, path, key]),
            Self::Drawn(key) => hash(&[method, path, key, &fingerprint]),
        };
        Asked { account, request, fingerprint }
    }
}

fn bad() -> ApiError {
    ApiError::say(
        Code::InvalidHeader,
        format!("Idempotency-Key 须是 1 到 {LONGEST} 个可见的 ASCII 字符，可以放在双引号里"),
    )
}

/// A string of RFC 8941 (section 3.3.3), or its content alone.
fn parse(text: &str) -> Option<String> {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let fits = (1..=LONGEST).contains(&inner.len());
    let is_plain = inner.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b',' | b';'));
    (fits && is_plain).then(|| inner.to_owned())
}

fn drawn(query: &str) -> Option<String> {
    query.split('&').find_map(|pair| pair.strip_prefix(PARAMETER)).and_then(parse)
}

/// Of what else the address says, and of the body without the marks between a form's fields.
fn fingerprint(query: &str, kind: &str, beginning: &[u8]) -> String {
    let said: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with(PARAMETER)).collect();
    let content = match boundary(kind) {
        Some(mark) => without(beginning, mark.as_bytes()),
        None => beginning.to_vec(),
    };
    let mut sum = Sha256::new();
    sum.update(said.join("&"));
    sum.update([0]);
    sum.update(content.get(..WEIGHED).unwrap_or(&content));
    hex(&sum.finalize())
}

fn without(mut bytes: &[u8], mark: &[u8]) -> Vec<u8> {
    let mut left = Vec::with_capacity(bytes.len());
    while let Some(at) = find(bytes, mark) {
        left.extend_from_slice(bytes.get(..at).unwrap_or_default());
        bytes = bytes.get(at + mark.len()..).unwrap_or_default();
    }
    left.extend_from_slice(bytes);
    left
}

fn hash(parts: &[&str]) -> String {
    hex(&Sha256::digest(parts.join("\n")))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn said(value: &str) -> Option<Key> {
        Key::of(&TestRequest::post().insert_header((HEADER, value)).to_http_request())?.ok()
    }

    #[test]
    fn a_key_is_read_with_and_without_quotes() {
        let key = Some(Key::Said("8e03978e-40d5-43dd-bc93-6894a57f9324".into()));
        assert_eq!(said("\"8e03978e-40d5-43dd-bc93-6894a57f9324\""), key);
        assert_eq!(said("8e03978e-40d5-43dd-bc93-6894a57f9324"), key);
        assert!(said(&"k".repeat(64)).is_some());
    }

    #[test]
    fn a_key_that_is_none_is_refused() {
        for wrong in ["", "\"\"", "\"", "two words", "a,b", "\"a\";b=1", "a\"b", "\"a\\\"b\""] {
            assert_eq!(said(wrong), None, "{wrong}");
        }
        assert_eq!(said(&"k".repeat(65)), None);
        let twice = TestRequest::post().append_header((HEADER, "a")).append_header((HEADER, "a")).to_http_request();
        assert!(Key::of(&twice).is_some_and(|key| key.is_err()));
    }

    #[test]
    fn a_form_carries_its_key_in_its_address_and_a_header_is_heard_before_it() {
        let of = |address: &str| Key::of(&TestRequest::post().uri(address).to_http_request())?.ok();
        assert_eq!(of("/studio/plans?unit=3&once=ab12"), Some(Key::Drawn("ab12".into())));
        assert_eq!((of("/studio/plans"), of("/studio/plans?once="), of("/studio/plans?at_once=1")), (None, None, None));
        let both = TestRequest::post().uri("/?once=ab12").insert_header((HEADER, "k")).to_http_request();
        assert_eq!(Key::of(&both).and_then(Result::ok), Some(Key::Said("k".into())));
    }

    fn asked(key: &Key, address: &str, body: &[u8]) -> Asked {
        key.asks(AccountId(1), &TestRequest::post().uri(address).to_http_request(), body)
    }

    #[test]
    fn a_programs_key_means_one_request_and_a_forms_key_one_filling_in() {
        let (said, drawn) = (Key::Said("k".into()), Key::Drawn("k".into()));
        let (one, other) = (asked(&said, "/a", b"1"), asked(&said, "/a", b"2"));
        assert!(one.request == other.request && one.fingerprint != other.fingerprint);
        assert_ne!(asked(&said, "/b", b"1").request, one.request);
        assert_ne!(asked(&said, "/a?points=2", b"1").fingerprint, one.fingerprint);
        assert_ne!(asked(&drawn, "/a?once=k", b"1").request, asked(&drawn, "/a?once=k", b"2").request);
        assert_eq!(asked(&drawn, "/a?once=k", b"1"), asked(&drawn, "/a?once=k", b"1"));
    }

    #[test]
    fn a_browsers_marks_between_fields_make_no_difference() {
        let sent = |mark: &str, file: &[u8]| {
            let mut body = format!("--{mark}\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\n").into_bytes();
            body.extend_from_slice(file);
            body.extend_from_slice(format!("\r\n--{mark}--\r\n").as_bytes());
            let beginning = body.get(..READ).unwrap_or(&body).to_vec();
            fingerprint("", &format!("multipart/form-data; boundary={mark}"), &beginning)
        };
        let (long, mut other) = (vec![7; 2 << 20], vec![7; 2 << 20]);
        assert_eq!(sent("----geckoformboundary1", b"x"), sent("----geckoformboundarya9f3", b"x"));
        assert_eq!(sent("----geckoformboundary1", &long), sent("----geckoformboundarya9f3", &long));
        if let Some(byte) = other.get_mut(1000) {
            *byte = 8;
        }
        assert_ne!(sent("----geckoformboundary1", &long), sent("----geckoformboundary1", &other));
    }
}
