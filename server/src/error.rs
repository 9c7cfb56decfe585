//! The one table from errors to `(code, status, message)`.
//!
//! Domain crates say what happened in their own words; here it becomes a stable code in snake_case English, an HTTP
//! status, and a Chinese sentence. A cause nobody foresaw is logged once and answered with a fixed text.

mod domain;
mod log;

pub use domain::{bad_class, bad_mark};

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use std::fmt;
use utoipa::ToSchema;

/// What a handler returns.
pub type ApiResult<T> = Result<T, ApiError>;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:ident, $message:literal;)*) => {
        /// Every error code this server promises.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code, for the documentation and its test.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stable snake_case name.
            pub fn as_str(self) -> &'static str { match self { $(Self::$name => $code),* } }

            /// The HTTP status it is answered with.
            pub fn status(self) -> StatusCode { match self { $(Self::$name => StatusCode::$status),* } }

            /// The sentence people read when nothing more particular is known.
            pub fn message(self) -> &'static str { match self { $(Self::$name => $message),* } }
        }
    };
}

codes! {
    /// The request's form or values are wrong.
    InvalidRequest = "invalid_request", BAD_REQUEST, "请求内容有误，请检查后重试";
    /// The JSON of the body cannot be read.
    InvalidJson = "invalid_json", BAD_REQUEST, "请求正文不是有效的 JSON";
    /// The password does not meet the rules.
    WeakPassword = "weak_password", BAD_REQUEST, "密码不符合要求";
    /// A header of a range, ticket or upload is malformed.
    InvalidHeader = "invalid_header", BAD_REQUEST, "请求头有误";
    /// The checksum of an upload's piece does not match (tus checksum extension, status 460 has no registered name).
    ChecksumMismatch = "checksum_mismatch", BAD_REQUEST, "校验和不一致，请重传这一段";
    /// Not signed in, or the token is no longer good.
    NotSignedIn = "not_signed_in", UNAUTHORIZED, "请先登录";
    /// Login or password is wrong.
    WrongPassword = "wrong_password", UNAUTHORIZED, "账号或密码不正确";
    /// The PIN of a person is wrong, or they have none.
    WrongPin = "wrong_pin", UNAUTHORIZED, "口令不正确";
    /// A spent refresh token came back: the family is revoked.
    TokenReused = "token_reused", UNAUTHORIZED, "登录已失效，请重新登录";
    /// The role does not allow this.
    Forbidden = "forbidden", FORBIDDEN, "您没有权限进行此操作";
    /// The account was closed.
    AccountDisabled = "account_disabled", FORBIDDEN, "该账号已停用，请联系管理员";
    /// The first password has to be changed before anything else.
    PasswordChangeRequired = "password_change_required", FORBIDDEN, "首次登录请先修改密码";
    /// The request comes from another site's page.
    CrossSite = "cross_site", FORBIDDEN, "已拒绝来自其他网站的请求";
    /// A reviewer cannot publish their own lesson.
    OwnLesson = "own_lesson", FORBIDDEN, "课程须由他人审核，不能审核自己的课程";
    /// No such thing, or not in the caller's reach.
    NotFound = "not_found", NOT_FOUND, "没有找到，或不在您的管理范围内";
    /// No open room within reach shows this code.
    WrongCode = "wrong_code", NOT_FOUND, "签到码不对或已过期，请看屏幕上最新的六位数字";
    /// The method is not known here.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "此地址不支持该操作";
    /// Somebody else changed it meanwhile.
    VersionConflict = "version_conflict", CONFLICT, "内容已被他人修改，请对照后再保存";
    /// The thing is not in a state that allows this.
    WrongState = "wrong_state", CONFLICT, "当前状态不允许此操作";
    /// The person is one with another, who is listed for both.
    PersonMerged = "person_merged", CONFLICT, "此编号的人已与另一编号合并，请查看合并后的档案";
    /// The name is taken.
    Taken = "taken", CONFLICT, "名称已被使用";
    /// The same request, by its key, is being worked on at this moment.
    StillRunning = "still_running", CONFLICT, "同一个请求正在处理，请稍等再试";
    /// The same request, by its key, was done before, and what was answered is not there.
    DoneBefore = "done_before", CONFLICT, "这一步先前已经做过，请先看看是否已在，不要重复提交";
    /// The upload's offset is another one.
    OffsetMismatch = "offset_mismatch", CONFLICT, "续传位置不一致，请重新查询进度";
    /// It was here and is gone.
    Gone = "gone", GONE, "内容已过期或已删除";
    /// A precondition header was not met, or a tus version is not supported.
    PreconditionFailed = "precondition_failed", PRECONDITION_FAILED, "前提条件不满足";
    /// The body is larger than allowed.
    TooLarge = "too_large", PAYLOAD_TOO_LARGE, "内容太大，超过了允许的大小";
    /// The address is longer than allowed.
    UriTooLong = "uri_too_long", URI_TOO_LONG, "地址太长";
    /// The media type of the body is not understood here.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "不支持的内容类型";
    /// The range lies outside the file.
    RangeNotSatisfiable = "range_not_satisfiable", RANGE_NOT_SATISFIABLE, "请求的范围超出文件长度";
    /// The values are understood but cannot be accepted.
    Unprocessable = "unprocessable", UNPROCESSABLE_ENTITY, "内容不符合要求";
    /// The key of an earlier request came with another content.
    KeyReused = "key_reused", UNPROCESSABLE_ENTITY, "这个 Idempotency-Key 已用于另一个请求，请换一个新的";
    /// Another request holds it at this moment.
    Locked = "locked", LOCKED, "正在被另一个请求使用，请稍后重试";
    /// Too many tries.
    SlowDown = "slow_down", TOO_MANY_REQUESTS, "尝试次数过多，请稍后再试";
    /// The server is full; nothing was taken.
    Busy = "busy", SERVICE_UNAVAILABLE, "服务器繁忙，请稍后重试";
    /// The server that keeps the media does not answer, or refuses us.
    StoreUnavailable = "store_unavailable", SERVICE_UNAVAILABLE, "媒体存储暂时无法访问，请稍后重试";
    /// The disk is nearly full.
    DiskFull = "disk_full", INSUFFICIENT_STORAGE, "服务器存储空间不足，请联系管理员";
    /// The county keeps as much as it may.
    QuotaExceeded = "quota_exceeded", INSUFFICIENT_STORAGE, "本县的课件空间已满";
    /// Anything nobody foresaw.
    Internal = "internal", INTERNAL_SERVER_ERROR, "服务器出错了，我们已记录，请稍后重试";
}

/// When to come again after a refusal for want of room: it takes a person to make some.
const UNTIL_ROOM_S: u64 = 60;

/// An error on its way out.
#[derive(Debug)]
pub struct ApiError {
    code: Code,
    message: Option<String>,
    retry_after_s: Option<u64>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What the client gets.
#[derive(Serialize, ToSchema)]
pub struct ErrorBody {
    /// Stable, snake_case.
    pub code: &'static str,
    /// A Chinese sentence to show.
    pub message: String,
}

impl ApiError {
    /// An error with the table's own message.
    pub fn new(code: Code) -> Self {
        Self { code, message: None, retry_after_s: None, cause: None }
    }

    /// An error with a more particular Chinese message.
    pub fn say(code: Code, message: impl Into<String>) -> Self {
        Self { message: Some(message.into()), ..Self::new(code) }
    }

    /// A fault of ours; the cause goes to the log, never to the client.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { cause: Some(cause.into()), ..Self::new(Code::Internal) }
    }

    /// Tell the client when to come back (`Retry-After`, RFC 9110 section 10.2.3).
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
    }

    /// The same for another caller who waited for the same thing.
    pub fn again(&self) -> Self {
        let cause = self.cause.as_ref().map(|cause| cause.to_string().into());
        Self { code: self.code, message: self.message.clone(), retry_after_s: self.retry_after_s, cause }
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Whether a page says it beside what was typed, which can then be mended; anything else is a page of its own.
    pub fn can_be_mended(&self) -> bool {
        use Code::{Forbidden, InvalidRequest, TooLarge, Unprocessable, WrongState};
        matches!(self.code, Forbidden | InvalidRequest | TooLarge | Unprocessable | WrongState)
    }

    /// The sentence to show.
    pub fn message(&self) -> &str {
        self.message.as_deref().unwrap_or(self.code.message())
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message())?;
        match &self.cause {
            Some(cause) => write!(f, " ({cause})"),
            None => Ok(()),
        }
    }
}

impl From<Code> for ApiError {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

/// Left in a response so that a page can be drawn in place of the JSON.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The stable code.
    pub code: Code,
    /// The sentence to show.
    pub message: String,
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        log::note(self);
        let mut answer = HttpResponse::build(self.status_code());
        if let Some(seconds) = self.retry_after_s {
            answer.insert_header(("Retry-After", seconds.to_string()));
        }
        if self.status_code() == StatusCode::UNAUTHORIZED {
            answer.insert_header(("WWW-Authenticate", "Bearer"));
        }
        answer.insert_header(("Cache-Control", "no-store"));
        let message = self.message().to_owned();
        let mut response = answer.json(ErrorBody { code: self.code.as_str(), message: message.clone() });
        response.extensions_mut().insert(Shown { code: self.code, message });
        response
    }
}

impl From<sea_orm::DbErr> for ApiError {
    fn from(cause: sea_orm::DbErr) -> Self {
        let (code, seconds) = match entity::Outage::of(&cause) {
            Some(entity::Outage::Away) => (Code::Busy, 2),
            Some(entity::Outage::Full) => (Code::DiskFull, UNTIL_ROOM_S),
            None if entity::outage::is_unkeepable(&cause) => {
                return Self::say(Code::InvalidRequest, "内容里有不能保存的字符");
            }
            None => return Self::internal(cause),
        };
        Self { cause: Some(cause.into()), ..Self::new(code) }.retry_after(seconds)
    }
}

impl From<actix_web::error::BlockingError> for ApiError {
    fn from(cause: actix_web::error::BlockingError) -> Self {
        Self::internal(cause)
    }
}

impl From<askama::Error> for ApiError {
    fn from(cause: askama::Error) -> Self {
        Self::internal(cause)
    }
}

impl From<actix_web::error::JsonPayloadError> for ApiError {
    fn from(cause: actix_web::error::JsonPayloadError) -> Self {
        use actix_web::error::JsonPayloadError as E;
        match cause {
            E::OverflowKnownLength { .. } | E::Overflow { .. } => Self::new(Code::TooLarge),
            E::ContentType => Self::say(Code::UnsupportedMediaType, "请求正文须为 application/json"),
            E::Deserialize(e) if e.is_data() => Self::say(Code::InvalidRequest, format!("请求内容有误：{e}")),
            _ => Self::new(Code::InvalidJson),
        }
    }
}

impl From<actix_web::error::QueryPayloadError> for ApiError {
    fn from(cause: actix_web::error::QueryPayloadError) -> Self {
        use actix_web::error::QueryPayloadError as E;
        match cause {
            E::Deserialize(e) => Self::say(Code::InvalidRequest, format!("查询参数有误：{e}")),
            _ => Self::new(Code::InvalidRequest),
        }
    }
}

impl From<actix_web::error::UrlencodedError> for ApiError {
    fn from(cause: actix_web::error::UrlencodedError) -> Self {
        use actix_web::error::UrlencodedError as E;
        match cause {
            E::Overflow { .. } => Self::new(Code::TooLarge),
            E::ContentType => Self::new(Code::UnsupportedMediaType),
            _ => Self::new(Code::InvalidRequest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_snake_case_and_none_stands_twice() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert!(names.iter().all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_')));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
    }
}
