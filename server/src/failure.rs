//! Why a command of the binary could not do its work, said to a person at a shell.

use entity::Outage;
use sea_orm::DbErr;
use std::error::Error;
use std::fmt;
use std::io::ErrorKind;

/// A Chinese sentence, and the cause behind it.
#[derive(Debug)]
pub struct Failure {
    what: String,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// What failed, and why.
    pub fn new(what: impl Into<String>, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
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
            Some(cause) => write!(f, "：{cause}{}", advice(cause.as_ref())),
            None => Ok(()),
        }
    }
}

impl Error for Failure {}

/// What a person can do about causes that a driver or the system words in English.
fn advice(cause: &(dyn Error + 'static)) -> &'static str {
    let mut causes = std::iter::successors(Some(cause), |cause: &&(dyn Error + 'static)| (*cause).source());
    let outage =
        causes.find_map(|cause| match (cause.downcast_ref::<std::io::Error>(), cause.downcast_ref::<DbErr>()) {
            (Some(io), _) if matches!(io.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
                Some(Outage::Full)
            }
            (_, Some(database)) => Outage::of(database),
            _ => None,
        });
    match outage {
        Some(Outage::Full) => "（磁盘空间不足，请腾出空间后再试）",
        Some(Outage::Away) => "（数据库没有应答或正被占用，请稍后再试）",
        None => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_said_in_chinese_however_deep_it_lies() {
        let full = content::Error::from(std::io::Error::from(ErrorKind::StorageFull));
        assert!(Failure::new("无法复制", full).to_string().ends_with("请腾出空间后再试）"));
        let other = content::Error::from(std::io::Error::from(ErrorKind::NotFound));
        assert!(!Failure::new("无法复制", other).to_string().contains("空间"));
    }
}
