use crate::{City, NOW, city};
use entity::{AccountId, PersonId, Role, Scope, person, person_merge, post};
use roster::account::{self, NewAccount};
use roster::people::{self, PeopleFilter, merge, twins};
use roster::{Error, Result, import};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

const ROSTER: &str = "学员编号,姓名,单位编码,职务,任职日期,手机号,出生年份
0001,覃小明,45010101,村党组织书记,2021-03-01,13812345678,1978
0002,覃晓明,45010102,村委会主任,2022-05-01,,1978
0003,王大明,45010101,党员,,13812345678,1960
0004,韦天明,45010101,党员,,,1978
0005,覃小明,45010101,党员,,,1990
0006,覃小敏,45010101,党员,,,1978
0007,覃小明,4502,党员,,,1978
";

const OFFICE: AccountId = AccountId(900);

async fn imported(city: &City, text: &str) -> import::Plan {
    let sheet = import::read(text.as_bytes(), "roster.csv").unwrap();
    let plan = import::plan(&city.db, &sheet).await.unwrap();
    if plan.bad.is_empty() {
        import::apply(&city.db, &plan, None, NOW).await.unwrap();
    }
    plan
}

async fn with_people() -> City {
    let city = city().await;
    assert!(imported(&city, ROSTER).await.bad.is_empty());
    city
}

async fn of(city: &City, code: &str) -> person::Model {
    people::by_code(&city.db, code).await.unwrap().unwrap()
}

async fn merged(city: &City, kept: &str, merged: &str) -> Result<person_merge::Model> {
    let both = (of(city, kept).await.id, of(city, merged).await.id);
    let txn = entity::writing::begin(&city.db).await?;
    let row = merge::merge(&txn, both, "同一个人", OFFICE, NOW).await?;
    txn.commit().await?;
    Ok(row)
}

async fn parted(city: &City, row: &person_merge::Model, by: AccountId) -> Result<person_merge::Model> {
    let txn = entity::writing::begin(&city.db).await?;
    let row = merge::part(&txn, row.id, "是两个人", by, NOW).await?;
    txn.commit().await?;
    Ok(row)
}

async fn posts_of(city: &City, id: PersonId) -> usize {
    post::Entity::find().filter(post::Column::PersonId.eq(id)).all(&city.db).await.unwrap().len()
}

async fn listed(city: &City) -> Vec<String> {
    let all = Scope::of([city.root.path.clone()]);
    let page = people::page(&city.db, &all, PeopleFilter::default(), 1, 50).await.unwrap();
    page.rows.into_iter().map(|row| row.code).collect()
}

#[tokio::test]
async fn twins_have_the_number_the_sound_or_the_year_and_all_but_one_character_of_the_name() {
    let city = with_people().await;
    let person = of(&city, "0001").await;
    let here = Scope::of([city.county.path.clone()]);
    let found = twins(&city.db, &here, &person, 10).await.unwrap();
    let codes: Vec<_> = found.iter().map(|row| row.code.as_str()).collect();
    // The telephone first, then the sound, then the character; not a namesake born later, nor one of another county.
    assert_eq!(codes[0], "0003");
    assert_eq!(codes[1..].iter().collect::<std::collections::BTreeSet<_>>(), [&"0002", &"0006"].into());
    let everywhere = Scope::of([city.root.path.clone()]);
    let found = twins(&city.db, &everywhere, &person, 2).await.unwrap();
    assert_eq!(found.iter().map(|row| row.code.as_str()).collect::<Vec<_>>(), ["0003", "0007"]);
}

#[tokio::test]
async fn who_is_merged_leaves_the_list_gives_their_posts_and_goes_where_the_other_goes_until_they_are_parted() {
    let city = with_people().await;
    let (kept, other) = (of(&city, "0001").await, of(&city, "0002").await);
    let before = (listed(&city).await, other.clone());
    let row = merged(&city, "0001", "0002").await.unwrap();
    assert!(!listed(&city).await.contains(&"0002".to_owned()));
    assert_eq!((posts_of(&city, kept.id).await, posts_of(&city, other.id).await), (2, 0));
    assert_eq!(merge::kept_for(&city.db, [other.id, kept.id]).await.unwrap(), [(other.id, kept.id)].into());
    let moved = imported(&city, "学员编号,姓名,单位编码\n0001,覃小明,4502\n").await;
    assert_eq!(moved.changes.len(), 1);
    assert_eq!(of(&city, "0002").await.unit_id, city.other_county.id);
    let refused = imported(&city, "学员编号,姓名,单位编码\n0002,覃晓明,45010102\n").await;
    assert!(refused.bad[0].reason.contains("已与另一编号合并"));
    let row = parted(&city, &row, OFFICE).await.unwrap();
    assert_eq!((row.parted_by, row.part_reason.as_deref()), (Some(OFFICE), Some("是两个人")));
    assert_eq!((posts_of(&city, kept.id).await, posts_of(&city, other.id).await), (1, 1));
    assert_eq!(of(&city, "0002").await, before.1);
    assert_eq!(listed(&city).await.len(), before.0.len());
}

#[tokio::test]
async fn nobody_merges_or_parts_themselves_and_nobody_who_has_left_is_kept() {
    let city = with_people().await;
    let own = of(&city, "0001").await;
    let new = NewAccount {
        login: "qinxiaoming",
        password: Some("mountain-water-7"),
        person_id: Some(own.id),
        device_id: None,
        must_change: false,
    };
    let by = account::create(&city.db, new, None, NOW).await.unwrap();
    roster::grants::give(&city.db, by, Role::Assessor, city.root.id, None, NOW).await.unwrap();
    let txn = entity::writing::begin(&city.db).await.unwrap();
    let refused = merge::merge(&txn, (own.id, of_within(&txn, "0002").await), "同一个人", by, NOW).await;
    assert!(matches!(refused, Err(Error::OwnMerge)));
    drop(txn);
    let row = merged(&city, "0001", "0002").await.unwrap();
    assert!(matches!(parted(&city, &row, by).await, Err(Error::OwnMerge)));
    parted(&city, &row, OFFICE).await.unwrap();
    assert!(matches!(parted(&city, &row, OFFICE).await, Err(Error::CannotMerge(_))));
    // Nor whom they are kept under, when their account is of the other number.
    let row = merged(&city, "0002", "0001").await.unwrap();
    let txn = entity::writing::begin(&city.db).await.unwrap();
    let both = (of_within(&txn, "0002").await, of_within(&txn, "0003").await);
    assert!(matches!(merge::merge(&txn, both, "同一个人", by, NOW).await, Err(Error::OwnMerge)));
    drop(txn);
    assert!(matches!(parted(&city, &row, by).await, Err(Error::OwnMerge)));
    parted(&city, &row, OFFICE).await.unwrap();
    let left =
        person::ActiveModel { id: sea_orm::Set(own.id), left_on: sea_orm::Set(Some(NOW.day())), ..Default::default() };
    sea_orm::ActiveModelTrait::update(left, &city.db).await.unwrap();
    assert!(matches!(merged(&city, "0001", "0002").await, Err(Error::CannotMerge(_))));
    assert!(merged(&city, "0002", "0001").await.is_ok());
}

async fn of_within(txn: &sea_orm::DatabaseTransaction, code: &str) -> PersonId {
    people::by_code(txn, code).await.unwrap().unwrap().id
}
