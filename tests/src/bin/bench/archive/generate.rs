//! A city whose people have studied for years: units, people, posts, lessons, sessions with their beats and stays,
//! classes, and a ledger with a valid chain that `verify` finds sound. The same scale makes the same city.
//!
//! Owns the days: who learns on which, alone, in rooms or in classes.

use super::Scale;
use archive::ledger::{self, NewEntry};
use entity::{
    AccountId, AttendanceStatus, ClassId, Day, LessonId, MarkedHow, Moment, PersonId, RuleId, Source, UnitId,
    UnitLevel, beat, class_attendance, class_run, playback, presence, rule,
};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, DatabaseTransaction, EntityTrait, QueryOrder, TransactionTrait};
use std::collections::HashSet;
use tests::{City, Random};

mod ground;
mod session;

use ground::{lessons, people, tree};

/// The keys of generated rows begin here, far from those of the fixture.
const FIRST_KEY: i64 = 100_000;
/// Rows of one insert: the widest table has 27 columns, and SQLite binds 32,766 values.
const CHUNK: usize = 1_000;
/// Most people of one room.
const ROOM: usize = 20;
/// Most people of one class.
const CLASS: usize = 30;
const MINUTE: i64 = 60_000;

/// What was made.
pub struct Made {
    /// The first of the counties.
    pub county: UnitId,
    /// Everybody.
    pub people: Vec<PersonId>,
    /// A civil year that is over and full.
    pub year: i32,
    /// The last civil day with entries.
    pub last_day: Day,
}

/// Fill the city's database.
pub async fn fill(city: &mut City, scale: &Scale) -> Made {
    let tree = tree(city, scale).await;
    let villages: Vec<UnitId> =
        tree.iter().filter(|unit| unit.level == UnitLevel::Village).map(|unit| unit.id).collect();
    let people = people(city, scale, &villages).await;
    let lessons = lessons(city).await;
    archive::rules::ensure_presets(&city.db.write, city.units["桂岭市"], Moment::now()).await.unwrap();
    let rule = rule::Entity::find().order_by_asc(rule::Column::Id).one(&city.db.read).await.unwrap().unwrap();
    let last_day = Moment::now().day();
    let mut years = Years {
        scale,
        villages,
        people: &people,
        lessons: &lessons,
        rule: rule.id,
        made: 0,
        sessions: 0,
        classes: 0,
        random: Random(0x9E37_79B9_7F4A_7C15),
    };
    let days = scale.years * 365;
    for number in 0..days {
        let day = last_day - chrono::Days::new(u64::try_from(days - 1 - number).unwrap());
        let target = scale.entries * (number + 1) / days;
        let txn = city.db.write.begin().await.unwrap();
        years.day(&txn, day, target).await;
        txn.commit().await.unwrap();
    }
    Made { county: tree[0].id, people, year: Moment::now().year() - 1, last_day }
}

/// The years as they are written, day by day.
struct Years<'a> {
    scale: &'a Scale,
    villages: Vec<UnitId>,
    people: &'a [PersonId],
    lessons: &'a [(LessonId, String)],
    rule: RuleId,
    made: usize,
    sessions: i64,
    classes: i64,
    random: Random,
}

/// The rows of one day.
#[derive(Default)]
struct OneDay {
    /// Who has learnt today: nobody does twice, so that no day's cap is met.
    busy: HashSet<usize>,
    entries: Vec<NewEntry>,
    playbacks: Vec<playback::ActiveModel>,
    beats: Vec<beat::ActiveModel>,
    stays: Vec<presence::ActiveModel>,
    classes: Vec<class_run::ActiveModel>,
    attendances: Vec<class_attendance::ActiveModel>,
}

impl Years<'_> {
    /// Write a day, so that `target` entries are there at its end: about six in ten of rooms, the rest alone, and a few
    /// of classes.
    async fn day(&mut self, txn: &DatabaseTransaction, day: Day, target: usize) {
        let mut rows = OneDay::default();
        while self.made + rows.entries.len() < target {
            let left = target - self.made - rows.entries.len();
            match self.random.place(1_000) {
                0..=75 => self.room(&mut rows, day, left),
                76..=79 => self.class(&mut rows, day, left),
                _ => self.alone(&mut rows, day),
            }
        }
        self.made += rows.entries.len();
        let now = Moment::start_of(day).plus_ms(23 * 3_600_000);
        ledger::append(txn, &rows.entries, now).await.unwrap();
        write(txn, rows.playbacks).await;
        write(txn, rows.beats).await;
        write(txn, rows.stays).await;
        write(txn, rows.classes).await;
        write(txn, rows.attendances).await;
    }

    fn room(&mut self, rows: &mut OneDay, day: Day, most: usize) {
        let village = self.random.place(self.villages.len());
        let number = self.villages.len();
        let there: Vec<usize> = (village..self.scale.people).step_by(number).collect();
        let there: Vec<usize> = there.into_iter().filter(|who| !rows.busy.contains(who)).take(ROOM.min(most)).collect();
        if there.is_empty() {
            return;
        }
        let session = self.session(rows, day, None, self.villages[village]);
        for who in there {
            rows.stays.push(presence::ActiveModel {
                playback_id: Set(session.id),
                person_id: Set(self.people[who]),
                arrived_at: Set(session.began),
                left_at: Set(None),
                marked_by: Set(Some(AccountId(1))),
                marked_how: Set(MarkedHow::Roll),
                guest_id: Set(None),
                ..Default::default()
            });
            self.entry(rows, who, day, Source::Group, &session);
        }
    }

    fn alone(&mut self, rows: &mut OneDay, day: Day) {
        let who = self.random.place(self.scale.people);
        if rows.busy.contains(&who) {
            return;
        }
        let unit = self.villages[who % self.villages.len()];
        let session = self.session(rows, day, Some(self.people[who]), unit);
        self.entry(rows, who, day, Source::Solo, &session);
    }

    fn class(&mut self, rows: &mut OneDay, day: Day, most: usize) {
        self.classes += 1;
        let id = ClassId(FIRST_KEY + self.classes);
        let level = [UnitLevel::City, UnitLevel::County, UnitLevel::Township][self.random.place(3)];
        rows.classes.push(class_run::ActiveModel {
            id: Set(id),
            level: Set(level),
            title: Set("村干部集中培训班".into()),
            unit_id: Set(UnitId(FIRST_KEY)),
            place: Set("党校".into()),
            teacher: Set("讲师团".into()),
            starts_on: Set(day),
            ends_on: Set(day),
            half_days: Set(2),
            created_by: Set(None),
            created_at: Set(Moment::start_of(day)),
            ..Default::default()
        });
        let first = self.random.place(self.scale.cadres);
        for who in (first..self.scale.cadres).take(CLASS.min(most)) {
            if !rows.busy.insert(who) {
                continue;
            }
            rows.attendances.push(class_attendance::ActiveModel {
                class_run_id: Set(id),
                person_id: Set(self.people[who]),
                half_days: Set(2),
                status: Set(AttendanceStatus::Attended),
                ..Default::default()
            });
            let mut entry = self.bare(who, day, Source::Class, 360 * MINUTE);
            entry.class_run_id = Some(id);
            entry.note = "村干部集中培训班".into();
            rows.entries.push(entry);
        }
    }
}

async fn write<A>(txn: &DatabaseTransaction, rows: Vec<A>)
where
    A: ActiveModelTrait + Clone + Send,
{
    for some in rows.chunks(CHUNK) {
        <A::Entity as EntityTrait>::insert_many(some.to_vec()).exec_without_returning(txn).await.unwrap();
    }
}
