//! The short access token: a JWT (RFC 7519) signed with HS256 and nothing else.

use super::keys::Keys;
use entity::{AccountId, Moment};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How long an access token lives, in seconds.
pub const LIFETIME_S: i64 = 15 * 60;

const NAME: &str = "yuanjiao";

/// Good tokens remembered at most, about 8 MB.
const REMEMBERED: usize = 20_000;

/// What the token says. Roles are not in it: they are looked up, so that a grant taken away is gone in seconds.
#[derive(Debug, Serialize, Deserialize)]
pub struct Claims {
    /// The account.
    pub sub: String,
    /// The session: the name of its family of refresh tokens.
    pub sid: String,
    /// The account's session epoch when the token was made.
    pub epo: i32,
    /// Who made it.
    pub iss: String,
    /// For whom it was made.
    pub aud: String,
    /// When it was made, in Unix seconds.
    pub iat: i64,
    /// Not good before, in Unix seconds.
    pub nbf: i64,
    /// Not good from, in Unix seconds.
    pub exp: i64,
}

/// What a good token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Whose it is.
    pub account: AccountId,
    /// Of which of their sessions it is.
    pub session: Arc<str>,
    /// Their session epoch when it was made.
    pub epoch: i32,
}

/// By how much, in seconds, the clocks of two servers of one city may differ.
const SKEW_S: i64 = 5;

/// A session that ended before this has no token any more that has not expired.
pub fn oldest(now: Moment) -> Moment {
    now.plus_ms(-(LIFETIME_S + 2 * SKEW_S) * 1000)
}

/// Makes and checks access tokens.
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    /// Tokens whose signature was found good, so that a stream of beats or ranges has it checked once. What a token
    /// still opens is asked elsewhere and each time.
    // A std mutex: it is held for one map operation and never across an await.
    good: Mutex<HashMap<Box<str>, Good>>,
}

#[derive(Clone)]
struct Good {
    claim: Claim,
    /// In Unix seconds.
    begins: i64,
    expires: i64,
}

impl Tokens {
    /// With the key derived for this use.
    pub fn new(keys: &Keys) -> Self {
        let key = keys.derive("access-token");
        let mut validation = Validation::new(Algorithm::HS256); // pinned: `none` and every other algorithm are refused
        validation.set_audience(&[NAME]);
        validation.set_issuer(&[NAME]);
        validation.set_required_spec_claims(&["exp", "nbf", "aud", "iss", "sub"]);
        // By the system's clock, which may be another one: `check` is told the time.
        (validation.validate_exp, validation.validate_nbf) = (false, false);
        let (encoding, decoding) = (EncodingKey::from_secret(&key), DecodingKey::from_secret(&key));
        Self { encoding, decoding, validation, good: Mutex::default() }
    }

    /// A token for a session of an account.
    ///
    /// # Errors
    /// When the claims cannot be signed.
    pub fn issue(
        &self,
        account: AccountId,
        session: &str,
        epoch: i32,
        now: Moment,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let seconds = now.0.div_euclid(1000);
        let claims = Claims {
            sub: account.to_string(),
            sid: session.to_owned(),
            epo: epoch,
            iss: NAME.into(),
            aud: NAME.into(),
            iat: seconds,
            nbf: seconds,
            exp: seconds + LIFETIME_S,
        };
        encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
    }

    /// What a good token says.
    pub fn check(&self, token: &str, now: Moment) -> Option<Claim> {
        let seconds = now.0.div_euclid(1000);
        let remembered = self.good.lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned();
        let good = match remembered {
            Some(good) => good,
            None => self.verify(token)?,
        };
        (good.begins.saturating_sub(SKEW_S)..good.expires).contains(&seconds).then_some(good.claim)
    }

    fn verify(&self, token: &str) -> Option<Good> {
        let decoded = decode::<Claims>(token, &self.decoding, &self.validation).ok()?;
        // We know no extension, so a token that says one must be understood is refused (RFC 7515 section 4.1.11).
        let claims = decoded.header.crit.is_none().then_some(decoded.claims)?;
        let account = claims.sub.parse().ok()?;
        let claim = Claim { account, session: claims.sid.into(), epoch: claims.epo };
        let found = Good { claim, begins: claims.nbf, expires: claims.exp };
        let mut good = self.good.lock().unwrap_or_else(PoisonError::into_inner);
        if good.len() >= REMEMBERED {
            good.clear();
        }
        good.insert(token.into(), found.clone());
        Some(found)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_until_it_expires_also_when_it_is_remembered() {
        let dir = tempfile::tempdir().unwrap();
        let tokens = Tokens::new(&Keys::open(dir.path()).unwrap());
        let now = Moment::now();
        let token = tokens.issue(AccountId(7), "phone", 3, now).unwrap();
        let claim = Claim { account: AccountId(7), session: "phone".into(), epoch: 3 };
        for _ in 0..2 {
            assert_eq!(tokens.check(&token, now), Some(claim.clone()));
            assert_eq!(tokens.check(&token, now.plus_ms(LIFETIME_S * 1000 - 1000)), Some(claim.clone()));
            assert_eq!(tokens.check(&token, now.plus_ms(LIFETIME_S * 1000)), None);
        }
    }

    #[test]
    fn a_token_that_asks_for_an_extension_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let tokens = Tokens::new(&Keys::open(dir.path()).unwrap());
        let now = Moment::now();
        let good = tokens.issue(AccountId(7), "phone", 3, now).unwrap();
        let claims = decode::<Claims>(&good, &tokens.decoding, &tokens.validation).unwrap().claims;
        let header = Header { crit: Some(vec!["exp".into()]), ..Header::new(Algorithm::HS256) };
        let token = encode(&header, &claims, &tokens.encoding).unwrap();
        assert_eq!(tokens.check(&token, now), None);
    }

    #[test]
    fn a_token_that_was_touched_is_never_good() {
        let dir = tempfile::tempdir().unwrap();
        let tokens = Tokens::new(&Keys::open(dir.path()).unwrap());
        let now = Moment::now();
        let token = tokens.issue(AccountId(7), "phone", 3, now).unwrap();
        assert!(tokens.check(&token, now).is_some());
        assert!(tokens.check(&token[..token.len() - 1], now).is_none());
        assert!(tokens.check(&format!("{token}A"), now).is_none());
        assert!(tokens.check("", now).is_none());
    }
}
