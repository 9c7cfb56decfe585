//! A classroom terminal: paired by six digits, bound to its village, revoked at once, and led through its play days.

use entity::{Moment, UnitId, audit, device, device_run, pairing};
use reqwest::Method;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::json;
use std::time::Duration;
use tests::terminal::{Waiting, paired};
use tests::{Answer, City, Client};

mod browser;
mod play_days;

/// A page as a browser asks for it.
async fn open(client: &Client, path: &str) -> Answer {
    client.get_with(path, "Accept", "text/html").await
}

async fn send_form(client: &Client, path: &str, fields: &[(&str, &str)]) -> Answer {
    client.send(client.request(Method::POST, path).header("Accept", "text/html").form(fields)).await
}

/// The answer with this status, in time.
async fn until(mut ask: impl AsyncFnMut() -> bool) {
    for _ in 0..600 {
        if ask().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it never came true");
}

// ---- pairing ----

#[tokio::test(flavor = "multi_thread")]
async fn a_television_shows_six_digits_and_is_signed_in_once_they_are_approved() {
    let city = City::start().await;
    let waiting = Waiting::ask(&city).await;
    assert!(waiting.code.len() == 6 && waiting.code.bytes().all(|byte| byte.is_ascii_digit()));
    let left = waiting.collect().await.must(202).json()["expires_in"].as_i64().unwrap();
    assert!((590..=600).contains(&left));
    let site = city.client("site").await;
    let id = waiting.approve(&site, city.units["甲村"]).await.must(201).json()["device_id"].as_i64().unwrap();
    let signed_in = waiting.collect().await.must(200);
    let cookies: Vec<&str> = signed_in.headers.get_all("set-cookie").iter().map(|one| one.to_str().unwrap()).collect();
    for name in ["yj_access=", "yj_refresh=", "yj_terminal=1"] {
        assert!(cookies.iter().any(|cookie| cookie.starts_with(name) && cookie.contains("HttpOnly")), "{name}");
    }
    let terminal = waiting.client.holding(signed_in.json()["access_token"].as_str().unwrap());
    let me = terminal.get("/api/v1/me").await.must(200).json();
    assert_eq!((&me["unit_id"], &me["roles"][0]["role"]), (&json!(city.units["甲村"].0), &json!("device")));
    let roster = json!({"lesson_id": city.lesson("video"), "mode": "group", "roster": [city.people["甲村覃小梅"]]});
    terminal.post("/api/v1/playback", roster).await.must(200);
    let noted = audit::Entity::find().filter(audit::Column::Action.eq("device.pair")).all(&city.db.read).await.unwrap();
    assert_eq!(noted[0].account_id, Some(city.accounts["site"]));
    let page = open(&site, "/studio/devices").await.must(200).text();
    assert!(page.contains("会议室电视") && page.contains("最近联系"));
    assert_eq!(device::Entity::find_by_id(entity::DeviceId(id)).count(&city.db.read).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_that_signs_in_may_be_lost_and_the_secret_ends_when_the_terminal_is_heard_of() {
    let city = City::start().await;
    let waiting = Waiting::ask(&city).await;
    waiting.approve(&city.client("site").await, city.units["甲村"]).await.must(201);
    waiting.collect().await.must(200); // cut short on the way
    let terminal = waiting.signed_in().await;
    terminal.get("/api/v1/schedule").await.must(200);
    until(async || waiting.collect().await.status == 410).await;
    let runs = device_run::Entity::find().all(&city.db.read).await.unwrap();
    assert_eq!(runs.len(), 1);
    assert!(Moment::now().since(runs[0].began_at) < 60_000);
    let seen = device::Entity::find().one(&city.db.read).await.unwrap().unwrap().last_seen_at;
    assert_eq!(seen, Some(runs[0].last_seen_at));
    for _ in 0..20 {
        terminal.get("/api/v1/schedule").await.must(200);
    }
    tokio::time::sleep(Duration::from_secs(4)).await;
    let again = device_run::Entity::find().all(&city.db.read).await.unwrap();
    assert_eq!(again, runs, "a terminal is written at most once a minute");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_used_once_and_two_terminals_never_show_the_same() {
    let city = City::start().await;
    let (one, two) = (Waiting::ask(&city).await, Waiting::ask(&city).await);
    assert_ne!(one.code, two.code);
    assert_ne!(one.secret, two.secret);
    let site = city.client("site").await;
    one.approve(&site, city.units["甲村"]).await.must(201);
    let again = one.approve(&site, city.units["甲村"]).await.must(404);
    assert!(again.text().contains("配对码不正确或已过期"));
    two.collect().await.must(202);
    assert_eq!(device::Entity::find().count(&city.db.read).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_approvals_of_one_code_at_once_make_one_terminal() {
    let city = City::start().await;
    let waiting = Waiting::ask(&city).await;
    let (site, village) = (city.client("site").await, city.units["甲村"]);
    let tries = (0..8).map(|_| {
        let (waiting, site) = (waiting.clone(), site.clone());
        tokio::spawn(async move { waiting.approve(&site, village).await.status.as_u16() })
    });
    let mut statuses = Vec::new();
    for one in tries.collect::<Vec<_>>() {
        statuses.push(one.await.unwrap());
    }
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(device::Entity::find().count(&city.db.read).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_binds_a_terminal_beyond_their_reach_and_trying_spends_nothing() {
    let city = City::start().await;
    let waiting = Waiting::ask(&city).await;
    for (login, unit, status) in [
        ("site", "乙村", 404),
        ("trainer-b", "甲村", 404),
        ("site", "东江县", 404),
        ("cadre", "甲村", 403),
        ("office", "甲村", 403),
        ("expert", "甲村", 403),
    ] {
        waiting.approve(&city.client(login).await, city.units[unit]).await.must(status);
    }
    waiting.approve(&city.stranger(), city.units["甲村"]).await.must(401);
    let (_, terminal) = paired(&city, "site", "甲村").await;
    waiting.approve(&terminal, city.units["甲村"]).await.must(403);
    waiting.approve(&city.client("site").await, UnitId(9_999)).await.must(404);
    waiting.collect().await.must(202);
    waiting.approve(&city.client("trainer").await, city.units["乙村"]).await.must(201);
    let beyond = city.units["丙村"].to_string();
    let form = [("code", "123456"), ("unit_id", beyond.as_str()), ("name", "电视"), ("unit", "")];
    send_form(&city.client("site").await, "/studio/devices", &form).await.must(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_codes_is_over_after_ten_even_when_all_come_at_once() {
    let city = City::start().await;
    let waiting = Waiting::ask(&city).await;
    let (trainer, village) = (city.client("trainer").await, city.units["甲村"]);
    let guess = |number: u32| {
        let (trainer, right) = (trainer.clone(), waiting.code.clone());
        tokio::spawn(async move {
            let code = format!("{number:06}");
            let code = if code == right { "999999".to_owned() } else { code };
            let body = json!({"code": code, "name": "电视"});
            trainer.post(&format!("/api/v1/units/{village}/devices"), body).await.status.as_u16()
        })
    };
    let mut statuses = Vec::new();
    for one in (0..40).map(guess).collect::<Vec<_>>() {
        statuses.push(one.await.unwrap());
    }
    assert!(statuses.iter().filter(|status| **status == 404).count() <= 10, "{statuses:?}");
    let stopped = waiting.approve(&trainer, village).await.must(429);
    assert!(stopped.header("retry-after").parse::<u64>().unwrap() > 200);
    let here = village.to_string();
    let form = [("code", waiting.code.as_str()), ("unit_id", here.as_str()), ("name", "电视"), ("unit", "")];
    assert!(send_form(&trainer, "/studio/devices", &form).await.must(429).text().contains("配对码错得太多"));
    waiting.approve(&city.client("site").await, village).await.must(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_asks_for_at_most_three_hundred_codes_in_five_minutes_and_may_still_sign_in() {
    let city = City::start().await;
    let stranger = city.stranger();
    for _ in 0..300 {
        stranger.post("/api/v1/pairings", json!({})).await.must(201);
    }
    let held = city.stranger().post("/api/v1/pairings", json!({})).await.must(429);
    assert!(held.code() == "slow_down" && held.header("retry-after").parse::<u64>().unwrap() > 200);
    assert_eq!(pairing::Entity::find().count(&city.db.read).await.unwrap(), 300);
    city.client("site").await.get("/api/v1/me").await.must(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_terminal_does_not_know_signs_nobody_in() {
    let city = City::start().await;
    let waiting = Waiting::ask(&city).await;
    waiting.approve(&city.client("site").await, city.units["甲村"]).await.must(201);
    let hash = pairing::Entity::find().one(&city.db.read).await.unwrap().unwrap().secret_hash;
    for secret in [waiting.code.as_str(), "", "0", &hash, &"x".repeat(10_000), "\0"] {
        let answer = city.stranger().post("/api/v1/pairings/collect", json!({ "secret": secret })).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (410, "gone"), "{secret}");
    }
    for body in [json!({}), json!({"secret": 5}), json!([]), json!(null)] {
        city.stranger().post("/api/v1/pairings/collect", body).await.must(400);
    }
    city.stranger().post("/api/v1/devices/pair", json!({"code": waiting.code})).await.must(405);
    waiting.signed_in().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_code_is_gone_for_both_sides_and_swept_away() {
    let city = City::start().await;
    let waiting = Waiting::ask(&city).await;
    use sea_orm::sea_query::Expr;
    let past = pairing::Entity::update_many().col_expr(pairing::Column::ExpiresAt, Expr::value(Moment::now()));
    past.exec(&city.db.write).await.unwrap();
    waiting.collect().await.must(410);
    waiting.approve(&city.client("site").await, city.units["甲村"]).await.must(404);
    roster::pairing::sweep(&city.db.write, Moment::now()).await.unwrap();
    assert_eq!(pairing::Entity::find().count(&city.db.read).await.unwrap(), 0);
}

// ---- revoking ----

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_terminal_is_shut_out_at_once_and_told_so_calmly() {
    let city = City::start().await;
    for by_page in [false, true] {
        let (id, terminal) = paired(&city, "site", "甲村").await;
        let media = format!("/media/{}", tests::sha256(&city.video));
        terminal.get_with(&media, "Range", "bytes=0-9").await.must(206);
        terminal.get("/api/v1/schedule").await.must(200);
        let site = city.client("site").await;
        if by_page {
            send_form(&site, &format!("/studio/devices/{id}/revoke"), &[]).await.must(303);
        } else {
            site.delete(&format!("/api/v1/devices/{id}")).await.must(204);
        }
        let after = |answer: Answer| assert!(matches!(answer.status.as_u16(), 401 | 403), "{}", answer.status);
        after(terminal.get("/api/v1/schedule").await);
        after(terminal.get_with(&media, "Range", "bytes=0-9").await);
        let roster = json!({"lesson_id": city.lesson("video"), "mode": "group", "roster": []});
        after(terminal.post("/api/v1/playback", roster).await);
        let cookie = format!("yj_access={}; yj_terminal=1", terminal.token.as_ref().unwrap());
        let television = async |path: &str| {
            let nobody = city.stranger();
            let request = nobody.request(Method::GET, path).header("Accept", "text/html");
            nobody.send(request.header("Cookie", cookie.clone())).await
        };
        for path in ["/classroom", "/classroom/video", "/"] {
            let led = television(path).await.must(303);
            assert_eq!(led.header("location"), "/classroom/pair?ended=1", "{path}");
        }
        let page = television("/classroom/pair?ended=1").await.must(200).text();
        assert!(page.contains("这台电视已经停用") && page.contains("/pair</b>"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_terminal_is_led_to_the_pairing_and_a_paired_one_away_from_it() {
    let city = City::start().await;
    let led = open(&city.stranger(), "/classroom").await.must(303);
    assert_eq!(led.header("location"), "/sign-in?next=%2Fclassroom");
    let (_, terminal) = paired(&city, "site", "甲村").await;
    assert_eq!(open(&terminal, "/classroom/pair").await.must(303).header("location"), "/classroom");
    open(&city.client("site").await, "/classroom/pair").await.must(200);
    let short = open(&city.client("site").await, "/pair").await.must(303);
    assert_eq!(short.header("location"), "/studio/devices");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_failure_in_the_room_has_a_way_back_for_a_remote() {
    let city = City::start().await;
    let (_, terminal) = paired(&city, "site", "甲村").await;
    for path in ["/classroom/nowhere", "/classroom/article", "/classroom/play/99", "/classroom/done/99"] {
        let page = open(&terminal, path).await.must(404).text();
        assert!(page.contains("data-back") && page.contains("data-first") && page.contains("classroom."), "{path}");
    }
}

// ---- the page that lets terminals in ----

#[tokio::test(flavor = "multi_thread")]
async fn the_form_keeps_what_was_typed_until_it_is_right() {
    let city = City::start().await;
    let (waiting, trainer) = (Waiting::ask(&city).await, city.client("trainer").await);
    let (village, wrong) = (city.units["甲村"].to_string(), if waiting.code == "000000" { "000001" } else { "000000" });
    let village = village.as_str();
    let mistyped = [("code", wrong), ("unit_id", village), ("name", "礼堂投影"), ("unit", "")];
    let page = send_form(&trainer, "/studio/devices", &mistyped).await.must(404).text();
    assert!(page.contains(&format!("value=\"{wrong}\"")));
    assert!(page.contains("礼堂投影") && page.contains(&format!("value=\"{village}\" selected")));
    let nowhere = [("code", waiting.code.as_str()), ("unit_id", ""), ("name", "礼堂投影")];
    let page = send_form(&trainer, "/studio/devices", &nowhere).await.must(400).text();
    assert!(page.contains("请选择电视放在哪个村"));
    let code = format!("{} {}", &waiting.code[..3], &waiting.code[3..]);
    let nameless = [("code", code.as_str()), ("unit_id", village), ("name", " ")];
    assert!(send_form(&trainer, "/studio/devices", &nameless).await.must(400).text().contains("1 到 50 个字"));
    let right = [("code", code.as_str()), ("unit_id", village), ("name", "礼堂投影")];
    let done = send_form(&trainer, "/studio/devices", &right).await.must(303).header("location").to_owned();
    assert!(open(&trainer, &done).await.must(200).text().contains("礼堂投影（甲村）"));
    let other = city.client("trainer-b").await;
    let id = done.rsplit('=').next().unwrap();
    assert!(!open(&other, &format!("/studio/devices?paired={id}")).await.must(200).text().contains("礼堂投影"));
    waiting.signed_in().await;
}
