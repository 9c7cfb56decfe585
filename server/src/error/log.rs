//! What the log says of answers that are errors: a fault of ours is a line each, and what meets everybody at once (a
//! queue is full, the database is away) at most a line a second, which says how many answers it stands for.

use super::{ApiError, Code};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What is held back, by code. The log is the process's, and so is this.
static HELD: Mutex<BTreeMap<&str, Held>> = Mutex::new(BTreeMap::new()); // short critical sections without awaiting

const A_LINE_EVERY: Duration = Duration::from_secs(1);

/// Note an error that goes out now.
pub(super) fn note(error: &ApiError) {
    match (error.code, &error.cause) {
        (Code::Busy | Code::DiskFull | Code::StoreUnavailable, _) => note_for_now(error),
        (code, Some(cause)) => tracing::error!(%cause, code = code.as_str(), "request failed"),
        (_, None) => {}
    }
}

/// Note an answer that another one may follow in a moment, and ten thousand with it.
fn note_for_now(error: &ApiError) {
    let code = error.code.as_str();
    let next = held().entry(code).or_default().one_more(Instant::now());
    match next {
        Next::Say(answers) => tracing::warn!(%error, answers, "cannot serve for now"),
        Next::SayAfter(wait) => {
            let error = error.to_string();
            tokio::spawn(async move {
                tokio::time::sleep(wait).await;
                let due = held().entry(code).or_default().due(Instant::now());
                if let Some(answers) = due {
                    tracing::warn!(error, answers, "cannot serve for now");
                }
            });
        }
        Next::Hold => {}
    }
}

fn held() -> MutexGuard<'static, BTreeMap<&'static str, Held>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers that no line has told of yet.
#[derive(Debug, Default)]
struct Held {
    answers: u64,
    /// When the last line was written.
    said: Option<Instant>,
}

/// What to do about one more answer.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// Write a line that stands for so many.
    Say(u64),
    /// Ask after this time for what is due.
    SayAfter(Duration),
    /// Nothing: it is told with those that wait already.
    Hold,
}

impl Held {
    fn one_more(&mut self, now: Instant) -> Next {
        self.answers += 1;
        let wait = self.wait(now);
        match self.due(now) {
            Some(answers) => Next::Say(answers),
            None if self.answers == 1 => Next::SayAfter(wait),
            None => Next::Hold,
        }
    }

    /// How many a line that is written now stands for; none when nothing is held, or the last line is too fresh.
    fn due(&mut self, now: Instant) -> Option<u64> {
        if self.answers == 0 || !self.wait(now).is_zero() {
            return None;
        }
        self.said = Some(now);
        Some(std::mem::take(&mut self.answers))
    }

    fn wait(&self, now: Instant) -> Duration {
        self.said.map_or(Duration::ZERO, |said| A_LINE_EVERY.saturating_sub(now.saturating_duration_since(said)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_at_once_are_two_lines() {
        let (mut held, now) = (Held::default(), Instant::now());
        assert_eq!(held.one_more(now), Next::Say(1));
        assert_eq!(held.one_more(now), Next::SayAfter(A_LINE_EVERY));
        assert!((2..10_000).all(|_| held.one_more(now) == Next::Hold));
        assert_eq!(held.due(now + A_LINE_EVERY), Some(9_999));
        assert_eq!(held.due(now + 2 * A_LINE_EVERY), None);
    }

    #[test]
    fn there_is_no_more_than_a_line_a_second_and_every_answer_is_told_of_once() {
        let (mut held, began) = (Held::default(), Instant::now());
        let mut ask_at = None;
        let (mut lines, mut told) = (Vec::new(), 0);
        for ms in 0..10_000 {
            let now = began + Duration::from_millis(ms);
            let asked = ask_at.take_if(|at| *at <= now).and_then(|_| held.due(now));
            let said = match held.one_more(now) {
                Next::Say(answers) => Some(answers),
                Next::SayAfter(wait) => {
                    ask_at = Some(now + wait);
                    None
                }
                Next::Hold => None,
            };
            for answers in asked.into_iter().chain(said) {
                lines.push(ms);
                told += answers;
            }
        }
        assert_eq!(lines, (0..10).map(|second| second * 1000).collect::<Vec<_>>());
        assert_eq!(told + held.answers, 10_000);
    }

    #[test]
    fn what_comes_now_and_then_is_a_line_each() {
        let (mut held, now) = (Held::default(), Instant::now());
        assert!((0..5).all(|second| held.one_more(now + second * A_LINE_EVERY) == Next::Say(1)));
    }
}
