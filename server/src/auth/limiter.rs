//! Slows guessing by address: too many failed sign-ins from one address wait. Bounded memory.

use entity::Moment;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

/// Failures an address may collect in one window. A village behind one address shares it, so it is generous.
const FAILURES: u32 = 60;
const WINDOW_MS: i64 = 5 * 60 * 1000;
const ADDRESSES: usize = 10_000;

/// Counts failures by address.
#[derive(Debug, Default)]
pub struct Limiter {
    failures: Mutex<HashMap<IpAddr, (Moment, u32)>>, // a short critical section without awaiting
}

impl Limiter {
    /// Seconds this address must wait, if it must.
    pub fn wait_s(&self, address: IpAddr, now: Moment) -> Option<u64> {
        let failures = self.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (since, count) = failures.get(&address)?;
        let left = WINDOW_MS - now.since(*since);
        (*count >= FAILURES && left > 0).then(|| u64::try_from(left / 1000 + 1).unwrap_or(1))
    }

    /// Remember a failure.
    pub fn failed(&self, address: IpAddr, now: Moment) {
        let mut failures = self.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_waits_after_its_failures_and_only_for_the_window() {
        let limiter = Limiter::default();
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
}
