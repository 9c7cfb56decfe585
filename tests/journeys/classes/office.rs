//! Classes and declared studies as the county decides on both: counted while they wait, refused by a sealed year.

use super::studies::{declare, study};
use super::{PHOTOGRAPH, announced, credited, form, is_sound};
use entity::{Day, Moment};
use serde_json::json;
use std::time::Duration;
use tests::City;

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_the_office_is_counted_on_its_first_page_and_beside_its_tabs() {
    let city = City::start().await;
    let (trainer, cadre) = (city.client("trainer").await, city.client("cadre").await);
    let id = announced(&city, &trainer, "冬训班").await;
    trainer.post(&format!("/api/v1/classes/{id}/roster"), json!({"people": ["甲村韦大山"]})).await.must(200);
    announced(&city, &trainer, "还没有开的班").await;
    trainer.post_empty(format!("/api/v1/classes/{id}/hand-in")).await.must(200);
    let own = declare(&cadre, "/api/v1/me/studies", &study("degree", 4), PHOTOGRAPH).await.must(201).json();
    let office = city.client("office").await;
    let first = office.get("/office").await.must(200).text();
    for (href, label) in
        [("/studio/classes?state=handed_in", "培训班 1 个"), ("/office/declared?state=handed_in", "其他学习 1 件")]
    {
        assert!(first.contains(&format!("<a href=\"{href}\">{label}</a>")), "{first}");
    }
    assert!(first.contains(">培训班 1<") && first.contains(">其他学习 1<") && first.contains(">申诉<"), "{first}");
    let list = office.get("/studio/classes?state=handed_in").await.must(200).text();
    assert!(list.contains("冬训班") && !list.contains("还没有开的班"), "{list}");
    for login in ["trainer", "office-b", "auditor"] {
        let page = city.client(login).await.get("/office").await.must(200).text();
        assert!(!page.contains("等待您处理") && page.contains(">培训班<"), "{login}: {page}");
    }
    office.post(&format!("/api/v1/classes/{id}/decision"), json!({"approve": true})).await.must(200);
    let next = office.get("/office").await.must(200).text();
    assert!(next.contains(">培训班<") && next.contains("其他学习 1 件"), "decided, and the number is gone at once");
    let no = [("verdict", "refuse"), ("reason", "没有单位盖章")];
    form(&office, &format!("/office/declared/{}", own["id"]), &no).await.must(303);
    assert!(!office.get("/office").await.must(200).text().contains("等待您处理"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_year_takes_neither_a_class_nor_a_study() {
    let city = City::start().await;
    let (trainer, office) = (city.client("trainer").await, city.client("office").await);
    let year = Moment::now().year() - 1;
    let day = Day::from_ymd_opt(year, 12, 30).unwrap();
    let body =
        json!({"unit_id": city.units["清水镇"], "title": "年底班", "starts_on": day, "ends_on": day, "half_days": 2});
    let id = trainer.post("/api/v1/classes", body).await.must(201).json()["id"].as_i64().unwrap();
    let enrolled = json!({"people": ["甲村韦大山"]});
    trainer.post(&format!("/api/v1/classes/{id}/roster"), enrolled).await.must(200);
    trainer.post_empty(format!("/api/v1/classes/{id}/hand-in")).await.must(200);
    let seal = office.post(&format!("/api/v1/units/{}/seals", city.units["东江县"]), json!({"year": year})).await;
    let seal = seal.must(202).json()["id"].to_string();
    for attempt in 0.. {
        assert!(attempt < 1200, "never sealed");
        if office.get(&format!("/api/v1/seals/{seal}")).await.must(200).json()["state"] == "sealed" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let page =
        form(&office, &format!("/studio/classes/{id}/decision"), &[("verdict", "approve")]).await.must(409).text();
    assert!(page.contains(&format!("{year} 年已封存")), "{page}");
    assert_eq!(credited(&city, year).await, 0);
    let mut query = study("degree", 1);
    for (name, value) in &mut query {
        if name.ends_with("_on") {
            *value = day.to_string();
        }
    }
    let refused = declare(&city.client("cadre").await, "/api/v1/me/studies", &query, PHOTOGRAPH).await.must(409);
    assert!(refused.text().contains("已封存"));
    let returned = [("verdict", "return"), ("reason", "年度已封存")];
    form(&office, &format!("/studio/classes/{id}/decision"), &returned).await.must(303);
    assert!(is_sound(&city).await);
}
