//! A training plan: set for posts in a subtree by a day, first on the phones of those it binds, followed by the trainer.

use entity::{AttendanceStatus, Moment, PlanId, UnitLevel, class_attendance, class_run};
use sea_orm::{ActiveModelTrait, Set};
use serde_json::{Value, json};
use tests::browser::Browser;
use tests::{City, Client};

mod attendance;

fn in_days(days: i64) -> String {
    Moment::now().plus_ms(days * 86_400_000).day().to_string()
}

async fn plan(city: &City, trainer: &Client, changed: Value) -> Value {
    let mut body = json!({
        "title": "村书记必修课", "unit_id": city.units["清水镇"], "posts": ["village_secretary"], "due": in_days(20),
        "lessons": [city.lesson("video"), city.lesson("article")],
    });
    body.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
    trainer.post("/api/v1/plans", body).await.must(201).json()
}

/// Watch this much of a lesson of ten minutes alone, from `from_s` on.
async fn watch(city: &City, client: &Client, lesson: i64, from_s: i64, seconds: i64) {
    let playback = client.play(lesson).await;
    client.beat(playback, 1, from_s * 1000, true).await.must(200);
    city.let_pass(playback, seconds * 1000).await;
    client.beat(playback, 2, (from_s + seconds) * 1000, true).await.must(200);
    client.post(&format!("/api/v1/playback/{playback}/close"), json!({})).await.must(200);
}

async fn my_states(client: &Client) -> Vec<Value> {
    let plans = client.get("/api/v1/me/plans").await.must(200).json()["plans"].clone();
    let items = plans[0]["items"].as_array().cloned().unwrap_or_default();
    items.iter().map(|item| item["state"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_a_plan_binds_sees_it_first_and_the_trainer_sees_how_far_everybody_is() {
    let city = City::start().await;
    let (trainer, cadre) = (city.client("trainer").await, city.client("cadre").await);
    let made = plan(&city, &trainer, json!({"note": "月底前学完"})).await;
    assert_eq!(my_states(&cadre).await, ["not_begun", "not_begun"]);
    let home = cadre.get("/home").await.must(200).text();
    let required = home.find("必修：村书记必修课").unwrap();
    assert!(required < home.find("最新课程").unwrap() && home.contains("月底前学完"));
    watch(&city, &cadre, city.lesson("video"), 0, 300).await;
    assert_eq!(my_states(&cadre).await, ["begun", "not_begun"]);
    watch(&city, &cadre, city.lesson("video"), 300, 250).await;
    assert_eq!(my_states(&cadre).await, ["done", "not_begun"]);

    let path = format!("/api/v1/plans/{}/progress", made["id"]);
    let rows = trainer.get(&format!("{path}.json")).await.must(200).json();
    assert_eq!(rows["row_count"], 8, "the people of two villages");
    let mine = rows["rows"].as_array().unwrap().iter().find(|row| row[4] == "甲村韦大山").unwrap().clone();
    assert_eq!(
        (&mine[2], &mine[5], &mine[6], &mine[7], &mine[8]),
        (&json!("甲村"), &json!("已完成"), &json!("没开始"), &json!(1), &json!("学习中"))
    );
    let csv = trainer.get(&format!("{path}.csv")).await.must(200).text();
    assert!(csv.starts_with('\u{feff}') && csv.contains("甲村韦大山") && csv.contains("没开始"), "{csv}");
    let xlsx = trainer.get(&format!("{path}.xlsx")).await.must(200);
    assert!(xlsx.body.starts_with(b"PK"));
    let page = trainer.get(&format!("/studio/plans/{}", made["id"])).await.must(200).text();
    assert!(page.contains("乙村") && page.contains("甲村韦大山"));
    let over = trainer.get(&format!("/studio/plans/{}?state=not_begun", made["id"])).await.must(200).text();
    assert!(!over.contains("甲村韦大山") && over.contains("甲村覃小梅"));

    trainer.post(&format!("/api/v1/plans/{}/end", made["id"]), json!({})).await.must(200);
    assert_eq!(my_states(&cadre).await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_half_on_two_days_does_not_make_a_lesson_done() {
    let city = City::start().await;
    let (trainer, cadre) = (city.client("trainer").await, city.client("cadre").await);
    plan(&city, &trainer, json!({"lessons": [city.lesson("video")]})).await;
    watch(&city, &cadre, city.lesson("video"), 0, 300).await;
    yesterday(&city).await;
    watch(&city, &cadre, city.lesson("video"), 0, 300).await;
    assert_eq!(my_states(&cadre).await, ["begun"]);
    watch(&city, &cadre, city.lesson("video"), 300, 250).await;
    assert_eq!(my_states(&cadre).await, ["done"]);
}

/// Puts everything that was watched so far a day back.
async fn yesterday(city: &City) {
    use entity::beat::Column::{WallFrom, WallTo};
    use entity::{beat, ledger_entry, playback};
    use sea_orm::EntityTrait;
    use sea_orm::sea_query::{Expr, ExprTrait};
    const DAY_MS: i64 = 86_400_000;
    let (db, day) = (&city.db.write, Moment::now().plus_ms(-DAY_MS).day());
    let beats = beat::Entity::update_many().col_expr(WallFrom, Expr::col(WallFrom).sub(DAY_MS));
    beats.col_expr(WallTo, Expr::col(WallTo).sub(DAY_MS)).exec(db).await.unwrap();
    playback::Entity::update_many().col_expr(playback::Column::Day, Expr::value(day)).exec(db).await.unwrap();
    ledger_entry::Entity::update_many().col_expr(ledger_entry::Column::Day, Expr::value(day)).exec(db).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_class_is_done_by_who_attended_it_in_the_plans_time() {
    let city = City::start().await;
    let (trainer, cadre) = (city.client("trainer").await, city.client("cadre").await);
    plan(&city, &trainer, json!({"lessons": [], "classes": ["冬训班"], "from": in_days(-10)})).await;
    let person = city.people["甲村韦大山"];
    for (title, days, status, state) in [
        ("别的班", -3, AttendanceStatus::Attended, "not_begun"),
        ("冬训班", -30, AttendanceStatus::Attended, "not_begun"),
        ("冬训班", -3, AttendanceStatus::TooMuchLeave, "not_begun"),
        ("冬训班", -3, AttendanceStatus::Attended, "done"),
    ] {
        let day = Moment::now().plus_ms(days * 86_400_000).day();
        let run = class_run::ActiveModel {
            level: Set(UnitLevel::County),
            title: Set(title.into()),
            unit_id: Set(city.units["东江县"]),
            place: Set("党校".into()),
            teacher: Set(String::new()),
            starts_on: Set(day),
            ends_on: Set(day),
            half_days: Set(2),
            created_by: Set(None),
            created_at: Set(Moment::now()),
            ..Default::default()
        };
        let run = run.insert(&city.db.write).await.unwrap();
        let there = class_attendance::ActiveModel {
            class_run_id: Set(run.id),
            person_id: Set(person),
            half_days: Set(2),
            status: Set(status),
            ..Default::default()
        };
        there.insert(&city.db.write).await.unwrap();
        assert_eq!(my_states(&cadre).await, [state], "{title} {days}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_nobody_could_do_is_refused_and_names_the_field() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let good =
        json!({"title": "必修", "unit_id": city.units["东江县"], "due": in_days(3), "lessons": [city.lesson("video")]});
    for (changed, word) in [
        (json!({"due": in_days(-1)}), "due_on"),
        (json!({"due": "soon"}), "due"),
        (json!({"from": in_days(9)}), "from_on"),
        (json!({"title": " "}), "title"),
        (json!({"lessons": []}), "lessons"),
        (json!({"lessons": [city.lesson("draft")]}), "未发布的草稿课程"),
        (json!({"posts": ["king"]}), "posts"),
    ] {
        let mut body = good.clone();
        body.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
        let refused = trainer.post("/api/v1/plans", body).await.must(400).json();
        assert!(refused["message"].as_str().unwrap().contains(word), "{refused}");
    }
    let foreign =
        json!({"title": "必修", "unit_id": city.units["西山县"], "due": in_days(3), "lessons": [city.lesson("video")]});
    trainer.post("/api/v1/plans", foreign).await.must(404);
    // A lesson for one county only is for nobody of a plan of another.
    let west = city.client("trainer-b").await;
    let hidden =
        json!({"title": "必修", "unit_id": city.units["西山县"], "due": in_days(3), "lessons": [city.lesson("east")]});
    west.post("/api/v1/plans", hidden).await.must(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_binds_the_posts_it_names_and_nobody_else() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let made = plan(&city, &trainer, json!({"posts": ["hamlet_head"]})).await;
    assert_eq!(my_states(&city.client("cadre").await).await, Vec::<Value>::new());
    let row = catalog::plan::get(&city.db.read, PlanId(made["id"].as_i64().unwrap())).await.unwrap();
    let scope = entity::Scope::of(["/1/".to_owned()]);
    let bound = archive::plan::progress(&city.db.read, &row, &scope, Moment::now().day()).await.unwrap();
    assert!(bound.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_a_trainer_sets_a_plan_and_a_phone_shows_it_first() {
    let city = City::start().await;
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    desk.sign_in("trainer").await;
    desk.goto("/studio/plans").await;
    desk.picture("plans-empty").await;
    desk.click("a[href='/studio/plans/new']").await;
    desk.fill("[name=title]", "2026年村书记必修课").await;
    desk.fill("[name=q]", "沙糖桔").await;
    desk.click("button[value=search]:not(.sr)").await;
    desk.until("return document.querySelector('[value^=\"add:\"]') !== null").await;
    desk.click("[value^='add:']").await;
    desk.until("return document.querySelector('.picked')?.innerText.includes('沙糖桔修剪')").await;
    desk.click("button[value=save]").await;
    desk.until("return !!document.querySelector('#due_on-error')").await;
    assert_eq!(desk.run("return document.querySelector('[name=title]').value").await, "2026年村书记必修课");
    desk.run(&format!("document.querySelector('[name=due_on]').value = '{}'", in_days(5))).await;
    desk.click("[name=posts][value=village_secretary]").await;
    desk.picture("plans-new").await;
    assert!(!desk.overflows().await);
    desk.click("button[value=save]").await;
    desk.until("return document.body.innerText.includes('计划已定好')").await;
    desk.picture("plans-progress").await;
    assert!(!desk.overflows().await);
    desk.goto("/studio/plans").await;
    desk.picture("plans-list").await;
    desk.close().await;
    let Some(phone) = Browser::open(&city.url, 360, 740).await else { return };
    phone.sign_in("cadre").await;
    phone.goto("/home").await;
    phone.until("return document.querySelector('.required').innerText.includes('还有 5 天')").await;
    phone.picture("plans-phone").await;
    assert!(!phone.overflows().await);
    phone.click(".required .rows a").await;
    phone.until("return location.pathname === '/lessons/video'").await;
    phone.close().await;
}
