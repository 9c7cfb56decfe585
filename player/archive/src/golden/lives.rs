//! The forty: who they are, what they did, and what comes of it.

use super::{HOUR, LONG_AGO, Life, MINUTE, of};
use entity::{ExemptionKind, PostKind, UnitLevel};

/// A secretary with the classes of a whole year: one of the city, two of the county, seven days of the township.
fn diligent(about: &'static str) -> Life {
    of(about, PostKind::VillageSecretary)
        .class(UnitLevel::City, "2025-03-10", 2)
        .class(UnitLevel::County, "2025-05-10", 2)
        .class(UnitLevel::County, "2025-09-10", 2)
}

pub(super) fn lives() -> Vec<Life> {
    use ExemptionKind::{Disabled, Migrant, Old, Sick};
    use PostKind::{CommitteeMember, FirstSecretary, HamletHead, HamletSecretary, Member, VillageSecretary};
    use UnitLevel::{City as AtCity, County, Township};
    vec![
        of("exactly the hours", Member).watched("2025-06-01", 32 * HOUR).expect("member_hours", "32.00", "32.00", true),
        of("a millisecond short", Member).watched("2025-06-01", 32 * HOUR - 1).expect(
            "member_hours",
            "31.99",
            "32.00",
            false,
        ),
        of("the days before and after the year", Member)
            .watched("2024-12-31", 32 * HOUR)
            .watched("2026-01-01", 32 * HOUR)
            .expect("member_hours", "0.00", "32.00", false),
        of("the first and the last day of the year", Member)
            .watched("2025-01-01", 16 * HOUR)
            .watched("2025-12-31", 16 * HOUR)
            .expect("member_hours", "32.00", "32.00", true),
        of("nothing at all", Member).expect("member_hours", "0.00", "32.00", false),
        diligent("everything asked of a secretary")
            .class(Township, "2025-11-10", 14)
            .expect("committee_hours", "80.00", "56.00", true)
            .expect("committee_class", "4.00", "1.00", true)
            .expect("city_class", "1.00", "1.00", true)
            .expect("county_classes", "2.00", "2.00", true)
            .expect("township_days", "7.00", "7.00", true),
        diligent("half a township day too little")
            .class(Township, "2025-11-10", 13)
            .expect("committee_hours", "76.00", "56.00", true)
            .expect("committee_class", "4.00", "1.00", true)
            .expect("city_class", "1.00", "1.00", true)
            .expect("county_classes", "2.00", "2.00", true)
            .expect("township_days", "6.50", "7.00", false),
        of("a county class too few, hours from watching", CommitteeMember)
            .class(AtCity, "2025-03-10", 2)
            .class(County, "2025-05-10", 2)
            .class(Township, "2025-11-10", 14)
            .watched("2025-06-01", 10 * HOUR)
            .expect("committee_hours", "82.00", "56.00", true)
            .expect("committee_class", "3.00", "1.00", true)
            .expect("city_class", "1.00", "1.00", true)
            .expect("county_classes", "1.00", "2.00", false)
            .expect("township_days", "7.00", "7.00", true),
        of("in office on the last day only", Member).only(Member, "2025-12-31", None).expect(
            "member_hours",
            "0.00",
            "32.00",
            false,
        ),
        of("out of office before the year", Member).only(Member, LONG_AGO, Some("2024-12-31")),
        of("out of office on its first day", Member).only(Member, LONG_AGO, Some("2025-01-01")).expect(
            "member_hours",
            "0.00",
            "32.00",
            false,
        ),
        of("a post that no target binds", HamletHead).watched("2025-06-01", HOUR),
        of("two posts in one year", Member)
            .term(CommitteeMember, "2025-08-01", None)
            .watched("2025-06-01", 40 * HOUR)
            .expect("member_hours", "40.00", "32.00", true)
            .expect("committee_hours", "40.00", "56.00", false)
            .expect("committee_class", "0.00", "1.00", false)
            .expect("city_class", "0.00", "1.00", false)
            .expect("county_classes", "0.00", "2.00", false)
            .expect("township_days", "0.00", "7.00", false),
        of("a new secretary on the last day of the half year", VillageSecretary)
            .only(VillageSecretary, "2024-10-15", None)
            .class(County, "2025-04-15", 2)
            .expect("new_secretary", "1.00", "1.00", true),
        of("a new secretary a day too late", VillageSecretary)
            .only(VillageSecretary, "2024-10-15", None)
            .class(County, "2025-04-16", 2)
            .expect("new_secretary", "0.00", "1.00", false),
        of("a new secretary with a class of last year", VillageSecretary)
            .only(VillageSecretary, "2024-10-15", None)
            .class(County, "2024-11-20", 2)
            .expect("new_secretary", "1.00", "1.00", true)
            .expect("committee_class", "0.00", "1.00", false),
        of("twelve days in place of ninety hours", FirstSecretary)
            .class(County, "2025-11-20", 24)
            .expect("member_hours", "96.00", "32.00", true)
            .expect("cadre_training", "96.00", "90.00", true),
        of("twelve days of which one was missed", FirstSecretary)
            .partly(County, "2025-11-20", 24, 22)
            .expect("member_hours", "88.00", "32.00", true)
            .expect("cadre_training", "88.00", "90.00", false),
        of("ninety hours without a class", FirstSecretary)
            .watched("2025-06-01", 90 * HOUR)
            .expect("member_hours", "90.00", "32.00", true)
            .expect("cadre_training", "90.00", "90.00", true),
        of("disabled all the year", Member).exempt(Disabled, "2025-01-01", "2025-12-31").expect(
            "member_hours",
            "0.00",
            "0.00",
            true,
        ),
        // 181 of 365 days are left: 15.86 hours, cut to 15.
        of("old from July on", Member).exempt(Old, "2025-07-01", "2030-06-30").watched("2025-03-01", 15 * HOUR).expect(
            "member_hours",
            "15.00",
            "15.00",
            true,
        ),
        of("old from July on and a millisecond short", Member)
            .exempt(Old, "2025-07-01", "2030-06-30")
            .watched("2025-03-01", 15 * HOUR - 1)
            .expect("member_hours", "14.99", "15.00", false),
        // February and March overlap: 120 days lifted, 245 left: 21.47 hours, cut to 21.
        of("ill and old at the same time", Member)
            .exempt(Sick, "2025-01-01", "2025-03-31")
            .exempt(Old, "2025-02-01", "2025-04-30")
            .expect("member_hours", "0.00", "21.00", false),
        of("away for work", CommitteeMember)
            .exempt(Migrant, "2025-01-01", "2025-12-31")
            .watched("2025-06-01", 56 * HOUR)
            .expect("committee_hours", "56.00", "56.00", true)
            .expect("committee_class", "0.00", "0.00", true)
            .expect("city_class", "0.00", "0.00", true)
            .expect("county_classes", "0.00", "0.00", true)
            .expect("township_days", "0.00", "0.00", true),
        // January has 31 days; 334 of 365 are left: 29.28 hours, cut to 29.
        of("an exemption that ran out in January", Member)
            .exempt(Sick, "2025-01-01", "2025-01-31")
            .watched("2025-06-01", 29 * HOUR)
            .expect("member_hours", "29.00", "29.00", true),
        // Lifted to the end of June, 181 days; 184 are left: 16.13 hours, cut to 16.
        of("an exemption ended early", Member)
            .exempt(Sick, "2025-01-01", "2025-12-31")
            .ended("2025-06-30")
            .watched("2025-09-01", 16 * HOUR - 1)
            .expect("member_hours", "15.99", "16.00", false),
        // 184 of 365 days are left. Of one class 0.50, cut to none; of two 1.008, cut to one; of seven days 3.53, cut to 3.5.
        // A migrant's hours stay as they are.
        of("away for work until June", CommitteeMember)
            .exempt(Migrant, "2025-01-01", "2025-06-30")
            .class(County, "2025-10-10", 2)
            .class(Township, "2025-11-10", 7)
            .expect("committee_hours", "36.00", "56.00", false)
            .expect("committee_class", "2.00", "0.00", true)
            .expect("city_class", "0.00", "0.00", true)
            .expect("county_classes", "1.00", "1.00", true)
            .expect("township_days", "3.50", "3.50", true),
        of("a class that ended on New Year's Day", Member).class(County, "2026-01-01", 8).expect(
            "member_hours",
            "0.00",
            "32.00",
            false,
        ),
        of("secretary again a week after the last term", VillageSecretary)
            .only(VillageSecretary, LONG_AGO, Some("2024-10-08"))
            .term(VillageSecretary, "2024-10-15", None)
            .unbound("new_secretary")
            .expect("committee_class", "0.00", "1.00", false),
        of("a new secretary for five months only", VillageSecretary)
            .only(VillageSecretary, "2024-10-15", Some("2025-03-14"))
            .unbound("new_secretary")
            .expect("committee_class", "0.00", "1.00", false),
        of("three posts, two of which ask for the same", Member)
            .term(HamletSecretary, "2025-02-01", Some("2025-04-30"))
            .term(FirstSecretary, "2025-03-01", Some("2025-05-31"))
            .watched("2025-06-01", 40 * HOUR)
            .expect("member_hours", "40.00", "32.00", true)
            .expect("cadre_training", "40.00", "90.00", false),
        // Seven half-days with one missed: six are three days of 8 hours.
        of("one of seven half-days missed", Member).partly(Township, "2025-11-10", 7, 6).expect(
            "member_hours",
            "24.00",
            "32.00",
            false,
        ),
        of("two of eight half-days missed", Member).partly(Township, "2025-11-10", 8, 6).expect(
            "member_hours",
            "0.00",
            "32.00",
            false,
        ),
        of("surplus lapses where nothing is carried over", Member).watched("2024-06-01", 64 * HOUR).expect(
            "member_hours",
            "0.00",
            "32.00",
            false,
        ),
        of("exactly one seventh of leave", Member).partly(Township, "2025-11-10", 14, 12).expect(
            "member_hours",
            "48.00",
            "32.00",
            true,
        ),
        of("more than one seventh of leave", Member).partly(Township, "2025-11-10", 14, 11).expect(
            "member_hours",
            "0.00",
            "32.00",
            false,
        ),
        // The far county: 30 minutes an hour, surplus up to 8 carried over, half of the need online.
        of("hours of thirty minutes, all online", Member).far().watched("2025-06-01", 32 * 30 * MINUTE).expect(
            "member_hours",
            "16.00",
            "32.00",
            false,
        ),
        of("half online and three half-days in class", Member)
            .far()
            .watched("2025-06-01", 16 * 30 * MINUTE)
            .class(County, "2025-05-10", 3)
            .expect("member_hours", "34.00", "32.00", true),
        of("surplus of last year carried over", Member)
            .far()
            .watched("2024-06-01", 40 * 30 * MINUTE)
            .class(County, "2025-05-10", 4)
            .expect("member_hours", "32.00", "32.00", true),
        of("surplus carried over only up to the bound", Member)
            .far()
            .watched("2024-06-01", 60 * 30 * MINUTE)
            .class(County, "2025-05-10", 2)
            .expect("member_hours", "20.00", "32.00", false),
    ]
}
