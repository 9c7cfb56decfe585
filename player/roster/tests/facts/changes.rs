//! What the database notes of the directory, whoever writes there.

use crate::{City, NOW, city};
use entity::{AccountId, PersonId, Role, account as accounts, directory_change, org_unit, person};
use roster::account::{self, NewAccount};
use roster::changes::{self, Changes, Place};
use roster::{grants, session};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DbBackend, EntityTrait, QueryFilter, Set, TransactionTrait};

/// A city, an account of a person in its village, and where to look from.
async fn with_account() -> (City, AccountId, PersonId, Place) {
    let city = city().await;
    let row = person::ActiveModel {
        unit_id: Set(city.village.id),
        code: Set("GX0001".into()),
        name: Set("韦秀英".into()),
        pinyin: Set("wei xiu ying".into()),
        created_at: Set(NOW),
        ..Default::default()
    };
    let who = person::Entity::insert(row).exec(&city.db).await.unwrap().last_insert_id;
    let new =
        NewAccount { login: "weixiuying", password: None, person_id: Some(who), device_id: None, must_change: false };
    let id = account::create(&city.db, new, None, NOW).await.unwrap();
    let mut place = Place::default();
    assert_eq!(changes::since(&city.db, &mut place).await.unwrap(), Changes::default());
    (city, id, who, place)
}

async fn look(city: &City, place: &mut Place) -> Changes {
    changes::since(&city.db, place).await.unwrap()
}

#[tokio::test]
async fn a_role_a_session_a_password_and_the_person_s_village_are_changes_of_the_account() {
    let (city, id, who, mut place) = with_account().await;
    assert_eq!(look(&city, &mut place).await.accounts, vec![]);
    grants::give(&city.db, id, Role::Learner, city.village.id, None, NOW).await.unwrap();
    assert_eq!(look(&city, &mut place).await.accounts, vec![id]);
    grants::take(&city.db, id, Role::Learner, city.village.id, None, NOW).await.unwrap();
    assert_eq!(look(&city, &mut place).await.accounts, vec![id]);
    let issued = session::begin(&city.db, id, NOW).await.unwrap();
    assert_eq!(look(&city, &mut place).await.accounts, vec![]);
    session::end(&city.db, &issued.token, NOW).await.unwrap();
    assert_eq!(look(&city, &mut place).await.accounts, vec![id]);
    session::end_all(&city.db, id, NOW).await.unwrap();
    assert_eq!(look(&city, &mut place).await.accounts, vec![id]);
    let moved = person::Entity::update_many().col_expr(person::Column::UnitId, Expr::value(city.county.id.0));
    moved.filter(person::Column::Id.eq(who)).exec(&city.db).await.unwrap();
    let found = look(&city, &mut place).await;
    assert_eq!((found.accounts, found.all), (vec![id], false));
    assert_eq!(look(&city, &mut place).await.accounts, vec![]);
}

#[tokio::test]
async fn a_wrong_password_is_no_change_and_a_unit_that_moves_changes_everybody() {
    let (city, id, _, mut place) = with_account().await;
    let login = accounts::Entity::find_by_id(id).one(&city.db).await.unwrap().unwrap().login;
    assert!(account::check_password(&city.db, &login, "guess", NOW).await.is_err());
    let found = look(&city, &mut place).await;
    assert_eq!((found.accounts, found.all), (vec![], false));
    let moved = org_unit::Entity::update_many().col_expr(org_unit::Column::Path, Expr::value("/1/9/"));
    moved.filter(org_unit::Column::Id.eq(city.village.id)).exec(&city.db).await.unwrap();
    assert!(look(&city, &mut place).await.all);
    assert!(!look(&city, &mut place).await.all);
}

#[tokio::test]
async fn what_a_long_transaction_changed_is_told_when_it_commits_after_a_shorter_one() {
    let (city, id, _, mut place) = with_account().await;
    if city.db.get_database_backend() != DbBackend::Postgres {
        return; // SQLite has one writer: the shorter one would wait
    }
    let long = city.db.begin().await.unwrap();
    grants::give(&long, id, Role::Learner, city.village.id, None, NOW).await.unwrap();
    grants::give(&city.db, AccountId(77), Role::Learner, city.village.id, None, NOW).await.unwrap();
    assert_eq!(look(&city, &mut place).await.accounts, vec![AccountId(77)]);
    long.commit().await.unwrap();
    assert!(look(&city, &mut place).await.accounts.contains(&id));
    assert_eq!(look(&city, &mut place).await.accounts, vec![]);
}

#[tokio::test]
async fn notes_are_dropped_when_everybody_has_long_seen_them() {
    let (city, id, _, place) = with_account().await;
    grants::give(&city.db, id, Role::Learner, city.village.id, None, NOW).await.unwrap();
    let noted = directory_change::Entity::find().all(&city.db).await.unwrap();
    let last = noted.last().unwrap().at;
    changes::trim(&city.db, last.plus_ms(changes::KEPT_MS)).await.unwrap();
    assert_eq!(changes::since(&city.db, &mut place.clone()).await.unwrap().accounts, vec![id]);
    assert!(changes::trim(&city.db, last.plus_ms(changes::KEPT_MS + 1)).await.unwrap() >= 1);
    assert_eq!(changes::since(&city.db, &mut place.clone()).await.unwrap().accounts, vec![]);
}
