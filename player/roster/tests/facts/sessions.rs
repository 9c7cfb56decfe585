use crate::{DAY_MS, NOW, empty};
use entity::{AccountId, Moment, PersonId, refresh_token};
use roster::account::{self, NewAccount};
use roster::session::Issued;
use roster::{Error, session};
use sea_orm::{DatabaseConnection, EntityTrait, PaginatorTrait};

async fn signed_in() -> (DatabaseConnection, AccountId, Issued) {
    let db = empty().await;
    let new = NewAccount {
        login: "cadre",
        password: None,
        person_id: Some(PersonId(1)),
        device_id: None,
        must_change: false,
    };
    let id = account::create(&db, new, None, NOW).await.unwrap();
    let issued = session::begin(&db, id, NOW).await.unwrap();
    (db, id, issued)
}

async fn owner(db: &DatabaseConnection, token: &str, now: Moment) -> Option<AccountId> {
    session::of_token(db, token, now).await.unwrap().map(|session| session.account_id)
}

#[tokio::test]
async fn a_token_is_long_random_and_kept_only_as_a_hash() {
    let (db, id, issued) = signed_in().await;
    let other = session::begin(&db, id, NOW).await.unwrap();
    assert_eq!(issued.token.len(), 43);
    assert_ne!(issued.token, other.token);
    let rows = refresh_token::Entity::find().all(&db).await.unwrap();
    assert!(rows.iter().all(|row| row.token_hash.len() == 64 && !row.token_hash.contains(&issued.token)));
    assert_ne!(rows[0].family, rows[1].family);
}

#[tokio::test]
async fn a_token_is_exchanged_once_and_its_family_ends_on_the_thirtieth_day() {
    let (db, id, first) = signed_in().await;
    let later = NOW.plus_ms(20 * DAY_MS);
    let (whose, second) = session::rotate(&db, &first.token, later).await.unwrap();
    assert_eq!(whose, id);
    assert_eq!(second.expires_at, NOW.plus_ms(30 * DAY_MS));
    assert_eq!(owner(&db, &first.token, later).await, None);
    assert_eq!(owner(&db, &second.token, later).await, Some(id));
    let end = NOW.plus_ms(30 * DAY_MS);
    assert_eq!(owner(&db, &second.token, end).await, None);
    assert!(matches!(session::rotate(&db, &second.token, end).await, Err(Error::SessionOver)));
}

#[tokio::test]
async fn reuse_of_a_spent_token_ends_its_family_and_no_other() {
    let (db, id, stolen) = signed_in().await;
    let elsewhere = session::begin(&db, id, NOW).await.unwrap();
    let (_, next) = session::rotate(&db, &stolen.token, NOW).await.unwrap();
    let (_, newest) = session::rotate(&db, &next.token, NOW).await.unwrap();
    assert!(matches!(session::rotate(&db, &stolen.token, NOW).await, Err(Error::TokenReused)));
    assert_eq!(owner(&db, &newest.token, NOW).await, None);
    assert!(matches!(session::rotate(&db, &newest.token, NOW).await, Err(Error::SessionOver)));
    assert!(matches!(session::rotate(&db, &stolen.token, NOW).await, Err(Error::SessionOver)));
    assert_eq!(owner(&db, &elsewhere.token, NOW).await, Some(id));
}

#[tokio::test]
async fn of_many_racing_exchanges_one_wins() {
    let (db, _, issued) = signed_in().await;
    let races = (0..8).map(|_| {
        let (db, token) = (db.clone(), issued.token.clone());
        tokio::spawn(async move { session::rotate(&db, &token, NOW).await.is_ok() })
    });
    let mut won = 0;
    for race in races.collect::<Vec<_>>() {
        won += usize::from(race.await.unwrap());
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn an_unknown_token_is_no_session() {
    let (db, _, _) = signed_in().await;
    for token in ["", "x", "\0", "'; DROP TABLE refresh_token; --"] {
        assert!(matches!(session::rotate(&db, token, NOW).await, Err(Error::SessionOver)));
        assert_eq!(owner(&db, token, NOW).await, None);
        assert_eq!(session::end(&db, token, NOW).await.unwrap(), None);
    }
}

#[tokio::test]
async fn signing_out_ends_this_family_and_signing_out_everywhere_all() {
    let (db, id, here) = signed_in().await;
    let there = session::begin(&db, id, NOW).await.unwrap();
    session::end(&db, &here.token, NOW).await.unwrap();
    assert_eq!(owner(&db, &here.token, NOW).await, None);
    assert_eq!(owner(&db, &there.token, NOW).await, Some(id));
    session::end_all(&db, id, NOW).await.unwrap();
    assert_eq!(owner(&db, &there.token, NOW).await, None);
    assert_eq!(account::account(&db, id).await.unwrap().session_epoch, 1);
}

#[tokio::test]
async fn one_session_is_ended_by_its_name_and_told_of_by_it() {
    let (db, id, here) = signed_in().await;
    let there = session::begin(&db, id, NOW).await.unwrap();
    let (_, later) = session::rotate(&db, &here.token, NOW).await.unwrap();
    assert_eq!((&later.family, here.family == there.family), (&here.family, false));
    session::end_one(&db, AccountId(id.0 + 1), &here.family, NOW).await.unwrap();
    assert_eq!(owner(&db, &later.token, NOW).await, Some(id), "it is not that account's");
    session::end_one(&db, id, &here.family, NOW).await.unwrap();
    assert_eq!((owner(&db, &later.token, NOW).await, owner(&db, &there.token, NOW).await), (None, Some(id)));
    let ended = session::ended_since(&db, [id], NOW).await.unwrap();
    let names: Vec<&String> = ended.values().flatten().collect();
    assert_eq!((ended.contains_key(&id), names), (true, vec![&here.family]), "however many tokens it had");
    assert!(session::ended_since(&db, [id], NOW.plus_ms(1)).await.unwrap().is_empty());
}

#[tokio::test]
async fn families_that_are_over_are_forgotten_at_the_next_sign_in() {
    let (db, id, _) = signed_in().await;
    session::begin(&db, id, NOW.plus_ms(31 * DAY_MS)).await.unwrap();
    assert_eq!(refresh_token::Entity::find().count(&db).await.unwrap(), 1);
    assert!(matches!(session::begin(&db, AccountId(99), NOW).await, Err(Error::NoSuchAccount)));
}
