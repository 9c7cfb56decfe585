//! The route table against every role, in scope and out of it, and against the served OpenAPI document.

mod bodies;
mod numbers;
mod things;

use entity::Role;
use reqwest::Method;
use serde_json::{Value, json};
use server::routes::{ROUTES, Route, Who};
use std::collections::BTreeSet;
use tests::city::LOGINS;
use tests::terminal::paired;
use tests::{City, Client};
pub(crate) use things::Things;

async fn ask(client: &Client, route: &Route, path: &str, body: Option<Value>) -> u16 {
    let method = Method::from_bytes(route.method.as_bytes()).unwrap();
    let mut request = client.request(method, path);
    if path.starts_with("/uploads") {
        request = request.header("Tus-Resumable", "1.0.0");
    }
    if route.path == "/uploads/{id}" && route.method == "PATCH" {
        request =
            request.header("Upload-Offset", 0).header("Content-Type", "application/offset+octet-stream").body("{}");
    } else if body.is_some() || matches!(route.method, "POST" | "PATCH") {
        request = request.json(&body.unwrap_or_else(|| json!({})));
    }
    client.send(request).await.status.as_u16()
}

/// Routes that end the caller's own session, which the walk still needs.
fn ends_the_session(route: &Route) -> bool {
    route.path.starts_with("/api/v1/session") && route.method == "DELETE" || route.path == "/sign-out"
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_refuses_strangers_and_wrong_roles_and_admits_the_right_ones() {
    let city = city_with_two_counties().await;
    let things = Things::of(&city, "").await;
    let mut wrong = Vec::new();
    for (role, login) in LOGINS {
        let client = city.client(login).await;
        for route in ROUTES.iter().filter(|route| !ends_the_session(route)) {
            let status = ask(&client, route, &things.fill(route), None).await;
            let may = match route.who {
                Who::Anyone | Who::SignedIn | Who::SignedInOrRoom => true,
                Who::With(roles) => roles.contains(role),
            };
            let refused = status == 403;
            let own_reading_of_a_colleague =
                route.path.contains("/archive") || route.path.ends_with("/gap") || route.path.starts_with("/media");
            if status >= 500 || status == 401 && !matches!(route.who, Who::Anyone) || !may && !refused {
                wrong.push(format!("{role} {} {} -> {status}", route.method, route.path));
            }
            if may && refused && !own_reading_of_a_colleague {
                wrong.push(format!("{role} {} {} -> refused", route.method, route.path));
            }
        }
    }
    let stranger = city.stranger();
    for route in ROUTES.iter().filter(|route| !matches!(route.who, Who::Anyone)) {
        let status = ask(&stranger, route, &things.fill(route), None).await;
        if status != 401 && status != 303 {
            wrong.push(format!("stranger {} {} -> {status}", route.method, route.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_signed_in_is_told_so_before_anything_is_said_of_what_they_sent() {
    let city = City::start().await;
    let (things, stranger) = (Things::of(&city, "").await, city.stranger());
    let mut wrong = Vec::new();
    for route in ROUTES.iter().filter(|route| !matches!(route.who, Who::Anyone)) {
        let method = Method::from_bytes(route.method.as_bytes()).unwrap();
        let request = stranger.request(method, &things.fill(route)).header("Content-Type", "application/x-wrong");
        let request = if matches!(route.method, "GET" | "HEAD") { request } else { request.body("ab") };
        let status = stranger.send(request).await.status.as_u16();
        if status != 401 && status != 303 {
            wrong.push(format!("{} {} -> {status}", route.method, route.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_can_do_what_a_classroom_does_and_nothing_else() {
    let city = city_with_two_counties().await;
    let things = Things::of(&city, "").await;
    let (_, terminal) = paired(&city, "site", "甲村").await;
    let mut wrong = Vec::new();
    for route in ROUTES.iter().filter(|route| !ends_the_session(route)) {
        let may = match route.who {
            Who::Anyone | Who::SignedInOrRoom => true,
            Who::SignedIn => false,
            Who::With(roles) => roles.contains(&Role::Device),
        };
        let status = ask(&terminal, route, &things.fill(route), None).await;
        if status >= 500 && status != 503 || may == (status == 403) && !route.path.starts_with("/media") {
            wrong.push(format!("{} {} -> {status}", route.method, route.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let admits = |route: &&Route| match route.who {
        Who::SignedInOrRoom => true,
        Who::With(roles) => roles.contains(&Role::Device),
        Who::Anyone | Who::SignedIn => false,
    };
    let mut may_all: BTreeSet<String> =
        ROUTES.iter().filter(admits).map(|route| format!("{} {}", route.method, route.path)).collect();
    // Whatever is not about a room, oneself, or a lesson being played has no business here.
    let of_a_room = ["/classroom", "/api/v1/playback", "/api/v1/schedule", "/api/v1/suggest", "/api/v1/me", ".vtt"];
    may_all.retain(|route| !of_a_room.iter().any(|part| route.contains(part)));
    assert_eq!(may_all, BTreeSet::from(["DELETE /api/v1/sessions".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_role_reaches_another_county() {
    let city = city_with_two_counties().await;
    let foreign = Things::of(&city, "-b").await;
    let document = city.stranger().get("/openapi.json").await.must(200).json();
    let named = foreign.named();
    let mut wrong = Vec::new();
    let of_a_county = [
        "/lessons/{id}",
        "/units/",
        "/people/{id}",
        "/exemptions/",
        "/merges/",
        "/seals/",
        "/late-sessions/",
        "/office/late/",
        "/devices/{id}",
        "/play-days/{id}",
        "/plans/{id}",
        "/classes/{id}",
        "/declared/{id}",
        "uploads/{id}",
        "/playback/{id}",
        "/sessions/{id}",
        "/guests/{id}",
        "/reports/",
        "/media/",
    ];
    for (role, login) in LOGINS {
        let client = city.client(login).await;
        for route in ROUTES.iter().filter(|route| of_a_county.iter().any(|part| route.path.contains(part))) {
            let body = bodies::body(&document, route.method, route.path, &named);
            // Without a body that could be taken it is refused before the thing is looked for, so nothing is learnt of it.
            let unread = body.is_none() && route.method != "GET";
            let status = ask(&client, route, &foreign.fill(route), body).await;
            let refused = matches!(status, 403 | 404) || unread && matches!(status, 400 | 405 | 412 | 415);
            if !refused && route.method != "OPTIONS" {
                wrong.push(format!("{role} {} {} -> {status}", route.method, foreign.fill(route)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_about_a_unit_of_another_county_names_nothing_of_it() {
    let city = city_with_two_counties().await;
    let foreign = Things::of(&city, "-b").await;
    let mut wrong = Vec::new();
    for (role, login) in LOGINS {
        let client = city.client(login).await;
        for route in ROUTES.iter().filter(|route| route.method == "GET" && !route.path.contains('{')) {
            let answer = client.get(&format!("{}?unit={}", route.path, foreign.unit)).await;
            if answer.status.is_success() && answer.text().contains("丙村") {
                wrong.push(format!("{role} {}", route.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_openapi_document_names_exactly_the_routes_of_the_api() {
    let city = City::start().await;
    let document = city.stranger().get("/openapi.json").await.must(200).json();
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys().filter(|key| *key != "parameters") {
            documented.insert((method.to_uppercase(), path.clone()));
        }
    }
    let of_the_api = |route: &&Route| {
        let pages = ["/assets", "/openapi.json"];
        ["/api/", "/media", "/uploads", "/healthz", "/readyz", "/metrics"]
            .iter()
            .any(|start| route.path.starts_with(start))
            && !pages.contains(&route.path)
    };
    let mut routed: BTreeSet<_> =
        ROUTES.iter().filter(of_the_api).map(|route| (route.method.to_owned(), route.path.to_owned())).collect();
    let heads: Vec<_> = documented.iter().filter(|(method, _)| method == "HEAD").cloned().collect();
    for (method, path) in heads {
        if routed.contains(&("GET".to_owned(), path.clone())) {
            routed.insert((method, path)); // a GET route also answers HEAD
        }
    }
    assert_eq!(documented, routed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_method_is_told_which_ones_are_right() {
    let city = City::start().await;
    let answer = city.stranger().send(city.stranger().request(Method::PUT, "/api/v1/session")).await.must(405);
    assert_eq!((answer.code().as_str(), answer.header("allow")), ("method_not_allowed", "POST, DELETE"));
    let nowhere = city.stranger().get("/api/v1/nowhere").await.must(404);
    assert_eq!(nowhere.code(), "not_found");
}

async fn city_with_two_counties() -> City {
    let mut city = City::start().await;
    let (west, course) = (city.units["西山县"], city.course(city.units["西山县"]).await);
    let blob = city.blob(b"only for the west", "video/mp4", "west.mp4", west, Some(60_000)).await;
    let row =
        City::lesson_row(course, "draft-b", 0, "西山县草稿", Some((blob, 60_000)), west, entity::LessonState::Draft);
    city.insert_lessons(vec![row]).await;
    city
}
