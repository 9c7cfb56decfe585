//! Slows guessing: too many failures from one address, or of one account, wait. Bounded memory.

use entity::Moment;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Mutex;

/// Failures an address may collect in one window. A village behind one address shares it, so it is generous.
const FAILURES: u32 = 60;
const WINDOW_MS: i64 = 5 * 60 * 1000;
const ADDRESSES: usize = 10_000;

/// Counts failures, by address where nothing else is said.
#[derive(Debug)]
pub struct Limiter<Who = IpAddr> {
    most: u32,
    failures: Mutex<Failures<Who>>, // a short critical section without awaiting
}

/// Since when, and how many.
type Failures<Who> = HashMap<Who, (Moment, u32)>;

/// The failures of each door apart, by address: a room that mistypes codes keeps nobody of its village from signing in.
#[derive(Debug, Default)]
pub struct Doors {
    /// Wrong passwords.
    pub sign_in: Limiter,
    /// Wrong codes and PINs of classrooms.
    pub room: Limiter,
    /// Wrong codes of certificates.
    pub check: Limiter,
}

impl<Who> Default for Limiter<Who> {
    fn default() -> Self {
        Self::of(FAILURES)
    }
}

impl<Who> Limiter<Who> {
    /// One that lets so many pass in five minutes.
    pub fn of(most: u32) -> Self {
        Self { most, failures: Mutex::default() }
    }
}

impl<Who: Eq + Hash> Limiter<Who> {
    /// Seconds this address must wait, if it must.
    pub fn wait_s(&self, address: Who, now: Moment) -> Option<u64> {
        self.left_s(&self.lock(), &address, now)
    }

    /// Remember a failure.
    pub fn failed(&self, address: Who, now: Moment) {
        count(&mut self.lock(), address, now);
    }

    /// Count a try before it is made, so that many at once cannot slip through together; or answer the seconds to wait.
    pub fn tried(&self, address: Who, now: Moment) -> Option<u64> {
        let mut failures = self.lock();
        let wait_s = self.left_s(&failures, &address, now);
        if wait_s.is_none() {
            count(&mut failures, address, now);
        }
        wait_s
    }

    /// Take back a try that went well.
    pub fn forgive(&self, address: &Who) {
        if let Some((_, count)) = self.lock().get_mut(address) {
            *count = count.saturating_sub(1);
        }
    }

    fn left_s(&self, failures: &Failures<Who>, address: &Who, now: Moment) -> Option<u64> {
        let (since, count) = failures.get(address)?;
        let left = WINDOW_MS - now.since(*since);
        (*count >= self.most && left > 0).then(|| u64::try_from(left / 1000 + 1).unwrap_or(1))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Failures<Who>> {
        self.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn count<Who: Eq + Hash>(failures: &mut Failures<Who>, address: Who, now: Moment) {
    if failures.len() >= ADDRESSES {
        failures.retain(|_, (since, _)| now.since(*since) < WINDOW_MS);
    }
    if failures.len() >= ADDRESSES {
        failures.clear(); // a flood from everywhere: the limit by account still holds
    }
    let entry = failures.entry(address).or_insert((now, 0));
    if now.since(entry.0) >= WINDOW_MS {
        *entry = (now, 0);
    }
    entry.1 += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_waits_after_its_failures_and_only_for_the_window() {
        let limiter: Limiter = Limiter::default();
        let here = IpAddr::from([127, 0, 0, 1]);
        let now = Moment(1_000_000);
        for _ in 0..FAILURES {
            assert_eq!(limiter.wait_s(here, now), None);
            limiter.failed(here, now);
        }
        assert_eq!(limiter.wait_s(here, now), Some(301));
        assert_eq!(limiter.wait_s(IpAddr::from([127, 0, 0, 2]), now), None);
        assert_eq!(limiter.wait_s(here, now.plus_ms(WINDOW_MS)), None);
    }

    #[test]
    fn a_try_counts_until_it_went_well() {
        let limiter = Limiter::of(2);
        let now = Moment(1_000_000);
        assert_eq!(limiter.tried(7, now), None);
        limiter.forgive(&7);
        assert_eq!([limiter.tried(7, now), limiter.tried(7, now)], [None, None]);
        assert_eq!(limiter.tried(7, now), Some(301));
        assert_eq!(limiter.tried(8, now), None);
    }
}
