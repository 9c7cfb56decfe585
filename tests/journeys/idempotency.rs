//! What creates something is done once, however often it is asked: by programs that name their requests, and by people
//! whose forms carry a name drawn with them.

mod everything;
mod forms;
mod routes;

use entity::kept_answer::{self, Attempt};
use entity::{Moment, course};
use reqwest::Method;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, Set};
use serde_json::{Value, json};
use std::time::Duration;
use tests::city::{PASSWORD, on_postgres};
use tests::{Answer, City, Client};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const COURSES: &str = "/api/v1/courses";

async fn ask(client: &Client, path: &str, key: &str, body: &Value) -> Answer {
    client.send(client.request(Method::POST, path).header("Idempotency-Key", key).json(body)).await
}

fn was_replayed(answer: &Answer) -> bool {
    answer.header("idempotent-replayed") == "true"
}

fn new_course(title: &str) -> Value {
    json!({"title": title, "category": "农业科技"})
}

async fn courses(city: &City, title: &str) -> u64 {
    course::Entity::find().filter(course::Column::Title.eq(title)).count(&city.db.read).await.unwrap()
}

async fn kept(city: &City) -> Vec<kept_answer::Model> {
    kept_answer::Entity::find().all(&city.db.read).await.unwrap()
}

/// Makes the only request that was named look as if it had been cut off: so long ago, having acted or not.
async fn cut_off(city: &City, ago_ms: i64, acted: bool) {
    let row = kept_answer::ActiveModel {
        acted: Set(acted),
        begun_at: Set(Moment::now().plus_ms(-ago_ms)),
        status: Set(None),
        body: Set(None),
        ..Default::default()
    };
    kept_answer::Entity::update_many().set(row).exec(&city.db.write).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_is_answered_as_the_first_time_and_creates_nothing_more() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let body = new_course("砂糖桔");
    let first = ask(&trainer, COURSES, "\"k-1\"", &body).await.must(201);
    assert!(!was_replayed(&first));
    for key in ["\"k-1\"", "k-1"] {
        let again = ask(&trainer, COURSES, key, &body).await.must(201);
        assert!(was_replayed(&again), "{key}");
        assert_eq!((again.text(), again.header("content-type")), (first.text(), first.header("content-type")));
    }
    assert_eq!(courses(&city, "砂糖桔").await, 1);
    for _ in 0..2 {
        assert!(!was_replayed(&trainer.post(COURSES, body.clone()).await.must(201)));
    }
    assert_eq!(courses(&city, "砂糖桔").await, 3, "whoever names nothing is served as ever");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_means_one_content_at_one_address_of_one_account() {
    let city = City::start().await;
    let (trainer, other) = (city.client("trainer").await, city.client("reviewer").await);
    ask(&trainer, COURSES, "k", &new_course("甲")).await.must(201);
    assert_eq!(ask(&trainer, COURSES, "k", &new_course("乙")).await.must(422).code(), "key_reused");
    assert!(!was_replayed(&ask(&other, COURSES, "k", &new_course("甲")).await.must(201)));
    let (county, today) = (city.units["东江县"], Moment::now().day());
    let class = json!({"unit_id": county, "title": "甲", "starts_on": today, "ends_on": today, "half_days": 1});
    assert!(!was_replayed(&ask(&trainer, "/api/v1/classes", "k", &class).await.must(201)));
    assert_eq!((courses(&city, "甲").await, courses(&city, "乙").await), (2, 0));
    for wrong in ["", "two words", "a,b", &"k".repeat(65)] {
        assert_eq!(
            ask(&trainer, COURSES, wrong, &new_course("丙")).await.must(400).code(),
            "invalid_header",
            "{wrong}"
        );
    }
    ask(&city.stranger(), COURSES, "k", &new_course("甲")).await.must(401);
    ask(&city.client("cadre").await, COURSES, "k", &new_course("甲")).await.must(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_is_mended_and_asked_under_the_same_key() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    ask(&trainer, COURSES, "k", &new_course("")).await.must(400);
    ask(&trainer, COURSES, "k", &json!({"title": "没有类别"})).await.must(400);
    assert!(kept(&city).await.is_empty(), "what wrote nothing is not kept");
    assert!(!was_replayed(&ask(&trainer, COURSES, "k", &new_course("改好了")).await.must(201)));
    assert!(was_replayed(&ask(&trainer, COURSES, "k", &new_course("改好了")).await.must(201)));
    assert_eq!(courses(&city, "改好了").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_worked_on_is_waited_for_and_what_was_cut_off_is_done_or_told() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let body = new_course("沃柑");
    ask(&trainer, COURSES, "k", &body).await.must(201);
    cut_off(&city, 1_000, false).await;
    let running = ask(&trainer, COURSES, "k", &body).await.must(409);
    assert_eq!((running.code().as_str(), running.header("retry-after")), ("still_running", "2"));
    cut_off(&city, 61_000, true).await;
    assert_eq!(ask(&trainer, COURSES, "k", &body).await.must(409).code(), "done_before");
    assert_eq!(courses(&city, "沃柑").await, 1);
    cut_off(&city, 61_000, false).await;
    assert!(!was_replayed(&ask(&trainer, COURSES, "k", &body).await.must(201)), "nothing had been done");
    assert!(was_replayed(&ask(&trainer, COURSES, "k", &body).await.must(201)));
    assert_eq!(courses(&city, "沃柑").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_comes_too_late_writes_nothing_and_one_that_fails_has_not_acted() {
    let city = City::start().await;
    ask(&city.client("trainer").await, COURSES, "k", &new_course("脐橙")).await.must(201);
    cut_off(&city, 0, false).await;
    let first = Attempt { id: kept(&city).await[0].id, number: 1 };
    let second = Attempt { number: 2, ..first };
    let rolled_back = first.at(entity::writing::begin(&city.db.write)).await.unwrap();
    rolled_back.rollback().await.unwrap();
    assert!(!kept(&city).await[0].acted);
    let taken = kept_answer::Entity::update_many().col_expr(kept_answer::Column::Attempt, Expr::value(second.number));
    taken.exec(&city.db.write).await.unwrap();
    assert!(first.at(entity::writing::begin(&city.db.write)).await.is_err());
    second.at(entity::writing::begin(&city.db.write)).await.unwrap().commit().await.unwrap();
    assert!(kept(&city).await[0].acted);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_at_once_one_creates_also_where_two_servers_share_a_database() {
    let city = City::start().await;
    let second = on_postgres().then(|| city.process(&[]));
    let here = city.client("trainer").await;
    let there = match &second {
        Some(server) => Client::new(&server.url).sign_in("trainer", PASSWORD).await,
        None => here.clone(),
    };
    let body = new_course("金桔");
    let asking = (0..20).map(|number| ask(if number % 2 == 0 { &here } else { &there }, COURSES, "k", &body));
    let answers = futures_util::future::join_all(asking).await;
    let created = answers.iter().filter(|answer| answer.status == 201 && !was_replayed(answer)).count();
    assert_eq!((created, courses(&city, "金桔").await), (1, 1));
    assert!(answers.iter().all(|answer| answer.status == 201 || answer.code() == "still_running"));
    assert!(was_replayed(&ask(&there, COURSES, "k", &body).await.must(201)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_forgets_no_answer() {
    let city = City::without_server().await;
    let server = city.process(&[]);
    let before = Client::new(&server.url).sign_in("trainer", PASSWORD).await;
    let made = ask(&before, COURSES, "k", &new_course("火龙果")).await.must(201);
    server.kill();
    let server = city.process(&[]);
    let after = Client::new(&server.url).sign_in("trainer", PASSWORD).await;
    let again = ask(&after, COURSES, "k", &new_course("火龙果")).await.must(201);
    assert!(was_replayed(&again) && again.text() == made.text());
}

/// Sends a course under a key on a line that is cut so long afterwards.
async fn ask_and_be_cut(trainer: &Client, key: &str, body: &Value, after: Duration) {
    let mut line = TcpStream::connect(trainer.url.trim_start_matches("http://")).await.unwrap();
    line.set_zero_linger().unwrap(); // closed by a reset, as by a carrier
    let (token, content) = (trainer.token.as_ref().unwrap(), body.to_string());
    let head = format!(
        "POST {COURSES} HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{content}",
        content.len()
    );
    line.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(after).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_cut_after_the_request_costs_nothing() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    for ms in 0..20 {
        let (title, key) = (format!("百香果{ms}"), format!("k-{ms}"));
        ask_and_be_cut(&trainer, &key, &new_course(&title), Duration::from_millis(ms)).await;
        let mut again = ask(&trainer, COURSES, &key, &new_course(&title)).await;
        for _ in 0..800 {
            if again.status != 409 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            again = ask(&trainer, COURSES, &key, &new_course(&title)).await;
        }
        assert_eq!(again.must(201).json()["title"], title);
        assert_eq!(courses(&city, &title).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_kept_a_day_and_five_hundred_of_an_account() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let filler = |number: usize| kept_answer::ActiveModel {
        account_id: Set(city.accounts["trainer"]),
        request: Set(number.to_string()),
        fingerprint: Set(String::new()),
        begun_at: Set(Moment::now()),
        attempt: Set(1),
        acted: Set(true),
        status: Set(Some(201)),
        ..Default::default()
    };
    kept_answer::Entity::insert_many((0..520).map(filler)).exec(&city.db.write).await.unwrap();
    let mut theirs = filler(0);
    theirs.account_id = Set(city.accounts["reviewer"]);
    theirs.insert(&city.db.write).await.unwrap();
    ask(&trainer, COURSES, "k", &new_course("枇杷")).await.must(201);
    assert_eq!(kept(&city).await.len(), 500 + 1);
    assert!(was_replayed(&ask(&trainer, COURSES, "k", &new_course("枇杷")).await.must(201)));
    let later = Moment::now().plus_ms(24 * 3_600_000 + 1);
    assert_eq!(server::once::forget_old(&city.db.write, later.plus_ms(-3_600_000)).await.unwrap(), 0);
    assert_eq!(server::once::forget_old(&city.db.write, later).await.unwrap(), 501);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_body_that_is_answered_before_it_is_read_breaks_no_line() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let today = Moment::now().day();
    let path = format!(
        "/api/v1/me/studies?source=degree&title=a&starts_on={today}&ends_on={today}&half_days=1&words=b&filename=a.png"
    );
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    file.extend(tests::city::pseudo_random(8 << 20));
    for replayed in [false, true] {
        let request = cadre.request(Method::POST, &path).header("Idempotency-Key", "k").body(file.clone());
        assert_eq!(was_replayed(&cadre.send(request).await.must(201)), replayed);
    }
    cadre.get("/api/v1/me").await.must(200);
}
