//! Bodies that are read whole, within a bound.

use crate::error::{ApiError, ApiResult, Code};
use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_LENGTH, HeaderMap};
use actix_web::{FromRequest, HttpRequest};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use std::future::{Ready, ready};

/// The most a body has that is no file, in bytes.
pub const SHORT_BYTES: usize = 1 << 20;

/// A body that is still to come.
pub struct Coming {
    payload: Payload,
    /// As its sender says, if they do.
    length: Option<u64>,
}

impl Coming {
    /// The body of a request with these fields.
    pub fn of(headers: &HeaderMap, payload: Payload) -> Self {
        let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        Self { payload, length }
    }

    /// All of it. One that says it is longer is refused before any of it is read, so that nobody on a thin link sends
    /// for an hour what is refused then.
    ///
    /// # Errors
    /// `too_large` above so many bytes; `invalid_request` for a body that breaks off.
    pub async fn whole(mut self, most: usize) -> ApiResult<Bytes> {
        let too_large = || ApiError::say(Code::TooLarge, format!("内容太大，最多 {}", size(most)));
        if self.length.is_some_and(|length| length > most as u64) {
            return Err(too_large());
        }
        let mut whole = BytesMut::new();
        while let Some(piece) = self.payload.next().await {
            let piece = piece.map_err(|_| ApiError::say(Code::InvalidRequest, "内容没有传完，请重试"))?;
            if whole.len() + piece.len() > most {
                return Err(too_large());
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }
}

impl FromRequest for Coming {
    type Error = ApiError;
    type Future = Ready<ApiResult<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request.headers(), payload.take())))
    }
}

fn size(bytes: usize) -> String {
    if bytes >= 1 << 20 { format!("{} MiB", bytes >> 20) } else { format!("{} KiB", bytes >> 10) }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    async fn read(body: &'static [u8], says: Option<&'static str>, most: usize) -> Result<Bytes, Code> {
        let request = TestRequest::default().set_payload(body);
        let request = match says {
            Some(length) => request.insert_header((CONTENT_LENGTH, length)),
            None => request,
        };
        let (request, mut payload) = request.to_http_parts();
        Coming::from_request(&request, &mut payload).await.unwrap().whole(most).await.map_err(|cause| cause.code())
    }

    #[actix_web::test]
    async fn what_says_that_it_is_too_long_is_not_read() {
        assert_eq!(read(b"", Some("4000000000"), 1024).await, Err(Code::TooLarge));
    }

    #[actix_web::test]
    async fn what_is_too_long_without_saying_so_is_noticed() {
        assert_eq!(read(b"12345", None, 4).await, Err(Code::TooLarge));
        assert_eq!(read(b"1234", None, 4).await, Ok(Bytes::from_static(b"1234")));
    }
}
