//! What was acknowledged, and whether the database has it: all of it, and nothing twice.

use entity::{
    LessonId, LessonState, PlaybackId, audit, beat, ledger_entry, lesson, media, outbox, playback, presence, upload,
};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tests::{Client, PATIENCE};

/// What every lesson of the load is called.
pub const TITLE: &str = "油茶低产林改造";

/// What the server has said yes to.
#[derive(Default)]
pub struct Acknowledged {
    told: Mutex<Told>,
}

/// One kind of write a field.
#[derive(Clone, Default)]
pub struct Told {
    /// The highest beat of each session.
    pub beats: BTreeMap<i64, i64>,
    /// Sessions that were closed and posted.
    pub closed: BTreeSet<i64>,
    /// Who was called in which room.
    pub called: BTreeSet<(i64, i64)>,
    /// Who came later.
    pub came: BTreeSet<(i64, i64)>,
    /// Who left.
    pub left: BTreeSet<(i64, i64)>,
    /// Bytes of each upload; those of a whole one are its length.
    pub offsets: BTreeMap<String, usize>,
    /// The hash of each upload whose last byte was taken.
    pub whole: BTreeMap<String, String>,
    /// Lessons that were published.
    pub published: BTreeSet<i64>,
    /// Corrections, each with a reason of its own.
    pub corrections: BTreeSet<String>,
    /// Corrections that were asked for, whether acknowledged or not.
    pub asked: BTreeSet<String>,
}

impl Acknowledged {
    /// To write down what was acknowledged.
    pub fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap()
    }

    /// What was acknowledged until now.
    pub fn so_far(&self) -> Told {
        self.told().clone()
    }

    /// Whether there is something of each kind.
    pub fn is_some_of_each(&self) -> bool {
        let told = self.told();
        [told.beats.len(), told.closed.len(), told.left.len(), told.whole.len(), told.published.len()]
            .iter()
            .all(|count| *count > 0)
            && !told.corrections.is_empty()
    }

    /// Fails when so little was acknowledged that the test proves nothing.
    pub fn must_be_enough(&self, kills: usize) {
        assert!(self.told().beats.values().sum::<i64>() > kills as i64 && self.is_some_of_each(), "{self}");
    }

    /// Waits until the index has every lesson that is published, and each of them once.
    pub async fn must_be_found(&self, reader: &Client, db: &DatabaseConnection) {
        let published = lesson::Entity::find().filter(lesson::Column::State.eq(LessonState::Published));
        let published = published.filter(lesson::Column::Title.starts_with(TITLE)).count(db).await.unwrap();
        let query: String = TITLE.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let begun = Instant::now();
        loop {
            let answer = reader.get(&format!("/api/v1/search?q={query}&size=1")).await.must(200).json();
            if answer["total"] == published {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{published} lessons are published, {} are found", answer["total"]);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Told {
    /// Looks for each write in a database.
    pub async fn must_be_there_once(&self, db: &DatabaseConnection) {
        for (session, last) in &self.beats {
            let stored = beat::Entity::find().filter(beat::Column::PlaybackId.eq(*session));
            let stored: BTreeSet<i64> = stored.all(db).await.unwrap().iter().map(|beat| beat.seq).collect();
            assert!((1..=*last).all(|seq| stored.contains(&seq)), "session {session}: {last} and {stored:?}");
        }
        for session in &self.closed {
            let row = playback::Entity::find_by_id(PlaybackId(*session)).one(db).await.unwrap().unwrap();
            assert!(row.closed_at.is_some() && row.posted_at.is_some(), "session {session}");
        }
        let entries = ledger_entry::Entity::find().all(db).await.unwrap();
        let mut posted = BTreeSet::new();
        for entry in entries.iter().filter(|entry| entry.corrects_seq.is_none() && entry.playback_id.is_some()) {
            assert!(posted.insert((entry.playback_id, entry.person_id, entry.day)), "posted twice: {entry:?}");
        }
        for reason in &self.asked {
            let count = entries.iter().filter(|entry| entry.note == *reason).count();
            let least = usize::from(self.corrections.contains(reason));
            assert!((least..=1).contains(&count), "{reason}: {count} entries");
        }
        for (session, person) in self.called.iter().chain(&self.came) {
            let stays = presence::Entity::find().filter(presence::Column::PlaybackId.eq(*session));
            let stays = stays.filter(presence::Column::PersonId.eq(*person)).order_by_asc(presence::Column::ArrivedAt);
            let stays = stays.all(db).await.unwrap();
            // A press that was sent again may end one stay and begin the next, but nobody is there twice at one time.
            let apart = stays.windows(2).all(|pair| pair[0].left_at.is_some_and(|left| left <= pair[1].arrived_at));
            assert!(!stays.is_empty() && apart, "person {person} in session {session}: {stays:?}");
            let is_gone = stays.iter().all(|stay| stay.left_at.is_some());
            assert!(is_gone || !self.left.contains(&(*session, *person)), "{stays:?}");
        }
        for (id, offset) in &self.offsets {
            let row = upload::Entity::find_by_id(id).one(db).await.unwrap().unwrap();
            assert!(row.received >= i64::try_from(*offset).unwrap(), "upload {id}: {} of {offset}", row.received);
        }
        for (id, sha256) in &self.whole {
            let row = upload::Entity::find_by_id(id).one(db).await.unwrap().unwrap();
            assert_eq!(row.sha256.as_ref(), Some(sha256), "upload {id}: {:?}", row.state);
            assert_eq!(media::Entity::find_by_id(sha256).count(db).await.unwrap(), 1);
        }
        for id in &self.published {
            let row = lesson::Entity::find_by_id(LessonId(*id)).one(db).await.unwrap().unwrap();
            assert_eq!(row.state, LessonState::Published, "lesson {id}");
            let lines = audit::Entity::find().filter(audit::Column::Action.eq("lesson.publish"));
            let lines = lines.filter(audit::Column::Target.eq(format!("lesson:{id}")));
            assert_eq!(lines.count(db).await.unwrap(), 1, "lesson {id} in the audit log");
            let marks = outbox::Entity::find().filter(outbox::Column::LessonId.eq(*id)).count(db).await.unwrap();
            assert_eq!(marks, 1, "lesson {id} in the outbox");
        }
    }
}

impl fmt::Display for Acknowledged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = self.told();
        write!(
            f,
            "acknowledged: {} beats in {} sessions, {} of them closed; {} called, {} came, {} left; {} uploads begun, {} whole; \
             {} lessons published; {} corrections of {} asked",
            told.beats.values().sum::<i64>(),
            told.beats.len(),
            told.closed.len(),
            told.called.len(),
            told.came.len(),
            told.left.len(),
            told.offsets.len(),
            told.whole.len(),
            told.published.len(),
            told.corrections.len(),
            told.asked.len()
        )
    }
}
