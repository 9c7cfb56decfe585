use crate::{City, NOW, city};
use entity::{PostKind, Scope};
use roster::people::{self, MAX_PAGE_SIZE, PeopleFilter};
use roster::{Error, import};

const ROSTER: &str = "学员编号,姓名,单位编码,职务,任职日期,手机号
0001,覃小明,45010101,村委会主任、村党组织书记,2021-03-01,13812345678
0002,王小明,45010101,党员,,
0003,韦Anna,45010102,后备干部,2022-01-01,
0004,100%努力,45010102,党员,,
0005,王大明,4502,党员,,
";

async fn with_people() -> City {
    let city = city().await;
    let sheet = import::read(ROSTER.as_bytes(), "roster.csv").unwrap();
    let plan = import::plan(&city.db, &sheet).await.unwrap();
    import::apply(&city.db, &plan, None, NOW).await.unwrap();
    city
}

async fn found(city: &City, scope: &Scope, q: &str) -> Vec<String> {
    let filter = PeopleFilter { q: Some(q.into()), unit: None };
    let page = people::page(&city.db, scope, filter, 1, 50).await.unwrap();
    page.rows.into_iter().map(|row| row.code).collect()
}

#[tokio::test]
async fn people_are_found_by_name_pinyin_initials_and_code() {
    let city = with_people().await;
    let all = Scope::of([city.root.path.clone()]);
    for (q, codes) in [
        ("小明", vec!["0001", "0002"]),
        ("xm", vec![]),
        ("wxm", vec!["0002"]),
        ("WXM", vec!["0002"]),
        ("qinxiao", vec!["0001"]),
        ("000", vec!["0001", "0002", "0004", "0003", "0005"]),
        ("王 小", vec!["0002"]),
        ("anna", vec!["0003"]),
        ("%", vec!["0004"]),
        ("_", vec![]),
        ("!", vec![]),
        ("' OR 1=1 --", vec![]),
        ("\0小\0", vec!["0001", "0002"]),
        ("", vec!["0001", "0002", "0004", "0003", "0005"]),
    ] {
        let mut expected = codes;
        let mut got = found(&city, &all, q).await;
        expected.sort_unstable();
        got.sort_unstable();
        assert_eq!(got, expected, "{q}");
    }
}

#[tokio::test]
async fn a_list_is_ordered_by_unit_and_pinyin_and_shows_the_highest_post() {
    let city = with_people().await;
    let all = Scope::of([city.root.path.clone()]);
    let page = people::page(&city.db, &all, PeopleFilter::default(), 1, 50).await.unwrap();
    let village: Vec<_> = page.rows.iter().filter(|row| row.unit_id == city.village.id).collect();
    assert_eq!(village.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["覃小明", "王小明"]);
    assert_eq!(village[0].post, Some(PostKind::VillageSecretary));
    assert_eq!(village[0].unit_name, "南丹县 芒场镇 巴平村");
    assert_eq!(village[0].phone.as_deref(), Some("138******78"));
}

#[tokio::test]
async fn a_list_ends_at_the_scope() {
    let city = with_people().await;
    let county = Scope::of([city.county.path.clone()]);
    assert_eq!(found(&city, &county, "").await.len(), 4);
    assert_eq!(found(&city, &Scope::default(), "").await.len(), 0);
    let other = PeopleFilter { q: None, unit: Some(city.other_county.path.clone()) };
    assert_eq!(people::page(&city.db, &county, other, 1, 50).await.unwrap().total, 0);
    let village = PeopleFilter { q: None, unit: Some(city.village.path.clone()) };
    assert_eq!(people::page(&city.db, &county, village, 1, 50).await.unwrap().total, 2);
}

#[tokio::test]
async fn pages_are_bounded_and_join_without_gaps() {
    let city = with_people().await;
    let all = Scope::of([city.root.path.clone()]);
    let whole = people::page(&city.db, &all, PeopleFilter::default(), 0, u64::MAX).await.unwrap();
    assert_eq!((whole.total, whole.page, whole.size), (5, 1, MAX_PAGE_SIZE));
    let mut joined = Vec::new();
    for page in 1..=3 {
        joined.extend(people::page(&city.db, &all, PeopleFilter::default(), page, 2).await.unwrap().rows);
    }
    assert_eq!(joined, whole.rows);
    let beyond = people::page(&city.db, &all, PeopleFilter::default(), u64::MAX, 200).await.unwrap();
    assert!(beyond.rows.is_empty());
}

#[tokio::test]
async fn the_roll_of_a_village_is_filed_by_pinyin() {
    let city = with_people().await;
    let roll = people::of_unit(&city.db, city.village.id).await.unwrap();
    assert_eq!(
        roll.iter().map(|person| person.pinyin.as_str()).collect::<Vec<_>>(),
        ["qin xiao ming", "wang xiao ming"]
    );
    let posts = people::posts(&city.db, roll[0].id).await.unwrap();
    assert_eq!(posts.len(), 2);
    assert_eq!(people::by_code(&city.db, "0001").await.unwrap().unwrap(), roll[0]);
    assert_eq!(people::person(&city.db, roll[0].id).await.unwrap(), roll[0]);
    assert!(matches!(people::person(&city.db, entity::PersonId(99)).await, Err(Error::NoSuchPerson)));
}

#[tokio::test]
async fn heads_are_counted_by_subtree() {
    let city = with_people().await;
    let count = roster::org::headcount(&city.db, &city.root).await.unwrap();
    assert_eq!(count.total, 5);
    assert_eq!((count.children[&city.county.id], count.children[&city.other_county.id]), (4, 1));
    let village = roster::org::headcount(&city.db, &city.village).await.unwrap();
    assert_eq!((village.total, village.children.len()), (2, 0));
}
