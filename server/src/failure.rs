//! Why a command of the binary could not do its work, said to a person at a shell.

use std::fmt;

/// A Chinese sentence, and the cause behind it.
#[derive(Debug)]
pub struct Failure {
    what: String,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Failure {
    /// What failed, and why.
    pub fn new(what: impl Into<String>, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { what: what.into(), cause: Some(cause.into()) }
    }

    /// What failed, when the sentence says it all.
    pub fn say(what: impl Into<String>) -> Self {
        Self { what: what.into(), cause: None }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match &self.cause {
            Some(cause) => write!(f, "：{cause}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}
