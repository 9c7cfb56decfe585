//! How far a long command has come: a line that is written over on a terminal, a line now and then in a log.
//!
//! On standard error, so that what the command finds can be piped away alone.

use content::verify::Progress;
use std::io::{IsTerminal, Write, stderr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A line that counts on a terminal, and is silent in a log.
pub fn progress_line(what: &'static str) -> impl Fn(u64, u64) + Send + Sync {
    let shown = stderr().is_terminal();
    move |done, total| {
        if shown {
            eprint!("\r{what}：{done}/{total}");
            end_or_flush(done >= total);
        }
    }
}

/// How many bytes of how many are read, and how fast. In a log a line for every tenth.
pub fn bytes_line(what: &'static str) -> impl Fn(Progress) + Send + Sync {
    let (begun, shown) = (Instant::now(), stderr().is_terminal());
    let told = Mutex::new((0, None));
    move |progress| {
        let mut told = told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (last_tenth, last_line) = &mut *told;
        let is_done = progress.blobs >= progress.of_blobs;
        let tenth = tenth_of(&progress);
        let line = line(what, &progress, begun.elapsed());
        if shown {
            if is_done || last_line.is_none_or(|at: Instant| at.elapsed() >= Duration::from_millis(200)) {
                *last_line = Some(Instant::now());
                eprint!("\r{line}\x1b[K");
                end_or_flush(is_done);
            }
        } else if tenth > *last_tenth {
            *last_tenth = tenth;
            eprintln!("{line}");
        }
    }
}

fn end_or_flush(is_done: bool) {
    if is_done {
        eprintln!();
    } else {
        let _ = stderr().flush();
    }
}

/// The tenths that are done; all of them only when every blob is.
fn tenth_of(progress: &Progress) -> u64 {
    if progress.blobs >= progress.of_blobs {
        return 10;
    }
    (progress.bytes.saturating_mul(10) / progress.of_bytes.max(1)).min(9)
}

fn line(what: &str, progress: &Progress, elapsed: Duration) -> String {
    const WIDTH: u64 = 20;
    let percent = progress.bytes.saturating_mul(100) / progress.of_bytes.max(1);
    let filled = (percent.min(100) * WIDTH / 100) as usize;
    let bar = format!("{}{}", "█".repeat(filled), "░".repeat(WIDTH as usize - filled));
    let speed = progress.bytes as f64 / elapsed.as_secs_f64().max(0.001);
    format!(
        "{what} {bar} {}%  {} / {}  {}/s  {}/{} 个",
        percent.min(100),
        size(progress.bytes as f64),
        size(progress.of_bytes as f64),
        size(speed),
        progress.blobs,
        progress.of_blobs
    )
}

fn size(bytes: f64) -> String {
    match bytes {
        b if b >= 1e9 => format!("{:.1} GB", b / 1e9),
        b if b >= 1e6 => format!("{:.1} MB", b / 1e6),
        b => format!("{:.0} kB", b / 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_many_bytes_of_how_many_and_how_fast() {
        let progress = Progress { blobs: 3, of_blobs: 10, bytes: 2_500_000, of_bytes: 10_000_000 };
        let line = line("核对媒体", &progress, Duration::from_secs(2));
        assert_eq!(line, "核对媒体 █████░░░░░░░░░░░░░░░ 25%  2.5 MB / 10.0 MB  1.2 MB/s  3/10 个");
    }

    #[test]
    fn all_tenths_are_done_only_when_every_blob_is() {
        assert_eq!(tenth_of(&Progress { blobs: 1, of_blobs: 2, bytes: 10, of_bytes: 10 }), 9);
        assert_eq!(tenth_of(&Progress { blobs: 2, of_blobs: 2, bytes: 5, of_bytes: 10 }), 10);
        assert_eq!(tenth_of(&Progress::default()), 10);
    }
}
