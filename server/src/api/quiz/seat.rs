//! A learner before the quiz of a lesson, for the API and the phone's page alike.
//!
//! Here `player` (the try), `archive` (the rule, the hours) and `catalog` (the lesson) meet.

use crate::auth::identity::Identity;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use entity::{Day, LessonState, Moment, PersonId, QuizAttemptId, lesson};
use player::quiz::{self, Graded, Limits, Sheet, Standing};

/// Who sits before the quiz of which lesson.
pub struct Seat {
    /// The lesson.
    pub lesson: lesson::Model,
    person: PersonId,
    /// The path of the unit they belong to: its rule sets the limits.
    path: String,
}

impl Seat {
    /// A learner before a published lesson that they may see.
    ///
    /// # Errors
    /// `not_found`; `wrong_state` for a lesson that is not published, and for an account that is no learner's.
    pub async fn take(caller: &Identity, id_or_slug: &str, db: &Database, now: Moment) -> ApiResult<Self> {
        let named = catalog::lesson::find(&db.read, id_or_slug).await?;
        let lesson = catalog::lesson::visible(&db.read, &caller.viewer(), named.id, now.day()).await?;
        if lesson.state != LessonState::Published {
            return Err(ApiError::say(Code::WrongState, "课程尚未发布，不能做随堂测验"));
        }
        Self::of(caller, lesson)
    }

    /// A learner who comes back with a try: what was begun may be handed in, also when the lesson was withdrawn
    /// meanwhile, as those who watched it keep their hours.
    ///
    /// # Errors
    /// `not_found`, and for who is no learner.
    pub async fn taken_before(caller: &Identity, id_or_slug: &str, db: &Database) -> ApiResult<Self> {
        let lesson = catalog::lesson::find(&db.read, id_or_slug).await?;
        Self::of(caller, lesson).map_err(|_| ApiError::new(Code::NotFound))
    }

    fn of(caller: &Identity, lesson: lesson::Model) -> ApiResult<Self> {
        let learner = caller.person_id.zip(caller.home.as_ref());
        let (person, (_, path)) =
            learner.ok_or_else(|| ApiError::say(Code::WrongState, "此账号没有对应的学员，不能做随堂测验"))?;
        Ok(Self { lesson, person, path: path.clone() })
    }

    /// How they stand.
    ///
    /// # Errors
    /// When the database fails or no rule is in force.
    pub async fn standing(&self, db: &Database, now: Moment) -> ApiResult<Standing> {
        let limits = self.limits(db, now.day()).await?;
        Ok(quiz::standing(&db.read, self.person, self.lesson.id, limits, now.day()).await?)
    }

    /// Begin a try, or go on with the open one.
    ///
    /// # Errors
    /// `not_found` without a quiz, `wrong_state` without tries left.
    pub async fn begin(&self, db: &Database, now: Moment) -> ApiResult<Sheet> {
        let limits = self.limits(db, now.day()).await?;
        Ok(quiz::begin(&db.write, self.person, self.lesson.id, limits, now).await?)
    }

    /// Hand in a try. A pass and the hours that waited for it are one transaction.
    ///
    /// # Errors
    /// Those of `player::quiz::hand_in`.
    pub async fn hand_in(
        &self,
        db: &Database,
        id: QuizAttemptId,
        answers: &[Vec<usize>],
        now: Moment,
    ) -> ApiResult<Graded> {
        let (person, lesson) = (self.person, self.lesson.id);
        let limits = self.limits(db, quiz::day_of(&db.read, self.own(id)).await?).await?;
        let txn = db.begin().await?;
        let now = archive::quiz::hold(&txn, person, lesson, now).await?;
        let graded = quiz::hand_in(&txn, self.own(id), answers, limits.pass_percent, now).await?;
        if graded.passed {
            archive::quiz::release(&txn, person, lesson, now).await?;
        }
        txn.commit().await?;
        Ok(graded)
    }

    /// An open try of theirs.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn sheet(&self, db: &Database, id: QuizAttemptId) -> ApiResult<Sheet> {
        Ok(quiz::sheet(&db.read, self.own(id)).await?)
    }

    /// A try of theirs that was handed in.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn result(&self, db: &Database, id: QuizAttemptId) -> ApiResult<Graded> {
        Ok(quiz::result(&db.read, self.own(id)).await?)
    }

    /// What the rule in force for their unit says.
    ///
    /// # Errors
    /// When none is in force.
    pub async fn limits(&self, db: &Database, day: Day) -> ApiResult<Limits> {
        let (_, rules) = archive::rules::in_force(&db.read, &self.path, day).await?;
        Ok(Limits { attempts_a_day: rules.quiz_attempts_a_day, pass_percent: rules.quiz_pass_percent })
    }

    fn own(&self, id: QuizAttemptId) -> (QuizAttemptId, PersonId, entity::LessonId) {
        (id, self.person, self.lesson.id)
    }
}
