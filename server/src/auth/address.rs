//! Where a request comes from: its peer, or whom a proxy that is trusted says it speaks for.

use crate::config::Config;
use actix_web::HttpRequest;
use actix_web::web::Data;
use std::net::{IpAddr, Ipv4Addr};

/// The address a request comes from, as its peer is or a trusted proxy says in `X-Forwarded-For`.
pub fn of(request: &HttpRequest) -> IpAddr {
    told(request, "x-forwarded-for").and_then(|text| text.parse().ok()).unwrap_or_else(|| peer(request))
}

/// What a proxy among `trusted_proxies` says of a request in this header. Only the last entry counts, which the proxy
/// itself wrote, at the end of the client's line or in a line below it; anybody else's word is not taken.
pub fn told<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let config = request.app_data::<Data<Config>>()?;
    let value = request.headers().get_all(name).last().filter(|_| config.trusted_proxies.contains(&peer(request)))?;
    Some(value.to_str().ok()?.rsplit(',').next()?.trim())
}

fn peer(request: &HttpRequest) -> IpAddr {
    request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn asked(peer: &str, lines: &[&'static str]) -> String {
        let config = Config { trusted_proxies: vec![IpAddr::from([10, 0, 0, 1])], ..Config::default() };
        let request =
            TestRequest::default().app_data(Data::new(config)).peer_addr(format!("{peer}:4000").parse().unwrap());
        let request = lines.iter().fold(request, |request, line| request.append_header(("x-forwarded-for", *line)));
        of(&request.to_http_request()).to_string()
    }

    #[test]
    fn a_trusted_proxy_tells_whom_it_speaks_for() {
        assert_eq!(asked("10.0.0.1", &["203.0.113.7"]), "203.0.113.7");
        assert_eq!(asked("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(asked("10.0.0.1", &["nobody"]), "10.0.0.1");
    }

    #[test]
    fn what_the_client_wrote_before_the_proxy_is_not_taken() {
        assert_eq!(asked("10.0.0.1", &["1.1.1.1, 203.0.113.7"]), "203.0.113.7");
        assert_eq!(asked("10.0.0.1", &["1.1.1.1", "203.0.113.7"]), "203.0.113.7");
    }

    #[test]
    fn nobody_else_is_believed() {
        assert_eq!(asked("198.51.100.9", &["203.0.113.7"]), "198.51.100.9");
    }
}
