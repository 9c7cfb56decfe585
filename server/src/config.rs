//! What can be set: a TOML file in the data folder (or named by `--config`), then `YUANJIAO_*` variables over it.
//!
//! Keys are flat and the same in both: `database_url` in the file is `YUANJIAO_DATABASE_URL` in the environment.
//! Unknown ones are refused, so that a misspelt key never passes for a default.

use crate::failure::Failure;
use secrecy::SecretString;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The settings of one server.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The folder of the database, the media and the search index. Set by `--data`.
    #[serde(skip)]
    pub data: PathBuf,
    /// Where to listen; port 0 takes any free one. `--listen` wins.
    pub listen: SocketAddr,
    /// `postgres://…`; without it SQLite in the data folder.
    pub database_url: Option<SecretString>,
    /// Which log lines to write, as `tracing` filters: `info`, `server=debug`.
    pub log: String,
    /// Write logs as JSON lines.
    pub log_json: bool,
    /// Mark cookies `Secure`; set it when the server is reached by https only.
    pub secure_cookies: bool,
    /// The largest file that may be uploaded, in bytes.
    pub max_upload_bytes: u64,
    /// Uploads are refused when less than this is free, in bytes.
    pub low_disk_bytes: u64,
    /// Threads that serve requests; 0 takes one a core.
    pub workers: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("data"),
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            database_url: None,
            log: "info,sea_orm_migration=warn,actix_server=warn".into(),
            log_json: false,
            secure_cookies: false,
            max_upload_bytes: 20 * (1 << 30),
            low_disk_bytes: 1 << 30,
            workers: 0,
        }
    }
}

/// Variables that begin with the prefix and are not settings of the server.
const NOT_SETTINGS: &[&str] = &["YUANJIAO_DEMO_PASSWORD"];

impl Config {
    /// Read the file (`file`, or `yuanjiao.toml` in the data folder if there is one) and the environment.
    ///
    /// # Errors
    /// When the file cannot be read or parsed, a key is unknown, or a value is of the wrong type.
    pub fn load(
        data: &Path,
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, Failure> {
        let beside_data = data.join("yuanjiao.toml");
        let file = file.or_else(|| beside_data.exists().then_some(beside_data.as_path()));
        let mut table = match file {
            Some(path) => read(path)?,
            None => toml::Table::new(),
        };
        for (name, value) in environment.filter(|(name, _)| !NOT_SETTINGS.contains(&name.as_str())) {
            if let Some(key) = name.strip_prefix("YUANJIAO_") {
                table.insert(key.to_lowercase(), typed(&value));
            }
        }
        let mut config: Self =
            table.try_into().map_err(|cause: toml::de::Error| Failure::new("配置有误", cause.message().to_owned()))?;
        config.data = data.to_owned();
        Ok(config)
    }
}

fn read(path: &Path) -> Result<toml::Table, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|cause| Failure::new(format!("无法读取配置文件 {}", path.display()), cause))?;
    text.parse().map_err(|cause: toml::de::Error| Failure::new(format!("配置文件 {} 有误", path.display()), cause))
}

/// A variable's text as the TOML value it spells: `true` and `8` are not strings.
fn typed(value: &str) -> toml::Value {
    match (value.parse::<bool>(), value.parse::<i64>()) {
        (Ok(flag), _) => toml::Value::Boolean(flag),
        (_, Ok(number)) => toml::Value::Integer(number),
        _ => toml::Value::String(value.to_owned()),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;

    fn load(pairs: &[(&str, &str)]) -> Result<Config, Failure> {
        let environment = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load(Path::new("/nonexistent"), None, environment)
    }

    #[test]
    fn the_environment_sets_keys_of_every_type() {
        let config = load(&[("YUANJIAO_WORKERS", "3"), ("YUANJIAO_LOG_JSON", "true"), ("PATH", "/bin")]).unwrap();
        assert_eq!((config.workers, config.log_json), (3, true));
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let Err(failure) = load(&[("YUANJIAO_LISTNE", "0.0.0.0:80")]) else { panic!("accepted") };
        assert!(failure.to_string().contains("listne"), "{failure}");
    }

    #[test]
    fn the_demo_password_is_not_a_setting() {
        assert!(load(&[("YUANJIAO_DEMO_PASSWORD", "x")]).is_ok());
    }
}
