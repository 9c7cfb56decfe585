//! A classroom terminal: paired by six digits, bound to its village, revoked at once, and led through its play days.

use entity::{Day, LessonId, Moment, UnitId, audit, device, device_run, pairing, play_day, play_day_lesson};
use reqwest::Method;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, Set};
use serde_json::{Value, json};
use std::time::Duration;
use tests::browser::Browser;
use tests::terminal::{Waiting, paired};
use tests::{Answer, City, Client};
use thirtyfour::Key;

/// A play day of a unit on every date, at this minute of the day, in force since long ago.
async fn every_day(city: &City, unit: &str, at_minute: i32, lessons: &[&str]) -> i64 {
    let days = (1..=31).map(|date| date.to_string()).collect::<Vec<_>>().join(",");
    let row = play_day::ActiveModel {
        unit_id: Set(city.units[unit]),
        title: Set(format!("{unit}夜校")),
        days: Set(days),
        at_minute: Set(at_minute),
        valid_from: Set(Day::from_ymd_opt(2026, 1, 1).unwrap()),
        ended_on: Set(None),
        created_by: Set(None),
        created_at: Set(Moment(0)),
        ..Default::default()
    };
    let id = row.insert(&city.db.write).await.unwrap().id;
    for (position, slug) in (1..).zip(lessons) {
        let row = play_day_lesson::ActiveModel {
            play_day_id: Set(id),
            position: Set(position),
            lesson_id: Set(LessonId(city.lesson(slug))),
        };
        row.insert(&city.db.write).await.unwrap();
    }
    id.0
}

/// A page as a browser asks for it.
async fn open(client: &Client, path: &str) -> Answer {
    client.get_with(path, "Accept", "text/html").await
}

async fn send_form(client: &Client, path: &str, fields: &[(&str, &str)]) -> Answer {
    client.send(client.request(Method::POST, path).header("Accept", "text/html").form(fields)).await
}

/// The answer with this status, in time.
async fn until(mut ask: impl AsyncFnMut() -> bool) {
    for _ in 0..150 {
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

// ---- play days ----

fn tomorrow() -> String {
    Moment::now().day().succ_opt().unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_county_sets_a_play_day_and_its_rooms_alone_play_it() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let county = city.units["东江县"];
    let body = json!({"unit_id": county, "title": "冬季夜校", "days": "逢6", "at": "19:30", "valid_from": tomorrow(),
        "lessons": [city.lesson("video"), city.lesson("east")]});
    let made = trainer.post("/api/v1/play-days", body).await.must(201).json();
    assert_eq!((&made["days"], &made["at"]), (&json!("*6"), &json!("19:30")));
    let (_, terminal) = paired(&city, "site", "甲村").await;
    let next = terminal.get("/api/v1/schedule").await.must(200).json()["next"].clone();
    assert_eq!(next["title"], "冬季夜校");
    let day = Moment(next["at"].as_i64().unwrap()).day().to_string();
    assert!(day.contains('6') && day.ends_with(['6']), "{day}");
    assert!(open(&terminal, "/classroom").await.text().contains("今天不是播放日"));
    let (_, other) = paired(&city, "trainer-b", "丙村").await;
    assert_eq!(other.get("/api/v1/schedule").await.must(200).json()["next"], Value::Null);
    assert!(open(&other, "/classroom").await.text().contains("还没有设播放日"));
    let id = made["id"].as_i64().unwrap();
    city.client("trainer-b").await.post(&format!("/api/v1/play-days/{id}/end"), json!({})).await.must(404);
    city.client("site").await.post(&format!("/api/v1/play-days/{id}/end"), json!({})).await.must(403);
    let ended = trainer.post(&format!("/api/v1/play-days/{id}/end"), json!({})).await.must(200).json();
    assert!(ended["ended_on"].is_string());
    assert_eq!(terminal.get("/api/v1/schedule").await.must(200).json()["next"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_play_day_is_refused_field_by_field_and_never_beyond_reach() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let right = json!({"unit_id": city.units["东江县"], "title": "夜校", "days": "5,15,25", "at": "19:30",
        "valid_from": tomorrow(), "lessons": [city.lesson("video")]});
    for (field, value) in [
        ("title", json!("")),
        ("days", json!("32")),
        ("at", json!("7点半")),
        ("valid_from", json!("2020-01-01")),
        ("valid_from", json!("明天")),
        ("lessons", json!([])),
        ("lessons", json!([city.lesson("article")])),
        ("lessons", json!([city.lesson("draft")])),
        ("lessons", json!(vec![city.lesson("video"); 2])),
    ] {
        let mut body = right.clone();
        body[field] = value.clone();
        let refused = trainer.post("/api/v1/play-days", body).await.must(400);
        assert!(refused.json()["message"].as_str().unwrap().starts_with(field), "{value}: {}", refused.text());
    }
    let mut body = right.clone();
    for beyond in ["西山县", "桂岭市"] {
        body["unit_id"] = json!(city.units[beyond]);
        trainer.post("/api/v1/play-days", body.clone()).await.must(404);
    }
    body["lessons"] = json!([city.lesson("east")]);
    let city_admin = city.client("city-admin").await;
    let refused = city_admin.post("/api/v1/play-days", body).await.must(400);
    assert!(refused.text().contains("不是给桂岭市全部站点看的"), "{}", refused.text());
    assert_eq!(play_day::Entity::find().count(&city.db.read).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_of_a_play_day_searches_orders_and_keeps_everything() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let (county, from) = (city.units["东江县"].to_string(), tomorrow());
    let (video, east) = (city.lesson("video").to_string(), city.lesson("east").to_string());
    let post = async |days: &str, lessons: &str, q: &str, deed: &str| {
        let fields = [
            ("unit_id", county.as_str()),
            ("title", "冬闲夜校"),
            ("days", days),
            ("at", "19:30"),
            ("valid_from", from.as_str()),
            ("lessons", lessons),
            ("q", q),
            ("do", deed),
        ];
        send_form(&trainer, "/studio/play-days", &fields).await
    };
    until(async || post("x", "", "shatangju", "search").await.must(200).text().contains(&format!("add:{video}"))).await;
    let page = post("x", &east, "shatangju", &format!("add:{video}")).await.must(200).text();
    assert!(page.contains("value=\"冬闲夜校\"") && page.contains("value=\"x\"") && page.contains("已在课单"));
    assert!(page.contains(&format!("name=\"lessons\" value=\"{east},{video}\"")));
    let page = post("x", &format!("{east},{video}"), "", &format!("up:{video}")).await.must(200).text();
    assert!(page.contains(&format!("name=\"lessons\" value=\"{video},{east}\"")));
    let page = post("x", &format!("{video},{east}"), "", "save").await.must(422).text();
    assert!(page.contains("id=\"days-error\"") && page.contains("value=\"冬闲夜校\""));
    assert!(page.contains(&format!("name=\"lessons\" value=\"{video},{east}\"")));
    post("5,15,25", &format!("{video},{east}"), "", "save").await.must(303);
    let page = open(&trainer, "/studio/play-days").await.must(200).text();
    assert!(page.contains("冬闲夜校") && page.contains("每月5、15、25日") && page.contains("未到开始日"));
    let id = play_day::Entity::find().one(&city.db.read).await.unwrap().unwrap().id;
    send_form(&city.client("trainer-b").await, &format!("/studio/play-days/{id}/end"), &[]).await.must(404);
    send_form(&trainer, &format!("/studio/play-days/{id}/end"), &[]).await.must(303);
    assert!(open(&trainer, "/studio/play-days").await.must(200).text().contains("已取消"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_played_is_ticked_and_the_next_of_the_list_follows() {
    let city = City::start().await;
    every_day(&city, "东江县", 23 * 60 + 59, &["video", "east"]).await;
    let (_, terminal) = paired(&city, "site", "甲村").await;
    let today = async || terminal.get("/api/v1/schedule").await.must(200).json();
    let before = today().await;
    let lessons = before["today"][0]["lessons"].as_array().unwrap();
    assert_eq!(lessons.iter().map(|one| one["slug"].as_str().unwrap()).collect::<Vec<_>>(), ["video", "east"]);
    assert_eq!((&lessons[0]["played"], &before["opens"][0]["href"]), (&json!(false), &json!("/classroom/video")));
    let roster = json!({"lesson_id": city.lesson("video"), "mode": "group", "roster": [city.people["甲村覃小梅"]]});
    let id = terminal.post("/api/v1/playback", roster).await.must(200).json()["session_id"].as_i64().unwrap();
    terminal.beat(id, 1, 0, true).await.must(200);
    city.let_pass(id, 400_000).await;
    terminal.beat(id, 2, 400_000, true).await.must(200);
    let during = today().await;
    assert_eq!((&during["today"][0]["lessons"][0]["played"], &during["opens"]), (&json!(false), &json!([])));
    terminal.post(&format!("/api/v1/playback/{id}/close"), json!({})).await.must(200);
    let after = today().await;
    assert_eq!(after["today"][0]["lessons"][0]["played"], json!(true));
    assert_ne!(before["version"], after["version"]);
    let page = open(&terminal, "/classroom").await.must(200).text();
    assert!(page.contains("今天是播放日") && page.contains("今天播过了"));
    let done = open(&terminal, &format!("/classroom/done/{id}")).await.must(200).text();
    assert!(done.contains("href=\"/classroom/east\"") && done.contains("data-upnext=\"东江县调解员工作手册\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_city_and_the_county_set_stands_side_by_side_and_a_late_list_opens_within_the_hour() {
    let city = City::start().await;
    let now = catalog::play_day::minute_now(Moment::now());
    every_day(&city, "东江县", now, &["east"]).await;
    every_day(&city, "桂岭市", now, &["video"]).await;
    let long_ago = every_day(&city, "清水镇", (now - 90).max(0), &["video"]).await;
    let (_, terminal) = paired(&city, "site", "甲村").await;
    let schedule = terminal.get("/api/v1/schedule").await.must(200).json();
    let titles: Vec<&str> =
        schedule["today"].as_array().unwrap().iter().map(|one| one["title"].as_str().unwrap()).collect();
    assert!(titles.ends_with(&["桂岭市夜校", "东江县夜校"]) && titles.len() == 3, "{titles:?}");
    let opens: Vec<&str> =
        schedule["opens"].as_array().unwrap().iter().map(|one| one["href"].as_str().unwrap()).collect();
    assert!(opens.ends_with(&["/classroom/video", "/classroom/east"]), "{opens:?}");
    if now >= 90 {
        assert_eq!(opens.len(), 2, "play day {long_ago} is over an hour old");
    }
    let (_, other) = paired(&city, "trainer-b", "丙村").await;
    let schedule = other.get("/api/v1/schedule").await.must(200).json();
    assert_eq!(schedule["today"].as_array().unwrap().len(), 1);
}

// ---- in a browser ----

/// Whether the focus can be seen: an outline of some width.
const SEEN: &str =
    "const f = document.activeElement; return f !== document.body && parseFloat(getComputedStyle(f).outlineWidth) > 2";

/// The first lesson of the list has the focus.
const ON_THE_LIST: &str = "return document.activeElement.matches('.showing li:first-child a')";

#[tokio::test(flavor = "multi_thread")]
async fn browser_television_is_paired_from_a_phone_and_opens_its_list_by_itself() {
    let city = City::start().await;
    city.let_every_second_count().await;
    let Some(screen) = Browser::open(&city.url, 1920, 1080).await else { return };
    screen.goto("/classroom/pair").await;
    screen.until("return /^\\d{3} \\d{3}$/.test(document.querySelector('[data-code]').innerText)").await;
    screen.until(SEEN).await;
    screen.picture("pair").await;
    assert!(!screen.overflows().await);
    let code = screen.run("return document.querySelector('[data-code]').innerText").await;
    let phone = Browser::open(&city.url, 360, 740).await.unwrap();
    phone.sign_in("site").await;
    phone.goto("/pair").await;
    phone.picture("approve-empty").await;
    phone.fill("#code", "000 001").await;
    phone.click("form button.wide").await;
    phone.until("return !!document.querySelector('#code-error')").await;
    phone.picture("approve-wrong").await;
    assert!(!phone.overflows().await);
    phone.fill("#code", code.as_str().unwrap()).await;
    phone.click("form button.wide").await;
    phone.until("return document.body.innerText.includes('配对好了')").await;
    screen.until("return location.pathname === '/classroom'").await;
    screen.until("return document.body.innerText.includes('还没有设播放日')").await;
    screen.until(SEEN).await;
    screen.picture("no-play-day").await;
    until(async || {
        phone.goto("/studio/devices").await;
        phone.run("return document.body.innerText.includes('开着')").await == json!(true)
    })
    .await;
    phone.picture("approve-done").await;
    assert!(!phone.overflows().await);
    phone.close().await;

    // The list of the minute after this one, so that the last seconds are counted down.
    let now = Moment::now();
    let wait_ms = 60_000 - now.0.rem_euclid(60_000);
    let minute = catalog::play_day::minute_now(now);
    if minute >= 23 * 60 + 57 {
        return; // the evening of this test would be tomorrow's
    }
    let (minute, wait_ms) = if wait_ms < 20_000 { (minute + 2, wait_ms + 60_000) } else { (minute + 1, wait_ms) };
    shorten(&city, "film").await;
    every_day(&city, "东江县", minute, &["film", "video", "east"]).await;
    screen.run("dispatchEvent(new Event('online'))").await; // an open page looks once a minute, and at once after a break
    screen.until(ON_THE_LIST).await;
    if wait_ms > 60_000 {
        tokio::time::sleep(Duration::from_millis(wait_ms as u64 - 59_000)).await;
    }
    screen.until("return document.querySelector('.soon')?.innerText.includes('秒后打开点名')").await;
    screen.until(SEEN).await;
    screen.picture("play-day").await;
    assert!(!screen.overflows().await);
    for _ in 0..3 {
        if screen.run("return location.pathname").await == "/classroom/film" {
            break;
        }
        tokio::time::sleep(Duration::from_secs(20)).await;
    }
    screen.until("return location.pathname === '/classroom/film'").await;
    screen.until("return document.activeElement.matches('[data-all]')").await;
    screen.picture("opened-by-itself").await;

    // Back leads to the list, which does not open a second time.
    screen.press(Key::Escape.into()).await;
    screen.until("return location.pathname === '/classroom'").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(screen.run("return !!document.querySelector('.soon')").await, json!(false));
    screen.until(ON_THE_LIST).await;
    screen.press(Key::Enter.into()).await;
    screen.until("return location.pathname === '/classroom/film'").await;
    teach(&screen).await;
    screen.until("return document.querySelector('.soon')?.innerText.includes('接着放')").await;
    screen.picture("next-of-the-list").await;
    screen.press(Key::Down.into()).await;
    screen.until("return !document.querySelector('.soon')").await;
    screen.until("return document.activeElement.matches('.shares li')").await;
    screen.press_until(Key::Up, "return document.activeElement.matches('[data-upnext]')", 5).await;
    screen.press_until(Key::Enter, "return location.pathname === '/classroom/video'", 100).await;
    screen.until("return document.activeElement.matches('[data-all]')").await;
    screen.press(Key::Escape.into()).await;
    screen.until("return document.body.innerText.includes('今天播过了')").await;
    screen.picture("ticked").await;
    screen.close().await;
}

/// Half of a lesson of eight seconds is soon played.
async fn shorten(city: &City, slug: &str) {
    use sea_orm::sea_query::Expr;
    let lesson = entity::lesson::Entity::update_many()
        .col_expr(entity::lesson::Column::DurationMs, Expr::value(8_000))
        .filter(entity::lesson::Column::Slug.eq(slug));
    lesson.exec(&city.db.write).await.unwrap();
}

/// Calls the roll, plays more than half of the lesson, ends the class.
async fn teach(screen: &Browser) {
    screen.until("return document.activeElement.matches('[data-all]')").await;
    screen.press_until(Key::Enter, "return document.querySelector('[data-count]').innerText === '4'", 20).await;
    screen.press_until(Key::Right, "return document.activeElement.matches('[data-start]')", 5).await;
    screen.press(Key::Enter.into()).await;
    screen.until("return location.pathname.startsWith('/classroom/play/')").await;
    screen.until("return document.querySelector('video').readyState >= 2").await;
    screen.run("document.querySelector('video').play()").await;
    screen.until("return document.querySelector('video').currentTime > 6").await;
    screen.run("document.querySelector('video').pause()").await;
    screen.press(Key::Escape.into()).await;
    screen.until("return !document.querySelector('[data-asking]').hidden").await;
    screen.press_until(Key::Right, "return document.activeElement.matches('[data-end]')", 4).await;
    screen.press(Key::Enter.into()).await;
    screen.until("return document.body.innerText.includes('下课了')").await;
}

/// What makes a browser's `fetch` fail as if the cable were out.
const CUT: &str = "window.online = window.fetch; window.fetch = () => Promise.reject(new TypeError('cut'))";

#[tokio::test(flavor = "multi_thread")]
async fn browser_television_without_a_line_says_so_calmly_stays_usable_and_goes_on_by_itself() {
    let city = City::start().await;
    let Some(screen) = Browser::open(&city.url, 1920, 1080).await else { return };
    let (id, terminal) = paired(&city, "site", "甲村").await;
    screen.goto("/classroom/pair").await;
    let cookie = format!("document.cookie = 'yj_access={}; path=/'", terminal.token.as_ref().unwrap());
    screen.run(&cookie).await;
    screen.run("document.cookie = 'yj_terminal=1; path=/'").await;
    screen.goto("/classroom").await;
    screen.until("return !!document.activeElement.closest('.deck')").await;
    screen.run(CUT).await;
    screen.run("dispatchEvent(new Event('online'))").await;
    screen.until("return document.querySelector('.line')?.innerText.includes('网络断开')").await;
    screen.press(Key::Right.into()).await;
    screen.until(SEEN).await;
    screen.picture("no-line").await;
    screen.press(Key::Enter.into()).await;
    screen.until("return document.querySelector('.line').innerText.includes('接通后自动打开')").await;
    assert_eq!(screen.run("return location.pathname").await, json!("/classroom"), "no error page of the browser");
    screen.run("window.fetch = window.online").await;
    screen.until("return location.pathname.startsWith('/classroom/')").await;
    screen.press(Key::Escape.into()).await;
    screen.until("return location.pathname === '/classroom' && !!document.activeElement.closest('.deck')").await;

    // Revoked: the page that is open learns of it by itself and shows how to go on.
    city.client("site").await.delete(&format!("/api/v1/devices/{id}")).await.must(204);
    screen.run("dispatchEvent(new Event('online'))").await;
    screen.until("return location.pathname === '/classroom/pair'").await;
    screen.until("return /\\d{3} \\d{3}/.test(document.querySelector('[data-code]').innerText)").await;
    assert!(screen.run("return document.body.innerText").await.as_str().unwrap().contains("这台电视已经停用"));
    screen.picture("revoked").await;
    screen.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_trainer_sets_a_play_day_by_keys() {
    let city = City::start().await;
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    desk.sign_in("trainer").await;
    desk.goto("/studio/play-days").await;
    desk.picture("play-days-none").await;
    desk.click("a[href^=\"/studio/play-days/new\"]").await;
    desk.fill("#title", "冬季农技夜校").await;
    desk.fill("#days", "逢6").await;
    desk.fill("#q", "zhenshiyingpian").await;
    desk.press(Key::Enter.into()).await;
    desk.until("return !!document.querySelector('button[value^=\"add:\"]')").await;
    desk.click("button[value^=\"add:\"]").await;
    desk.until("return document.querySelectorAll('button[value^=\"drop:\"]').length === 1").await;
    desk.fill("#q", "shatangju").await;
    desk.press(Key::Enter.into()).await;
    desk.until("return !!document.querySelector('button[value^=\"add:\"]')").await;
    desk.click("button[value^=\"add:\"]").await;
    desk.until("return document.querySelectorAll('button[value^=\"drop:\"]').length === 2").await;
    desk.click("button[value^=\"up:\"]").await;
    desk.until("return document.querySelector('ol.picked li').innerText.includes('沙糖桔')").await;
    assert_eq!(desk.run("return document.querySelector('#title').value").await, json!("冬季农技夜校"));
    desk.picture("play-day-form").await;
    assert!(!desk.overflows().await);
    desk.click("button[value=save]").await;
    desk.until("return document.body.innerText.includes('每月逢6的日子（6、16、26日）')").await;
    desk.picture("play-days").await;
    desk.close().await;
    let phone = Browser::open(&city.url, 360, 740).await.unwrap();
    phone.sign_in("trainer").await;
    for (page, name) in [("/studio/play-days", "play-days-360"), ("/studio/play-days/new", "play-day-form-360")] {
        phone.goto(page).await;
        phone.picture(name).await;
        assert!(!phone.overflows().await, "{page}");
    }
    phone.close().await;
}
