//! Other study, declared with its proof.

use super::*;

#[tokio::test]
async fn a_declared_study_gives_what_the_county_approves_and_nothing_before() {
    let city = City::with_people(2).await;
    let proof = certificate(&city).await;
    let study = |source, half_days| study_of(source, half_days, &proof);
    for (wrong, why) in [
        (study(Source::Class, 4), "a class"),
        (study(Source::Solo, 4), "watched"),
        (study(Source::Degree, 0), "nothing"),
        (study(Source::Degree, 41), "more than two a day"),
        (study::NewStudy { ends_on: day("2025-11-28"), ..study(Source::Degree, 4) }, "tomorrow"),
        (study::NewStudy { words: " ", ..study(Source::Degree, 4) }, "without words"),
        (study::NewStudy { evidence_sha256: "none", ..study(Source::Degree, 4) }, "without a file"),
    ] {
        assert!(matches!(study::declare(&city.db, wrong, TRAINER, START).await, Err(Error::BadClass(_))), "{why}");
    }
    let declared = study::declare(&city.db, study(Source::Degree, 20), TRAINER, START).await.unwrap();
    let refused = study::declare(&city.db, study(Source::Secondment, 2), TRAINER, START).await.unwrap();
    assert!(entries(&city).await.is_empty());
    let silent = decide::Decision { half_days: Some(5), ..approval(OFFICE) };
    assert!(matches!(decide::decide(&city.db, declared.id, &silent, START).await, Err(Error::NoReason)));
    let more = decide::Decision { half_days: Some(21), reason: "多给", ..silent };
    assert!(matches!(decide::decide(&city.db, declared.id, &more, START).await, Err(Error::BadClass(_))));
    let fewer = decide::Decision { reason: "只有五个半天有记录", ..silent };
    decide::decide(&city.db, declared.id, &fewer, START).await.unwrap();
    let no = decide::Decision { approve: false, half_days: None, reason: "没有盖章", by: OFFICE };
    assert_eq!(decide::decide(&city.db, refused.id, &no, START).await.unwrap().state, ClassState::Refused);
    let posted = entries(&city).await;
    let seen: Vec<_> = posted.iter().map(|row| (row.source, row.claimed_ms, row.credited_ms)).collect();
    assert_eq!(seen, [(Source::Degree, 15 * 3_600_000, 15 * 3_600_000)], "two days of six hours and a half of three");
    assert!(verify::ledger(&city.db, &|_, _| {}).await.unwrap().is_sound());
    let year = crate::record::of_person(&city.db, PersonId(1), 2025, START.day()).await.unwrap();
    assert_eq!(year.sources.first().map(|(source, _)| *source), Some(Source::Degree));
    let class = year.standings.iter().find(|standing| standing.id == "committee_class").unwrap();
    assert!(!class.met, "a study is no class");
}

#[tokio::test]
async fn a_kind_of_study_counts_up_to_the_cap_of_the_year_and_the_rest_says_so() {
    let city = City::with_people(1).await;
    city.rule(crate::testing::CITY, "2025-11-01", |text| {
        text.replace("study_hours_a_year = 0", "study_hours_a_year = 12")
    })
    .await;
    let proof = certificate(&city).await;
    for source in [Source::FieldStudy, Source::FieldStudy, Source::Secondment] {
        let new = study_of(source, 4, &proof);
        let declared = study::declare(&city.db, new, TRAINER, START).await.unwrap();
        decide::decide(&city.db, declared.id, &approval(OFFICE), START).await.unwrap();
    }
    let posted = entries(&city).await;
    let hours: Vec<_> = posted.iter().map(|row| (row.claimed_ms / 2_700_000, row.credited_ms / 2_700_000)).collect();
    assert_eq!(hours, [(16, 12), (16, 0), (16, 12)], "twelve credit hours of each kind");
    assert!(posted.iter().all(|row| row.reasons.contains("YEARLY_CAP")));
    assert!(verify::ledger(&city.db, &|_, _| {}).await.unwrap().is_sound());
}

/// A file that proves a study.
pub(super) async fn certificate(city: &City) -> String {
    let file = entity::media::ActiveModel {
        sha256: Set("ab".repeat(32)),
        size_bytes: Set(1),
        mime: Set("image/png".to_owned()),
        filename: Set("结业证.png".to_owned()),
        unit_id: Set(VILLAGE),
        created_at: Set(START),
        ..Default::default()
    };
    file.insert(&city.db).await.unwrap().sha256
}

pub(super) fn study_of(source: Source, half_days: i32, proof: &str) -> study::NewStudy<'_> {
    study::NewStudy {
        person_id: PersonId(1),
        source,
        title: "农学大专第一学期",
        place: "",
        starts_on: day("2025-11-01"),
        ends_on: day("2025-11-20"),
        half_days,
        words: "学了土肥",
        evidence_sha256: proof,
    }
}
