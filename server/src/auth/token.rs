//! The short access token: a JWT (RFC 7519) signed with HS256 and nothing else.

use super::keys::Keys;
use entity::{AccountId, Moment};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

/// How long an access token lives, in seconds.
pub const LIFETIME_S: i64 = 15 * 60;

const NAME: &str = "yuanjiao";

/// What the token says. Roles are not in it: they are looked up, so that a grant taken away is gone in seconds.
#[derive(Debug, Serialize, Deserialize)]
pub struct Claims {
    /// The account.
    pub sub: String,
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

/// Makes and checks access tokens.
#[derive(Clone)]
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

impl Tokens {
    /// With the key derived for this use.
    pub fn new(keys: &Keys) -> Self {
        let key = keys.derive("access-token");
        let mut validation = Validation::new(Algorithm::HS256); // pinned: `none` and every other algorithm are refused
        validation.set_audience(&[NAME]);
        validation.set_issuer(&[NAME]);
        validation.set_required_spec_claims(&["exp", "nbf", "aud", "iss", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = 0;
        Self { encoding: EncodingKey::from_secret(&key), decoding: DecodingKey::from_secret(&key), validation }
    }

    /// A token for an account.
    ///
    /// # Errors
    /// When the claims cannot be signed.
    pub fn issue(&self, account: AccountId, epoch: i32, now: Moment) -> Result<String, jsonwebtoken::errors::Error> {
        let seconds = now.0.div_euclid(1000);
        let claims = Claims {
            sub: account.to_string(),
            epo: epoch,
            iss: NAME.into(),
            aud: NAME.into(),
            iat: seconds,
            nbf: seconds,
            exp: seconds + LIFETIME_S,
        };
        encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
    }

    /// The account and epoch of a good token.
    pub fn check(&self, token: &str) -> Option<(AccountId, i32)> {
        let claims = decode::<Claims>(token, &self.decoding, &self.validation).ok()?.claims;
        Some((claims.sub.parse().ok()?, claims.epo))
    }
}
