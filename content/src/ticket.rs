//! Signed tickets: how a player without cookies (a set-top box, VLC) proves that it may read one blob for some hours.
//!
//! A ticket binds a blob, an account and an expiry with HMAC-SHA256. Whether that account may still see the lesson is
//! the caller's question; a leaked ticket opens one blob until it expires.

use crate::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entity::{AccountId, Moment};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How long a ticket lives: a long lesson with breaks, in milliseconds.
pub const LIFETIME_MS: i64 = 6 * 3600 * 1000;

/// The signing keys in use: what the one before signed stays good until it expires.
#[derive(Clone)]
pub struct Tickets {
    current: [u8; 32],
    previous: Option<[u8; 32]>,
}

impl Tickets {
    /// Sign with `current`; check with it and with `previous`, the key that it replaced.
    pub fn new(current: [u8; 32], previous: Option<[u8; 32]>) -> Self {
        Self { current, previous }
    }
}

/// A ticket for one account to read one blob until `expires`.
pub fn sign(tickets: &Tickets, sha256: &str, account: AccountId, expires: Moment) -> Result<String> {
    let mut ticket = vec![VERSION];
    ticket.extend(account.0.to_be_bytes());
    ticket.extend(expires.0.to_be_bytes());
    let seal = mac(&tickets.current, &ticket, sha256)?.finalize().into_bytes();
    ticket.extend_from_slice(&seal);
    Ok(URL_SAFE_NO_PAD.encode(ticket))
}

/// Whose ticket this is, if it is ours, for this blob, and still alive at `now`.
pub fn check(tickets: &Tickets, ticket: &str, sha256: &str, now: Moment) -> Result<AccountId> {
    open(tickets, ticket, sha256, now).map(|(account, _)| account)
}

/// As [`check`], and when the ticket expires: what is signed on its strength must not live longer.
pub fn open(tickets: &Tickets, ticket: &str, sha256: &str, now: Moment) -> Result<(AccountId, Moment)> {
    let mut bytes = [0_u8; BODY + SEAL];
    let length = URL_SAFE_NO_PAD.decode_slice(ticket, &mut bytes).map_err(|_| Error::BadTicket)?;
    let (body, seal) = bytes.split_at(BODY);
    let (&[VERSION, ref numbers @ ..], true) = (body, length == BODY + SEAL) else {
        return Err(Error::BadTicket);
    };
    // Compares in constant time, so that a seal cannot be guessed byte by byte.
    let sealed_by = |key: &[u8; 32]| mac(key, body, sha256).is_ok_and(|mac| mac.verify_slice(seal).is_ok());
    if !sealed_by(&tickets.current) && !tickets.previous.as_ref().is_some_and(sealed_by) {
        return Err(Error::BadTicket);
    }
    let (account, expires) = numbers.split_first_chunk::<8>().ok_or(Error::BadTicket)?;
    let expires = <[u8; 8]>::try_from(expires).map_err(|_| Error::BadTicket)?;
    let expires = Moment(i64::from_be_bytes(expires));
    match expires.since(now) {
        ..=0 => Err(Error::TicketExpired),
        1..=LIFETIME_MS => Ok((AccountId(i64::from_be_bytes(*account)), expires)),
        // We never sign for so long: whoever did had the key for a moment and wanted to keep the door open.
        _ => Err(Error::BadTicket),
    }
}

const VERSION: u8 = 2;
/// Version, account, expiry.
const BODY: usize = 1 + 8 + 8;
const SEAL: usize = 32;

/// Keeps these seals apart from anything else the same secret may sign.
const PURPOSE: &[u8] = b"yuanjiao media ticket\0";

fn mac(key: &[u8; 32], body: &[u8], sha256: &str) -> Result<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| Error::BadTicket)?;
    mac.update(PURPOSE);
    mac.update(body);
    mac.update(sha256.as_bytes());
    Ok(mac)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Moment = Moment(1_800_000_000_000);

    fn ring() -> Tickets {
        Tickets::new([1; 32], None)
    }

    fn ticket() -> String {
        sign(&ring(), "blob", AccountId(7), NOW.plus_ms(LIFETIME_MS)).unwrap()
    }

    #[test]
    fn a_ticket_opens_its_blob_for_its_account() {
        assert_eq!(check(&ring(), &ticket(), "blob", NOW).unwrap(), AccountId(7));
    }

    #[test]
    fn a_ticket_opens_no_other_blob() {
        assert!(matches!(check(&ring(), &ticket(), "other", NOW), Err(Error::BadTicket)));
    }

    #[test]
    fn a_ticket_dies_at_its_hour() {
        assert!(check(&ring(), &ticket(), "blob", NOW.plus_ms(LIFETIME_MS - 1)).is_ok());
        assert!(matches!(check(&ring(), &ticket(), "blob", NOW.plus_ms(LIFETIME_MS)), Err(Error::TicketExpired)));
    }

    #[test]
    fn what_the_replaced_key_signed_stays_good_and_what_an_older_one_signed_does_not() {
        let rotated = Tickets::new([2; 32], Some([1; 32]));
        assert_eq!(check(&rotated, &ticket(), "blob", NOW).unwrap(), AccountId(7));
        let fresh = sign(&rotated, "blob", AccountId(8), NOW.plus_ms(1)).unwrap();
        assert_eq!(check(&rotated, &fresh, "blob", NOW).unwrap(), AccountId(8));
        assert!(matches!(check(&ring(), &fresh, "blob", NOW), Err(Error::BadTicket)));
        let rotated_again = Tickets::new([3; 32], Some([2; 32]));
        assert!(matches!(check(&rotated_again, &ticket(), "blob", NOW), Err(Error::BadTicket)));
    }

    proptest! {
        #[test]
        fn a_changed_ticket_is_refused(at in 0_usize..65, to in "[A-Za-z0-9_-]") {
            let mut changed = ticket();
            prop_assume!(&changed[at..=at] != to.as_str());
            changed.replace_range(at..=at, &to);
            prop_assert!(check(&ring(), &changed, "blob", NOW).is_err());
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,120}") {
            prop_assert!(check(&ring(), &text, "blob", NOW).is_err());
        }
    }
}
