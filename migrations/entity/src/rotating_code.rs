//! The rotating code of a room or a class: six digits that only this server can make, for thirty seconds.
//!
//! Nothing is stored: a code is the HMAC of what it opens and the half-minute under a key of the server, cut to six
//! digits as RFC 4226 section 5.3 does. Guessing is held back by the server's limits; a code of another room, of another
//! half-day, of last week or of another key is simply another number. It stands here because the player's rooms and the
//! archive's classes both take it, and siblings know nothing of each other.

use crate::ids::{ClassId, PlaybackId};
use crate::moment::Moment;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How long the screen shows one code, in milliseconds.
pub const CODE_MS: i64 = 30_000;

/// What a code opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// A group session.
    Room(PlaybackId),
    /// One half-day of a class, from 1.
    HalfDay(ClassId, i32),
}

/// The keys codes are made with: what the one before made stays good for its minute.
#[derive(Clone)]
pub struct Codes {
    current: [u8; 32],
    previous: Option<[u8; 32]>,
}

impl Codes {
    /// Make with `current`; check with it and with `previous`, the key that it replaced.
    pub fn new(current: [u8; 32], previous: Option<[u8; 32]>) -> Self {
        Self { current, previous }
    }

    /// What the screen at this door shows at `now`.
    pub fn shown(&self, door: Door, now: Moment) -> String {
        digits(&self.current, door, window(now))
    }

    /// Whether these digits are what this door shows, or showed in the half-minute before: a phone is slow to raise.
    pub fn fits(&self, door: Door, typed: &str, now: Moment) -> bool {
        let keys = [Some(&self.current), self.previous.as_ref()];
        let windows = [window(now), window(now).saturating_sub(1)];
        let made = keys.into_iter().flatten().flat_map(|key| windows.map(|window| digits(key, door, window)));
        made.fold(false, |fits, code| fits | same(&code, typed))
    }
}

/// Milliseconds until the screen shows another code.
pub fn next_in_ms(now: Moment) -> i64 {
    CODE_MS - now.0.rem_euclid(CODE_MS)
}

fn window(now: Moment) -> i64 {
    now.0.div_euclid(CODE_MS)
}

fn digits(key: &[u8; 32], door: Door, window: i64) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    // The words keep the codes of one kind of door apart from those of another, and from what else the key may make.
    match door {
        Door::Room(room) => {
            mac.update(b"yuanjiao room code\0");
            mac.update(&room.0.to_be_bytes());
        }
        Door::HalfDay(class, half_day) => {
            mac.update(b"yuanjiao class code\0");
            mac.update(&class.0.to_be_bytes());
            mac.update(&half_day.to_be_bytes());
        }
    }
    mac.update(&window.to_be_bytes());
    let bytes = mac.finalize().into_bytes();
    let offset = usize::from(bytes.last().copied().unwrap_or(0) & 0x0f);
    let word = bytes.get(offset..).and_then(|rest| rest.first_chunk::<4>()).copied().unwrap_or_default();
    format!("{:06}", (u32::from_be_bytes(word) & 0x7fff_ffff) % 1_000_000)
}

/// Compares without stopping at the first difference; a code that could not be made fits nothing.
fn same(code: &str, typed: &str) -> bool {
    let differs = code.bytes().zip(typed.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b));
    code.len() == 6 && typed.len() == 6 && differs == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    const ROOM: Door = Door::Room(PlaybackId(7));
    const NOW: Moment = Moment(1_764_205_200_000);

    #[test]
    fn a_code_is_good_for_its_half_minute_and_the_next() {
        let codes = Codes::new([1; 32], None);
        let code = codes.shown(ROOM, NOW);
        for (ms, fits) in [(0, true), (29_999, true), (30_000, true), (59_999, true), (60_000, false), (-1, false)] {
            assert_eq!(codes.fits(ROOM, &code, NOW.plus_ms(ms)), fits, "{ms}");
        }
        assert!(!codes.fits(ROOM, &code, NOW.plus_ms(7 * 86_400_000)), "last week's");
        assert_eq!((next_in_ms(NOW), next_in_ms(NOW.plus_ms(29_000))), (30_000, 1000));
    }

    #[test]
    fn a_code_of_another_door_key_or_shape_fits_nothing() {
        let codes = Codes::new([1; 32], None);
        let code = codes.shown(ROOM, NOW);
        assert!(!codes.fits(Door::Room(PlaybackId(8)), &code, NOW));
        assert!(!codes.fits(Door::HalfDay(ClassId(7), 1), &code, NOW), "a class is no room");
        let morning = codes.shown(Door::HalfDay(ClassId(7), 1), NOW);
        assert!(codes.fits(Door::HalfDay(ClassId(7), 1), &morning, NOW));
        assert!(!codes.fits(Door::HalfDay(ClassId(7), 2), &morning, NOW), "the half-day is over");
        assert!(!Codes::new([2; 32], None).fits(ROOM, &code, NOW));
        assert!(Codes::new([2; 32], Some([1; 32])).fits(ROOM, &code, NOW), "the key was replaced a moment ago");
        let (short, long) = (code.get(..5).unwrap_or_default(), format!("{code}0"));
        assert!(!codes.fits(ROOM, short, NOW) && !codes.fits(ROOM, &long, NOW) && !codes.fits(ROOM, "", NOW));
    }

    #[test]
    fn codes_are_six_digits_and_spread_out() {
        let codes = Codes::new([3; 32], None);
        let made: HashSet<_> = (0..2000).map(|n| codes.shown(ROOM, NOW.plus_ms(n * CODE_MS))).collect();
        assert!(
            made.len() > 1990 && made.iter().all(|code| code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()))
        );
    }
}
