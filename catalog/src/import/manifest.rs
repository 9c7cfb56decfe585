//! The lines of a manifest, from JSONL or from a table as people keep it in Excel or WPS.
//!
//! Knows text and rows of text, not files: who reads a workbook also bounds it.

use super::line::{CaptionLine, Line, VoiceLine};
use crate::{Error, Result};
use std::collections::HashMap;

/// Most characters of a cell; the readers of tables cut what is longer.
const CELL: usize = 1_000;
/// Rows above the headings, such as a title, that are passed over.
const TITLE_ROWS: usize = 10;

/// The headings of the table in the order of the template, each with what stands below it there.
pub const HEADINGS: [(&str, &str); 19] = [
    ("标题", "示例：沙糖桔冬季清园"),
    ("类别", "农业科技"),
    ("课程", "沙糖桔一年管理"),
    ("文件", "视频/冬季清园.mp4"),
    ("字幕", "字幕/冬季清园.srt"),
    ("配音", "壮语：声音/壮语.m4a"),
    ("封面", ""),
    ("简介", "剪病虫枝，再喷石硫合剂。"),
    ("标签", "清园、修剪"),
    ("作物", "沙糖桔"),
    ("时节", "冬至"),
    ("难度", "入门"),
    ("语言", "普通话"),
    ("主讲人", "韦国胜"),
    ("来源", "县农业农村局，已授权"),
    ("有效期至", ""),
    ("章节", ""),
    ("正文", ""),
    ("编号", ""),
];

/// A manifest: every line that says anything, with its number in the file, or why it cannot be read.
#[derive(Clone, Debug, Default)]
pub struct Manifest {
    pub(super) lines: Vec<(usize, std::result::Result<Line, String>)>,
}

/// The files that the lines of a manifest name, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Recordings, handouts and pictures.
    pub media: Vec<String>,
    /// Captions.
    pub captions: Vec<String>,
    /// SHA-256 of recordings that are not in the package and should be here.
    pub hashes: Vec<String>,
}

impl Manifest {
    /// One JSON object a line.
    pub fn of_jsonl(text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
        let read = |text: &str| serde_json::from_str(text).map_err(|error| describe(&error));
        Self { lines: lines.map(|(number, text)| (number, read(text))).collect() }
    }

    /// The first of these tables that has the headings; its rows come with their numbers.
    ///
    /// # Errors
    /// [`Error::Invalid`] when none has them.
    pub fn of_tables(tables: &[&[(usize, Vec<String>)]]) -> Result<Self> {
        let found = tables.iter().find_map(|rows| Some((*rows, columns(rows)?)));
        let (rows, (heading, columns)) =
            found.ok_or_else(|| Error::invalid("file", "清单没有表头：第一行至少要有“标题”和“类别”，请用模板"))?;
        let filled = rows.iter().skip(heading + 1).filter(|(_, row)| row.iter().any(|cell| !cell.trim().is_empty()));
        Ok(Self { lines: filled.map(|(number, row)| (*number, of_row(row, &columns))).collect() })
    }

    /// The files it names.
    pub fn named(&self) -> Named {
        let mut named = Named::default();
        for line in self.lines.iter().filter_map(|(_, line)| line.as_ref().ok()) {
            named.media.extend(line.media.iter().chain(&line.cover).cloned());
            named.media.extend(line.voices.iter().map(|voice| voice.file.clone()));
            named.captions.extend(line.captions.iter().map(|caption| caption.file.clone()));
            named.hashes.extend(line.media_sha256.iter().map(|sha256| sha256.trim().to_ascii_lowercase()));
        }
        for list in [&mut named.media, &mut named.captions, &mut named.hashes] {
            list.sort_unstable();
            list.dedup();
        }
        named
    }
}

fn describe(error: &serde_json::Error) -> String {
    use serde_json::error::Category as Kind;
    match error.classify() {
        Kind::Data => format!("字段的类型不对({error})"),
        Kind::Io | Kind::Syntax | Kind::Eof => "不是一行有效的JSON".to_owned(),
    }
}

/// The row of the headings, and which column is which field.
fn columns(rows: &[(usize, Vec<String>)]) -> Option<(usize, HashMap<usize, &'static str>)> {
    let known = |row: &[String]| -> HashMap<usize, &'static str> {
        row.iter().enumerate().filter_map(|(place, cell)| Some((place, field(cell)?))).collect()
    };
    let rows = rows.iter().take(TITLE_ROWS).map(|(_, row)| known(row)).enumerate();
    let complete =
        |found: &HashMap<usize, &str>| ["title", "category"].iter().all(|&one| found.values().any(|&f| f == one));
    rows.into_iter().find(|(_, found)| complete(found))
}

fn field(heading: &str) -> Option<&'static str> {
    let heading: String = heading.chars().filter(|c| !c.is_whitespace() && !"*＊".contains(*c)).collect();
    Some(match heading.as_str() {
        "标题" | "课名" | "课题" => "title",
        "类别" | "分类" => "category",
        "课程" | "所属课程" => "course",
        "文件" | "音视频" | "视频" | "媒体文件" => "media",
        "字幕" | "字幕文件" => "caption",
        "配音" | "语言配音" => "voices",
        "封面" | "封面图片" => "cover",
        "简介" => "summary",
        "标签" => "tags",
        "作物" | "作物或畜禽" => "crop",
        "时节" | "适用时节" | "节气" => "season",
        "难度" => "level",
        "语言" => "language",
        "主讲人" | "主讲" => "lecturer",
        "来源" | "来源与授权" => "source",
        "有效期至" | "有效期" => "valid_until",
        "章节" => "chapters",
        "正文" | "文稿" => "body",
        "编号" | "课程编号" => "id",
        "顺序" | "序号" => "position",
        "面向单位" | "面向单位编码" => "audience",
        _ => return None,
    })
}

fn of_row(row: &[String], columns: &HashMap<usize, &'static str>) -> std::result::Result<Line, String> {
    let mut line = Line::default();
    for (place, field) in columns {
        let cell = row.get(*place).map_or("", |cell| cell.trim());
        if cell.chars().count() > CELL {
            return Err(format!("单元格超过 {CELL} 个字；长的正文请先导入，再到编辑页粘贴"));
        }
        if cell.is_empty() {
            continue;
        }
        let text = || Some(cell.to_owned());
        match *field {
            "title" => line.title = text(),
            "category" => line.category = text(),
            "course" => line.course = text(),
            "media" => line.media = text(),
            "caption" => line.captions = vec![CaptionLine { language: None, file: cell.to_owned() }],
            "voices" => line.voices = voices(cell)?,
            "cover" => line.cover = text(),
            "summary" => line.summary = cell.to_owned(),
            "tags" => line.tags = cell.split(['、', '，', ',', '；', ';']).map(|tag| tag.trim().to_owned()).collect(),
            "crop" => line.crop = text(),
            "season" => line.season = text(),
            "level" => line.level = text(),
            "language" => line.language = text(),
            "lecturer" => line.lecturer = cell.to_owned(),
            "source" => line.source = cell.to_owned(),
            "valid_until" => line.valid_until = Some(cell.replace(['/', '.'], "-")),
            "chapters" => line.chapters = text(),
            "body" => line.body = cell.to_owned(),
            "id" => line.id = text(),
            "position" => line.position = Some(cell.parse().map_err(|_| format!("顺序应是数字，不是“{cell}”"))?),
            _ => line.audience = text(),
        }
    }
    Ok(line)
}

/// The voices of a cell: of each the language, a colon, and the file; a semicolon or a new line before the next.
fn voices(cell: &str) -> std::result::Result<Vec<VoiceLine>, String> {
    let each = cell.split(['；', ';', '\n']).map(str::trim).filter(|voice| !voice.is_empty());
    let voice = |text: &str| {
        let (language, file) = text.split_once(['：', ':'])?;
        let (language, file) = (language.trim(), file.trim());
        (!language.is_empty() && !file.is_empty())
            .then(|| VoiceLine { language: language.to_owned(), file: file.to_owned() })
    };
    let wrong = |text| format!("配音应写作“壮语：声音/壮语.m4a”，几种语言之间用分号隔开，不是“{text}”");
    each.map(|text| voice(text).ok_or_else(|| wrong(text))).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;

    fn rows(rows: &[&[&str]]) -> Vec<(usize, Vec<String>)> {
        (1..).zip(rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect())).collect()
    }

    #[test]
    fn a_table_is_known_by_its_headings_below_a_title_and_in_any_order() {
        let table = rows(&[
            &["2026 年课件清单"],
            &["类别", "标题 *", "文件", "字幕", "标签"],
            &["农业科技", "冬季清园", "一.mp4", "一.srt", "清园、修剪"],
            &["", "", "", "", ""],
        ]);
        let manifest = Manifest::of_tables(&[&rows(&[&["别的表"]]), &table]).unwrap();
        let (number, line) = manifest.lines.first().unwrap();
        let line = line.as_ref().unwrap();
        assert_eq!((*number, line.title.as_deref(), line.tags.len()), (3, Some("冬季清园"), 2));
        assert_eq!(manifest.lines.len(), 1);
        assert_eq!(
            (manifest.named().media, manifest.named().captions),
            (vec!["一.mp4".to_owned()], vec!["一.srt".to_owned()])
        );
        assert!(Manifest::of_tables(&[&rows(&[&["标题"]])]).is_err());
    }

    #[test]
    fn a_cell_names_voices_in_several_languages_or_says_how_to() {
        let told = |cell: &str| -> Vec<(String, String)> {
            voices(cell).unwrap().into_iter().map(|voice| (voice.language, voice.file)).collect()
        };
        let pair = |language: &str, file: &str| (language.to_owned(), file.to_owned());
        assert_eq!(told("壮语：声音/一.m4a"), [pair("壮语", "声音/一.m4a")]);
        assert_eq!(told(" 壮语: a.m4a ; 桂柳话：b、c.mp3；"), [pair("壮语", "a.m4a"), pair("桂柳话", "b、c.mp3")]);
        assert!(["声音/一.m4a", "：a.m4a", "壮语：", "壮语：a.m4a；b.m4a"].iter().all(|cell| voices(cell).is_err()));
    }

    #[test]
    fn every_heading_of_the_template_is_known() {
        assert!(HEADINGS.iter().all(|(heading, _)| field(heading).is_some()));
    }

    #[test]
    fn a_cell_that_was_cut_is_a_bad_line() {
        let table = rows(&[&["标题", "类别", "正文"], &["一", "农业科技", &"长".repeat(1001)]]);
        let manifest = Manifest::of_tables(&[&table]).unwrap();
        assert!(manifest.lines.first().unwrap().1.is_err());
    }
}
