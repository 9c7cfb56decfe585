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
/// itself wrote; anybody else's word is not taken.
pub fn told<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let config = request.app_data::<Data<Config>>()?;
    let value = request.headers().get(name).filter(|_| config.trusted_proxies.contains(&peer(request)))?;
    Some(value.to_str().ok()?.rsplit(',').next()?.trim())
}

fn peer(request: &HttpRequest) -> IpAddr {
    request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip())
}
