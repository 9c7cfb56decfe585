use crate::{city, unit};
use entity::{Moment, PersonId, Role, Scope, UnitId, UnitLevel};
use roster::account::{self, NewAccount};
use roster::org::NewUnit;
use roster::{Error, grants, org};

#[tokio::test]
async fn a_unit_lies_below_its_parent_and_has_a_full_name() {
    let city = city().await;
    assert_eq!(city.village.path, format!("{}{}/", city.root.path, path_below(&city)));
    assert_eq!(org::full_name(&city.db, &city.village).await.unwrap(), "南丹县 芒场镇 巴平村");
    assert_eq!(org::full_name(&city.db, &city.root).await.unwrap(), "河池市");
    assert_eq!(org::root(&city.db).await.unwrap().unwrap(), city.root);
    let counties = org::children(&city.db, city.root.id).await.unwrap();
    assert_eq!(counties, [city.county.clone(), city.other_county.clone()]);
    assert_eq!(org::unit_by_code(&city.db, "45010101").await.unwrap().unwrap(), city.village);
    assert_eq!(org::unit_by_code(&city.db, "45010109").await.unwrap(), None);
}

fn path_below(city: &crate::City) -> String {
    format!("{}/{}/{}", city.county.id, city.village.parent_id.unwrap(), city.village.id)
}

#[tokio::test]
async fn the_tree_may_be_deep() {
    let city = city().await;
    let mut above = city.village.clone();
    for n in 0..20 {
        above = unit(&city.db, Some(above.id), &format!("H{n}"), "上屯", UnitLevel::Other).await;
    }
    assert!(Scope::of([city.county.path]).contains(&above.path));
    assert_eq!(org::full_name(&city.db, &above).await.unwrap().split(' ').count(), 23);
}

#[tokio::test]
async fn a_code_is_given_once_and_a_parent_must_exist() {
    let city = city().await;
    let new = |parent, code: &str, name: &str| NewUnit {
        parent: Some(parent),
        code: code.into(),
        name: name.into(),
        level: UnitLevel::Village,
    };
    let taken = org::add(&city.db, new(city.county.id, "45", "重复")).await;
    assert!(matches!(taken, Err(Error::UnitCodeTaken)));
    let orphan = org::add(&city.db, new(UnitId(999), "9", "无上级")).await;
    assert!(matches!(orphan, Err(Error::NoSuchUnit)));
    for (code, name) in
        [("", "无编码"), (" ", "无编码"), ("9", ""), (&*"9".repeat(65), "长"), ("9", &*"长".repeat(101))]
    {
        assert!(matches!(org::add(&city.db, new(city.county.id, code, name)).await, Err(Error::BadUnit(_))));
    }
}

#[tokio::test]
async fn a_role_is_given_once_and_taken_once() {
    let city = city().await;
    let new = NewAccount {
        login: "trainer",
        password: None,
        person_id: Some(PersonId(1)),
        device_id: None,
        must_change: false,
    };
    let account = account::create(&city.db, new, None, Moment(0)).await.unwrap();
    for _ in 0..2 {
        grants::give(&city.db, account, Role::Trainer, city.county.id, None, Moment(0)).await.unwrap();
    }
    grants::give(&city.db, account, Role::Auditor, city.root.id, None, Moment(0)).await.unwrap();
    let held = grants::of_account(&city.db, account).await.unwrap();
    let held: Vec<_> = held.into_iter().map(|grant| (grant.role, grant.unit_id, grant.path)).collect();
    let trainer = (Role::Trainer, city.county.id, city.county.path);
    let auditor = (Role::Auditor, city.root.id, city.root.path);
    assert_eq!(held, [trainer, auditor.clone()]);
    for _ in 0..2 {
        grants::take(&city.db, account, Role::Trainer, city.county.id, None, Moment(0)).await.unwrap();
    }
    let held = grants::of_account(&city.db, account).await.unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].path, auditor.2);
}
