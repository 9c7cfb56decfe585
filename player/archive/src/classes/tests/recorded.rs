//! A class that is written down when it is over.

use super::*;

fn class(half_days: i32) -> NewClass {
    NewClass {
        level: UnitLevel::County,
        title: "村党组织书记培训班".to_owned(),
        unit_id: VILLAGE,
        place: "县委党校".to_owned(),
        teacher: "覃老师".to_owned(),
        starts_on: day("2025-11-10"),
        ends_on: day("2025-11-16"),
        half_days,
    }
}

fn came(person: i64, half_days: i32) -> Attended {
    Attended { person_id: PersonId(person), half_days }
}

#[tokio::test]
async fn leave_above_one_seventh_means_the_class_does_not_count() {
    let city = City::with_people(4).await;
    let attendance = vec![came(1, 14), came(2, 12), came(3, 11), came(4, 0)];
    let id = record(&city.db, class(14), attendance, Some(OFFICE), START).await.unwrap();
    let entries = ledger_entry::Entity::find().order_by_asc(ledger_entry::Column::Seq).all(&city.db).await.unwrap();
    let hours = |ms: i64| ms / 3_600_000;
    let seen: Vec<_> = entries.iter().map(|row| (hours(row.claimed_ms), hours(row.credited_ms))).collect();
    assert_eq!(
        seen,
        [(42, 42), (42, 36), (42, 0), (42, 0)],
        "seven days of six hours; two half-days of leave are one seventh"
    );
    assert_eq!(entries[2].reasons, format!(r#"{{"NOT_PRESENT":{},"TOO_SHORT":{}}}"#, 9 * 3_600_000, 33 * 3_600_000));
    assert!(entries.iter().all(|row| row.class_run_id == Some(id) && row.day == day("2025-11-16")));
    let rows =
        class_attendance::Entity::find().order_by_asc(class_attendance::Column::PersonId).all(&city.db).await.unwrap();
    let statuses: Vec<_> = rows.iter().map(|row| row.status).collect();
    use AttendanceStatus::{Absent, Attended, TooMuchLeave};
    assert_eq!(statuses, [Attended, Attended, TooMuchLeave, Absent]);
    assert!(verify::ledger(&city.db, &|_, _| {}).await.unwrap().is_sound());
}

#[tokio::test]
async fn an_impossible_class_writes_nothing() {
    let city = City::with_people(1).await;
    let long = |title: String| NewClass { title, ..class(2) };
    let bad = [
        (long(" ".to_owned()), vec![]),
        (long("长".repeat(201)), vec![]),
        (class(0), vec![]),
        (class(15), vec![]),
        (NewClass { ends_on: day("2025-11-09"), ..class(2) }, vec![]),
        (NewClass { ends_on: day("2025-11-28"), ..class(2) }, vec![]),
        (class(2), vec![came(1, 3)]),
        (class(2), vec![came(1, -1)]),
        (class(2), vec![came(1, 1), came(1, 2)]),
    ];
    for (class, attendance) in bad {
        let answer = record(&city.db, class.clone(), attendance, None, START).await;
        assert!(matches!(answer, Err(Error::BadClass(_))), "{class:?}");
    }
    let nobody = record(&city.db, class(2), vec![came(99, 2)], None, START).await;
    assert!(matches!(nobody, Err(Error::NoSuchPerson(PersonId(99)))));
    assert_eq!(class_run::Entity::find().count(&city.db).await.unwrap(), 0);
}
