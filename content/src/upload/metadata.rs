//! The `Upload-Metadata` header of tus: pairs of a key and a base64 value.

use crate::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The parsed header, kept as it came so that it can be echoed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    header: String,
    pairs: Vec<(String, String)>,
}

/// Longest header and most pairs that are kept.
const LONGEST: usize = 8192;
const MOST_PAIRS: usize = 64;

impl Metadata {
    /// Parse the header. Values need not be text, but those that are asked for later are only found when they are.
    pub fn parse(header: &str) -> Result<Self> {
        if header.len() > LONGEST {
            return Err(Error::BadMetadata("longer than 8192 bytes"));
        }
        let mut pairs = Vec::new();
        for pair in header.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
            if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(Error::BadMetadata("a key is not printable ASCII"));
            }
            if pairs.iter().any(|(known, _)| known == key) {
                return Err(Error::BadMetadata("a key comes twice"));
            }
            let value = STANDARD.decode(value.trim()).map_err(|_| Error::BadMetadata("a value is not base64"))?;
            pairs.push((key.to_owned(), String::from_utf8(value).unwrap_or_default()));
        }
        if pairs.len() > MOST_PAIRS {
            return Err(Error::BadMetadata("more than 64 pairs"));
        }
        Ok(Self { header: header.to_owned(), pairs })
    }

    /// The header as it came.
    pub fn header(&self) -> &str {
        &self.header
    }

    /// The value of a key, if it is there, is text, and is not empty.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, value)| known == key && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// The SHA-256 the client says the whole file has, in lower-case hex, if it says so in that form.
    pub fn sha256(&self) -> Option<String> {
        let digits = self.get("sha256")?.to_ascii_lowercase();
        (digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(digits)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pairs_are_decoded_and_the_header_is_kept() {
        let header = "filename 5rC056i7LnBkZg==,filetype YXBwbGljYXRpb24vcGRm, is_confidential";
        let metadata = Metadata::parse(header).unwrap();
        assert_eq!(metadata.get("filename"), Some("水稻.pdf"));
        assert_eq!(metadata.get("filetype"), Some("application/pdf"));
        assert_eq!((metadata.get("is_confidential"), metadata.header()), (None, header));
        assert_eq!(Metadata::parse("").unwrap(), Metadata::default());
    }

    #[test]
    fn broken_headers_are_refused_with_a_reason() {
        for header in ["filename ***", "filename a", "a YQ==,a Yg==", "文件 YQ==", &"a".repeat(9000)] {
            assert!(matches!(Metadata::parse(header), Err(Error::BadMetadata(_))), "{header}");
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(header in ".{0,200}") {
            let _ = Metadata::parse(&header);
        }
    }
}
