//! Who may merge and part, whom it binds, and the page where the office does it.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn only_who_reaches_both_merges_them_and_only_who_reached_both_parts_them() {
    let city = City::start().await;
    let (here, there) = (city.people["甲村覃小梅"].0, city.people["丙村覃小梅"].0);
    let (office, other) = (city.client("office").await, city.client("office-b").await);
    merge(&office, here, there).await.must(404);
    merge(&office, there, here).await.must(404);
    merge(&other, here, there).await.must(404);
    merge(&city.client("trainer").await, here, city.people["甲村黄志强"].0).await.must(403);
    let above = city.client("city-office").await;
    let made = merge(&above, here, there).await.must(201).json();
    assert_eq!((listed(&other, "丙村覃小梅").await, listed(&above, "覃小梅").await), (0, 3));
    part(&office, &made["merge"]["id"]).await.must(404);
    part(&other, &made["merge"]["id"]).await.must(404);
    part(&above, &made["merge"]["id"]).await.must(200);
    assert_eq!((listed(&other, "丙村覃小梅").await, listed(&above, "覃小梅").await), (1, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_decides_for_themselves_under_another_number() {
    let city = City::start().await;
    let (office, cadre) = (city.client("office").await, city.client("cadre").await);
    let (account, county) = (city.learner_account(1).await, city.units["东江县"]);
    roster::grants::give(&city.db.write, account, Role::Assessor, county, None, Moment::now()).await.unwrap();
    let second = city.client("learner-1").await;
    watch(&city, &cadre, "video", 5).await;
    let (kept, merged) = (me(&cadre).await, me(&second).await);
    let entry = archive_of(&cadre, kept).await["entries"][0]["seq"].clone();
    let text = json!({"text": "少计了一分钟"});
    let appeal = cadre.post(&format!("/api/v1/ledger/{entry}/appeals"), text).await.must(201).json();
    let decision = format!("/api/v1/appeals/{}/decision", appeal["id"]);
    let refusal = json!({"granted": false, "reason": "没有旁证"});
    merge(&office, kept, merged).await.must(201);
    second.post(&decision, refusal.clone()).await.must(403);
    let today = Moment::now().day();
    let sick = json!({"kind": "sick", "begins_on": today, "ends_on": today, "reason": "县医院证明"});
    second.post(&format!("/api/v1/people/{kept}/exemptions"), sick).await.must(403);
    merge(&second, kept, city.people["甲村黄志强"].0).await.must(403);
    office.post(&decision, refusal).await.must(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_office_is_offered_who_may_be_the_same_compares_merges_and_parts_without_a_script() {
    let city = City::start().await;
    let admin = city.client("admin").await;
    let (id, other) = (city.people["甲村覃小梅"], city.people["乙村覃小梅"]);
    let page = admin.get(&format!("/office/people/{id}/merge")).await.must(200).text();
    assert!(page.contains("乙村覃小梅"), "born in the same year, one character apart");
    assert!(!page.contains("丙村"), "nobody of another county is named");
    let compared = admin.get(&format!("/office/people/{id}/merge?with={other}")).await.must(200).text();
    assert!(compared.contains("0450100") && compared.contains("村党组织书记"), "{compared}");
    let post =
        async |path: String, fields: &[(&str, &str)]| admin.send(admin.request(Method::POST, &path).form(fields)).await;
    let (with, path) = (other.to_string(), format!("/office/people/{id}/merge"));
    let refused =
        post(path.clone(), &[("with", with.as_str()), ("keep", with.as_str()), ("reason", "")]).await.must(400).text();
    assert!(refused.contains("请写明理由") && refused.contains(&format!("value=\"{other}\" checked")), "{refused}");
    let done = post(path, &[("with", with.as_str()), ("keep", with.as_str()), ("reason", "姓名录错")]).await.must(303);
    assert_eq!(done.header("location"), format!("/office/people/{other}/merge?done=merged"));
    let merged = admin.get(done.header("location")).await.must(200).text();
    assert!(merged.contains("已合并") && merged.contains("姓名录错"));
    let merges = admin.get(&format!("/api/v1/people/{other}/merges")).await.must(200).json();
    let merge = &merges["merges"][0]["id"];
    post(format!("/office/merges/{merge}/part"), &[("reason", "")]).await.must(400);
    let parted = post(format!("/office/merges/{merge}/part"), &[("reason", "是两个人")]).await.must(303);
    assert!(admin.get(parted.header("location")).await.must(200).text().contains("已拆分"));
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_the_office_merges_two_rows_of_one_person() {
    let city = City::start().await;
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    let (id, other) = (city.people["甲村覃小梅"], city.people["乙村覃小梅"]);
    desk.sign_in("office").await;
    desk.goto(&format!("/office/people/{id}/merge")).await;
    desk.picture("merge-candidates").await;
    desk.goto(&format!("/office/people/{id}/merge?with={other}")).await;
    desk.fill("#reason", "姓名录错").await;
    desk.picture("merge-compare").await;
    assert!(!desk.overflows().await);
    desk.click("form.form button.btn").await;
    desk.until("return document.body.innerText.includes('已合并')").await;
    desk.picture("merge-done").await;
    desk.close().await;
}
