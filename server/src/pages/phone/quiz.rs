//! The in-class quiz on a phone: what it asks for, the sheet, and what was right. Works without scripts.

use crate::api::quiz::seat::Seat;
use crate::auth::identity::{Identity, SignedIn};
use crate::database::Database;
use crate::error::{ApiResult, Code};
use crate::pages::go;
use crate::pages::pairs::Pairs;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Form, Path, Query};
use askama::Template;
use entity::{LessonId, LessonState, Moment, PersonId, QuestionKind, QuizAttemptId, lesson};
use player::quiz::{Graded, Kept, Limits, Marked, Sheet, Standing};
use sea_orm::ConnectionTrait;
use serde::Deserialize;
use std::collections::HashMap;

/// Which result to show.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Wanted {
    attempt: Option<i64>,
}

#[derive(Template)]
#[template(path = "phone/quiz.html")]
struct QuizPage {
    shell: Shell,
    lesson: lesson::Model,
    card: Card,
    stage: Stage,
}

enum Stage {
    /// Before a try.
    Door,
    /// An open try.
    Sheet(i64, Vec<Asked>),
    /// A try that was handed in.
    Result(ResultView),
}

struct Asked {
    number: usize,
    kind: QuestionKind,
    text: String,
    choices: Vec<String>,
}

struct ResultView {
    right: i32,
    total: usize,
    passed: bool,
    questions: Vec<MarkedView>,
}

struct MarkedView {
    number: usize,
    kind: QuestionKind,
    text: String,
    right: bool,
    left_out: bool,
    choices: Vec<ChoiceView>,
    explanation: String,
}

struct ChoiceView {
    text: String,
    chosen: bool,
    correct: bool,
}

/// What a page says of a lesson's quiz.
#[derive(Clone, Debug)]
pub struct Card {
    /// Where it is done; `None` for who cannot.
    pub href: Option<String>,
    /// How many questions.
    pub questions: u64,
    /// How many right answers pass.
    pub needed: u64,
    /// How often it may be begun today.
    pub left: i64,
    /// A try is open.
    pub open: bool,
    /// The best result.
    pub best: Option<String>,
    /// Passed before.
    pub passed: bool,
    /// The hours count only with a pass.
    pub required: bool,
}

/// `GET /lessons/{slug}/quiz`: a result that is asked for, else the open sheet, else the door.
///
/// # Errors
/// `not_found` when there is no such lesson for the caller, it has no quiz, or the try is not theirs.
pub async fn show(
    caller: SignedIn,
    slug: Path<String>,
    wanted: Query<Wanted>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let now = Moment::now();
    let seat = match wanted.attempt {
        Some(_) => Seat::taken_before(&caller, &slug, &db).await?,
        None => Seat::take(&caller, &slug, &db, now).await?,
    };
    let standing = seat.standing(&db, now).await?;
    let stage = match (wanted.attempt, standing.open) {
        (Some(id), _) => Stage::Result(ResultView::of(seat.result(&db, QuizAttemptId(id)).await?)),
        (None, Some(open)) => sheet(seat.sheet(&db, open).await?),
        (None, None) if standing.questions == 0 => return Err(player::Error::NoQuiz(seat.lesson.id).into()),
        (None, None) => Stage::Door,
    };
    let card = Card::of(&seat.lesson, standing, seat.limits(&db, now.day()).await?);
    let shell = Shell::new(&caller, format!("随堂测验：{}", seat.lesson.title), "/search");
    crate::pages::draw(&QuizPage { shell, card, stage, lesson: seat.lesson })
}

/// `POST /lessons/{slug}/quiz`: begin a try, or hand one in.
///
/// # Errors
/// `not_found`, `wrong_state` without tries left, `gone` for a sheet of long ago.
pub async fn take(
    caller: SignedIn,
    slug: Path<String>,
    form: Form<Pairs>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let (now, here) = (Moment::now(), format!("/lessons/{}/quiz", *slug));
    let Ok(id) = form.text("attempt").parse::<i64>() else {
        Seat::take(&caller, &slug, &db, now).await?.begin(&db, now).await?;
        return Ok(go(&here));
    };
    let seat = Seat::taken_before(&caller, &slug, &db).await?;
    let asked = form.text("asked").parse::<usize>().unwrap_or(0).min(catalog::quiz::MAX_QUESTIONS);
    let answers: Vec<Vec<usize>> = (0..asked).map(|place| form.numbers(&format!("q{place}"))).collect();
    let result = go(&format!("{here}?attempt={id}"));
    match seat.hand_in(&db, QuizAttemptId(id), &answers, now).await {
        Ok(_) => Ok(result),
        Err(cause) if cause.code() == Code::WrongState => Ok(result), // handed in before, from another tab
        Err(cause) => Err(cause),
    }
}

/// What to say of the quiz on the page of its lesson; `None` for a lesson that has none.
///
/// # Errors
/// When the database fails or no rule is in force.
pub async fn card(db: &Database, caller: &Identity, lesson: &lesson::Model, now: Moment) -> ApiResult<Option<Card>> {
    let questions = catalog::quiz::of_lesson(&db.read, lesson.id).await?.len() as u64;
    if questions == 0 || lesson.state != LessonState::Published {
        return Ok(None);
    }
    if caller.person_id.is_none() || caller.home.is_none() {
        return Ok(Some(Card::from_afar(lesson, questions)));
    }
    let seat = Seat::take(caller, &lesson.slug, db, now).await?;
    let (standing, limits) = (seat.standing(db, now).await?, seat.limits(db, now.day()).await?);
    Ok(Some(Card::of(lesson, standing, limits)))
}

/// The best result of a person in each of these lessons, as it stands beside the minutes.
///
/// # Errors
/// When the database fails.
pub async fn results(
    db: &impl ConnectionTrait,
    person: PersonId,
    lessons: &[LessonId],
) -> ApiResult<HashMap<LessonId, String>> {
    let best = player::quiz::best_of(db, person, lessons).await?;
    let text = |right, of, passed| format!("随堂测验 {right}/{of} {}", if passed { "通过" } else { "未通过" });
    Ok(best.into_iter().map(|(lesson, right, of, passed)| (lesson, text(right, of, passed))).collect())
}

impl Card {
    fn of(lesson: &lesson::Model, standing: Standing, limits: Limits) -> Self {
        let percent = u64::try_from(limits.pass_percent).unwrap_or(100);
        Self {
            href: Some(format!("/lessons/{}/quiz", lesson.slug)),
            questions: standing.questions,
            needed: standing.questions.saturating_mul(percent).div_ceil(100).max(1),
            left: standing.left_today,
            open: standing.open.is_some(),
            best: standing.best.map(|(right, of)| format!("{right}/{of}")),
            passed: standing.passed_at.is_some(),
            required: lesson.quiz_required,
        }
    }

    /// For who has no training archive of their own.
    fn from_afar(lesson: &lesson::Model, questions: u64) -> Self {
        let (required, limits) = (lesson.quiz_required, Limits { attempts_a_day: 0, pass_percent: 0 });
        let standing = Standing { questions, ..Standing::default() };
        Self { href: None, required, ..Self::of(lesson, standing, limits) }
    }
}

fn sheet(sheet: Sheet) -> Stage {
    let asked = |(number, question): (usize, Kept)| Asked {
        number,
        kind: question.kind,
        text: question.text,
        choices: question.choices,
    };
    Stage::Sheet(sheet.id.0, (1..).zip(sheet.questions).map(asked).collect())
}

impl ResultView {
    fn of(graded: Graded) -> Self {
        let total = graded.marked.len();
        let questions = (1..).zip(graded.marked).map(MarkedView::of).collect();
        Self { right: graded.right, total, passed: graded.passed, questions }
    }
}

impl MarkedView {
    fn of((number, Marked { question, chosen, right }): (usize, Marked)) -> Self {
        let choice = |(place, text): (usize, String)| ChoiceView {
            text,
            chosen: chosen.contains(&place),
            correct: question.answer.contains(&place),
        };
        Self {
            number,
            kind: question.kind,
            right,
            left_out: chosen.is_empty(),
            choices: question.choices.into_iter().enumerate().map(choice).collect(),
            text: question.text,
            explanation: question.explanation,
        }
    }
}
