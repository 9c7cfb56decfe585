//! Changing many lessons at once: what a preview says is what is done, by the rules of the single change; and undone.

use catalog::bulk::{self, Chosen, Deed, Doer};
use catalog::lesson::LessonFilter;
use entity::{Category, LessonState, audit, lesson, lesson_version, outbox};
use reqwest::Method;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, Set};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tests::browser::Browser;
use tests::{Answer, City, Client};

mod views;

/// Drafts of the first county: their ids.
async fn drafts(city: &mut City, count: usize) -> Vec<i64> {
    let county = city.units["东江县"];
    let course = city.course(county).await;
    let row = |n: usize| {
        City::lesson_row(course, &format!("many-{n}"), n, &format!("第{n}课"), None, county, LessonState::Draft)
    };
    city.insert_lessons((0..count).map(row).collect()).await;
    (0..count).map(|n| city.lesson(&format!("many-{n}"))).collect()
}

async fn post(client: &Client, path: &str, form: &[(&str, String)]) -> Answer {
    client.send(client.request(Method::POST, path).form(form)).await
}

/// Tick these lessons of the list: the address of the change.
async fn tick(client: &Client, place: &str, ids: &[i64]) -> String {
    let mut form = vec![("which", "ticked".to_owned()), ("place", place.to_owned())];
    form.extend(ids.iter().map(|id| ("lesson", id.to_string())));
    post(client, "/studio/changes", &form).await.must(303).header("location").to_owned()
}

async fn press(client: &Client, change: &str, action: &str, value: &str) -> Answer {
    post(client, change, &[("action", action.to_owned()), ("value", value.to_owned())]).await
}

async fn lesson_of(client: &Client, id: i64) -> serde_json::Value {
    client.get(&format!("/api/v1/lessons/{id}")).await.must(200).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_preview_says_is_done_at_once_and_undone_but_for_what_was_changed_since() {
    let mut city = City::start().await;
    let ids = drafts(&mut city, 4).await;
    let trainer = city.client("trainer").await;
    trainer.post(&format!("/api/v1/lessons/{}/submit", ids[3]), json!({})).await.must(200);

    let change = tick(&trainer, "q=%E7%AC%AC&page=1", &ids).await;
    let said = press(&trainer, &change, "category", "law").await.must(303);
    let preview = trainer.get(said.header("location")).await.must(200).text();
    assert!(preview.contains("类别改为“法律常识”") && preview.contains("确认修改 3 课"), "{preview}");
    assert!(preview.contains("第3课") && preview.contains("状态是“待审核”，不能这样改"), "{preview}");

    // Somebody is faster with one of them.
    trainer.patch(&format!("/api/v1/lessons/{}", ids[2]), json!({"version": 1, "summary": "先改的"})).await.must(200);
    let done = press(&trainer, &change, "confirm", "").await.must(303);
    let list = trainer.get(done.header("location")).await.must(200).text();
    assert!(list.contains("已修改 2 课：类别改为“法律常识”。2 课没有改，"), "{list}");
    let page = trainer.get(&change).await.must(200).text();
    assert!(page.contains("预览以后有人改过它"), "{page}");
    assert_eq!(lesson_of(&trainer, ids[0]).await["category"], "law");
    assert_eq!(lesson_of(&trainer, ids[2]).await["category"], "agriculture");

    // Each changed as if alone: a version, a line of the log, a row for the index.
    let versions = trainer.get(&format!("/api/v1/lessons/{}/versions", ids[0])).await.must(200).json();
    assert_eq!(versions["versions"][0]["changed"], json!(["类别"]));
    let target = audit::Column::Target.eq(format!("lesson:{}", ids[0]));
    let lines = audit::Entity::find().filter(target).all(&city.db.read).await.unwrap();
    assert_eq!(lines.last().map(|line| line.action.as_str()), Some("lesson.update"));

    // Pressed twice, it is done once.
    press(&trainer, &change, "confirm", "").await.must(303);
    assert_eq!(lesson_of(&trainer, ids[0]).await["version"], 2);

    trainer.patch(&format!("/api/v1/lessons/{}", ids[1]), json!({"version": 2, "summary": "后改的"})).await.must(200);
    city.client("reviewer").await.get(&change).await.must(404);
    press(&city.client("reviewer").await, &change, "undo", "").await.must(404);
    let undone = press(&trainer, &change, "undo", "").await.must(303);
    let list = trainer.get(undone.header("location")).await.must(200).text();
    assert!(list.contains("已撤销，1 课恢复原样。1 课没有恢复，"), "{list}");
    let page = trainer.get(&change).await.must(200).text();
    assert!(page.contains("没有恢复的课") && page.contains("第1课") && !page.contains("第3课"), "{page}");
    assert_eq!(lesson_of(&trainer, ids[0]).await["category"], "agriculture");
    assert_eq!(lesson_of(&trainer, ids[1]).await["category"], "law");
    assert_eq!(lesson_of(&trainer, ids[0]).await["version"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_and_steps_follow_the_rules_of_the_single_change() {
    let mut city = City::start().await;
    let ids = drafts(&mut city, 3).await;
    let (trainer, reviewer) = (city.client("trainer").await, city.client("reviewer").await);
    let change = tick(&trainer, "", &ids).await;
    press(&trainer, &change, "add_tag", "冬季").await.must(303);
    press(&trainer, &change, "confirm", "").await.must(303);
    assert_eq!(lesson_of(&trainer, ids[0]).await["tags"], json!(["测试", "冬季"]));

    let change = tick(&trainer, "", &ids).await;
    press(&trainer, &change, "submit", "").await.must(303);
    press(&trainer, &change, "confirm", "").await.must(303);
    assert_eq!(lesson_of(&trainer, ids[2]).await["state"], "review");
    let told = reviewer.get("/api/v1/notices").await.must(200).text();
    assert!(told.contains("《第2课》已提交，等您审核"), "{told}");

    // A trainer publishes nothing, and a reviewer nothing of their own.
    let change = tick(&trainer, "", &ids).await;
    press(&trainer, &change, "publish", "").await.must(303);
    let preview = trainer.get(&change).await.must(200).text();
    assert!(preview.contains("您不是它的审核员") && !preview.contains("value=\"confirm\""), "{preview}");

    let change = tick(&reviewer, "", &ids).await;
    press(&reviewer, &change, "publish", "").await.must(303);
    press(&reviewer, &change, "confirm", "").await.must(303);
    assert_eq!(lesson_of(&trainer, ids[0]).await["state"], "published");
    press(&reviewer, &change, "undo", "").await.must(303);
    assert_eq!(lesson_of(&trainer, ids[0]).await["state"], "review");

    let change = tick(&reviewer, "", &ids).await;
    let empty = press(&reviewer, &change, "withdraw", " ").await.must(422).text();
    assert!(empty.contains("请写明原因"), "{empty}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_ticked_and_lessons_of_others_change_nothing() {
    let mut city = City::start().await;
    let ids = drafts(&mut city, 1).await;
    let stranger = city.client("trainer-b").await;
    for form in [vec![], vec![("lesson", ids[0].to_string())], vec![("lesson", "abc".to_owned())]] {
        let refused = post(&stranger, "/studio/changes", &form).await.must(303);
        assert_eq!(refused.header("location"), "/studio?done=unticked");
    }
    city.client("trainer").await.get("/studio/changes/99").await.must(404);
    let change = tick(&city.client("trainer").await, "", &ids).await;
    for (action, value) in [("category", "moon"), ("audience", "x"), ("valid_until", "soon"), ("nonsense", "")] {
        press(&city.client("trainer").await, &change, action, value).await.must(422);
    }
    let beyond = city.units["西山县"].to_string();
    press(&city.client("trainer").await, &change, "audience", &beyond).await.must(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_lessons_are_listed_changed_and_restored_with_few_statements() {
    let mut city = City::without_server().await;
    let ids = drafts(&mut city, 10_000).await;
    let statements = Arc::new(AtomicU64::new(0));
    let counted = statements.clone();
    let mut db = city.db.write.clone();
    db.set_metric_callback(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let spent = || statements.swap(0, Ordering::Relaxed);
    let (now, trainer) = (entity::Moment::now(), city.accounts["trainer"]);
    let viewer = catalog::Viewer::staff_of(&format!("/{}/", city.units["桂岭市"]));
    let filter = LessonFilter { kept: true, q: Some("第".into()), ..LessonFilter::default() };

    let page = catalog::lesson::list(&db, &viewer, &filter, now.day(), 100, 100).await.unwrap();
    let counts = catalog::lesson::by_state(&db, &viewer, &filter, now.day()).await.unwrap();
    assert_eq!((page.total, page.items.len(), counts[&LessonState::Draft]), (10_000, 100, 10_000));
    assert!(spent() <= 4);

    let doer = Doer { account: trainer, reviews: viewer.staff.clone(), viewer };
    let chosen = Chosen::All(Box::new(filter));
    let change = bulk::choose(&db, &doer, chosen, "", now).await.unwrap();
    bulk::intend(&db, &doer, change.id, Deed::Category(Category::Law)).await.unwrap();
    let change = bulk::get(&db, trainer, change.id).await.unwrap();
    let outlook = bulk::preview(&db, &doer, &change, &Deed::Category(Category::Law), now).await.unwrap();
    assert_eq!((outlook.changed, outlook.left_out), (10_000, 0));
    spent();
    bulk::confirm(&db, &doer, change.id, now).await.unwrap();
    assert!(spent() < 2_000, "lessons are written by the hundred");
    let in_law = || lesson::Entity::find().filter(lesson::Column::Category.eq(Category::Law)).count(&city.db.read);
    assert_eq!(in_law().await.unwrap(), 10_000);
    assert_eq!(outbox::Entity::find().count(&city.db.read).await.unwrap(), 10_000);
    assert_eq!(lesson_version::Entity::find().count(&city.db.read).await.unwrap(), 20_000);

    // One is changed since, and stays.
    let touched = lesson::ActiveModel { version: Set(9), ..Default::default() };
    let one = lesson::Entity::update_many().set(touched).filter(lesson::Column::Id.eq(ids[7]));
    one.exec(&city.db.write).await.unwrap();
    spent();
    bulk::undo(&db, &doer, change.id, now).await.unwrap();
    assert!(spent() < 2_000);
    assert_eq!(in_law().await.unwrap(), 1);
    let change = bulk::get(&db, trainer, change.id).await.unwrap();
    let outcome = bulk::outcome(&db, &change).await.unwrap();
    assert_eq!((outcome.changed, outcome.left_out, outcome.named[0].lesson.0), (9_999, 1, ids[7]));
    let late = now.plus_ms(bulk::KEPT_MS + 1);
    assert!(bulk::latest(&db, trainer, late).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_look_at_a_change_do_it_and_take_it_back() {
    let mut city = City::start().await;
    let ids = drafts(&mut city, 3).await;
    let (trainer, other) = (city.client("trainer").await, city.client("reviewer").await);
    trainer.post(&format!("/api/v1/lessons/{}/submit", ids[2]), json!({})).await.must(200);
    let body = json!({"list": "q=%E7%AC%AC&state=", "action": "category", "value": "law"});
    let looked = trainer.post("/api/v1/changes", body).await.must(201).json();
    let path = format!("/api/v1/changes/{}", looked["id"]);
    let counts = |answer: &serde_json::Value| {
        ["state", "chosen", "changed", "left_out"].map(|name| answer[name].to_string()).join(" ")
    };
    assert_eq!((counts(&looked).as_str(), &looked["deed"]), ("\"looking\" 3 2 1", &json!("类别改为“法律常识”")));
    let left = json!({"lesson_id": ids[2], "title": "第2课", "why": "状态是“待审核”，不能这样改"});
    assert_eq!((&looked["named"][0], &looked["undo_until"]), (&left, &json!(null)));
    assert_eq!(lesson_of(&trainer, ids[0]).await["category"], "agriculture");
    other.get(&path).await.must(404);
    for step in ["confirm", "undo"] {
        other.post_empty(format!("{path}/{step}")).await.must(404);
    }
    trainer.post_empty(format!("{path}/undo")).await.must(404);
    let done = trainer.post_empty(format!("{path}/confirm")).await.must(200).json();
    assert_eq!(counts(&done), "\"done\" 3 2 1");
    assert!(done["undo_until"].as_i64().unwrap() > entity::Moment::now().0, "{done}");
    assert_eq!(lesson_of(&trainer, ids[0]).await["category"], "law");
    assert_eq!(trainer.get(&path).await.must(200).json(), done);
    let undone = trainer.post_empty(format!("{path}/undo")).await.must(200).json();
    assert_eq!((counts(&undone).as_str(), &undone["undo_until"]), ("\"undone\" 3 2 0", &json!(null)));
    assert_eq!(lesson_of(&trainer, ids[0]).await["category"], "agriculture");
    for bad in [
        json!({"action": "level", "value": "entry"}),
        json!({"lessons": [ids[0]], "list": "", "action": "level", "value": "entry"}),
        json!({"lessons": [], "action": "level", "value": "entry"}),
        json!({"lessons": [ids[0]], "action": "category", "value": "moon"}),
        json!({"lessons": [ids[0]], "action": "nonsense"}),
        json!({"lessons": [ids[0]], "action": "audience", "value": city.units["西山县"].to_string()}),
    ] {
        trainer.post("/api/v1/changes", bad.clone()).await.must(400);
    }
    trainer.post("/api/v1/changes", json!({"list": "unit=99999", "action": "submit"})).await.must(404);
    city.client("cadre").await.post("/api/v1/changes", json!({"list": "", "action": "submit"})).await.must(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_browser_a_trainer_narrows_ticks_changes_undoes_and_keeps_a_view() {
    let mut city = City::start().await;
    drafts(&mut city, 30).await;
    for (width, height) in [(1280, 900), (360, 740)] {
        let Some(browser) = Browser::open(&city.url, width, height).await else { return };
        browser.sign_in("trainer").await;
        browser.goto("/studio?size=20").await;
        browser.fill("#q", "第1").await;
        browser.click(".shelf-form .btn").await;
        browser.until("return document.querySelectorAll('tr[id^=lesson]').length === 11").await;
        browser.picture(&format!("studio-list-{width}")).await;
        assert!(!browser.overflows().await);
        browser.click("[data-tick-all]").await;
        browser.until("return document.querySelector('[data-ticked]').textContent === '已选 11 课'").await;
        browser.click("button[value=ticked]").await;
        browser.find("button[value=category]").await;
        browser.picture(&format!("studio-changes-{width}")).await;
        assert!(!browser.overflows().await);
        browser.run("document.querySelector('#category').value = 'law'").await;
        browser.click("button[value=category]").await;
        browser.find("button[value=confirm]").await;
        browser.picture(&format!("studio-preview-{width}")).await;
        browser.click("button[value=confirm]").await;
        browser.until("return !!document.querySelector('.undo')?.textContent.includes('已修改 11 课')").await;
        browser.picture(&format!("studio-undo-{width}")).await;
        browser.click(".undo button").await;
        browser.until("return !!document.querySelector('.undo')?.textContent.includes('11 课恢复原样')").await;
        browser.run("for (const d of document.querySelectorAll('details')) d.open = true").await;
        browser.fill("#view", &format!("第一批{width}")).await;
        browser.click("form[action='/studio/views'] .btn").await;
        browser.until("return !!document.querySelector('[aria-label=我的视图] [aria-current]')").await;
        browser.run("for (const d of document.querySelectorAll('details')) d.open = true").await;
        browser.click("button[value=forget]").await;
        browser.until("return document.body.textContent.includes('视图已删除')").await;
        browser.close().await;
    }
}
