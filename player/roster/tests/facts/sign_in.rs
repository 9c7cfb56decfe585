use crate::{NOW, empty};
use entity::{AccountId, Moment, PersonId, audit, sign_in_failure};
use roster::account::{self, NewAccount};
use roster::{Error, session};
use sea_orm::{DatabaseConnection, EntityTrait};

const PASSWORD: &str = "稻花香里说丰年啊";

async fn with_cadre() -> (DatabaseConnection, AccountId) {
    let db = empty().await;
    let id = account::create(&db, cadre("cadre", 1), None, NOW).await.unwrap();
    (db, id)
}

fn cadre(login: &str, person: i64) -> NewAccount<'_> {
    NewAccount {
        login,
        password: Some(PASSWORD),
        person_id: Some(PersonId(person)),
        device_id: None,
        must_change: true,
    }
}

async fn try_password(db: &DatabaseConnection, password: &str, at: Moment) -> Result<AccountId, Error> {
    account::check_password(db, "cadre", password, at).await.map(|account| account.id)
}

#[tokio::test]
async fn a_right_password_signs_in_and_nothing_else_does() {
    let (db, id) = with_cadre().await;
    let account = account::check_password(&db, "cadre", PASSWORD, NOW).await.unwrap();
    assert_eq!((account.id, account.must_change_password), (id, true));
    assert!(account.password_hash.starts_with("$argon2id$"));
    for login in ["cadre", "nobody", "", "\0", "' OR 1=1 --", &"x".repeat(100_000)] {
        let wrong = account::check_password(&db, login, "wrong", NOW).await;
        assert!(matches!(wrong, Err(Error::WrongPassword)), "{login:.20}");
    }
}

#[tokio::test]
async fn guessing_is_slowed_but_a_right_password_works_after_the_wait() {
    let (db, id) = with_cadre().await;
    let mut at = NOW;
    for _ in 0..5 {
        assert!(matches!(try_password(&db, "guess", at).await, Err(Error::WrongPassword)));
    }
    for wait_s in [2, 4, 8, 16, 32, 60, 60] {
        let early = try_password(&db, PASSWORD, at).await;
        assert!(matches!(early, Err(Error::SlowDown { retry_after_s }) if retry_after_s == wait_s));
        at = at.plus_ms(i64::try_from(wait_s).unwrap() * 1000 - 1);
        assert!(matches!(try_password(&db, PASSWORD, at).await, Err(Error::SlowDown { retry_after_s: 1 })));
        at = at.plus_ms(1);
        assert!(matches!(try_password(&db, "guess", at).await, Err(Error::WrongPassword)));
    }
    at = at.plus_ms(60_000);
    assert_eq!(try_password(&db, PASSWORD, at).await.unwrap(), id);
    assert!(matches!(try_password(&db, "guess", at).await, Err(Error::WrongPassword)));
    assert_eq!(try_password(&db, PASSWORD, at).await.unwrap(), id);
}

#[tokio::test]
async fn an_unknown_login_is_answered_as_a_known_one_at_every_step() {
    let (db, _) = with_cadre().await;
    let mut at = NOW;
    for step in 0..40 {
        let known = account::check_password(&db, "cadre", "guess", at).await.unwrap_err().to_string();
        for unknown in ["nobody", "\0", "not a login at all"] {
            let answer = account::check_password(&db, unknown, "guess", at).await.unwrap_err().to_string();
            assert_eq!(answer, known, "step {step}, {unknown}");
        }
        at = at.plus_ms(700 * (step % 7));
    }
    let rows = sign_in_failure::Entity::find().all(&db).await.unwrap();
    assert!(rows.len() == 4 && rows.iter().all(|row| row.login.len() == 64), "what was typed is not kept");
    assert_eq!(account::forget_failures(&db, at.plus_ms(3_000_000)).await.unwrap(), 0);
    assert_eq!(account::forget_failures(&db, at.plus_ms(2 * 3_600_000)).await.unwrap(), 4);
}

#[tokio::test]
async fn capital_letters_make_no_other_login_to_guess_at() {
    let (db, _) = with_cadre().await;
    for login in ["Cadre", "CADRE", "cadre", "cAdre", "caDre"] {
        let wrong = account::check_password(&db, login, "guess", NOW).await;
        assert!(matches!(wrong, Err(Error::WrongPassword)));
    }
    assert!(matches!(try_password(&db, PASSWORD, NOW).await, Err(Error::SlowDown { .. })));
}

#[tokio::test]
async fn a_burst_of_guesses_gets_little_further_than_one_after_another() {
    let (db, _) = with_cadre().await;
    let guesses = (0..40).map(|_| {
        let db = db.clone();
        tokio::spawn(async move { try_password(&db, "guess", NOW).await })
    });
    let mut counted = 0;
    for guess in guesses.collect::<Vec<_>>() {
        counted += usize::from(matches!(guess.await.unwrap(), Err(Error::WrongPassword)));
    }
    assert!((5..=9).contains(&counted), "{counted}");
}

#[tokio::test]
async fn many_may_sign_in_with_one_login_at_once() {
    let (db, id) = with_cadre().await;
    let sign_ins = (0..12).map(|_| {
        let db = db.clone();
        tokio::spawn(async move { try_password(&db, PASSWORD, NOW).await })
    });
    for sign_in in sign_ins.collect::<Vec<_>>() {
        assert_eq!(sign_in.await.unwrap().unwrap(), id);
    }
}

#[tokio::test]
async fn a_clock_set_back_makes_nobody_wait_longer_than_a_minute() {
    let (db, _) = with_cadre().await;
    for _ in 0..5 {
        assert!(try_password(&db, "guess", NOW.plus_ms(3_600_000)).await.is_err());
    }
    let early = try_password(&db, PASSWORD, NOW).await;
    assert!(matches!(early, Err(Error::SlowDown { retry_after_s }) if retry_after_s <= 60));
}

#[tokio::test]
async fn a_new_password_replaces_the_old_and_ends_every_session() {
    let (db, id) = with_cadre().await;
    let issued = session::begin(&db, id, NOW).await.unwrap();
    let wrong = account::change_password(&db, id, "wrong", "听取蛙声一片一片", NOW).await;
    assert!(matches!(wrong, Err(Error::WrongPassword)));
    for weak in [PASSWORD, "12345678", "cadre", ""] {
        let weak = account::change_password(&db, id, PASSWORD, weak, NOW).await;
        assert!(matches!(weak, Err(Error::WeakPassword(_))));
    }
    account::change_password(&db, id, PASSWORD, "听取蛙声一片一片", NOW).await.unwrap();
    assert_eq!(session::of_token(&db, &issued.token, NOW).await.unwrap(), None);
    assert!(matches!(try_password(&db, PASSWORD, NOW).await, Err(Error::WrongPassword)));
    let account = account::check_password(&db, "cadre", "听取蛙声一片一片", NOW).await.unwrap();
    assert!(!account.must_change_password);
    assert_eq!(account.session_epoch, 1);
}

#[tokio::test]
async fn a_password_given_by_somebody_else_must_be_changed() {
    let (db, id) = with_cadre().await;
    for _ in 0..9 {
        let _ = try_password(&db, "guess", NOW).await;
    }
    account::reset_password(&db, id, "七八个星天外天前", None, NOW).await.unwrap();
    let account = account::check_password(&db, "cadre", "七八个星天外天前", NOW).await.unwrap();
    assert!(account.must_change_password);
    let missing = account::reset_password(&db, AccountId(99), "七八个星天外天前", None, NOW).await;
    assert!(matches!(missing, Err(Error::NoSuchAccount)));
    let noted = audit::Entity::find().all(&db).await.unwrap();
    assert!(noted.iter().any(|row| row.action == "account.reset_password" && row.target == format!("account:{id}")));
    assert!(noted.iter().all(|row| !row.detail.contains("七八个星天外天前")));
}

#[tokio::test]
async fn a_closed_account_is_told_so_only_after_the_right_password() {
    let (db, id) = with_cadre().await;
    let issued = session::begin(&db, id, NOW).await.unwrap();
    for _ in 0..2 {
        account::disable(&db, id, None, NOW).await.unwrap();
    }
    assert!(matches!(try_password(&db, "wrong", NOW).await, Err(Error::WrongPassword)));
    assert!(matches!(try_password(&db, PASSWORD, NOW).await, Err(Error::Disabled)));
    assert!(matches!(session::rotate(&db, &issued.token, NOW).await, Err(Error::SessionOver)));
    assert!(matches!(session::begin(&db, id, NOW).await, Err(Error::Disabled)));
}

#[tokio::test]
async fn a_login_and_a_person_have_one_account() {
    let (db, _) = with_cadre().await;
    assert!(matches!(account::create(&db, cadre("cadre", 2), None, NOW).await, Err(Error::LoginTaken)));
    assert!(matches!(account::create(&db, cadre("cadre2", 1), None, NOW).await, Err(Error::HasAccount)));
    assert!(matches!(account::create(&db, cadre("a b", 3), None, NOW).await, Err(Error::BadLogin(_))));
    let weak = NewAccount { password: Some("88888888"), ..cadre("weak", 4) };
    assert!(matches!(account::create(&db, weak, None, NOW).await, Err(Error::WeakPassword(_))));
}
