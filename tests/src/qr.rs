//! QR codes, read from pixels as a telephone's camera reads them. Nothing of what draws them is asked.

use std::process::Command;

/// Modules of quiet zone that a camera needs on every side (ISO/IEC 18004 section 5.3.8).
const QUIET: usize = 4;

/// Pixels in a row of one module of a code on a page.
const MODULE: usize = 4;

/// What the code says that a page draws under this label.
#[track_caller]
pub fn on_page(html: &str, label: &str) -> String {
    let label = format!("aria-label=\"{label}\"");
    let drawn = html.split("<svg ").find(|svg| svg.contains(&label)).unwrap_or_else(|| panic!("no {label}: {html}"));
    let size: usize = between(drawn, "viewBox=\"0 0 ", " ").parse().unwrap();
    let dark = modules(size, between(drawn, "<path d=\"", "\""));
    let side = size * MODULE;
    let mut told = decoded(side, side, |x, y| dark[y / MODULE * size + x / MODULE]);
    assert_eq!(told.len(), 1, "one code: {told:?}");
    told.remove(0)
}

/// What the codes say that stand on the first sheet of a PDF, drawn by poppler as a printer draws it.
pub fn on_paper(pdf: &[u8]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.pdf");
    std::fs::write(&file, pdf).unwrap();
    let drawn = Command::new("pdftoppm").args(["-gray", "-r", "200", "-singlefile"]).arg(&file).output();
    let drawn = drawn.unwrap_or_else(|cause| panic!("pdftoppm must be there, run tests/run: {cause}"));
    let (width, height, pixels) = grey(&drawn.stdout);
    decoded(width, height, |x, y| pixels[y * width + x] < 128)
}

fn decoded(width: usize, height: usize, is_dark: impl FnMut(usize, usize) -> bool) -> Vec<String> {
    let mut image = rqrr::PreparedImage::prepare_from_bitmap(width, height, is_dark);
    let grids = image.detect_grids();
    grids.iter().filter_map(|grid| grid.decode().ok()).map(|(_, text)| text).collect()
}

/// Which modules of a square are dark. Its path is one rectangle of one module's height after the other.
fn modules(size: usize, path: &str) -> Vec<bool> {
    let mut dark = vec![false; size * size];
    for run in path.split('M').filter(|run| !run.is_empty()) {
        let numbers: Vec<usize> = run.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
        let [x, y, long, 1, back] = numbers[..] else { panic!("no run of modules: {run}") };
        let inside = QUIET..=size - QUIET;
        assert!(long == back && [x, x + long, y, y + 1].iter().all(|edge| inside.contains(edge)), "quiet zone: {run}");
        dark[y * size + x..y * size + x + long].fill(true);
    }
    dark
}

/// Width, height and bytes of a grey picture in the form PGM.
fn grey(pgm: &[u8]) -> (usize, usize, &[u8]) {
    let mut parts = pgm.splitn(4, |byte| *byte == b'\n');
    let mut line = || std::str::from_utf8(parts.next().unwrap()).unwrap();
    let (kind, size, most) = (line(), line(), line());
    assert_eq!((kind, most), ("P5", "255"));
    let (width, height) = size.split_once(' ').unwrap();
    (width.parse().unwrap(), height.parse().unwrap(), parts.next().unwrap())
}

#[track_caller]
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before}: {text}"));
    rest.split_once(after).unwrap_or_else(|| panic!("no {after}: {rest}")).0
}
