//! Who watched: a trainer comes from the page of a lesson, a course or a plan to its attendance, and takes it away.

use super::{plan, watch};
use entity::{Moment, UnitLevel, class_run};
use sea_orm::{ActiveModelTrait, Set};
use serde_json::json;
use tests::City;
use tests::browser::Browser;

#[tokio::test(flavor = "multi_thread")]
async fn a_trainer_exports_who_watched_a_lesson_a_course_or_a_plan_from_its_page_in_two_clicks() {
    let city = City::start().await;
    let (trainer, cadre) = (city.client("trainer").await, city.client("cadre").await);
    let made = plan(&city, &trainer, json!({"lessons": [city.lesson("article")]})).await;
    watch(&city, &cadre, city.lesson("video"), 0, 300).await;
    watch(&city, &cadre, city.lesson("article"), 0, 300).await;
    let course = trainer.get("/api/v1/lessons/video").await.must(200).json()["course_id"].clone();
    let counted = async |about: String| {
        let page = trainer.get(&format!("/studio/attendance?{about}")).await.must(200).text();
        assert!(page.contains("看全部") && page.contains(&format!("&#38;{about}")), "{page}");
        let unit = city.units["清水镇"];
        let rows = trainer.get(&format!("/api/v1/reports/attendance.json?unit={unit}&{about}")).await.must(200).json();
        let sum = trainer.get(&format!("/api/v1/reports/hours.json?unit={unit}&{about}")).await.must(200).json();
        let (rows, totals) = (rows["rows"].as_array().unwrap().clone(), sum["totals"].clone());
        let minutes: f64 = rows.iter().map(|row| row[12].as_f64().unwrap()).sum();
        // Six columns say who, one for each source, then the minutes claimed and those that count.
        let place = totals.as_array().unwrap().len() - 4;
        assert_eq!(totals[place].as_f64().unwrap(), minutes, "both reports are of the same entries");
        rows.iter().map(|row| row[8].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (video, article) = ("沙糖桔修剪与保花保果", "红薯储藏与窖藏温度");
    assert_eq!(counted(format!("lesson={}", city.lesson("video"))).await, [video]);
    assert_eq!(counted(format!("plan={}", made["id"])).await, [article]);
    let mut both = counted(format!("course={course}")).await;
    both.sort();
    assert_eq!(both, [video, article]);

    let file = |about: &str| format!("/api/v1/reports/attendance.xlsx?{about}");
    let one = trainer.get(&file(&format!("lesson={}", city.lesson("video")))).await.must(200);
    assert!(one.header("content-disposition").contains("attachment"));
    let two = format!("lesson={}&plan={}", city.lesson("video"), made["id"]);
    trainer.get(&file(&two)).await.must(400);
    trainer.get(&format!("/api/v1/reports/assessment.json?lesson={}", city.lesson("video"))).await.must(400);
    let west = city.client("trainer-b").await;
    west.get(&file(&format!("lesson={}", city.lesson("draft")))).await.must(404);
    west.get(&file(&format!("plan={}", made["id"]))).await.must(404);
    west.get("/studio/attendance?class=1").await.must(404);

    // The ways in: from a lesson's, a course's and a plan's own page.
    let draft = city.lesson("draft");
    let page = trainer.get(&format!("/studio/lessons/{draft}")).await.must(200).text();
    assert!(page.contains(&format!("/studio/attendance?lesson={draft}")), "{page}");
    let page = trainer.get(&format!("/studio/plans/{}", made["id"])).await.must(200).text();
    assert!(page.contains(&format!("/studio/attendance?plan={}", made["id"])), "{page}");
    let page = city.client("city-admin").await.get(&format!("/studio/courses/{course}")).await.must(200).text();
    assert!(page.contains(&format!("/studio/attendance?course={course}")), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn attendance_of_a_class_holds_those_who_were_there_and_nobody_else() {
    let city = City::start().await;
    let today = Moment::now().day();
    let class = class_run::ActiveModel {
        level: Set(UnitLevel::County),
        title: Set("农产品上行培训".into()),
        unit_id: Set(city.units["东江县"]),
        place: Set("县党校".into()),
        teacher: Set("覃小明".into()),
        starts_on: Set(today),
        ends_on: Set(today),
        half_days: Set(2),
        created_by: Set(None),
        created_at: Set(Moment::now()),
        ..Default::default()
    };
    let class = class.insert(&city.db.write).await.unwrap().id;
    let path = format!("/api/v1/reports/attendance.json?class={class}");
    let rows = city.client("trainer").await.get(&path).await.must(200).json();
    assert_eq!(rows["row_count"], 0);
    assert!(rows["scope"].as_str().unwrap().ends_with("《农产品上行培训》"), "{rows}");
    city.client("trainer-b").await.get(&path).await.must(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_trainer_goes_from_a_lesson_to_its_attendance() {
    let city = City::start().await;
    watch(&city, &city.client("cadre").await, city.lesson("east"), 0, 300).await;
    for width in [360, 1280] {
        let Some(desk) = Browser::open(&city.url, width, 800).await else { return };
        desk.sign_in("trainer").await;
        desk.goto(&format!("/studio/lessons/{}", city.lesson("east"))).await;
        desk.picture(&format!("lesson-attendance-link-{width}")).await;
        desk.click("a[href^='/studio/attendance?lesson=']").await;
        desk.until(
            "return document.body.innerText.includes('只看《') && document.body.innerText.includes('甲村韦大山')",
        )
        .await;
        desk.picture(&format!("lesson-attendance-{width}")).await;
        assert!(!desk.overflows().await);
        desk.close().await;
    }
}
