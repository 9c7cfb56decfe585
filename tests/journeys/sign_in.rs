//! Signing in: tokens, cookies, rotation, lock-out, other sites.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::Method;
use serde_json::{Value, json};
use tests::city::PASSWORD;
use tests::{Answer, City};

fn credentials(login: &str, password: &str) -> Value {
    json!({"login": login, "password": password})
}

fn cookies(answer: &Answer) -> Vec<String> {
    answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap().to_owned()).collect()
}

async fn with_token(city: &City, token: &str) -> Answer {
    city.stranger().holding(token).get("/api/v1/me").await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_password_brings_tokens_and_safe_cookies() {
    let city = City::start().await;
    let answer = city.stranger().post("/api/v1/session", credentials("cadre", PASSWORD)).await.must(200);
    let body = answer.json();
    assert!(body["expires_in"].as_i64().unwrap() <= 900);
    assert!(body["refresh_token"].as_str().unwrap().len() >= 43);
    let set = cookies(&answer);
    assert_eq!(set.len(), 2);
    assert!(set.iter().all(|cookie| cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax")), "{set:?}");
    assert_eq!(with_token(&city, body["access_token"].as_str().unwrap()).await.must(200).json()["login"], "cadre");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_login_and_a_wrong_password_look_the_same() {
    let city = City::start().await;
    let unknown = city.stranger().post("/api/v1/session", credentials("nobody", "whatever-1")).await.must(401);
    let wrong = city.stranger().post("/api/v1/session", credentials("cadre", "whatever-1")).await.must(401);
    assert_eq!(unknown.body, wrong.body);
    assert_eq!(wrong.code(), "wrong_password");
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_slowed_and_the_right_password_still_works_later() {
    let city = City::start().await;
    for _ in 0..5 {
        city.stranger().post("/api/v1/session", credentials("cadre", "guess-guess")).await.must(401);
    }
    let_failures_pass(&city, -60_000).await; // no machine is slow enough to outwait it
    let slowed = city.stranger().post("/api/v1/session", credentials("cadre", "guess-guess")).await.must(429);
    assert_eq!(slowed.code(), "slow_down");
    let wait: i64 = slowed.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    let_failures_pass(&city, wait * 1000 + 61_000).await;
    city.stranger().post("/api/v1/session", credentials("cadre", PASSWORD)).await.must(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_tries_again_and_again_learns_nothing_of_whether_the_login_is_there() {
    let city = City::start().await;
    let sign_in = async |login: &str| {
        let answer = city.stranger().post("/api/v1/session", credentials(login, "guess-guess")).await;
        (answer.status.as_u16(), answer.code(), answer.headers.contains_key("retry-after"))
    };
    let page = async |login: &str| {
        let form = [("login", login), ("password", "guess-guess")];
        let answer = city.stranger().send(city.stranger().request(Method::POST, "/sign-in").form(&form)).await;
        (answer.status.as_u16(), answer.text().replace(login, ""))
    };
    let mut steps = Vec::new();
    for step in 0..9 {
        let known = sign_in("cadre").await;
        assert_eq!(known, sign_in("nobody").await, "try {step}");
        steps.push(known.0);
        if step == 4 || step == 7 {
            let_failures_pass(&city, -60_000).await; // no machine is slow enough to outwait it
        }
        if step == 6 {
            let_failures_pass(&city, 63_000).await;
        }
    }
    assert_eq!(steps, [401, 401, 401, 401, 401, 429, 429, 401, 429]);
    assert_eq!(page("cadre").await.0, page("nobody").await.0);
}

/// Moves the last failure into the past, as if the time had gone by.
async fn let_failures_pass(city: &City, ms: i64) {
    use entity::sign_in_failure::{Column, Entity};
    use sea_orm::EntityTrait;
    use sea_orm::sea_query::{Expr, ExprTrait};
    let earlier = Expr::col(Column::At).sub(ms);
    Entity::update_many().col_expr(Column::At, earlier).exec(&city.db.write).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_works_once_and_its_reuse_ends_the_family() {
    let city = City::start().await;
    let stranger = city.stranger();
    let first = stranger.post("/api/v1/session", credentials("cadre", PASSWORD)).await.must(200).json();
    let refresh = |token: Value| {
        let stranger = stranger.clone();
        async move { stranger.post("/api/v1/session/refresh", json!({"refresh_token": token})).await }
    };
    let second = refresh(first["refresh_token"].clone()).await.must(200).json();
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    let reused = refresh(first["refresh_token"].clone()).await.must(401);
    assert_eq!(reused.code(), "token_reused");
    refresh(second["refresh_token"].clone()).await.must(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_refresh_cookie_alone_brings_a_new_access_cookie() {
    let city = City::start().await;
    let answer = city.stranger().post("/api/v1/session", credentials("cadre", PASSWORD)).await.must(200);
    let refresh = cookies(&answer).into_iter().find(|cookie| cookie.starts_with("yj_refresh=")).unwrap();
    let refresh = refresh.split(';').next().unwrap().to_owned();
    let renewed = city.stranger().get_with("/api/v1/me", "Cookie", &refresh).await.must(200);
    assert!(cookies(&renewed).iter().any(|cookie| cookie.starts_with("yj_access=")));
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_by_bearer_ends_that_session_at_once_and_no_other() {
    let city = City::start().await;
    let stranger = city.stranger();
    let sign_in = async || stranger.post("/api/v1/session", credentials("cadre", PASSWORD)).await.must(200).json();
    let refresh = async |session: &Value| {
        let body = json!({"refresh_token": session["refresh_token"]});
        stranger.post("/api/v1/session/refresh", body).await
    };
    let by = |session: &Value| stranger.holding(session["access_token"].as_str().unwrap());
    let (phone, desk) = (sign_in().await, sign_in().await);
    by(&phone).delete("/api/v1/session").await.must(204);
    by(&phone).get("/api/v1/me").await.must(401);
    refresh(&phone).await.must(401);
    by(&desk).get("/api/v1/me").await.must(200);
    let later = refresh(&desk).await.must(200).json();
    by(&later).delete("/api/v1/session").await.must(204);
    for token in [&desk, &later] {
        by(token).get("/api/v1/me").await.must(401);
    }
    by(&sign_in().await).get("/api/v1/me").await.must(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_by_cookie_leaves_no_token_of_that_session_good() {
    let city = City::start().await;
    let stranger = city.stranger();
    for (path, kept) in [("/api/v1/session", ""), ("/api/v1/session", "yj_refresh"), ("/sign-out", "")] {
        let signed_in = stranger.post("/api/v1/session", credentials("cadre", PASSWORD)).await.must(200);
        let sent: Vec<_> = cookies(&signed_in).iter().map(|set| set.split(';').next().unwrap().to_owned()).collect();
        let shown: Vec<_> = sent.iter().filter(|cookie| cookie.starts_with(kept)).cloned().collect();
        let method = if path == "/sign-out" { Method::POST } else { Method::DELETE };
        let left = stranger.send(stranger.request(method, path).header("Cookie", shown.join("; "))).await;
        assert!(matches!(left.status.as_u16(), 204 | 303), "{path}: {}", left.status);
        assert!(cookies(&left).iter().all(|set| set.contains("Max-Age=0")), "{path}: {:?}", cookies(&left));
        for cookie in &sent {
            stranger.get_with("/api/v1/me", "Cookie", cookie).await.must(401);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_everywhere_ends_every_token_at_once() {
    let city = City::start().await;
    let (phone, desk) = (city.client("cadre").await, city.client("cadre").await);
    desk.get("/api/v1/me").await.must(200);
    phone.delete("/api/v1/sessions").await.must(204);
    desk.get("/api/v1/me").await.must(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_password_must_be_changed_before_anything_else() {
    let city = City::start().await;
    let new = roster::account::NewAccount {
        login: "newcomer",
        password: Some("first-password-1"),
        person_id: None,
        device_id: None,
        must_change: true,
    };
    roster::account::create(&city.db.write, new, None, entity::Moment::now()).await.unwrap();
    let client = city.stranger().sign_in("newcomer", "first-password-1").await;
    assert_eq!(client.get("/api/v1/courses").await.must(403).code(), "password_change_required");
    let weak = client.post("/api/v1/password", json!({"old": "first-password-1", "new": "12345678"})).await;
    assert_eq!(weak.must(400).code(), "weak_password");
    client.post("/api/v1/password", json!({"old": "first-password-1", "new": "my-own-password-2"})).await.must(204);
    let again = city.stranger().sign_in("newcomer", "my-own-password-2").await;
    again.get("/api/v1/courses").await.must(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_tokens_are_refused() {
    let city = City::start().await;
    let good = city.client("cadre").await.token.unwrap();
    let parts: Vec<&str> = good.split('.').collect();
    let sub = city.accounts["cadre"].to_string();
    let now = entity::Moment::now().0 / 1000;
    let claims = |name: &str, value: Value| {
        let mut claims = json!({"sub": sub, "sid": "s", "epo": 0, "iss": "yuanjiao", "aud": "yuanjiao",
            "iat": now, "nbf": now, "exp": now + 600});
        claims[name] = value;
        claims
    };
    let key = server::auth::keys::Keys::open(&city.data).unwrap().derive("access-token");
    let sign = |algorithm, key: &[u8], claims: &Value| {
        encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(key)).unwrap()
    };
    with_token(&city, &sign(Algorithm::HS256, &key, &claims("epo", json!(0)))).await.must(200);
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    let forged = [
        format!("{none}.{}.", parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}.{}", parts[0], parts[1], parts[2].chars().rev().collect::<String>()),
        sign(Algorithm::HS256, b"wrong key", &claims("epo", json!(0))),
        sign(Algorithm::HS256, b"", &claims("epo", json!(0))),
        sign(Algorithm::HS384, &key, &claims("epo", json!(0))),
        sign(Algorithm::HS512, &key, &claims("epo", json!(0))),
        sign(Algorithm::HS256, &key, &claims("aud", json!("elsewhere"))),
        sign(Algorithm::HS256, &key, &claims("iss", json!("elsewhere"))),
        sign(Algorithm::HS256, &key, &claims("exp", json!(now - 5))),
        sign(Algorithm::HS256, &key, &claims("nbf", json!(now + 60))),
        sign(Algorithm::HS256, &key, &claims("sub", json!("999999"))),
        sign(Algorithm::HS256, &key, &claims("epo", json!(7))),
        sign(Algorithm::HS256, &key, &claims("sid", Value::Null)),
        String::new(),
        "a.b.c".into(),
    ];
    for token in forged {
        with_token(&city, &token).await.must(401);
        city.stranger().get_with("/api/v1/me", "Cookie", &format!("yj_access={token}")).await.must(401);
    }
}

/// A token with these claims whose header names this algorithm and whose signature is these bytes.
fn signed_with(algorithm: &str, claims: &str, signature: &[u8]) -> String {
    let header = json!({"alg": algorithm, "typ": "JWT"}).to_string();
    format!("{}.{claims}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_of_zeros_is_none_in_any_algorithm() {
    let city = City::start().await;
    let good = city.client("cadre").await.token.unwrap();
    let claims = good.split('.').nth(1).unwrap();
    // Zeros, as plain numbers or in DER, are good for every message where ECDSA forgets to look (CVE-2022-21449).
    let signatures: [&[u8]; 6] = [&[], &[0; 64], &[0; 96], &[0; 132], &[0; 256], b"\x30\x06\x02\x01\x00\x02\x01\x00"];
    for algorithm in ["ES256", "ES384", "ES512", "ES256K", "PS256", "RS256", "EdDSA", "HS256", "none", "NONE"] {
        for signature in signatures {
            let token = signed_with(algorithm, claims, signature);
            with_token(&city, &token).await.must(401);
            city.stranger().get_with("/api/v1/me", "Cookie", &format!("yj_access={token}")).await.must(401);
        }
    }
    with_token(&city, &good).await.must(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_sites_page_cannot_act_with_our_cookies() {
    let city = City::start().await;
    let client = city.client("cadre").await;
    for (name, value) in [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site"), ("Origin", "null")] {
        let request = client.request(Method::DELETE, "/api/v1/sessions").header(name, value);
        assert_eq!(client.send(request).await.must(403).code(), "cross_site");
    }
    let own = client.request(Method::DELETE, "/api/v1/sessions").header("Origin", &city.url);
    client.send(own).await.must(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_servers_secret_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let city = City::start().await;
    let mode = std::fs::metadata(city.data.join("secret.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
