#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use super::*;

fn rules() -> Rules {
    Rules::parse(include_str!("../rules/presets.toml")).unwrap()
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// Somebody who has held this post for years.
fn facts(kind: PostKind) -> Facts {
    let terms = vec![Term { kind, from: day("2020-01-01"), to: None }];
    Facts { terms, ..Facts::of_nothing((day("2025-01-01"), day("2025-12-31"))) }
}

fn class(level: UnitLevel, half_days: i32) -> ClassFact {
    ClassFact { level, half_days, day: day("2025-06-01") }
}

fn one<'a>(standings: &'a [Standing], id: &str) -> &'a Standing {
    standings.iter().find(|standing| standing.id == id).unwrap()
}

fn exempted(kind: ExemptionKind, from: &str, to: &str) -> Exempted {
    Exempted { kind, from: day(from), to: day(to) }
}

#[test]
fn a_secretary_has_five_targets_and_a_member_one() {
    let secretary = standings(Some(&rules()), &facts(PostKind::VillageSecretary));
    let names: Vec<_> = secretary.iter().map(|standing| (standing.id.as_str(), standing.need.0)).collect();
    let expected = [
        ("committee_hours", 5600),
        ("committee_class", 100),
        ("city_class", 100),
        ("county_classes", 200),
        ("township_days", 700),
    ];
    assert_eq!(names, expected);
    let member = standings(Some(&rules()), &facts(PostKind::Member));
    assert_eq!(member.iter().map(|standing| standing.need.0).collect::<Vec<_>>(), [3200]);
    let nobody = Facts::of_nothing((day("2025-01-01"), day("2025-12-31")));
    assert_eq!(verdict(&standings(Some(&rules()), &nobody)), Verdict::Unbound);
}

#[test]
fn a_hundredth_below_the_target_is_not_met_and_says_what_is_missing() {
    let credit = CreditHours::of_ms(32 * 45 * 60_000 - 1, 45);
    let member = standings(Some(&rules()), &Facts { credit, ..facts(PostKind::Member) });
    let standing = member.first().unwrap();
    assert_eq!((standing.have.to_string(), standing.missing.to_string()), ("31.99".into(), "0.01".into()));
    assert!(!standing.met);
}

#[test]
fn half_days_in_township_classes_add_up_to_days() {
    let (township, county) = (class(UnitLevel::Township, 7), class(UnitLevel::County, 20));
    let director = Facts { classes: vec![township, county, township], ..facts(PostKind::VillageDirector) };
    let all = standings(Some(&rules()), &director);
    let days = one(&all, "township_days");
    assert_eq!((days.have, days.met), (Hundredths(700), true));
    let classes = one(&all, "county_classes");
    assert_eq!((classes.have, classes.missing), (Hundredths(100), Hundredths(100)));
}

#[test]
fn a_class_of_the_year_before_counts_for_no_target_of_this_year() {
    let late = ClassFact { day: day("2024-12-31"), ..class(UnitLevel::City, 2) };
    let all = standings(Some(&rules()), &Facts { classes: vec![late], ..facts(PostKind::VillageSecretary) });
    assert_eq!(one(&all, "city_class").have, Hundredths(0));
}

#[test]
fn ninety_hours_or_twelve_days_meet_what_is_asked_of_a_first_secretary() {
    let by = |half_days, hours| {
        let classes = vec![class(UnitLevel::County, half_days)];
        let facts = Facts { classes, credit: CreditHours::whole(hours), ..facts(PostKind::FirstSecretary) };
        one(&standings(Some(&rules()), &facts), "cadre_training").clone()
    };
    assert!(!by(23, 89).met && by(24, 0).met && by(0, 90).met);
    assert_eq!(by(23, 89).missing, Hundredths(100));
    assert_eq!(by(24, 89).missing, Hundredths(0));
}

#[test]
fn a_new_secretary_has_half_a_year_for_a_first_class_and_is_judged_in_the_year_it_ends() {
    let new = |from: &str, class_day: Option<&str>| {
        let terms = vec![Term { kind: PostKind::VillageSecretary, from: day(from), to: None }];
        let classes =
            class_day.map(|on| ClassFact { day: day(on), ..class(UnitLevel::County, 2) }).into_iter().collect();
        let facts = Facts { terms, classes, ..facts(PostKind::Member) };
        standings(Some(&rules()), &facts).into_iter().find(|standing| standing.id == "new_secretary")
    };
    assert_eq!(
        new("2024-10-15", None).map(|standing| (standing.met, standing.due)),
        Some((false, Some(day("2025-04-15"))))
    );
    assert!(new("2024-10-15", Some("2024-11-02")).unwrap().met, "a class of last year within the half year counts");
    assert!(!new("2024-10-15", Some("2025-04-16")).unwrap().met, "a day too late");
    assert!(new("2025-07-02", None).is_none(), "judged next year");
    assert!(new("2020-01-01", None).is_none(), "not new any more");
}

#[test]
fn who_was_re_elected_is_not_new() {
    let kind = PostKind::VillageSecretary;
    let old = Term { kind, from: day("2020-01-01"), to: Some(day("2025-01-31")) };
    let next = Term { kind, from: day("2025-02-01"), to: None };
    let all = standings(Some(&rules()), &Facts { terms: vec![old, next], ..facts(kind) });
    assert!(all.iter().all(|standing| standing.id != "new_secretary"));
}

#[test]
fn an_exemption_of_the_whole_year_lifts_everything_and_says_so() {
    let sick = exempted(ExemptionKind::Sick, "2024-05-01", "2026-05-01");
    let all = standings(Some(&rules()), &Facts { exemptions: vec![sick], ..facts(PostKind::VillageSecretary) });
    assert!(all.iter().all(|standing| standing.is_exempt() && standing.met && standing.missing.0 == 0));
    assert_eq!(verdict(&all), Verdict::Exempt);
    assert!(all.iter().all(|standing| !standing.meets_whole()), "but not by the whole requirement");
}

#[test]
fn an_exemption_that_begins_in_mid_year_lowers_the_need_by_its_days() {
    // 1 July to 31 December are 184 of 365 days: 181/365 of 56 hours are 27.77, of 7 days 3.47, of 2 classes 0.99.
    let old = exempted(ExemptionKind::Old, "2025-07-01", "2030-12-31");
    let all = standings(Some(&rules()), &Facts { exemptions: vec![old], ..facts(PostKind::VillageSecretary) });
    assert_eq!(one(&all, "committee_hours").need, Hundredths(2700));
    assert_eq!(one(&all, "township_days").need, Hundredths(300));
    assert!(one(&all, "county_classes").is_exempt());
    assert_eq!(verdict(&all), Verdict::Short);
}

#[test]
fn overlapping_exemptions_lift_a_day_once() {
    let first = exempted(ExemptionKind::Old, "2025-01-01", "2025-03-31");
    let inside = exempted(ExemptionKind::Sick, "2025-02-01", "2025-02-28");
    let across = exempted(ExemptionKind::Disabled, "2025-03-01", "2025-04-30");
    let need = |exemptions| {
        let all = standings(Some(&rules()), &Facts { exemptions, ..facts(PostKind::Member) });
        one(&all, "member_hours").need
    };
    assert_eq!(need(vec![across, first, inside]), need(vec![exempted(ExemptionKind::Old, "2025-01-01", "2025-04-30")]));
    assert_eq!(need(vec![across, first, inside]), Hundredths(2100), "245 of 365 days: 21.47");
}

#[test]
fn a_migrant_is_freed_of_classes_but_not_of_hours() {
    let away = exempted(ExemptionKind::Migrant, "2025-01-01", "2025-12-31");
    let all = standings(Some(&rules()), &Facts { exemptions: vec![away], ..facts(PostKind::CommitteeMember) });
    assert_eq!(one(&all, "committee_hours").need, Hundredths(5600));
    assert!(one(&all, "city_class").is_exempt() && one(&all, "township_days").is_exempt());
}

#[test]
fn surplus_lapses_unless_the_rule_carries_it_over_and_then_up_to_its_bound() {
    let before = CreditHours::whole(40);
    let carried = |hours| {
        let rules = Rules { carry_over_hours: hours, ..rules() };
        one(&standings(Some(&rules), &Facts { before, ..facts(PostKind::Member) }), "member_hours").have
    };
    assert_eq!([0, 5, 8, 100].map(carried), [0, 500, 800, 800].map(Hundredths));
}

#[test]
fn hours_beyond_the_online_share_count_only_with_hours_in_class() {
    let by = |online: i64, in_class: i64| {
        let rules = Rules { online_share_percent: 50, ..rules() };
        let (in_class, credit) = (CreditHours::whole(in_class), CreditHours::whole(online + in_class));
        let standing =
            one(&standings(Some(&rules), &Facts { credit, in_class, ..facts(PostKind::Member) }), "member_hours")
                .clone();
        (standing.have.0 / 100, standing.beyond_online_share.0 / 100, standing.met)
    };
    assert_eq!(by(40, 0), (16, 24, false));
    assert_eq!(by(40, 16), (32, 24, true));
    assert_eq!(by(10, 22), (32, 0, true));
}
