use super::*;
use proptest::prelude::*;

pub(super) fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn parsed(kind: QuestionKind, choices: &[&str], answer: &[usize]) -> Result<Question> {
    Question::parse(kind, " 霜降前要做什么？ ", &words(choices), answer, "")
}

#[test]
fn a_question_has_an_answer_that_fits_its_choices() {
    use QuestionKind::{Multiple, Single, TrueFalse};
    let question = parsed(Multiple, &["入窖 ", "施肥", "清园"], &[2, 0, 2]).unwrap();
    assert_eq!((question.text.as_str(), question.answer.as_slice()), ("霜降前要做什么？", &[0, 2][..]));
    assert_eq!(question.choices, ["入窖", "施肥", "清园"]);
    assert!(parsed(Single, &["对", "错"], &[1]).is_ok() && parsed(TrueFalse, &[], &[1]).is_ok());
    for (kind, choices, answer) in [
        (Single, &["入窖", "施肥"][..], &[][..]),
        (Single, &["入窖", "施肥"], &[0, 1]),
        (Single, &["入窖", "施肥"], &[2]),
        (Single, &["入窖"], &[0]),
        (Single, &["入窖", " "], &[0]),
        (Single, &["入窖", "入窖 "], &[0]),
        (Single, &["1", "2", "3", "4", "5", "6", "7"], &[0]),
        (Single, &["入\n窖", "施肥"], &[0]),
        (Multiple, &["入窖", "施肥"], &[0]),
        (TrueFalse, &["对", "错"], &[0]),
        (TrueFalse, &[], &[2]),
        (TrueFalse, &[], &[0, 1]),
    ] {
        assert!(parsed(kind, choices, answer).is_err(), "{kind} {choices:?} {answer:?}");
    }
    let long = "长".repeat(501);
    assert!(Question::parse(TrueFalse, &long, &[], &[0], "").is_err());
    assert!(Question::parse(TrueFalse, " ", &[], &[0], "").is_err());
    assert!(Question::parse(TrueFalse, "问", &[], &[0], &long.repeat(2)).is_err());
}

proptest! {
    #[test]
    fn what_is_parsed_is_read_back_from_its_row_the_same(
        choices in prop::collection::hash_set("[一-龥a-z\"\\\\]{1,12}", 2..7),
        marks in prop::collection::vec(any::<bool>(), 6),
        text in "[^\\p{C}\\s][^\\p{C}]{0,40}",
    ) {
        let choices: Vec<String> = choices.into_iter().collect();
        let answer: Vec<usize> = (0..choices.len()).filter(|place| marks.get(*place) == Some(&true)).collect();
        for kind in [QuestionKind::Single, QuestionKind::Multiple] {
            let Ok(question) = Question::parse(kind, &text, &choices, &answer, &text) else { continue };
            let row = question.row();
            let back: Vec<String> = serde_json::from_str(row.choices.as_ref()).unwrap();
            let places: Vec<usize> = serde_json::from_str(row.answer.as_ref()).unwrap();
            let again = Question::parse(kind, row.text.as_ref(), &back, &places, row.explanation.as_ref()).unwrap();
            prop_assert_eq!(again, question);
        }
    }
}
