//! The address by which people reach this server, for what is read elsewhere than in the browser that asked: QR codes,
//! printed certificates, the television's hint where to sign in.
//!
//! Decided in this one place: what is set; else https when this server speaks it itself or only a proxy that does leads to
//! it; else what a trusted proxy says. Nobody else's word is taken, or a stranger's request could send a room to their host.

use crate::auth::address::told;
use crate::config::Config;
use actix_web::HttpRequest;
use actix_web::http::Uri;
use actix_web::http::header::HOST;
use actix_web::web::Data;
use serde::Deserialize;

/// `https://learn.example.cn`: a scheme and a host, and nothing behind it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PublicUrl {
    scheme: String,
    host: String,
}

/// The address of the server that a request came to.
pub fn of(request: &HttpRequest) -> PublicUrl {
    let config = request.app_data::<Data<Config>>();
    if let Some(set) = config.and_then(|config| config.public_url.clone()) {
        return set;
    }
    let scheme = match told(request, "x-forwarded-proto") {
        _ if config.is_some_and(|config| config.is_https()) => "https",
        Some("https") => "https",
        _ => "http",
    };
    PublicUrl { scheme: scheme.to_owned(), host: host(request) }
}

/// The host that was asked for: as a trusted proxy says, as the request's target does, or as its `Host` does (RFC 9110,
/// section 7.2).
fn host(request: &HttpRequest) -> String {
    let asked = request.uri().authority().map(|authority| authority.as_str());
    let named = || request.headers().get(HOST)?.to_str().ok();
    let host = told(request, "x-forwarded-host").filter(|host| is_host(host)).or(asked).or_else(named);
    host.unwrap_or_else(|| request.app_config().host()).to_owned()
}

fn is_host(text: &str) -> bool {
    text.parse::<Uri>().is_ok_and(|uri| uri.authority().is_some_and(|authority| authority.as_str() == text))
}

impl PublicUrl {
    /// The host, with its port where that is not the usual one.
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl std::fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)
    }
}

impl TryFrom<String> for PublicUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("public_url 应写作 https://learn.example.cn，后面不带路径，不是“{text}”");
        let (scheme, host) = text.trim_end_matches('/').split_once("://").ok_or_else(wrong)?;
        match scheme {
            "http" | "https" if is_host(host) => Ok(Self { scheme: scheme.to_owned(), host: host.to_owned() }),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use std::path::PathBuf;

    fn asked(config: Config, headers: &[(&'static str, &'static str)]) -> String {
        let peer = "127.0.0.1:4000".parse().unwrap();
        let plain = TestRequest::default().app_data(Data::new(config)).peer_addr(peer).insert_header(("host", "a.cn"));
        let request = headers.iter().fold(plain, |request, header| request.insert_header(*header));
        of(&request.to_http_request()).to_string()
    }

    #[test]
    fn what_is_set_goes_before_whatever_a_request_says() {
        let set = PublicUrl::try_from("https://learn.example.cn/".to_owned()).unwrap();
        let config = Config { public_url: Some(set), ..Config::default() };
        assert_eq!(asked(config, &[("x-forwarded-proto", "http")]), "https://learn.example.cn");
    }

    #[test]
    fn a_server_that_is_reached_by_https_alone_says_so_over_http_1_too() {
        let own = Config { tls_certificate: Some(PathBuf::from("tls.pem")), ..Config::default() };
        let behind = Config { secure_cookies: true, ..Config::default() };
        assert_eq!([asked(own, &[]), asked(behind, &[])], ["https://a.cn", "https://a.cn"]);
        assert_eq!(asked(Config::default(), &[]), "http://a.cn");
    }

    #[test]
    fn a_proxy_is_believed_when_it_is_trusted_and_nobody_else() {
        let said = [("x-forwarded-proto", "http, https"), ("x-forwarded-host", "learn.example.cn")];
        assert_eq!(asked(Config::default(), &said), "https://learn.example.cn");
        let nobody = Config { trusted_proxies: Vec::new(), ..Config::default() };
        assert_eq!(asked(nobody, &said), "http://a.cn");
        let odd =
            [("x-forwarded-proto", "javascript"), ("x-forwarded-host", "evil.example/x?"), ("forwarded", "host=b.cn")];
        assert_eq!(asked(Config::default(), &odd), "http://a.cn");
    }

    #[test]
    fn an_address_that_cannot_be_one_is_refused() {
        for text in ["learn.example.cn", "ftp://learn.example.cn", "https://", "https://a.cn/path", "https://a b"] {
            assert!(PublicUrl::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
