//! Questions from a table, as people keep them in Excel or WPS, and the empty table they begin with.
//!
//! Knows rows of text, not files: who reads the file also bounds it. A question is known by its text, so a table adds
//! questions and changes those there are, and the same table a second time changes nothing.

use super::{LETTERS, MAX_CHOICES, MAX_QUESTIONS, Question, Quiz};
use crate::{Error, Result};
use entity::{QuestionId, QuestionKind, lesson};
use sea_orm::ConnectionTrait;
use std::collections::HashMap;

/// The headings of the table, in the order of the template.
pub const HEADINGS: [&str; 10] = ["题型", "题目", "选项A", "选项B", "选项C", "选项D", "选项E", "选项F", "答案", "解析"];

/// What stands in the template below the headings; shown so that nobody has to ask.
pub const EXAMPLES: [[&str; 10]; 3] = [
    ["单选", "示例：冬季清园先做哪一步？", "剪病虫枝", "喷药", "施肥", "", "", "", "A", "先剪再喷，药才喷得透。"],
    ["多选", "示例：哪些天气不宜喷药？", "大风", "中午高温", "阴天无风", "雨前", "", "", "ABD", ""],
    ["判断", "示例：农药瓶洗净后可以装水喝。", "", "", "", "", "", "", "错", "农药瓶一律不能再装吃的喝的。"],
];

/// Lines of a table, each with its number in the file, from 1.
pub type Lines = [(usize, Vec<String>)];

/// What a table would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The line and the text of every question that is new.
    pub adds: Vec<(usize, String)>,
    /// The line and the text of every question that changes.
    pub changes: Vec<(usize, String)>,
    /// Questions that are there already as the table says.
    pub unchanged: usize,
    /// The line, and why it cannot be taken; while there is one, nothing is.
    pub bad: Vec<(usize, String)>,
    /// What the quiz would be.
    pub quiz: Quiz,
}

/// Plans what the first of these tables that has the headings would do.
///
/// # Errors
/// [`Error::Invalid`] when none has them; the database.
pub async fn plan(db: &impl ConnectionTrait, lesson: &lesson::Model, tables: &[&Lines]) -> Result<Plan> {
    let quiz = Quiz::of(db, lesson).await?;
    let found = tables.iter().find_map(|lines| Some((*lines, Columns::of(lines)?)));
    let (lines, columns) =
        found.ok_or_else(|| Error::invalid("file", "第一行要有“题型、题目、答案”这些表头，请用模板"))?;
    Ok(planned(quiz, lines, &columns))
}

fn planned(quiz: Quiz, lines: &Lines, columns: &Columns) -> Plan {
    let mut plan = Plan { quiz, ..Plan::default() };
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (line, cells) in lines.iter().filter(|(line, _)| *line > columns.line) {
        match read(cells, columns) {
            Ok(None) => {}
            Ok(Some(question)) => match seen.insert(question.text.clone(), *line) {
                Some(first) => plan.bad.push((*line, format!("与第 {first} 行是同一道题"))),
                None => plan.take(*line, question),
            },
            Err(reason) => plan.bad.push((*line, reason)),
        }
    }
    if plan.quiz.questions.len() > MAX_QUESTIONS {
        let line = lines.last().map_or(1, |(line, _)| *line);
        plan.bad.push((line, format!("导入后共 {} 题，一课最多 {MAX_QUESTIONS} 题", plan.quiz.questions.len())));
    }
    plan
}

impl Plan {
    /// Whether there is anything to do, and nothing in the way.
    pub fn is_ready(&self) -> bool {
        self.bad.is_empty() && !(self.adds.is_empty() && self.changes.is_empty())
    }

    fn take(&mut self, line: usize, question: Question) {
        let known: Option<&mut (Option<QuestionId>, Question)> =
            self.quiz.questions.iter_mut().find(|(_, old)| old.text == question.text);
        match known {
            Some((_, old)) if *old == question => self.unchanged += 1,
            Some((_, old)) => {
                self.changes.push((line, question.text.clone()));
                *old = question;
            }
            None => {
                self.adds.push((line, question.text.clone()));
                self.quiz.questions.push((None, question));
            }
        }
    }
}

/// Where the columns stand.
struct Columns {
    line: usize,
    kind: usize,
    text: usize,
    choices: [Option<usize>; MAX_CHOICES],
    answer: usize,
    explanation: Option<usize>,
}

impl Columns {
    fn of(lines: &Lines) -> Option<Self> {
        let (line, cells) = lines.first()?;
        let at = |names: &[&str]| cells.iter().position(|cell| names.contains(&plain(cell).as_str()));
        let mut choices = [None; MAX_CHOICES];
        for (place, letter) in choices.iter_mut().zip(LETTERS.chars()) {
            *place = at(&[&format!("选项{letter}"), &letter.to_string()]);
        }
        Some(Self {
            line: *line,
            kind: at(&["题型", "类型"])?,
            text: at(&["题目", "题干", "问题"])?,
            choices,
            answer: at(&["答案", "正确答案"])?,
            explanation: at(&["解析", "说明", "答案解析"]),
        })
    }
}

/// The question of a line; `None` for a line without one.
fn read(cells: &[String], columns: &Columns) -> std::result::Result<Option<Question>, String> {
    let cell = |place: usize| cells.get(place).map_or("", |text| text.trim());
    if cells.iter().all(|text| text.trim().is_empty()) {
        return Ok(None);
    }
    let kind = kind_named(cell(columns.kind)).ok_or("题型只能是单选、多选或判断")?;
    let mut choices: Vec<String> = columns.choices.iter().map(|place| place.map_or("", cell).to_owned()).collect();
    if kind == QuestionKind::TrueFalse && verdicts(&choices) {
        choices.clear(); // some write 对 and 错 as choices
    }
    while choices.last().is_some_and(String::is_empty) {
        choices.pop();
    }
    let answer = match kind {
        QuestionKind::TrueFalse => verdict(cell(columns.answer)).map(|place| vec![place]),
        QuestionKind::Single | QuestionKind::Multiple => letters(cell(columns.answer)),
    };
    let answer = answer.ok_or_else(|| match kind {
        QuestionKind::TrueFalse => "判断题的答案写“对”或“错”".to_owned(),
        _ => "答案写选项的字母，如 A 或 ACD".to_owned(),
    })?;
    let explanation = columns.explanation.map_or("", cell);
    match Question::parse(kind, cell(columns.text), &choices, &answer, explanation) {
        Ok(question) => Ok(Some(question)),
        Err(Error::Invalid { reason, .. }) => Err(reason),
        Err(other) => Err(other.to_string()),
    }
}

fn kind_named(text: &str) -> Option<QuestionKind> {
    let text = plain(text);
    QuestionKind::parse(text.strip_suffix('题').unwrap_or(&text)).or(match text.as_str() {
        "单项选择" | "单项选择题" => Some(QuestionKind::Single),
        "多项选择" | "多项选择题" => Some(QuestionKind::Multiple),
        "判断正误" | "是非" | "是非题" => Some(QuestionKind::TrueFalse),
        _ => None,
    })
}

/// Whether the choices are only the two verdicts, in the order of true and false.
fn verdicts(choices: &[String]) -> bool {
    let mut filled = choices.iter().filter(|text| !text.is_empty());
    filled.next().and_then(|text| verdict(text)) == Some(0)
        && filled.next().and_then(|text| verdict(text)) == Some(1)
        && filled.next().is_none()
}

/// 0 for true, 1 for false.
fn verdict(text: &str) -> Option<usize> {
    match plain(text).as_str() {
        "对" | "正确" | "是" | "√" | "✓" | "T" | "TRUE" | "A" => Some(0),
        "错" | "错误" | "否" | "×" | "✗" | "X" | "F" | "FALSE" | "B" => Some(1),
        _ => None,
    }
}

/// `A`, `ACD`, `A、C` or `a,c` as places.
fn letters(text: &str) -> Option<Vec<usize>> {
    let between = |c: &char| !matches!(c, ',' | '，' | '、' | ';' | '；' | '/' | '|');
    plain(text).chars().filter(between).map(|c| LETTERS.find(c)).collect()
}

/// Without blanks, in capitals, full-width letters made narrow.
fn plain(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    text.nfkc().filter(|c| !c.is_whitespace()).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;

    fn lines(rows: &[[&str; 10]]) -> Vec<(usize, Vec<String>)> {
        let all = std::iter::once(&HEADINGS).chain(rows);
        (1..).zip(all.map(|row| row.iter().map(|cell| (*cell).to_owned()).collect())).collect()
    }

    fn plan_of(quiz: Quiz, rows: &[[&str; 10]]) -> Plan {
        let lines = lines(rows);
        let columns = Columns::of(&lines).unwrap();
        planned(quiz, &lines, &columns)
    }

    #[test]
    fn the_examples_of_the_template_are_good_and_a_second_time_they_change_nothing() {
        let plan = plan_of(Quiz::default(), &EXAMPLES);
        assert_eq!((plan.adds.len(), plan.bad.len()), (3, 0), "{:?}", plan.bad);
        assert!(plan.is_ready());
        let again = plan_of(plan.quiz.clone(), &EXAMPLES);
        assert_eq!((again.unchanged, again.is_ready()), (3, false));
        assert_eq!(again.quiz, plan.quiz);
        let mut other = EXAMPLES;
        if let Some(cell) = other.first_mut().and_then(|row| row.get_mut(8)) {
            *cell = "Ｂ";
        }
        let changed = plan_of(plan.quiz, &other);
        assert_eq!((changed.changes.len(), changed.unchanged, changed.adds.len()), (1, 2, 0));
    }

    #[test]
    fn every_bad_line_is_told_with_its_reason() {
        let rows = [
            ["填空", "问一", "", "", "", "", "", "", "A", ""],
            ["单选", "问二", "甲", "乙", "", "", "", "", "C", ""],
            ["单选", "", "甲", "乙", "", "", "", "", "A", ""],
            ["多选", "问四", "甲", "", "丙", "", "", "", "AC", ""],
            ["判断", "问五", "", "", "", "", "", "", "不知道", ""],
            ["单选", "问六", "甲", "乙", "", "", "", "", "甲", ""],
            ["判断", "问七", "", "", "", "", "", "", "√", ""],
            ["判断题", "问七", "对", "错", "", "", "", "", "B", ""],
        ];
        let plan = plan_of(Quiz::default(), &rows);
        assert_eq!(plan.bad.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7, 9]);
        assert!(plan.bad.iter().all(|(_, reason)| !reason.is_empty()) && !plan.is_ready());
        let reasons: Vec<&str> = plan.bad.iter().map(|(_, reason)| reason.as_str()).collect();
        assert!(reasons.contains(&"选项 B 是空的") && reasons.contains(&"与第 8 行是同一道题"), "{reasons:?}");
    }

    #[test]
    fn answers_are_read_as_people_write_them() {
        assert_eq!(letters("Ａ、c"), Some(vec![0, 2]));
        assert_eq!([letters("甲"), letters("G")], [None, None]);
        assert_eq!(["正确", "×", "true", "错 误"].map(verdict), [Some(0), Some(1), Some(0), Some(1)]);
        assert_eq!(kind_named("单选题"), Some(QuestionKind::Single));
    }

    #[test]
    fn a_table_without_headings_is_none() {
        assert!(Columns::of(&[(1, vec!["题目".to_owned(), "答案".to_owned()])]).is_none());
        assert!(Columns::of(&[]).is_none());
    }

    #[test]
    fn more_questions_than_a_quiz_holds_are_refused() {
        let texts: Vec<String> = (0..101).map(|n| format!("问{n}")).collect();
        let rows: Vec<[&str; 10]> = texts.iter().map(|text| ["判断", text, "", "", "", "", "", "", "对", ""]).collect();
        let plan = plan_of(Quiz::default(), &rows);
        assert!(!plan.is_ready() && plan.bad.len() == 1, "{:?}", plan.bad);
    }
}
