//! A page as it comes out of the printer, read from the PDF by poppler.

use std::process::Command;

/// Sheets of paper.
#[derive(Debug)]
pub struct Paper {
    /// What stands on each, without blanks.
    pub sheets: Vec<String>,
    /// Width and height in points.
    pub size: (f64, f64),
}

/// A4 upright, in points.
pub const A4: (f64, f64) = (595.0, 842.0);
/// A4 lying.
pub const A4_LYING: (f64, f64) = (842.0, 595.0);

impl Paper {
    /// Read a PDF.
    pub fn of(pdf: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("page.pdf");
        std::fs::write(&file, pdf).unwrap();
        let told = |program: &str, words: &[&str]| {
            let output = Command::new(program).args(words).arg(&file).arg("-").output();
            let output = output.unwrap_or_else(|cause| panic!("{program} must be there, run tests/run: {cause}"));
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        let text = told("pdftotext", &["-layout"]);
        let sheets = text.trim_end_matches('\u{c}').split('\u{c}').map(without_blanks).collect();
        let about = Command::new("pdfinfo").arg(&file).output().unwrap();
        let about = String::from_utf8_lossy(&about.stdout).into_owned();
        let size = about.lines().find_map(|line| line.strip_prefix("Page size:")).unwrap_or_default();
        let mut sides = size.split(|c: char| c != '.' && !c.is_ascii_digit()).filter_map(|side| side.parse().ok());
        Self { sheets, size: (sides.next().unwrap_or_default(), sides.next().unwrap_or_default()) }
    }

    /// Whether the sheets are of this size, give or take half a millimetre.
    pub fn is(&self, (width, height): (f64, f64)) -> bool {
        (self.size.0 - width).abs() < 1.5 && (self.size.1 - height).abs() < 1.5
    }

    /// That each sheet says which of how many it is.
    #[track_caller]
    pub fn must_be_numbered(&self) {
        for (sheet, number) in self.sheets.iter().zip(1..) {
            let label = format!("第{number}页，共{}页", self.sheets.len());
            assert!(sheet.contains(&label), "{label}: {sheet}");
        }
    }

    /// That the cells of each row stand on one sheet.
    #[track_caller]
    pub fn must_hold_whole(&self, rows: &[Vec<String>]) {
        // A long cell is set in several lines, between those of its neighbours.
        let begin = |cell: &String| without_blanks(cell).chars().take(3).collect::<String>();
        for row in rows {
            let cells: Vec<_> = row.iter().map(begin).collect();
            let whole = |sheet: &&String| cells.iter().all(|cell| sheet.contains(cell));
            assert!(self.sheets.iter().any(|sheet| whole(&sheet)), "cut in two: {row:?}");
        }
    }
}

fn without_blanks(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}
