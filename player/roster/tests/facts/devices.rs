use crate::{DAY_MS, MINUTE_MS, NOW, city};
use entity::{DeviceId, Role, UnitId};
use roster::{Error, account, device, grants, session};

#[tokio::test]
async fn a_terminal_is_paired_once_with_its_code_and_belongs_to_its_unit() {
    let city = city().await;
    let (id, code) = device::register(&city.db, city.village.id, " 教室电视 ", None, NOW).await.unwrap();
    assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()));
    let account = device::pair(&city.db, &code, NOW).await.unwrap();
    let held = grants::of_account(&city.db, account).await.unwrap();
    assert_eq!((held[0].role, held[0].unit_id), (Role::Device, city.village.id));
    assert_eq!(account::account(&city.db, account).await.unwrap().device_id, Some(id));
    assert!(matches!(device::pair(&city.db, &code, NOW).await, Err(Error::WrongCode)));
    assert_eq!(device::of_unit(&city.db, city.village.id).await.unwrap()[0].name, "教室电视");
}

#[tokio::test]
async fn a_code_dies_after_ten_minutes() {
    let city = city().await;
    let (_, code) = device::register(&city.db, city.village.id, "电视", None, NOW).await.unwrap();
    let late = device::pair(&city.db, &code, NOW.plus_ms(10 * MINUTE_MS)).await;
    assert!(matches!(late, Err(Error::WrongCode)));
    assert!(device::pair(&city.db, &code, NOW.plus_ms(10 * MINUTE_MS - 1)).await.is_ok());
}

#[tokio::test]
async fn a_wrong_code_a_nameless_terminal_and_an_unknown_unit_are_refused() {
    let city = city().await;
    for code in ["", "12345", "\0", "０１２３４５", "999999999999"] {
        assert!(matches!(device::pair(&city.db, code, NOW).await, Err(Error::WrongCode)));
    }
    for name in ["", "  ", "a\0b", &"长".repeat(51)] {
        let nameless = device::register(&city.db, city.village.id, name, None, NOW).await;
        assert!(matches!(nameless, Err(Error::BadDeviceName)));
    }
    let nowhere = device::register(&city.db, UnitId(999), "电视", None, NOW).await;
    assert!(matches!(nowhere, Err(Error::NoSuchUnit)));
}

#[tokio::test]
async fn a_terminal_stays_signed_in_for_years_until_it_is_revoked() {
    let city = city().await;
    let (id, code) = device::register(&city.db, city.village.id, "电视", None, NOW).await.unwrap();
    let account = device::pair(&city.db, &code, NOW).await.unwrap();
    let issued = session::begin(&city.db, account, NOW).await.unwrap();
    let (_, issued) = session::rotate(&city.db, &issued.token, NOW.plus_ms(400 * DAY_MS)).await.unwrap();
    for _ in 0..2 {
        device::revoke(&city.db, id, None, NOW.plus_ms(400 * DAY_MS)).await.unwrap();
    }
    let over = session::rotate(&city.db, &issued.token, NOW.plus_ms(400 * DAY_MS)).await;
    assert!(matches!(over, Err(Error::SessionOver)));
    assert!(matches!(session::begin(&city.db, account, NOW).await, Err(Error::Disabled)));
    assert!(device::of_unit(&city.db, city.village.id).await.unwrap().is_empty());
    assert!(matches!(device::revoke(&city.db, DeviceId(99), None, NOW).await, Err(Error::NoSuchDevice)));
}

#[tokio::test]
async fn a_revoked_terminal_cannot_be_paired() {
    let city = city().await;
    let (id, code) = device::register(&city.db, city.village.id, "电视", None, NOW).await.unwrap();
    device::revoke(&city.db, id, None, NOW).await.unwrap();
    assert!(matches!(device::pair(&city.db, &code, NOW).await, Err(Error::WrongCode)));
}
