//! What others are shown of a person: never the number by which they could be found elsewhere, and nothing of their
//! hours that is not written down.

use crate::routes::Things;
use crate::unresolved::unplaced;
use calamine::{Reader, Xlsx};
use entity::{Moment, Role, audit, person};
use reqwest::Method;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, Set};
use serde_json::json;
use server::readings::Tells;
use server::routes::{ROUTES, Route, Who};
use std::collections::BTreeSet;
use std::io::Cursor;
use tests::city::{LOGINS, PASSWORD};
use tests::{Answer, City, Client};

/// An identity number, as a roster may use it for people, and people to sign in.
const IDENTITY: &str = "451220199001011234";
/// As others see it.
const MASKED: &str = "4512**********1234";
/// Whose it is.
const NAME: &str = "甲村覃小梅";

/// A city in which this person was everywhere: in a room, a class, a plan, under an exemption, before the office with an
/// appeal and with minutes of a wrong clock, and, as a trainer, behind lessons.
async fn city_where_she_was_everywhere() -> (City, Things) {
    let city = City::start().await;
    let she = give_her_the_number(&city).await;
    let entry = watched_alone(&city, &she).await;
    let mut things = Things::of(&city, "").await;
    let (trainer, office) = (city.client("trainer").await, city.client("office").await);
    trainer.post(&format!("/api/v1/classes/{}/roster", things.class), json!({"people": [NAME]})).await.must(200);
    let wrong = json!({"credited_delta_ms": -60_000, "reason": "核对播放记录"});
    office.post(&format!("/api/v1/ledger/{entry}/corrections"), wrong).await.must(201);
    let appeal = json!({"text": "我看完了"});
    let made = she.post(&format!("/api/v1/ledger/{entry}/appeals"), appeal).await.must(201).json();
    things.appeal = made["id"].to_string();
    things.unplaced = unplaced(&city, &she, "east").await.to_string();
    let site = city.client("site").await;
    site.post_empty(format!("/api/v1/playback/{}/close", things.playback)).await.must(200);
    let today = Moment::now().day();
    let study = format!(
        "/api/v1/people/{}/studies?source=home_study&title=送教&words=土肥&starts_on={today}&ends_on={today}&half_days=1\
         &filename=a.png",
        things.person
    );
    site.send(site.request(Method::POST, &study).body(b"\x89PNG\r\n\x1a\n a photograph".to_vec())).await.must(201);
    let lesson = format!("/api/v1/lessons/{}", things.lesson);
    let version = she.get(&lesson).await.must(200).json()["version"].clone();
    she.patch(&lesson, json!({"version": version, "title": "她改的课"})).await.must(200);
    she.post(&format!("{lesson}/notes"), json!({"text": "请补字幕"})).await;
    (city, things)
}

/// Her number on the roster and her login are the number; she also trains.
async fn give_her_the_number(city: &City) -> Client {
    let id = city.people[NAME];
    let mut row = person::Entity::find_by_id(id).one(&city.db.read).await.unwrap().unwrap().into_active_model();
    row.code = Set(IDENTITY.into());
    row.update(&city.db.write).await.unwrap();
    let (login, password, person_id) = (IDENTITY, Some(PASSWORD), Some(id));
    let new = roster::account::NewAccount { login, password, person_id, device_id: None, must_change: false };
    let account = roster::account::create(&city.db.write, new, None, Moment::now()).await.unwrap();
    for (role, unit) in [(Role::Learner, "甲村"), (Role::Trainer, "东江县")] {
        let unit = city.units[unit];
        roster::grants::give(&city.db.write, account, role, unit, None, Moment::now()).await.unwrap();
    }
    city.client(IDENTITY).await
}

/// Five minutes watched on her own: the entry's number.
async fn watched_alone(city: &City, she: &Client) -> i64 {
    let id = she.play(city.lesson("video")).await;
    she.beat(id, 1, 0, true).await.must(200);
    city.let_pass(id, 300_000).await;
    she.beat(id, 2, 300_000, true).await.must(200);
    she.beat(id, 3, 390_000, false).await.must(200);
    she.post(&format!("/api/v1/playback/{id}/close"), json!({})).await.must(200);
    let record = she.get(&format!("/api/v1/people/{}/archive", city.people[NAME])).await.must(200).json();
    record["entries"][0]["seq"].as_i64().unwrap()
}

/// Every address that this role may read, of the things she was in.
fn readable(things: &Things, city: &City, role: Role) -> Vec<(&'static Route, String)> {
    let (unit, year) = (city.units["甲村"], Moment::now().year());
    let mut paths = Vec::new();
    for route in ROUTES.iter().filter(|route| route.method == "GET" && !route.path.starts_with("/assets")) {
        let may = match route.who {
            Who::Anyone | Who::SignedIn | Who::SignedInOrRoom => true,
            Who::With(roles) => roles.contains(&role),
        };
        let forms = |kinds: &[&str], ends: &[&str]| -> Vec<String> {
            let named = kinds.iter().flat_map(|kind| ends.iter().map(move |end| format!("{kind}.{end}")));
            named.map(|file| format!("{}?year={year}", route.path.replace("{file}", &file))).collect()
        };
        let kinds = |kinds: &[&str]| -> Vec<String> {
            kinds.iter().map(|kind| format!("{}?kind={kind}&unit={unit}", route.path)).collect()
        };
        let asked = match route.path {
            _ if !may => continue,
            "/api/v1/reports/{file}" => forms(
                &["attendance", "hours", "assessment", "gaps", "viewing", "feedback", "roster", "bulletin", "stars"],
                &["json", "csv", "xlsx"],
            ),
            "/api/v1/audit/{file}" => forms(&["log"], &["json", "csv", "xlsx"]),
            "/office/books" | "/office/books/print" => kinds(&archive::report::Kind::BOOKS.map(|(_, word)| word)),
            "/studio/attendance" => kinds(&["attendance", "hours", "assessment"]),
            "/api/v1/people" | "/office/people" => {
                vec![format!("{}?unit={unit}", route.path), format!("{}?q={NAME}", route.path)]
            }
            _ => vec![format!("{}?unit={unit}", fill(things, route))],
        };
        paths.extend(asked.into_iter().map(|path| (route, path)));
    }
    paths
}

/// The address with nothing in braces any more.
fn fill(things: &Things, route: &Route) -> String {
    let path = match route.path {
        "/studio/lessons/{id}/watchers" | "/api/v1/lessons/{id}/watchers.{format}" => {
            route.path.replace("{id}", &things.watched)
        }
        _ => route.path.to_owned(),
    };
    let path = things.fill(&Route { path: path.leak(), ..*route });
    let mut path = path.replace("{slug}", "video").replace("{language}", "zh").replace("{code}", "ABCD2345");
    for (name, value) in [("{name}", "480p"), ("{kind}", "480p"), ("{file}", "none"), ("{attempt}", "1")] {
        path = path.replace(name, value);
    }
    assert!(!path.contains('{'), "{path}: a test cannot ask for this");
    path
}

fn text_of(answer: Answer) -> String {
    if !answer.header("content-type").contains("spreadsheet") {
        return answer.text();
    }
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(answer.body)).unwrap();
    let sheets = book.sheet_names();
    sheets.iter().map(|name| format!("{:?}", book.worksheet_range(name).unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_list_or_report_shows_an_identity_number() {
    let (city, things) = city_where_she_was_everywhere().await;
    let (mut seen, mut asked) = (BTreeSet::new(), 0);
    for (role, login) in LOGINS {
        let client = city.client(login).await;
        for (route, path) in readable(&things, &city, *role) {
            let answer = client.get(&path).await;
            asked += 1;
            assert!(answer.status.as_u16() < 500, "{login} {path}: {}", answer.status);
            let text = text_of(answer);
            assert!(!text.contains(IDENTITY), "{login} sees it at {path}");
            if text.contains(MASKED) {
                seen.insert(route.path);
            }
        }
    }
    assert!(asked > 400, "{asked}");
    for place in [
        "/office/people/{id}",
        "/studio/classes/{id}",
        "/sessions/{id}",
        "/studio/plans/{id}",
        "/office/appeals/{id}",
        "/office/audit",
        "/studio/lessons/{id}/versions",
    ] {
        assert!(seen.contains(place), "she is not at {place}; she is at {seen:?}");
    }
}

/// Where others are named and no line is written, and why.
const UNTOLD: &[(&str, &str)] = &[
    ("/api/v1/people", "the roster: who there is, not what they learnt"),
    ("/office/people", "the roster: who there is, not what they learnt"),
    ("/office/people/{id}/study", "an empty form with a name"),
    ("/office/people/{id}/merge", "a line for each of two set side by side is written by the page; else no hours"),
    ("/office/audit", "a line for each page would push the next page's lines away; files are noted"),
    ("/api/v1/guests/{id}/candidates", "the roster: who a guest may be"),
    ("/api/v1/playback/{id}/room", "the room its asker runs at that moment"),
    ("/classroom/play/{id}", "the room its asker runs at that moment"),
    ("/classroom/done/{id}", "the room its asker ran, for those who sit in it"),
    ("/classroom/{slug}", "the roll: who there is"),
    ("/api/v1/lessons/{id}/versions", "authors, not learners"),
    ("/studio/lessons/{id}/versions", "authors, not learners"),
    ("/studio/lessons/{id}", "authors, not learners"),
    ("/api/v1/lessons/{id}/notes", "authors, not learners"),
];

async fn lines_of_readings(city: &City) -> u64 {
    let verbs = ["archive.read", "hours.read", "report.read", "log.read"];
    audit::Entity::find().filter(audit::Column::Action.is_in(verbs)).count(&city.db.read).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_told_of_anothers_hours_leaves_a_line() {
    let (city, things) = city_where_she_was_everywhere().await;
    let (mut wrong, mut told) = (Vec::new(), BTreeSet::new());
    for (role, login) in LOGINS {
        let client = city.client(login).await;
        for (route, path) in readable(&things, &city, *role) {
            let before = lines_of_readings(&city).await;
            let answer = client.get(&path).await;
            let written = lines_of_readings(&city).await - before;
            let shown = answer.status.as_u16() == 200;
            let names_her = shown && text_of(answer).contains(NAME);
            // Whoever reads no others is answered with their own.
            let expected = u64::from(shown && route.tells != Tells::Nothing && *role != Role::Learner);
            if written != expected {
                wrong.push(format!("{login} {path}: {written} lines, not {expected}"));
            }
            if written > 0 {
                told.insert(route.path);
            } else if names_her && !UNTOLD.iter().any(|(path, _)| *path == route.path) {
                wrong.push(format!("{login} {path}: names her, and no line says who read it"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for route in ROUTES.iter().filter(|route| route.method == "GET" && route.tells != Tells::Nothing) {
        // A certificate is of a sealed year, and there is none here.
        assert!(told.contains(route.path) || route.path.ends_with("/certificate"), "{} was never read", route.path);
    }
    let unmarked = |path: &str| ROUTES.iter().any(|route| route.path == path && route.tells == Tells::Nothing);
    assert!(UNTOLD.iter().all(|(path, _)| unmarked(path)), "an exception that is none");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_looked_at_by_its_head_or_ones_own_leaves_no_line() {
    let (city, things) = city_where_she_was_everywhere().await;
    let she = city.client(IDENTITY).await;
    let office = city.client("office").await;
    let before = lines_of_readings(&city).await;
    she.get(&format!("/api/v1/people/{}/archive", things.person)).await.must(200);
    she.get(&format!("/office/people/{}", things.person)).await.must(200);
    she.get("/api/v1/appeals?mine=true").await.must(200);
    office.get(&format!("/api/v1/people/{}/archive", city.people["丙村覃小梅"])).await.must(404);
    office.get(&format!("/office/gaps?unit={}", city.units["丙村"])).await.must(404);
    office.send(office.request(Method::HEAD, &format!("/office/people/{}", things.person))).await.must(200);
    city.client("cadre").await.get("/office/gaps").await.must(403);
    assert_eq!(lines_of_readings(&city).await, before);
    // A form that comes back with what was wrong shows the archive again.
    let wrong = office.request(Method::POST, &format!("/office/people/{}/corrections", things.person));
    let refused = office.send(wrong.form(&[("seq", "1"), ("minutes", "x"), ("reason", "")])).await;
    assert!(refused.text().contains(NAME), "{}", refused.status);
    assert_eq!(lines_of_readings(&city).await, before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_says_what_was_asked_for_and_no_word_somebody_searched_by() {
    let (city, _) = city_where_she_was_everywhere().await;
    let (office, unit) = (city.client("office").await, city.units["甲村"]);
    office.get(&format!("/office/gaps?unit={unit}&year=2025&who=short&page=2")).await.must(200);
    office.get("/office/gaps").await.must(200);
    let admin = city.client("city-admin").await;
    admin.get(&format!("/api/v1/audit/log.csv?person={IDENTITY}&action=archive.read")).await.must(200);
    let newest = audit::Entity::find().all(&city.db.read).await.unwrap();
    let told: Vec<_> = newest
        .iter()
        .rev()
        .take(3)
        .rev()
        .map(|line| (line.action.as_str(), line.target.clone(), line.detail.as_str()))
        .collect();
    let county = format!("unit:{}", city.units["东江县"]);
    assert_eq!(
        told,
        [
            (
                "hours.read",
                format!("unit:{unit}"),
                format!("学时缺口；unit={unit}；year=2025；who=short；page=2").as_str()
            ),
            ("hours.read", county, "学时缺口"),
            ("log.read", "log".to_owned(), format!("csv；action=archive.read；person={MASKED}").as_str()),
        ]
    );
}
