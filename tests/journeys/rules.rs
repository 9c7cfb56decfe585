//! Rules of hours as an office changes them: previewed, bounded for a county, dated, with their history.

use entity::{Moment, UnitId};
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};
use tests::browser::Browser;
use tests::{City, Client};

async fn in_force(client: &Client, unit: UnitId) -> String {
    let rules = client.get(&format!("/api/v1/units/{unit}/rules")).await.must(200).json();
    rules["in_force"].as_str().unwrap().to_owned()
}

/// The text with another first day and whatever else is edited.
fn from(text: &str, day: &str, edits: &[(&str, &str)]) -> String {
    let dated = text.replace("valid_from = 2019-01-01", &format!("valid_from = {day}"));
    edits.iter().fold(dated, |text, (old, new)| {
        assert!(text.contains(old), "{old}");
        text.replace(old, new)
    })
}

fn next_year() -> String {
    format!("{}-01-01", Moment::now().year() + 1)
}

const BOUND: &str = "\n[[bound]]\nkey = \"target.committee_hours.need\"\nfrom = 56\nto = 70\n";

async fn count_rules(city: &City) -> u64 {
    entity::rule::Entity::find().count(&city.db.read).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_says_who_would_gain_and_who_would_lose_and_writes_nothing() {
    let city = City::start().await;
    let office = city.client("city-office").await;
    let root = city.units["桂岭市"];
    let text = in_force(&office, root).await;
    let preview = async |text: String| {
        let path = format!("/api/v1/units/{root}/rules/preview");
        office.post(&path, json!({"text": text})).await.must(200).json()
    };
    let none = preview(from(&text, &next_year(), &[])).await;
    assert_eq!((&none["people"], &none["gain"], &none["lose"]), (&json!(16), &json!(0), &json!(0)));
    assert_eq!(none["changes"].as_array().unwrap().len(), 1, "only the first day: {none}");
    // Asking members only for what secretaries are asked now frees every secretary.
    let freed = text.replace("\"village_secretary\", ", "").replace("[\"village_secretary\"]", "[\"member\"]");
    let freed = preview(from(&freed, &next_year(), &[])).await;
    assert_eq!((&freed["gain"], &freed["lose"], &freed["total"]), (&json!(16), &json!(0), &json!(16)));
    assert_eq!((&freed["moved"][0]["turn"], &freed["moved"][0]["missing"]), (&json!("gain"), &json!([])));
    assert_eq!(count_rules(&city).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_rule_stands_in_the_history_with_who_when_and_what_it_changed() {
    let city = City::start().await;
    let office = city.client("city-office").await;
    let root = city.units["桂岭市"];
    let text = in_force(&office, root).await;
    let path = format!("/api/v1/units/{root}/rules");
    let new = from(&text, &next_year(), &[("need = 56", "need = 60")]);
    office.post(&path, json!({"text": new})).await.must(201);
    assert_eq!(office.post(&path, json!({"text": new})).await.must(409).code(), "taken");
    let today = Moment::now().day().to_string();
    office.post(&path, json!({"text": from(&text, &today, &[])})).await.must(400);
    let rules = office.get(&path).await.must(200).json();
    let version = &rules["versions"][0];
    assert_eq!((&version["author"], &version["valid_from"]), (&json!("city-office"), &json!(next_year())));
    let changes: Vec<_> = version["changes"].as_array().unwrap().iter().map(|change| &change["label"]).collect();
    assert_eq!(changes, ["村“两委”干部年度学时：要求", "生效日期"]);
    assert_eq!(rules["versions"].as_array().unwrap().len(), 2);
    assert_eq!(rules["in_force"].as_str(), Some(text.as_str()), "not before its day");
    let page = office.get("/office/rules").await.must(200).text();
    assert!(page.contains("尚未生效") && page.contains("<del>56</del>") && page.contains("全国党员教育培训工作规划"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_rule_is_refused_with_its_line() {
    let city = City::start().await;
    let office = city.client("city-office").await;
    let root = city.units["桂岭市"];
    let text = from(&in_force(&office, root).await, &next_year(), &[("day_minutes = 360", "day_minutes = 36O")]);
    let line = text.lines().position(|line| line.starts_with("day_minutes")).unwrap() + 1;
    for end in ["rules", "rules/preview"] {
        let refused = office.post(&format!("/api/v1/units/{root}/{end}"), json!({"text": text})).await.must(422);
        assert!(refused.json()["message"].as_str().unwrap().contains(&format!("第 {line} 行")), "{}", refused.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_county_moves_only_what_the_city_lets_it_and_only_so_far() {
    let city = City::start().await;
    let (above, office) = (city.client("city-office").await, city.client("office").await);
    let (root, county) = (city.units["桂岭市"], city.units["东江县"]);
    let text = in_force(&above, root).await;
    let tomorrow = Moment::now().day().succ_opt().unwrap().to_string();
    let bounded = format!("{}{BOUND}", from(&text, &tomorrow, &[]));
    above.post(&format!("/api/v1/units/{root}/rules"), json!({"text": bounded})).await.must(201);
    let path = format!("/api/v1/units/{county}/rules");
    let set =
        async |edits: &[(&str, &str)]| office.post(&path, json!({"text": from(&text, &next_year(), edits)})).await;
    let refused = set(&[("need = 56", "need = 71")]).await.must(422).text();
    assert!(refused.contains("56 到 70"), "{refused}");
    let refused = set(&[("minutes_per_credit_hour = 45", "minutes_per_credit_hour = 30")]).await.must(422).text();
    assert!(refused.contains("市里没有允许"), "{refused}");
    set(&[("need = 56", "need = 60"), ("（基本）", "（东江县）")]).await.must(201);
    let shown: Value = office.get(&path).await.must(200).json();
    assert_eq!(shown["versions"][0]["changes"].as_array().unwrap().len(), 5, "against the city's: {shown}");
    office.post(&format!("/api/v1/units/{root}/rules"), json!({"text": text})).await.must(404);
    let village = city.units["甲村"];
    office.post(&format!("/api/v1/units/{village}/rules"), json!({"text": text})).await.must(403);
    let far = city.units["西山县"];
    office.post(&format!("/api/v1/units/{far}/rules/preview"), json!({"text": text})).await.must(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_office_drafts_a_rule_corrects_it_previews_it_and_sets_it() {
    let city = City::start().await;
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    desk.sign_in("city-office").await;
    desk.goto("/office/rules").await;
    desk.picture("rules").await;
    assert!(!desk.overflows().await);
    desk.goto("/office/rules/draft").await;
    let edit = |old: &str, new: &str| {
        format!("const t = document.querySelector('#text'); t.value = t.value.replace('{old}', '{new}')")
    };
    desk.run(&edit("daily_cap_minutes = 480", "daily_cap_minutes = 4800")).await;
    desk.click("button[value='1']").await;
    desk.until("return document.querySelector('.notice.bad')?.innerText.includes('不在 0 到 1440 之间') ?? false")
        .await;
    desk.picture("rules-refused").await;
    assert_eq!(
        desk.run("return document.querySelector('#text').value.includes('daily_cap_minutes = 4800')").await,
        true
    );
    desk.run(&edit("daily_cap_minutes = 4800", "daily_cap_minutes = 240")).await;
    desk.run(&edit(
        "posts = [\"village_secretary\", \"village_director\", \"committee_member\"]",
        "posts = [\"village_director\"]",
    ))
    .await;
    desk.click("button[value='1']").await;
    desk.until("return !!document.querySelector('#preview')").await;
    desk.run("document.querySelector('#preview').scrollIntoView()").await;
    desk.picture("rules-preview").await;
    assert!(!desk.overflows().await);
    desk.click("button[value=enact]").await;
    desk.until("return document.body.innerText.includes('尚未生效')").await;
    desk.run("[...document.querySelectorAll('h2')].at(-1).scrollIntoView()").await;
    desk.picture("rules-history").await;
    desk.close().await;
    let Some(phone) = Browser::open(&city.url, 360, 740).await else { return };
    phone.sign_in("city-office").await;
    for page in ["/office/rules", "/office/gaps", "/office/rules/draft"] {
        phone.goto(page).await;
        assert!(!phone.overflows().await, "{page}");
        phone.picture(&format!("phone{}", page.replace('/', "-"))).await;
    }
    phone.close().await;
}
