//! A city whose people have studied for years: units, people, posts, lessons, sessions with their beats and stays,
//! classes, and a ledger with a valid chain that `verify` finds sound. The same scale makes the same city.

use super::Scale;
use archive::ledger::{self, NewEntry};
use entity::{
    AccountId, AttendanceStatus, ClassId, Day, LessonId, LessonState, MarkedHow, Moment, PersonId, PlaybackId,
    PlaybackMode, PostKind, Reason, RuleId, Source, UnitId, UnitLevel, beat, class_attendance, class_run, org_unit,
    person, playback, post, presence, rule,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryOrder, TransactionTrait,
};
use std::collections::{BTreeMap, HashSet};
use tests::city::{City, sha256};

/// The keys of generated rows begin here, far from those of the fixture.
const FIRST_KEY: i64 = 100_000;
/// Rows of one insert: the widest table has 27 columns, and SQLite binds 32,766 values.
const CHUNK: usize = 1_000;
/// Most people of one room.
const ROOM: usize = 20;
/// Most people of one class.
const CLASS: usize = 30;
const LESSONS: usize = 200;
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

/// Ten counties, their townships and villages, in the proportions of the city.
async fn tree(city: &City, scale: &Scale) -> Vec<org_unit::Model> {
    let top = org_unit::Entity::find_by_id(city.units["桂岭市"]).one(&city.db.read).await.unwrap().unwrap();
    let villages = (scale.people * 938 / 65_000).max(10);
    let townships = (villages * 86 / 938).max(10);
    let mut units: Vec<org_unit::Model> = Vec::new();
    let mut add = |parent: &org_unit::Model, name: String, level| {
        let number = FIRST_KEY + units.len() as i64;
        let path = format!("{}{number}/", parent.path);
        let unit = org_unit::Model {
            id: UnitId(number),
            parent_id: Some(parent.id),
            code: number.to_string(),
            name,
            level,
            path,
        };
        units.push(unit.clone());
        unit
    };
    let counties: Vec<_> = (0..10).map(|n| add(&top, format!("第{}县", n + 1), UnitLevel::County)).collect();
    let towns: Vec<_> =
        (0..townships).map(|n| add(&counties[n % 10], format!("第{}镇", n + 1), UnitLevel::Township)).collect();
    for number in 0..villages {
        add(&towns[number % townships], format!("第{}村", number + 1), UnitLevel::Village);
    }
    for some in units.chunks(CHUNK) {
        let rows = some.iter().map(|unit| unit.clone().into_active_model().reset_all());
        org_unit::Entity::insert_many(rows).exec_without_returning(&city.db.write).await.unwrap();
    }
    units
}

/// People spread evenly over the villages, the cadres first; one in fifty has left in the course of the years.
async fn people(city: &City, scale: &Scale, villages: &[UnitId]) -> Vec<PersonId> {
    const CADRES: [PostKind; 3] = [PostKind::VillageSecretary, PostKind::VillageDirector, PostKind::CommitteeMember];
    let now = Moment::now();
    let ids: Vec<PersonId> = (0..scale.people).map(|number| PersonId(FIRST_KEY + number as i64)).collect();
    for numbers in (0..scale.people).collect::<Vec<_>>().chunks(CHUNK) {
        let rows = numbers.iter().map(|number| {
            let name =
                format!("{}{}", ["韦", "覃", "黄", "蒙", "莫"][number % 5], ["建国", "秀英", "小梅"][number % 3]);
            let row = person::Model {
                id: ids[*number],
                code: format!("0{number:011}"),
                pinyin: "wei jian guo".into(),
                name: format!("{name}{number}"),
                unit_id: villages[number % villages.len()],
                gender: Some(["男", "女"][number % 2].into()),
                birth_year: Some(1950 + (number % 50) as i32),
                phone: None,
                left_on: (number % 50 == 49).then(|| now.day() - chrono::Days::new(400)),
                created_at: now,
            };
            row.into_active_model().reset_all()
        });
        person::Entity::insert_many(rows).exec_without_returning(&city.db.write).await.unwrap();
        let terms = numbers.iter().map(|number| post::ActiveModel {
            person_id: Set(ids[*number]),
            kind: Set(if *number < scale.cadres { CADRES[number % 3] } else { PostKind::Member }),
            appointed_on: Set(now.day() - chrono::Days::new(2_000)),
            ended_on: Set(None),
            ..Default::default()
        });
        post::Entity::insert_many(terms).exec_without_returning(&city.db.write).await.unwrap();
    }
    ids
}

async fn lessons(city: &mut City) -> Vec<(LessonId, String)> {
    let unit = city.units["桂岭市"];
    let (course, film) = (city.course(unit).await, sha256(&city.video));
    let title =
        |number: usize| format!("{}第{number}讲", ["沙糖桔修剪", "水稻病虫害防治", "村务公开怎么做"][number % 3]);
    let rows = (0..LESSONS).map(|number| {
        let media = Some((film.clone(), 45 * MINUTE));
        let slug = format!("years-{number}");
        City::lesson_row(course, &slug, number, &title(number), media, unit, LessonState::Published)
    });
    city.insert_lessons(rows.collect()).await;
    (0..LESSONS).map(|number| (LessonId(city.lesson(&format!("years-{number}"))), title(number))).collect()
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
            match self.random.below(1_000) {
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
        let village = self.random.below(self.villages.len());
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
        let who = self.random.below(self.scale.people);
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
        let level = [UnitLevel::City, UnitLevel::County, UnitLevel::Township][self.random.below(3)];
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
        let first = self.random.below(self.scale.cadres);
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

    /// A session of twenty to forty-five minutes in one beat; of one in ten a minute more was claimed than was looked at.
    fn session(&mut self, rows: &mut OneDay, day: Day, person: Option<PersonId>, unit: UnitId) -> Session {
        self.sessions += 1;
        let id = PlaybackId(FIRST_KEY + self.sessions);
        let played_ms = (20 + self.random.below(26) as i64) * MINUTE;
        let idle_ms = if self.random.below(10) == 0 { MINUTE } else { 0 };
        let began = Moment::start_of(day).plus_ms((8 * 60 + self.random.below(12 * 60) as i64) * MINUTE);
        let ended = began.plus_ms(played_ms);
        let lesson = self.random.below(self.lessons.len());
        let model = playback::Model {
            id,
            mode: if person.is_some() { PlaybackMode::Solo } else { PlaybackMode::Group },
            lesson_id: self.lessons[lesson].0,
            person_id: person,
            account_id: AccountId(1),
            unit_id: unit,
            duration_ms: 45 * MINUTE,
            started_at: began,
            day,
            last_seq: 1,
            last_position_ms: played_ms,
            last_playing: false,
            last_rate_permille: 1000,
            last_beat_at: ended,
            claimed_ms: played_ms + idle_ms,
            credited_ms: played_ms,
            reasons: if idle_ms > 0 { format!("{{\"IDLE\":{idle_ms}}}") } else { "{}".into() },
            seen: format!("[[0,{played_ms}]]"),
            superseded_at: None,
            closed_at: Some(ended),
            posted_at: Some(ended),
            start_position_ms: 0,
            most_rate_permille: 1500,
            touched_at: None,
            idle_after_ms: None,
            served_at: (self.random.below(50) > 0).then_some(began),
            plays_cached: false,
        };
        rows.playbacks.push(model.into_active_model().reset_all());
        let beat = beat::Model {
            playback_id: id,
            seq: 1,
            position_ms: played_ms,
            playing: true,
            rate_permille: 1000,
            claimed_ms: played_ms + idle_ms,
            span_from_ms: 0,
            span_to_ms: played_ms,
            wall_from: began,
            wall_to: ended,
            reason: (idle_ms > 0).then_some(Reason::Idle),
            reason_ms: idle_ms,
            happened_at: None,
            received_at: None,
            touched: false,
        };
        rows.beats.push(beat.into_active_model().reset_all());
        Session { id, began, lesson, played_ms, idle_ms }
    }

    fn entry(&self, rows: &mut OneDay, who: usize, day: Day, source: Source, session: &Session) {
        rows.busy.insert(who);
        let mut entry = self.bare(who, day, source, session.played_ms);
        let (lesson, title) = &self.lessons[session.lesson];
        entry.lesson_id = Some(*lesson);
        entry.playback_id = Some(session.id);
        entry.note.clone_from(title);
        if session.idle_ms > 0 {
            entry.claimed_ms += session.idle_ms;
            entry.reasons.insert(Reason::Idle, session.idle_ms);
        }
        rows.entries.push(entry);
    }

    fn bare(&self, who: usize, day: Day, source: Source, ms: i64) -> NewEntry {
        NewEntry {
            person_id: self.people[who],
            unit_id: self.villages[who % self.villages.len()],
            day,
            source,
            lesson_id: None,
            playback_id: None,
            class_run_id: None,
            corrects_seq: None,
            claimed_ms: ms,
            credited_ms: ms,
            reasons: BTreeMap::new(),
            rule_id: self.rule,
            note: String::new(),
            author_id: None,
        }
    }
}

/// What an entry needs to know of its session.
struct Session {
    id: PlaybackId,
    began: Moment,
    lesson: usize,
    played_ms: i64,
    idle_ms: i64,
}

async fn write<A>(txn: &DatabaseTransaction, rows: Vec<A>)
where
    A: ActiveModelTrait + Clone + Send,
{
    for some in rows.chunks(CHUNK) {
        <A::Entity as EntityTrait>::insert_many(some.to_vec()).exec_without_returning(txn).await.unwrap();
    }
}

/// Marsaglia's xorshift: the same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end
    }
}
