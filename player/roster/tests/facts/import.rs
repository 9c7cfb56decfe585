use crate::{City, DAY_MS, NOW, city, empty};
use entity::{Day, PostKind, Scope, UnitLevel, audit, person, post};
use roster::import::{self, Kind, Plan, Sheet, Summary};
use roster::{Error, account, org, people};
use sea_orm::{DatabaseConnection, EntityTrait, PaginatorTrait, QueryOrder};

fn csv(text: &str) -> Sheet {
    import::read(text.as_bytes(), "roster.csv").unwrap()
}

async fn planned(db: &DatabaseConnection, text: &str) -> Plan {
    import::plan(db, &csv(text)).await.unwrap()
}

async fn imported(db: &DatabaseConnection, text: &str) -> Summary {
    let plan = planned(db, text).await;
    assert_eq!(plan.bad, []);
    import::apply(db, &plan, None, NOW).await.unwrap()
}

async fn reasons(city: &City, text: &str) -> Vec<(usize, String)> {
    let plan = planned(&city.db, text).await;
    plan.bad.into_iter().map(|bad| (bad.line, bad.reason)).collect()
}

const TWO: &str = "姓名,学员编号,县区,乡镇,行政村,职务,任职日期,性别,出生年份,手机号,登录名
张三,0012,南丹县,芒场镇,巴平村,村党组织书记,2021/3/1,男,1975,13812345678,zhangsan
李四,0013,南丹县,芒场镇,拉麻村,党员,,女,,,
";

#[tokio::test]
async fn a_roster_is_imported_and_importing_it_again_changes_nothing() {
    let city = city().await;
    let summary = imported(&city.db, TWO).await;
    assert_eq!((summary.people_added, summary.people_changed, summary.unchanged), (2, 0, 0));
    let first = &summary.accounts[0];
    assert_eq!((first.code.as_str(), first.login.as_str(), first.password.len()), ("0012", "zhangsan", 10));
    let account = account::check_password(&city.db, "zhangsan", &first.password, NOW).await.unwrap();
    assert!(account.must_change_password);
    let zhang = people::by_code(&city.db, "0012").await.unwrap().unwrap();
    assert_eq!((zhang.unit_id, zhang.birth_year, zhang.gender.as_deref()), (city.village.id, Some(1975), Some("男")));
    let li = people::by_code(&city.db, "0013").await.unwrap().unwrap();
    assert_eq!(people::posts(&city.db, li.id).await.unwrap()[0].appointed_on, NOW.day());
    for _ in 0..2 {
        let again = planned(&city.db, TWO).await;
        assert_eq!((again.adds.len(), again.changes.len(), again.unchanged, again.bad.len()), (0, 0, 2, 0));
        let summary = import::apply(&city.db, &again, None, NOW.plus_ms(DAY_MS)).await.unwrap();
        assert_eq!(summary, Summary { unchanged: 2, ..Summary::default() });
    }
}

#[tokio::test]
async fn a_dry_run_writes_nothing_and_shows_each_field_before_and_after() {
    let city = city().await;
    let plan = planned(&city.db, TWO).await;
    assert_eq!(
        plan.adds.iter().map(|add| (add.kind, add.line)).collect::<Vec<_>>(),
        [(Kind::Person, 2), (Kind::Person, 3)]
    );
    assert_eq!(person::Entity::find().count(&city.db).await.unwrap(), 0);
    imported(&city.db, TWO).await;
    let moved = "学员编号,姓名,单位编码,手机号,职务,任职日期\n0012,张三丰,45010102,,村委会主任,2024年1月5日\n";
    let plan = planned(&city.db, moved).await;
    let fields = plan.changes[0].fields.iter().map(|field| (field.field, field.old.as_str(), field.new.as_str()));
    let fields: Vec<_> = fields.collect();
    assert_eq!(
        fields,
        [
            ("姓名", "张三", "张三丰"),
            ("单位", "南丹县 芒场镇 巴平村", "南丹县 芒场镇 拉麻村"),
            ("职务", "村党组织书记", "村委会主任"),
        ]
    );
    assert!(plan.to_string().contains("~ 第 2 行 0012 张三 姓名：张三 → 张三丰"));
}

#[tokio::test]
async fn everybody_who_is_added_moved_or_changed_has_a_line_in_the_log_that_says_what() {
    let city = city().await;
    let log = async || {
        let rows = audit::Entity::find().order_by_asc(audit::Column::Id).all(&city.db).await.unwrap();
        rows.into_iter().map(|row| (row.action, row.target, row.detail)).collect::<Vec<_>>()
    };
    let before = log().await.len();
    imported(&city.db, TWO).await;
    let zhang = people::by_code(&city.db, "0012").await.unwrap().unwrap();
    let account = account::of_person(&city.db, zhang.id).await.unwrap().unwrap();
    let added = log().await;
    let verbs: Vec<_> = added[before..].iter().map(|(action, ..)| action.as_str()).collect();
    assert_eq!(verbs, ["person.add", "person.add", "account.create", "role.give", "roster.import"]);
    assert_eq!(added[before].1, format!("person:{}", zhang.id));
    assert_eq!((&added[before + 2].1, added[before + 2].2.as_str()), (&format!("account:{}", account.id), "zhangsan"));
    imported(&city.db, "学员编号,姓名,单位编码,手机号\n0012,张三,45010102,13900000000\n").await;
    let (action, target, detail) = log().await[added.len()].clone();
    assert_eq!((action.as_str(), target), ("person.change", format!("person:{}", zhang.id)));
    assert_eq!(detail, "手机号：138******78 → 139******00；单位：南丹县 芒场镇 巴平村 → 南丹县 芒场镇 拉麻村");
    imported(
        &city.db,
        "单位编码,单位名称,级别,上级编码\n45010109,新村,行政村,450101\n45010102,拉麻新村,行政村,450101\n",
    )
    .await;
    let units: Vec<_> = log().await[added.len() + 2..].iter().map(|line| (line.0.clone(), line.2.clone())).collect();
    assert_eq!(units[0], ("unit.add".to_owned(), "新村（行政村）".to_owned()));
    assert_eq!(units[1], ("unit.change".to_owned(), "单位名称：拉麻村 → 拉麻新村".to_owned()));
}

#[tokio::test]
async fn a_new_post_ends_the_old_one_the_day_before() {
    let city = city().await;
    imported(&city.db, TWO).await;
    imported(&city.db, "学员编号,姓名,职务,任职日期\n0012,张三,村委会主任,2024-01-05\n").await;
    let zhang = people::by_code(&city.db, "0012").await.unwrap().unwrap();
    assert_eq!(zhang.phone.as_deref(), Some("13812345678"), "a column that is not there erases nothing");
    let posts = people::posts(&city.db, zhang.id).await.unwrap();
    let day = |month, day| Day::from_ymd_opt(2024, month, day);
    let terms: Vec<_> = posts.iter().map(|post| (post.kind, Some(post.appointed_on), post.ended_on)).collect();
    assert_eq!(terms[0], (PostKind::VillageDirector, day(1, 5), None));
    assert_eq!(terms[1], (PostKind::VillageSecretary, Day::from_ymd_opt(2021, 3, 1), day(1, 4)));
    imported(&city.db, "学员编号,姓名,职务,任职日期\n0012,张三,村委会主任,2024-02-01\n").await;
    let posts = people::posts(&city.db, zhang.id).await.unwrap();
    assert_eq!((posts.len(), Some(posts[0].appointed_on)), (2, day(2, 1)));
}

#[tokio::test]
async fn bad_rows_are_named_by_line_and_reason_and_nothing_is_imported() {
    let city = city().await;
    let text = "学员编号,姓名,单位编码,职务,任职日期,性别,手机号,登录名
1,好人,45010101,党员,,男,,
,无编号,45010101,,,,,
3,,45010101,,,,,
4,无单位,,,,,,
5,错单位,999,,,,,
6,错职务,45010101,皇帝,,,,
7,缺日期,45010101,村党组织书记,,,,
8,错日期,45010101,村党组织书记,2024-02-30,,,
9,错性别,45010101,,,x,,
10,错电话,45010101,,,,abc,
11,错登录,45010101,,,,,a b
1,重复,45010101,,,,,
12,有日无职,45010101,,2024-01-01,,,
13,#REF!,45010101,,,,,
";
    let reasons = reasons(&city, text).await;
    assert_eq!(reasons.iter().map(|(line, _)| *line).collect::<Vec<_>>(), (3..=15).collect::<Vec<_>>());
    for ((_, reason), part) in reasons.iter().zip([
        "缺少学员编号",
        "缺少姓名",
        "缺少单位编码",
        "找不到单位“999”",
        "职务“皇帝”",
        "缺少任职日期",
        "2024-02-30",
        "性别“x”",
        "手机号“abc”",
        "登录名",
        "与第 2 行重复",
        "没有职务",
        "公式错误",
    ]) {
        assert!(reason.contains(part), "{reason}");
    }
    let plan = planned(&city.db, text).await;
    assert!(matches!(import::apply(&city.db, &plan, None, NOW).await, Err(Error::BadRows(13))));
    assert_eq!(person::Entity::find().count(&city.db).await.unwrap(), 0);
}

const UNITS: &str = "上级编码,单位编码,单位名称,级别
450101,45010101,巴平村,行政村
4501,450101,芒场镇,乡镇
45010101,4501010101,上屯,其他站点
,45,河池市,市
45,4501,南丹县,县区
";

#[tokio::test]
async fn units_are_made_in_any_order_and_to_any_depth() {
    let db = empty().await;
    let summary = imported(&db, UNITS).await;
    assert_eq!(summary.units_added, 5);
    let hamlet = org::unit_by_code(&db, "4501010101").await.unwrap().unwrap();
    assert_eq!(org::full_name(&db, &hamlet).await.unwrap(), "南丹县 芒场镇 巴平村 上屯");
    let again = planned(&db, UNITS).await;
    assert_eq!((again.adds.len(), again.changes.len(), again.unchanged), (0, 0, 5));
    let renamed = "单位编码,单位名称\n45010101,巴平社区\n";
    assert_eq!(imported(&db, renamed).await.units_changed, 1);
    assert_eq!(org::unit_by_code(&db, "45010101").await.unwrap().unwrap().name, "巴平社区");
}

#[tokio::test]
async fn a_roster_gives_the_placeholder_root_its_name() {
    let db = empty().await;
    let root = crate::unit(&db, None, "0", "本市", UnitLevel::City).await;
    let summary = imported(&db, UNITS).await;
    assert_eq!((summary.units_changed, summary.units_added), (1, 4));
    let city = org::unit(&db, root.id).await.unwrap();
    assert_eq!((city.code.as_str(), city.name.as_str()), ("45", "河池市"));
    assert_eq!(planned(&db, UNITS).await.unchanged, 5);
}

#[tokio::test]
async fn bad_units_are_refused() {
    let city = city().await;
    let text = "单位编码,单位名称,级别,上级编码
A,无上级,行政村,
B,错上级,行政村,nowhere
C,环一,行政村,D
D,环二,行政村,C
E,无级别,,4501
F,错级别,星球,4501
45010101,移动,行政村,4502
G,重复,行政村,4501
G,重复,行政村,4501
";
    let lines: Vec<usize> = reasons(&city, text).await.into_iter().map(|(line, _)| line).collect();
    assert_eq!(lines, [2, 3, 4, 5, 6, 7, 8, 10]);
    let deep: String = (0..40)
        .map(|n| format!("Z{n},屯,其他站点,{}\n", if n == 0 { "4501".into() } else { format!("Z{}", n - 1) }))
        .collect();
    let reasons = reasons(&city, &format!("单位编码,单位名称,级别,上级编码\n{deep}")).await;
    assert!(reasons.iter().any(|(_, reason)| reason.contains("层级超过 32 级")));
}

#[tokio::test]
async fn a_county_imports_only_into_itself() {
    let city = city().await;
    imported(&city.db, "学员编号,姓名,单位编码\n1,外县人,4502\n").await;
    let county = Scope::of([city.county.path.clone()]);
    let people = csv("学员编号,姓名,单位编码\n1,抢人,45010101\n2,塞人,4502\n3,自己人,45010101\n");
    let plan = import::plan_within(&city.db, &people, &county).await.unwrap();
    assert_eq!(plan.bad.iter().map(|bad| bad.line).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(plan.adds.len(), 1);
    let units = csv("单位编码,单位名称,级别,上级编码\n4502,改名,县区,\nX,外县村,行政村,4502\nY,本县乡,乡镇,4501\n");
    let plan = import::plan_within(&city.db, &units, &county).await.unwrap();
    assert_eq!(plan.bad.iter().map(|bad| bad.line).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(plan.adds.len(), 1);
}

#[tokio::test]
async fn a_plan_that_is_out_of_date_writes_nothing() {
    let city = city().await;
    let early = planned(&city.db, TWO).await;
    imported(&city.db, "学员编号,姓名,单位编码\n0013,李四,4502\n").await;
    assert!(matches!(import::apply(&city.db, &early, None, NOW).await, Err(Error::PlanOutdated)));
    assert_eq!(person::Entity::find().count(&city.db).await.unwrap(), 1);
    assert_eq!(post::Entity::find().count(&city.db).await.unwrap(), 0);
}

#[tokio::test]
async fn a_login_is_given_once() {
    let city = city().await;
    imported(&city.db, TWO).await;
    let text =
        "学员编号,姓名,单位编码,登录名\n0012,张三,,zhangsan2\n0013,李四,,zhangsan\n8,王五,4502,new\n9,赵六,4502,new\n";
    let lines: Vec<usize> = reasons(&city, text).await.into_iter().map(|(line, _)| line).collect();
    assert_eq!(lines, [2, 3, 5]);
}

#[tokio::test]
async fn thousands_of_rows_are_one_transaction() {
    let city = city().await;
    let rows: String = (0..3000).map(|n| format!("{n:06},村民{n},45010101,党员,,\n")).collect();
    let text = format!("学员编号,姓名,单位编码,职务,任职日期,手机号\n{rows}");
    assert_eq!(imported(&city.db, &text).await.people_added, 3000);
    assert_eq!(post::Entity::find().count(&city.db).await.unwrap(), 3000);
    assert_eq!(planned(&city.db, &text).await.unchanged, 3000);
}
