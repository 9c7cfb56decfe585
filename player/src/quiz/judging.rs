//! Whether answers are right. Pure.

use entity::{QuestionId, QuestionKind, question};
use serde::{Deserialize, Serialize};

/// A question as a try keeps it, with its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The question it was; by now it may say something else, or be gone.
    pub id: QuestionId,
    /// How it is answered.
    pub kind: QuestionKind,
    /// The question.
    pub text: String,
    /// The choices; of true or false 对 and 错.
    pub choices: Vec<String>,
    /// The places of the right choices, in order.
    pub answer: Vec<usize>,
    /// Why.
    pub explanation: String,
}

/// A question, what was chosen, and whether that was right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    /// The question.
    pub question: Kept,
    /// The places chosen, in order; none when it was left out.
    pub chosen: Vec<usize>,
    /// Whether that was right.
    pub right: bool,
}

impl Kept {
    /// A question as it stands now.
    pub(super) fn of(row: &question::Model) -> Self {
        let choices = match row.kind {
            QuestionKind::TrueFalse => vec!["对".to_owned(), "错".to_owned()],
            QuestionKind::Single | QuestionKind::Multiple => row.read_choices(),
        };
        let (text, explanation) = (row.text.clone(), row.explanation.clone());
        Self { id: row.id, kind: row.kind, text, choices, answer: row.read_answer(), explanation }
    }
}

/// For each question whether its answer is right: exactly the right choices, every one of them and no other.
pub fn judge(questions: &[Kept], answers: &[Vec<usize>]) -> Vec<bool> {
    let none = Vec::new();
    let answers = answers.iter().chain(std::iter::repeat(&none));
    questions.iter().zip(answers).map(|(question, chosen)| !chosen.is_empty() && *chosen == question.answer).collect()
}

/// Whether so many right answers of so many pass; never without one.
pub(super) fn is_enough(right: usize, of: usize, pass_percent: i64) -> bool {
    let (right, of) = (i64::try_from(right).unwrap_or(0), i64::try_from(of).unwrap_or(i64::MAX));
    right > 0 && right.saturating_mul(100) >= of.saturating_mul(pass_percent)
}

/// The answers in order, each place once; `None` when they do not fit the questions.
pub(super) fn tidy(questions: &[Kept], answers: &[Vec<usize>]) -> Option<Vec<Vec<usize>>> {
    if questions.len() != answers.len() {
        return None;
    }
    let tidy = |(question, chosen): (&Kept, &Vec<usize>)| {
        let mut chosen = chosen.clone();
        chosen.sort_unstable();
        chosen.dedup();
        let one = question.kind != QuestionKind::Multiple && chosen.len() > 1;
        let fits = !one && chosen.iter().all(|place| *place < question.choices.len());
        fits.then_some(chosen)
    };
    questions.iter().zip(answers).map(tidy).collect()
}
