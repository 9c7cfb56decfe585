//! Lessons from draft to shelf and off it, who sees them there, and their import.

use crate::search::{found, with_lessons};
use crate::town::{NOW, city};
use catalog::course::{self, NewCourse};
use catalog::import::{self, Files, Manifest, Plan, Terms};
use catalog::lesson::{self, LessonFilter, LessonPatch, NewLesson};
use catalog::search::Index;
use catalog::{Error, Viewer};
use entity::{AccountId, Category, Day, LessonState, Scope, UnitId, audit, outbox};
use sea_orm::{DatabaseConnection, EntityTrait, PaginatorTrait};

pub const AUTHOR: Option<AccountId> = Some(AccountId(1));
pub const REVIEWER: Option<AccountId> = Some(AccountId(2));

pub async fn county_course(db: &DatabaseConnection) -> entity::course::Model {
    let new = NewCourse {
        slug: None,
        title: "果树栽培".into(),
        summary: String::new(),
        category: Category::Agriculture,
        unit_id: UnitId(2),
        audience_unit_id: None,
    };
    course::create(db, new, AUTHOR, NOW).await.unwrap()
}

pub async fn published(db: &DatabaseConnection, course: &entity::course::Model, title: &str) -> entity::lesson::Model {
    let made = lesson::create(db, NewLesson::titled(course.id, title), AUTHOR, NOW).await.unwrap();
    lesson::submit(db, made.id, AUTHOR, NOW).await.unwrap();
    lesson::publish(db, made.id, REVIEWER, NOW).await.unwrap()
}

pub fn villager() -> Viewer {
    Viewer { homes: vec!["/1/2/4/".into()], staff: Scope::default() }
}

pub const LESSONS: &str = concat!(
    r#"{"id":"hongshu","title":"红薯安全贮藏与黑斑病预防","summary":"愈伤与窖温控制,防烂防冻。","category":"agriculture","tags":["红薯","贮藏"],"lecturer":"覃小明","level":"入门","language":"普通话","duration_s":600,"published":"2024-10-08","plays":30,"transcript":"霜降前要入窖。窖里温度不能低于十度,湿度太高就会发霉。甘薯长喙壳菌喜欢湿热。"}"#,
    "\n",
    r#"{"id":"juzi","title":"沙糖桔黄龙病识别","summary":"木虱与病树。","category":"agriculture","tags":["沙糖桔","黄龙病"],"lecturer":"韦国强","level":"进阶","language":"桂柳话","duration_s":900,"published":"2023-04-12","plays":900,"transcript":"先看叶子,斑驳黄化左右不对称。"}"#,
    "\n",
    r#"{"id":"jiufen","title":"宅基地纠纷调解","summary":"翻老契,问老人。","category":"dispute","tags":["宅基地","调解"],"lecturer":"覃小明","level":"入门","language":"普通话","duration_s":1200,"published":"2022-01-02","plays":5,"transcript":"一亩二分地,15-15-15的界桩。"}"#,
    "\n",
);

/// What importing these lines for the city would do.
pub async fn planned(db: &DatabaseConnection, lines: &str) -> catalog::Result<Plan> {
    import::plan(db, &Manifest::of_jsonl(lines), &Files::default(), UnitId(1), &Terms::Operator, NOW).await
}

#[tokio::test]
async fn a_lesson_goes_from_draft_to_shelf_and_off_it() {
    let (_folder, db) = city().await;
    let course = county_course(&db).await;
    let made = lesson::create(&db, NewLesson::titled(course.id, "沙糖桔修剪"), AUTHOR, NOW).await.unwrap();
    assert_eq!((made.state, made.slug.as_str(), made.position), (LessonState::Draft, "shatangjuxiujian", 1));
    let early = lesson::publish(&db, made.id, REVIEWER, NOW).await;
    assert!(matches!(early, Err(Error::WrongState { state: LessonState::Draft })));
    lesson::submit(&db, made.id, AUTHOR, NOW).await.unwrap();
    assert!(matches!(lesson::publish(&db, made.id, AUTHOR, NOW).await, Err(Error::OwnLesson)));
    let back = lesson::send_back(&db, made.id, "讲清用药量", REVIEWER, NOW).await.unwrap();
    assert_eq!((back.state, back.return_reason.as_deref()), (LessonState::Draft, Some("讲清用药量")));
    lesson::submit(&db, made.id, AUTHOR, NOW).await.unwrap();
    let out = lesson::publish(&db, made.id, REVIEWER, NOW).await.unwrap();
    assert_eq!((out.state, out.published_on), (LessonState::Published, Some(NOW.day())));
    let off = lesson::withdraw(&db, made.id, "有误", REVIEWER, NOW).await.unwrap();
    assert_eq!(off.state, LessonState::Withdrawn);
    lesson::submit(&db, made.id, AUTHOR, NOW).await.unwrap();
    let again = lesson::publish(&db, made.id, REVIEWER, NOW.plus_ms(9 * 86_400_000)).await.unwrap();
    assert_eq!(again.published_on, Some(NOW.day()), "the first day stays");
    assert_eq!(audit::Entity::find().count(&db).await.unwrap(), 9);
    assert_eq!(outbox::Entity::find().count(&db).await.unwrap(), 8);
}

#[tokio::test]
async fn who_comes_second_is_told_so() {
    let (_folder, db) = city().await;
    let course = county_course(&db).await;
    let made = lesson::create(&db, NewLesson::titled(course.id, "修剪"), AUTHOR, NOW).await.unwrap();
    let patch = || LessonPatch { summary: Some("新".into()), ..LessonPatch::default() };
    lesson::update(&db, made.id, patch(), made.version, AUTHOR, NOW).await.unwrap();
    let second = lesson::update(&db, made.id, patch(), made.version, AUTHOR, NOW).await;
    assert!(matches!(second, Err(Error::Stale { current: 2 })));
    let taken = NewLesson { slug: Some(made.slug.clone()), ..NewLesson::titled(course.id, "别的") };
    assert!(matches!(lesson::create(&db, taken, AUTHOR, NOW).await, Err(Error::SlugTaken(_))));
    let same_title = lesson::create(&db, NewLesson::titled(course.id, "修剪"), AUTHOR, NOW).await.unwrap();
    assert_eq!((same_title.slug.as_str(), same_title.position), ("xiujian-2", 2));
    assert!(matches!(course::delete(&db, course.id, 1, AUTHOR, NOW).await, Err(Error::CourseNotEmpty(2))));
}

#[tokio::test]
async fn viewers_see_what_is_for_them_by_list_search_and_id_alike() {
    let (folder, db) = city().await;
    let course = county_course(&db).await;
    let shown = published(&db, &course, "沙糖桔修剪").await;
    let draft = lesson::create(&db, NewLesson::titled(course.id, "沙糖桔施肥"), AUTHOR, NOW).await.unwrap();
    let old = NewLesson {
        valid_until: Some(Day::from_ymd_opt(2020, 1, 1).unwrap()),
        ..NewLesson::titled(course.id, "沙糖桔旧闻")
    };
    let old = lesson::create(&db, old, AUTHOR, NOW).await.unwrap();
    lesson::submit(&db, old.id, AUTHOR, NOW).await.unwrap();
    lesson::publish(&db, old.id, REVIEWER, NOW).await.unwrap();
    let index = Index::open(folder.path(), &db).await.unwrap();
    let elsewhere = Viewer { homes: vec!["/1/3/".into()], staff: Scope::default() };
    for (viewer, sees) in [
        (villager(), true),
        (Viewer::staff_of("/1/"), true),
        (Viewer::staff_of("/1/2/4/"), true),
        (elsewhere, false),
        (Viewer::default(), false),
    ] {
        let listed = lesson::list(&db, &viewer, &LessonFilter::default(), NOW.day(), 1, 20).await.unwrap();
        assert_eq!(listed.total, u64::from(sees), "{viewer:?}");
        assert_eq!(found(&index, "沙糖桔", &viewer).len(), usize::from(sees), "{viewer:?}");
        assert_eq!(lesson::visible(&db, &viewer, shown.id, NOW.day()).await.is_ok(), sees, "{viewer:?}");
        let courses = course::list(&db, &viewer, course::CourseFilter::default(), NOW.day(), 1, 20).await.unwrap();
        assert_eq!(courses.total, u64::from(sees), "{viewer:?}");
    }
    assert!(lesson::visible(&db, &villager(), draft.id, NOW.day()).await.is_err());
    assert!(lesson::visible(&db, &Viewer::staff_of("/1/2/"), draft.id, NOW.day()).await.is_ok());
    assert_eq!(course::outline(&db, &villager(), course.id, NOW.day()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn importing_the_same_file_twice_changes_nothing() {
    let (_folder, db, _index) = with_lessons().await;
    let plan = planned(&db, LESSONS).await.unwrap();
    assert_eq!((plan.adds.len(), plan.changes.len(), plan.unchanged), (0, 0, 3), "{plan}");
    let changed = LESSONS.replace("木虱与病树", "木虱、病树");
    let plan = planned(&db, &changed).await.unwrap();
    assert_eq!(plan.changes[0].fields[0].to_string(), "简介：木虱与病树。 → 木虱、病树。");
    import::apply(&db, &plan, None, NOW).await.unwrap();
    let row = lesson::find(&db, "juzi").await.unwrap();
    assert_eq!((row.summary.as_str(), row.version, row.plays), ("木虱、病树。", 2, 900));
    assert_eq!(row.duration_ms, 900_000);
    assert_eq!(lesson::find(&db, "hongshu").await.unwrap().season.as_deref(), Some("霜降"));
}

#[tokio::test]
async fn bad_rows_are_named_by_line_and_nothing_is_taken() {
    let (_folder, db) = city().await;
    let lines = [
        r#"{"id":"a","title":"好","category":"law"}"#,
        "not json",
        r#"{"id":"b","title":"","category":"law"}"#,
        r#"{"id":"c","title":"题","category":"astronomy"}"#,
        r#"{"id":"a","title":"重","category":"law"}"#,
        r#"{"id":"d","title":"题","category":"law","level":"飞行"}"#,
        r#"{"id":"e","title":"题","category":"law","media":"没有.mp4"}"#,
        r#"{"id":"f","title":"题","category":"law","published":"2999-01-01"}"#,
        r#"{"id":"g","title":7,"category":"law"}"#,
    ];
    let plan = planned(&db, &lines.join("\n")).await.unwrap();
    let bad: Vec<usize> = plan.bad.iter().map(|row| row.line).collect();
    assert_eq!(bad, [2, 3, 4, 5, 6, 7, 8, 9], "{plan}");
    assert!(matches!(import::apply(&db, &plan, None, NOW).await, Err(Error::BadRows(8))));
    assert_eq!(entity::lesson::Entity::find().count(&db).await.unwrap(), 0);
}
