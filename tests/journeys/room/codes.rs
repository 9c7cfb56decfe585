//! Codes on the screen and PINs at it; and what whoever forges or guesses them gets.

use super::{Room, of_person};
use entity::rotating_code::{Codes, Door};
use entity::{Moment, PersonId, PlaybackId};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;
use server::auth::keys::Keys;
use tests::City;

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_joins_by_the_code_on_the_screen() {
    let city = City::start().await;
    let (room, cadre) = (Room::open(&city, "site", &[]).await, city.client("cadre").await);
    let state = room.state().await;
    assert!(state["code"]["qr"]["path"].as_str().unwrap().starts_with("M4 4h7"));
    let scanned = json!({"room": room.id, "code": room.code().await});
    assert_eq!(cadre.post("/api/v1/join", scanned).await.must(200).json()["session_id"], room.id);
    assert_eq!(room.state().await["present"], json!([city.people["甲村韦大山"].0]));
    let learner = city.learner(1).await;
    let typed = json!({"code": room.code().await});
    assert_eq!(learner.post("/api/v1/join", typed).await.must(200).json()["session_id"], room.id);
    let session = room.seen().await;
    let marked: Vec<_> = session["people"].as_array().unwrap().iter().map(|known| known["marked"].clone()).collect();
    assert_eq!(marked, [json!(["code"]), json!(["code"])]);
    room.site.post("/api/v1/join", json!({"code": room.code().await})).await.must(403);
}

fn codes(city: &City) -> Codes {
    let keys = Keys::open(&city.data).unwrap();
    Codes::new(keys.derive("room-code"), None)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_an_old_or_anothers_code_marks_nobody() {
    let city = City::start().await;
    let room = Room::open(&city, "site", &[]).await;
    let other = Room::open(&city, "trainer", &[]).await;
    let cadre = city.client("cadre").await;
    let now = Moment::now();
    let last_week = codes(&city).shown(Door::Room(PlaybackId(room.id)), now.plus_ms(-7 * 86_400_000));
    let a_minute_ago = codes(&city).shown(Door::Room(PlaybackId(room.id)), now.plus_ms(-61_000));
    let other_key = Codes::new([7; 32], None).shown(Door::Room(PlaybackId(room.id)), now);
    let forgeries = [last_week, a_minute_ago, other_key, other.code().await, "12345".into(), String::new()];
    for forged in forgeries {
        let wrong = cadre.post("/api/v1/join", json!({"room": room.id, "code": forged})).await.must(404);
        assert_eq!(wrong.code(), "wrong_code", "{forged}");
    }
    assert_eq!(room.state().await["present"], json!([]));
    let from_afar = city.client("cadre-b").await;
    for body in [json!({"room": room.id, "code": room.code().await}), json!({"code": room.code().await})] {
        assert_eq!(from_afar.post("/api/v1/join", body).await.must(404).code(), "wrong_code", "another county");
    }
    let half_a_minute_ago = codes(&city).shown(Door::Room(PlaybackId(room.id)), Moment::now().plus_ms(-25_000));
    cadre.post("/api/v1/join", json!({"room": room.id, "code": half_a_minute_ago})).await.must(200);
    let code = room.code().await;
    room.close().await;
    let learner = city.learner(1).await;
    let late = learner.post("/api/v1/join", json!({"room": room.id, "code": code})).await.must(404);
    assert_eq!(late.code(), "wrong_code", "the session is over");
    assert_eq!(room.seen().await["people"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_guesses_at_once_do_not_slip_through_the_limit() {
    let city = City::start().await;
    let room = Room::open(&city, "site", &[]).await;
    let wrong = Codes::new([7; 32], None).shown(Door::Room(PlaybackId(room.id)), Moment::now());
    let guesser = city.learner(1).await;
    let mut burst = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let (guesser, body) = (guesser.clone(), json!({"room": room.id, "code": wrong}));
        burst.spawn(async move { guesser.post("/api/v1/join", body).await.status.as_u16() });
    }
    let answers = burst.join_all().await;
    assert_eq!(answers.iter().filter(|status| **status == 404).count(), 10, "{answers:?}");
    assert_eq!(answers.iter().filter(|status| **status == 429).count(), 30, "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_codes_is_slowed_by_account_and_by_address() {
    let city = City::start().await;
    let room = Room::open(&city, "site", &[]).await;
    let right = json!({"room": room.id, "code": room.code().await});
    let mut learners = Vec::new();
    for number in 1..=7 {
        learners.push(city.learner(number).await);
    }
    let wrong = Codes::new([7; 32], None).shown(Door::Room(PlaybackId(room.id)), Moment::now());
    let (last, guessers) = learners.split_last().unwrap();
    for guesser in guessers {
        for _ in 0..10 {
            guesser.post("/api/v1/join", json!({"room": room.id, "code": wrong})).await.must(404);
        }
        let slowed = guesser.post("/api/v1/join", right.clone()).await.must(429);
        assert_eq!(slowed.code(), "slow_down", "the right code does not help after ten wrong ones");
        assert!(slowed.header("retry-after").parse::<u64>().unwrap() > 200);
    }
    assert_eq!(last.post("/api/v1/join", right).await.must(429).code(), "slow_down", "sixty from one address");
    assert_eq!(room.state().await["present"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_opens_ones_own_place_and_guessing_it_takes_ever_longer() {
    let city = City::start().await;
    let (who, stranger) = (city.people["甲村覃小梅"], city.people["丙村覃小梅"]);
    let room = Room::open(&city, "site", &[]).await;
    let given = room.site.send(room.site.request(reqwest::Method::POST, &format!("/office/people/{who}/pin"))).await;
    let page = given.must(200);
    assert_eq!(page.header("cache-control"), "no-store");
    let text = page.text();
    let start = text.find("<p class=\"code num\">").unwrap() + 20;
    let pin = text[start..start + 7].replace(' ', "");
    let sign = |who: PersonId, pin: &str| {
        let body = json!({"person_id": who, "pin": pin});
        let (site, path) = (room.site.clone(), room.path("/pin"));
        async move { site.post(&path, body).await }
    };
    assert_eq!(sign(who, "000001").await.must(401).code(), "wrong_pin");
    sign(who, &pin).await.must(200);
    assert_eq!(room.state().await["present"], json!([who.0]));
    assert_eq!(of_person(&room.seen().await, who)["marked"], json!(["pin"]));
    sign(stranger, &pin).await.must(404);
    let nobody = city.people["甲村黄志强"];
    assert_eq!(sign(nobody, &pin).await.must(401).code(), "wrong_pin", "has none");
    for _ in 0..3 {
        sign(who, "000001").await.must(401);
    }
    let slowed = sign(who, &pin).await.must(429);
    assert!((25..=30).contains(&slowed.header("retry-after").parse::<u64>().unwrap()));
    let far = city.client("site-b").await;
    far.send(far.request(reqwest::Method::POST, &format!("/office/people/{who}/pin"))).await.must(404);
    let audited = entity::audit::Entity::find().filter(entity::audit::Column::Action.eq("pin.give"));
    let lines = audited.all(&city.db.read).await.unwrap();
    assert!(lines.len() == 1 && !lines[0].detail.contains(&pin));
    let cadre = city.client("cadre").await;
    let own = |pin: &'static str, again: &'static str| {
        let request = cadre.request(reqwest::Method::POST, "/pin").form(&[("pin", pin), ("again", again)]);
        let cadre = cadre.clone();
        async move { cadre.send(request).await }
    };
    own("123456", "123456").await.must(422);
    own("482913", "482914").await.must(422);
    own("482913", "482913").await.must(200);
    sign(city.people["甲村韦大山"], "482913").await.must(200);
}
