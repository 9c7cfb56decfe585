//! Passwords under argon2id, and tokens under SHA-256.
//!
//! Owns how secrets are hashed and how many hashes run at once; knows no table.

use crate::{Error, Result};
use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordVerifier, Version};
use sha2::{Digest, Sha256};
use tokio::sync::{Semaphore, SemaphorePermit};

/// The parameters OWASP asks for: 19 MiB, two passes, one lane (Password Storage Cheat Sheet).
const PARAMS: (u32, u32, u32) = (19 * 1024, 2, 1);

/// A hash no password matches, by the same parameters, so that an unknown login costs the time of a known one.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$eXVhbmppYW8tbm9ib2R5$3F1bcQvYB7pJ5mQm0tQyK1l7r3lP0n7m2mJzq1c4sXU";

/// One hash takes 19 MiB and a core for some 20 ms. More at once would only queue on the cores and hold the memory,
/// and would let a burst of guesses start before the first failure is counted.
static RUNNING: Semaphore = Semaphore::const_new(4);

/// The right to hash. Whoever checks a password takes it before reading the failure count.
pub(crate) async fn permit() -> Result<SemaphorePermit<'static>> {
    RUNNING.acquire().await.map_err(|_| Error::Hashing)
}

/// Hashes a password with a fresh salt, in PHC form.
pub(crate) async fn hash(password: &str) -> Result<String> {
    let password = password.to_owned();
    blocking(move || Some(hasher()?.hash_password(password.as_bytes()).ok()?.to_string())).await?.ok_or(Error::Hashing)
}

/// Whether `password` matches the PHC string. An empty one (a device) matches nothing, and takes as long.
pub(crate) async fn matches(password: &str, phc: &str) -> Result<bool> {
    let password = password.to_owned();
    let phc = if phc.is_empty() { NOBODY.to_owned() } else { phc.to_owned() };
    blocking(move || {
        let Ok(expected) = PasswordHash::new(&phc) else { return false };
        hasher().is_some_and(|argon2| argon2.verify_password(password.as_bytes(), &expected).is_ok())
    })
    .await
}

/// SHA-256 in hex: enough for tokens, which are random and long.
pub(crate) fn fingerprint(token: &str) -> String {
    use std::fmt::Write;
    Sha256::digest(token.as_bytes()).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn hasher() -> Option<Argon2<'static>> {
    let (memory_kib, passes, lanes) = PARAMS;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(memory_kib, passes, lanes, None).ok()?))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Hashing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() -> Result<()> {
        let phc = hash("稻田养鱼 2026").await?;
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(matches("稻田养鱼 2026", &phc).await?);
        assert!(!matches("稻田养鱼 2025", &phc).await?);
        assert!(!matches("", "").await?);
        Ok(())
    }

    /// A password is checked against nobody's hash as long as against anybody's: the work is told by the parameters.
    #[tokio::test]
    async fn nobody_costs_what_somebody_costs() -> Result<()> {
        let work = |phc: &str| {
            let phc = PasswordHash::new(phc).ok()?;
            let params = Params::try_from(&phc).ok()?;
            Some((phc.algorithm, params.m_cost(), params.t_cost(), params.p_cost(), phc.hash?.as_bytes().len()))
        };
        assert_eq!(work(NOBODY), work(&hash("somebody").await?));
        assert!(work(NOBODY).is_some() && !matches("wrong", "").await?);
        Ok(())
    }
}
