//! One question as typed, and what is read of it.

use crate::pages::pairs::Pairs;
use catalog::quiz::{LETTERS, MAX_CHOICES, Question};
use entity::{QuestionKind, question};

/// The fields that an error can stand beside.
pub const FIELDS: &[&str] = &["text", "choices", "answer", "explanation"];

/// The fields, as typed.
#[derive(Clone, Debug)]
pub struct QuestionForm {
    /// The question that is edited; blank for a new one.
    pub id: String,
    /// The kind's word.
    pub kind: String,
    /// The question.
    pub text: String,
    /// The choices.
    pub choices: Vec<ChoiceField>,
    /// Of true or false: `true`, `false` or blank.
    pub truth: String,
    /// Why.
    pub explanation: String,
}

/// One choice, as typed.
#[derive(Clone, Debug)]
pub struct ChoiceField {
    /// A to F.
    pub letter: char,
    /// Its text.
    pub text: String,
    /// Ticked as right.
    pub right: bool,
}

impl Default for QuestionForm {
    fn default() -> Self {
        let kind = QuestionKind::Single.as_str().to_owned();
        let blank = |letter| ChoiceField { letter, text: String::new(), right: false };
        Self {
            id: String::new(),
            kind,
            text: String::new(),
            choices: LETTERS.chars().map(blank).collect(),
            truth: String::new(),
            explanation: String::new(),
        }
    }
}

impl QuestionForm {
    /// The form of a question as it is kept.
    pub fn of(row: &question::Model) -> Self {
        let (kept, answer) = (row.read_choices(), row.read_answer());
        let mut form = Self {
            id: row.id.to_string(),
            kind: row.kind.as_str().to_owned(),
            text: row.text.clone(),
            explanation: row.explanation.clone(),
            ..Self::default()
        };
        if row.kind == QuestionKind::TrueFalse {
            form.truth = if answer == [0] { "true" } else { "false" }.to_owned();
            return form;
        }
        for (place, field) in form.choices.iter_mut().enumerate() {
            field.text = kept.get(place).cloned().unwrap_or_default();
            field.right = answer.contains(&place);
        }
        form
    }

    /// The form as it was sent.
    pub fn read(form: &Pairs) -> Self {
        let ticked = form.numbers("right");
        let choice = |(place, letter): (usize, char)| ChoiceField {
            letter,
            text: form.text(&format!("choice-{letter}")),
            right: ticked.contains(&place),
        };
        Self {
            id: form.text("question"),
            kind: form.text("kind"),
            text: form.text("text"),
            choices: LETTERS.chars().enumerate().map(choice).collect(),
            truth: form.text("truth"),
            explanation: form.text("explanation"),
        }
    }

    /// The question that was typed. Blank choices at the end are none.
    ///
    /// # Errors
    /// `catalog::Error::Invalid` with the field and what is wrong with it.
    pub fn parse(&self) -> catalog::Result<Question> {
        let kind = QuestionKind::parse(&self.kind).unwrap_or(QuestionKind::Single);
        let (choices, answer) = match kind {
            QuestionKind::TrueFalse => (Vec::new(), self.verdict()),
            QuestionKind::Single | QuestionKind::Multiple => self.chosen(),
        };
        Question::parse(kind, &self.text, &choices, &answer, &self.explanation)
    }

    fn verdict(&self) -> Vec<usize> {
        match self.truth.as_str() {
            "true" => vec![0],
            "false" => vec![1],
            _ => Vec::new(),
        }
    }

    fn chosen(&self) -> (Vec<String>, Vec<usize>) {
        let filled = self.choices.iter().rposition(|choice| !choice.text.trim().is_empty()).map_or(0, |last| last + 1);
        let choices = self.choices.iter().take(filled.min(MAX_CHOICES)).map(|choice| choice.text.clone()).collect();
        let right =
            self.choices.iter().enumerate().filter(|(_, choice)| choice.right).map(|(place, _)| place).collect();
        (choices, right)
    }
}
