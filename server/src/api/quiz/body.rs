//! What quizzes look like on the wire, in and out.

use crate::error::{ApiError, ApiResult, Code};
use catalog::quiz::{Question, Quiz};
use entity::{QuestionId, QuestionKind, lesson, question};
use player::quiz::{Graded, Kept, Marked, Sheet, Standing};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The quiz of a lesson, for its authors.
#[derive(Serialize, ToSchema)]
pub struct QuizAnswer {
    /// The lesson's version, to be sent back with a change.
    version: i32,
    /// Whether watching alone counts only for those who pass.
    required: bool,
    /// The questions in order.
    questions: Vec<QuestionAnswer>,
}

/// A question with its answer, for authors.
#[derive(Serialize, ToSchema)]
#[schema(as = QuizQuestionAnswer)]
pub struct QuestionAnswer {
    /// The key.
    id: i64,
    /// `single`, `multiple` or `true_false`.
    kind: &'static str,
    /// The question.
    text: String,
    /// The choices; none for true or false.
    choices: Vec<String>,
    /// The places of the right choices, from 0; for true or false 0 is true and 1 is false.
    answer: Vec<usize>,
    /// Why; may be empty.
    explanation: String,
}

/// A quiz to be put in place.
#[derive(Deserialize, ToSchema)]
pub struct QuizBody {
    /// The lesson's version that was read.
    version: i32,
    /// Whether watching alone counts only for those who pass.
    #[serde(default)]
    required: bool,
    /// The questions in order, at most 100.
    questions: Vec<QuestionBody>,
}

/// A question to be put in place.
#[derive(Deserialize, ToSchema)]
pub struct QuestionBody {
    /// The question that it takes the place of; a new one when absent.
    id: Option<i64>,
    /// `single`, `multiple` or `true_false`.
    kind: String,
    /// The question.
    text: String,
    /// Two to six choices; none for true or false.
    #[serde(default)]
    choices: Vec<String>,
    /// The places of the right choices, from 0; for true or false 0 is true and 1 is false.
    answer: Vec<usize>,
    /// Why, shown after the answer.
    #[serde(default)]
    explanation: String,
}

/// How a learner stands with the quiz of a lesson.
#[derive(Serialize, ToSchema)]
#[schema(as = QuizStandingAnswer)]
pub struct StandingAnswer {
    /// How many questions there are; 0 for a lesson without a quiz.
    questions: u64,
    /// Whether watching alone counts only with a pass.
    required: bool,
    /// How often a try may still be begun today.
    attempts_left: i64,
    /// Whether it was ever passed.
    passed: bool,
    /// Most right answers so far.
    best_right: Option<i32>,
    /// Of how many.
    best_of: Option<i32>,
    /// A try of today that is open.
    open_attempt_id: Option<i64>,
}

/// An open try.
#[derive(Serialize, ToSchema)]
pub struct SheetAnswer {
    /// The try.
    attempt_id: i64,
    /// When it can no longer be handed in, in milliseconds since 1970.
    closes_at: i64,
    /// How often another may still be begun today.
    attempts_left: i64,
    /// What is asked.
    questions: Vec<AskedAnswer>,
}

/// A question as it is asked.
#[derive(Serialize, ToSchema)]
pub struct AskedAnswer {
    /// `single`, `multiple` or `true_false`.
    kind: &'static str,
    /// The question.
    text: String,
    /// The choices.
    choices: Vec<String>,
}

/// The answers to a try.
#[derive(Deserialize, ToSchema)]
pub struct AnswersBody {
    /// For each question in order the places chosen, from 0; none for a question left out.
    pub answers: Vec<Vec<usize>>,
}

/// A try that was judged.
#[derive(Serialize, ToSchema)]
pub struct GradedAnswer {
    /// The try.
    attempt_id: i64,
    /// How many were right.
    right: i32,
    /// Of how many.
    total: usize,
    /// Whether that was enough.
    passed: bool,
    /// How often another may still be begun today.
    attempts_left: i64,
    /// Each question.
    questions: Vec<MarkedAnswer>,
}

/// A question that was answered.
#[derive(Serialize, ToSchema)]
pub struct MarkedAnswer {
    /// As it was asked.
    #[serde(flatten)]
    asked: AskedAnswer,
    /// The places chosen.
    chosen: Vec<usize>,
    /// The places that are right.
    answer: Vec<usize>,
    /// Whether they are the same.
    right: bool,
    /// Why.
    explanation: String,
}

impl QuizAnswer {
    /// The quiz as it is kept.
    pub fn of(lesson: &lesson::Model, questions: &[question::Model]) -> Self {
        let question = |row: &question::Model| QuestionAnswer {
            id: row.id.0,
            kind: row.kind.as_str(),
            text: row.text.clone(),
            choices: row.read_choices(),
            answer: row.read_answer(),
            explanation: row.explanation.clone(),
        };
        let questions = questions.iter().map(question).collect();
        Self { version: lesson.version, required: lesson.quiz_required, questions }
    }
}

impl QuizBody {
    /// The version it was read at, and the quiz.
    ///
    /// # Errors
    /// `invalid_request` with the number of the question.
    pub fn parse(self) -> ApiResult<(i32, Quiz)> {
        let questions = (1..).zip(self.questions).map(|(number, body)| body.parse(number)).collect::<ApiResult<_>>()?;
        Ok((self.version, Quiz { required: self.required, questions }))
    }
}

impl QuestionBody {
    fn parse(self, number: usize) -> ApiResult<(Option<QuestionId>, Question)> {
        let wrong = |reason: &str| ApiError::say(Code::InvalidRequest, format!("第 {number} 题：{reason}"));
        let kind = QuestionKind::parse(&self.kind).ok_or_else(|| wrong("kind 只能是 single、multiple、true_false"))?;
        match Question::parse(kind, &self.text, &self.choices, &self.answer, &self.explanation) {
            Ok(question) => Ok((self.id.map(QuestionId), question)),
            Err(catalog::Error::Invalid { reason, .. }) => Err(wrong(&reason)),
            Err(cause) => Err(cause.into()),
        }
    }
}

impl StandingAnswer {
    /// How somebody stands with the quiz of this lesson.
    pub fn of(lesson: &lesson::Model, standing: Standing) -> Self {
        Self {
            questions: standing.questions,
            required: lesson.quiz_required,
            attempts_left: standing.left_today,
            passed: standing.passed_at.is_some(),
            best_right: standing.best.map(|(right, _)| right),
            best_of: standing.best.map(|(_, of)| of),
            open_attempt_id: standing.open.map(|id| id.0),
        }
    }
}

impl SheetAnswer {
    /// An open try, without the answers.
    pub fn of(sheet: Sheet, attempts_left: i64) -> Self {
        let questions = sheet.questions.into_iter().map(AskedAnswer::of).collect();
        Self { attempt_id: sheet.id.0, closes_at: sheet.closes_at.0, attempts_left, questions }
    }
}

impl AskedAnswer {
    fn of(question: Kept) -> Self {
        Self { kind: question.kind.as_str(), text: question.text, choices: question.choices }
    }
}

impl GradedAnswer {
    /// A try with the right answers.
    pub fn of(graded: Graded, attempts_left: i64) -> Self {
        let question = |Marked { question, chosen, right }: Marked| {
            let (answer, explanation) = (question.answer.clone(), question.explanation.clone());
            MarkedAnswer { asked: AskedAnswer::of(question), chosen, answer, right, explanation }
        };
        Self {
            attempt_id: graded.id.0,
            right: graded.right,
            total: graded.marked.len(),
            passed: graded.passed,
            attempts_left,
            questions: graded.marked.into_iter().map(question).collect(),
        }
    }
}
