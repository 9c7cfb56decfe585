//! Where a request comes from: its peer, or whom a proxy that is trusted says it speaks for.

use crate::config::Config;
use actix_web::HttpRequest;
use actix_web::web::Data;
use std::net::{IpAddr, Ipv4Addr};

/// The address a request comes from. Of `X-Forwarded-For` only the last entry counts, which the proxy itself wrote, and
/// only from a proxy among `trusted_proxies`: anybody else's word for it is not taken.
pub fn of(request: &HttpRequest) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    let trusted = request.app_data::<Data<Config>>().is_some_and(|config| config.trusted_proxies.contains(&peer));
    let told = request.headers().get("x-forwarded-for").filter(|_| trusted).and_then(|value| value.to_str().ok());
    told.and_then(|text| text.rsplit(',').next()?.trim().parse().ok()).unwrap_or(peer)
}
