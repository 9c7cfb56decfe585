//! The `Upload-Checksum` header of tus: the hash of the bytes of one request.

use crate::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// The value of `Tus-Checksum-Algorithm`. tus requires SHA-1 of every server.
pub const ALGORITHMS: &str = "sha1,sha256";

/// A promised checksum and the bytes seen so far.
#[derive(Debug)]
pub struct Checksum {
    seen: Seen,
    promised: Vec<u8>,
}

#[derive(Debug)]
enum Seen {
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Checksum {
    /// Parse `sha1 <base64>` or `sha256 <base64>`; `BadChecksum` for another algorithm or a broken value.
    pub fn parse(header: &str) -> Result<Self> {
        let (algorithm, value) = header.trim().split_once(' ').ok_or(Error::BadChecksum)?;
        let promised = STANDARD.decode(value.trim()).map_err(|_| Error::BadChecksum)?;
        let (seen, size) = match algorithm {
            "sha1" => (Seen::Sha1(Sha1::new()), 20),
            "sha256" => (Seen::Sha256(Sha256::new()), 32),
            _ => return Err(Error::BadChecksum),
        };
        if promised.len() != size {
            return Err(Error::BadChecksum);
        }
        Ok(Self { seen, promised })
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match &mut self.seen {
            Seen::Sha1(hash) => hash.update(bytes),
            Seen::Sha256(hash) => hash.update(bytes),
        }
    }

    /// Whether the bytes seen are the promised ones.
    pub(super) fn holds(self) -> bool {
        match self.seen {
            Seen::Sha1(hash) => hash.finalize().as_slice() == self.promised,
            Seen::Sha256(hash) => hash.finalize().as_slice() == self.promised,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_holds_for_its_bytes_only() {
        for (bytes, holds) in [(&b"hello world"[..], true), (b"hello worlds", false), (b"", false)] {
            let mut checksum = Checksum::parse("sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=").unwrap();
            checksum.update(bytes);
            assert_eq!(checksum.holds(), holds);
        }
        let mut checksum = Checksum::parse("sha256 uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=").unwrap();
        checksum.update(b"hello world");
        assert!(checksum.holds());
    }

    #[test]
    fn other_algorithms_and_broken_values_are_refused() {
        for header in [
            "md5 XrY7u+Ae7tCTyyK7j1rNww==",
            "sha1",
            "sha1 ",
            "sha1 !!!",
            "sha1 AAAA",
            "",
            "sha256 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",
        ] {
            assert!(matches!(Checksum::parse(header), Err(Error::BadChecksum)), "{header}");
        }
    }
}
