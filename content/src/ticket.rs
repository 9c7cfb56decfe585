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

/// The signing keys in use. A key's id travels in its tickets, so that a key can be replaced while old tickets live on.
#[derive(Clone)]
pub struct Tickets {
    current: Key,
    retired: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    id: u8,
    secret: [u8; 32],
}

impl Tickets {
    /// Sign and check with the key `secret`.
    pub fn new(secret: [u8; 32]) -> Self {
        Self { current: Key { id: 0, secret }, retired: Vec::new() }
    }

    /// Sign with the key `secret` from now on; what the earlier keys signed stays good until it expires.
    ///
    /// Ids are reused after 256 changes, long after the tickets of that time have died.
    #[must_use]
    pub fn rotated(self, secret: [u8; 32]) -> Self {
        let id = self.current.id.wrapping_add(1);
        let retired = std::iter::once(self.current).chain(self.retired).take(8).collect();
        Self { current: Key { id, secret }, retired }
    }

    fn key(&self, id: u8) -> Option<&Key> {
        std::iter::once(&self.current).chain(&self.retired).find(|key| key.id == id)
    }
}

impl std::fmt::Debug for Tickets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Tickets").field(&self.current.id).finish()
    }
}

/// A ticket for one account to read one blob until `expires`.
pub fn sign(tickets: &Tickets, sha256: &str, account: AccountId, expires: Moment) -> Result<String> {
    let mut ticket = vec![VERSION, tickets.current.id];
    ticket.extend(account.0.to_be_bytes());
    ticket.extend(expires.0.to_be_bytes());
    let seal = mac(&tickets.current, &ticket, sha256)?.finalize().into_bytes();
    ticket.extend_from_slice(&seal);
    Ok(URL_SAFE_NO_PAD.encode(ticket))
}

/// Whose ticket this is, if it is ours, for this blob, and still alive at `now`.
pub fn check(tickets: &Tickets, ticket: &str, sha256: &str, now: Moment) -> Result<AccountId> {
    let mut bytes = [0_u8; BODY + SEAL];
    let length = URL_SAFE_NO_PAD.decode_slice(ticket, &mut bytes).map_err(|_| Error::BadTicket)?;
    let (body, seal) = bytes.split_at(BODY);
    let (&[VERSION, key_id, ref numbers @ ..], true) = (body, length == BODY + SEAL) else {
        return Err(Error::BadTicket);
    };
    let key = tickets.key(key_id).ok_or(Error::BadTicket)?;
    // Compares in constant time, so that a seal cannot be guessed byte by byte.
    mac(key, body, sha256)?.verify_slice(seal).map_err(|_| Error::BadTicket)?;
    let (account, expires) = numbers.split_first_chunk::<8>().ok_or(Error::BadTicket)?;
    let expires = <[u8; 8]>::try_from(expires).map_err(|_| Error::BadTicket)?;
    if Moment(i64::from_be_bytes(expires)) <= now {
        return Err(Error::TicketExpired);
    }
    Ok(AccountId(i64::from_be_bytes(*account)))
}

const VERSION: u8 = 1;
/// Version, key id, account, expiry.
const BODY: usize = 1 + 1 + 8 + 8;
const SEAL: usize = 32;

/// Keeps these seals apart from anything else the same secret may sign.
const PURPOSE: &[u8] = b"yuanjiao media ticket\0";

fn mac(key: &Key, body: &[u8], sha256: &str) -> Result<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.secret).map_err(|_| Error::BadTicket)?;
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
        Tickets::new([1; 32])
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
    fn a_retired_key_still_checks_and_a_removed_one_does_not() {
        let rotated = ring().rotated([2; 32]);
        assert!(check(&rotated, &ticket(), "blob", NOW).is_ok());
        let fresh = sign(&rotated, "blob", AccountId(8), NOW.plus_ms(1)).unwrap();
        assert_eq!(check(&rotated, &fresh, "blob", NOW).unwrap(), AccountId(8));
        assert!(matches!(check(&ring(), &fresh, "blob", NOW), Err(Error::BadTicket)));
        assert!(matches!(check(&Tickets::new([9; 32]), &ticket(), "blob", NOW), Err(Error::BadTicket)));
    }

    #[test]
    fn debug_output_names_keys_without_their_secrets() {
        assert_eq!(format!("{:?}", ring()), "Tickets(0)");
    }

    proptest! {
        #[test]
        fn a_changed_ticket_is_refused(at in 0_usize..67, to in "[A-Za-z0-9_-]") {
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
