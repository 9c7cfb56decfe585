use super::*;
use crate::classroom::{Attendance, attend};
use crate::testing::{LESSON, OPERATOR, Town, at};
use entity::PersonId;
use sea_orm::TransactionTrait;

type Outcome = std::result::Result<(), Box<dyn std::error::Error>>;

async fn join(town: &Town, guest: GuestId, who: i64, second: i64) -> Result<bool> {
    let txn = town.db.begin().await?;
    let (_, changed) = matching::join(&txn, guest, PersonId(who), OPERATOR, at(second)).await?;
    txn.commit().await?;
    Ok(changed)
}

async fn part(town: &Town, guest: GuestId, second: i64) -> Result<Option<PersonId>> {
    let txn = town.db.begin().await?;
    let (_, who) = matching::part(&txn, guest, "认错了人", OPERATOR, at(second)).await?;
    txn.commit().await?;
    Ok(who)
}

fn told(name: &str) -> Result<Told> {
    Told::parse(name, "木棉屯", "138-0013 8000")
}

#[test]
fn what_is_told_of_a_guest_is_checked() {
    let told = Told::parse(" 韦大山 ", "", "+86 138 0013 8000");
    assert!(told.is_ok_and(|told| told.name == "韦大山" && told.phone.as_deref() == Some("+8613800138000")));
    let long = "韦".repeat(41);
    for (name, place, phone) in
        [("", "", ""), (long.as_str(), "", ""), ("韦\0", "", ""), ("韦", "甲\n村", ""), ("韦", "", "12x45")]
    {
        assert!(matches!(Told::parse(name, place, phone), Err(Error::BadGuest(_))), "{name:?} {place:?} {phone:?}");
    }
}

#[tokio::test]
async fn unnamed_guests_are_counted_and_a_press_sent_again_changes_nothing() -> Outcome {
    let town = Town::with_people(1).await?;
    let room = town.group(&[1], at(0)).await?.playback.id;
    for _ in 0..2 {
        assert_eq!(count_unnamed(&town.db, room, (3, 0), OPERATOR, at(60)).await?, 3);
    }
    assert_eq!(count_unnamed(&town.db, room, (1, 10_000), OPERATOR, at(100)).await?, 1);
    let guests = of(&town.db, room).await?;
    let lines: Vec<_> = guests.iter().map(|g| (g.name.as_str(), g.arrived_at, g.left_at)).collect();
    let expected = [("来宾 1", at(60), None), ("来宾 2", at(60), Some(at(90))), ("来宾 3", at(60), Some(at(90)))];
    assert_eq!(lines, expected);
    let many = count_unnamed(&town.db, room, (201, 0), OPERATOR, at(100)).await;
    assert!(matches!(many, Err(Error::TooManyGuests { most: 200 })));
    let stranger = count_unnamed(&town.db, room, (2, 0), AccountId(1), at(100)).await;
    assert!(matches!(stranger, Err(Error::NotYours(_))));
    Ok(())
}

#[tokio::test]
async fn a_named_guest_is_written_down_once_and_may_be_named_later() -> Outcome {
    let town = Town::with_people(1).await?;
    let room = town.group(&[1], at(0)).await?.playback.id;
    let first = add(&town.db, room, told("韦大山")?, OPERATOR, at(30)).await?;
    assert_eq!(add(&town.db, room, told("韦大山")?, OPERATOR, at(31)).await?.id, first.id);
    count_unnamed(&town.db, room, (1, 0), OPERATOR, at(40)).await?;
    let unnamed = of(&town.db, room).await?.pop().ok_or("a guest")?;
    name(&town.db, unnamed.id, told("覃小梅")?, OPERATOR, at(50)).await?;
    assert_eq!(guest(&town.db, unnamed.id).await?.name, "覃小梅");
    session::close(&town.db, room, OPERATOR, at(100)).await?;
    let late = add(&town.db, room, told("黄志强")?, OPERATOR, at(5000)).await?;
    assert_eq!((late.arrived_at, late.left_at), (at(0), Some(at(100))), "remembered after the session");
    let solo = town.solo(1, LESSON, at(200)).await?.playback.id;
    assert!(matches!(add(&town.db, solo, told("韦")?, OPERATOR, at(201)).await, Err(Error::NotAClassroom(_))));
    Ok(())
}

#[tokio::test]
async fn a_match_gives_the_stay_and_taking_it_back_empties_it() -> Outcome {
    let town = Town::with_people(3).await?;
    let room = town.group(&[1], at(0)).await?.playback.id;
    let guest = add(&town.db, room, told("韦小兰")?, OPERATOR, at(60)).await?.id;
    assert!(join(&town, guest, 2, 100).await?);
    assert!(!join(&town, guest, 2, 101).await?, "matched so already");
    assert!(matches!(join(&town, guest, 3, 102).await, Err(Error::GuestMatched(_))));
    assert_eq!(town.stays(room).await?, [(1, 0, None), (2, 60, None)]);
    assert_eq!(part(&town, guest, 110).await?, Some(PersonId(2)));
    assert_eq!(part(&town, guest, 111).await?, None);
    assert_eq!(town.stays(room).await?, [(1, 0, None), (2, 60, Some(60))], "no row is deleted");
    assert!(join(&town, guest, 3, 120).await?);
    session::close(&town.db, room, OPERATOR, at(200)).await?;
    let stays = [(1, 0, Some(200)), (2, 60, Some(60)), (3, 60, Some(200))];
    assert_eq!(town.stays(room).await?, stays);
    part(&town, guest, 300).await?;
    assert!(join(&town, guest, 2, 310).await?);
    let stays = [(1, 0, Some(200)), (2, 60, Some(200)), (3, 60, Some(60))];
    assert_eq!(town.stays(room).await?, stays, "matched with the first one again, after the end");
    Ok(())
}

#[tokio::test]
async fn who_is_on_the_roll_already_is_not_counted_twice() -> Outcome {
    let town = Town::with_people(2).await?;
    let room = town.group(&[1, 2], at(0)).await?.playback.id;
    let guest = add(&town.db, room, told("韦小兰")?, OPERATOR, at(0)).await?.id;
    join(&town, guest, 1, 10).await?;
    assert_eq!(crate::classroom::present(&town.db, room).await?, [PersonId(1), PersonId(2)]);
    assert_eq!(attend(&town.db, room, PersonId(1), Attendance::Leave, OPERATOR, at(20)).await?, 1);
    assert!(town.stays(room).await?.iter().all(|(who, _, left)| *who == 2 || left.is_some()));
    Ok(())
}

#[tokio::test]
async fn a_guests_stay_is_cut_by_what_the_person_watched_alone() -> Outcome {
    let town = Town::with_people(2).await?;
    let room = town.group(&[1], at(0)).await?.playback.id;
    let guest = add(&town.db, room, told("韦小兰")?, OPERATOR, at(0)).await?.id;
    let phone = town.solo(2, LESSON, at(100)).await?.playback;
    let beat = crate::beat::Beat::parse(1, 50_000, true, 1.0)?;
    crate::recorder::Recorder::start(town.db.clone()).record(phone.id, phone.account_id, beat, at(150)).await?;
    session::close(&town.db, phone.id, phone.account_id, at(151)).await?;
    session::close(&town.db, room, OPERATOR, at(300)).await?;
    join(&town, guest, 2, 400).await?;
    assert_eq!(town.stays(room).await?, [(1, 0, Some(300)), (2, 0, Some(100)), (2, 150, Some(300))]);
    Ok(())
}
