//! What can be set: a TOML file in the data folder (or named by `--config`), then `YUANJIAO_*` variables over it.
//!
//! Keys are flat and the same in both: `database_url` in the file is `YUANJIAO_DATABASE_URL` in the environment.
//! Unknown ones are refused, so that a misspelt key never passes for a default.

use crate::failure::Failure;
use crate::public_url::PublicUrl;
use secrecy::SecretString;
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
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
    /// Mark cookies `Secure`; set it when the server is reached by https only, through a proxy. With a certificate of its
    /// own it is never reached otherwise.
    pub secure_cookies: bool,
    /// A PEM file with the certificate of this server, followed by those that vouch for it: it then speaks https itself.
    /// Read again whenever it changes.
    pub tls_certificate: Option<PathBuf>,
    /// A PEM file with the key of that certificate.
    pub tls_key: Option<PathBuf>,
    /// The address by which people reach the server, such as `https://learn.example.cn`: QR codes and certificates carry
    /// it. Without it, what the request came by.
    pub public_url: Option<PublicUrl>,
    /// Proxies that are believed when they say for whom they ask (`X-Forwarded-For`) and how that was reached
    /// (`X-Forwarded-Proto`, `X-Forwarded-Host`).
    pub trusted_proxies: Vec<IpAddr>,
    /// The largest file that may be uploaded, in bytes.
    pub max_upload_bytes: u64,
    /// Uploads are refused when less than this is free, in bytes.
    pub low_disk_bytes: u64,
    /// Bytes that the units of one county may keep together; without it as many as the disk takes.
    pub county_quota_bytes: Option<u64>,
    /// Threads that serve requests; 0 takes one a core.
    pub workers: usize,
    /// Recordings that are prepared at the same time; without it one a core, and with 0 this server prepares none.
    pub prepare_workers: Option<usize>,
    /// The folder of `ffmpeg` and `ffprobe`; without it they are looked for on the `PATH`.
    pub ffmpeg: Option<PathBuf>,
    /// The internal location of an nginx in front over the folder `media`, such as `/blobs`: nginx then sends the bytes
    /// itself (`X-Accel-Redirect`). Only when every request comes through that nginx.
    pub accel_redirect: Option<String>,
    /// Where the media lies: `local`, the folder `media` of the data folder, or `s3`, a bucket.
    pub store: StoreKind,
    /// The S3-compatible server, such as `https://s3.example.cn`; without it Amazon's own.
    pub s3_endpoint: Option<String>,
    /// The bucket.
    pub s3_bucket: Option<String>,
    /// Its region; most servers but Amazon's take any.
    pub s3_region: String,
    /// The name of the key that may read, write, list and delete in it.
    pub s3_access_key_id: Option<String>,
    /// The key.
    pub s3_secret_access_key: Option<SecretString>,
    /// Allow an endpoint without TLS.
    pub s3_allow_http: bool,
    /// What the name of every object begins with, when the bucket is not ours alone.
    pub s3_prefix: String,
    /// Days that a blob which nothing names is kept before it is collected.
    pub collect_after_days: u32,
}

/// The kinds of store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// A folder of this machine.
    #[default]
    Local,
    /// A bucket on an S3-compatible server.
    S3,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("data"),
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            database_url: None,
            // What strangers send malformed is no error of ours, and would let them fill the log.
            log: "info,sea_orm_migration=warn,actix_server=warn,actix_http=off".into(),
            log_json: false,
            secure_cookies: false,
            tls_certificate: None,
            tls_key: None,
            public_url: None,
            trusted_proxies: vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)],
            max_upload_bytes: 20 * (1 << 30),
            low_disk_bytes: 1 << 30,
            county_quota_bytes: None,
            workers: 0,
            prepare_workers: None,
            ffmpeg: None,
            accel_redirect: None,
            store: StoreKind::Local,
            s3_endpoint: None,
            s3_bucket: None,
            s3_region: "us-east-1".into(),
            s3_access_key_id: None,
            s3_secret_access_key: None,
            s3_allow_http: false,
            s3_prefix: String::new(),
            collect_after_days: 7,
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

    /// Whether browsers reach the server by https.
    pub fn is_https(&self) -> bool {
        self.secure_cookies || self.tls_certificate.is_some()
    }
}

fn read(path: &Path) -> Result<toml::Table, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|cause| Failure::new(format!("无法读取配置文件 {}", path.display()), cause))?;
    text.parse().map_err(|cause: toml::de::Error| Failure::new(format!("配置文件 {} 有误", path.display()), cause))
}

/// A variable's text as the TOML value it spells: `true`, `8` and `["10.0.0.1"]` are not strings.
fn typed(value: &str) -> toml::Value {
    if let (true, Ok(list)) = (value.starts_with('['), value.parse()) {
        return list;
    }
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
        let config = load(&[("YUANJIAO_TRUSTED_PROXIES", r#"["10.0.0.1", "fd00::1"]"#)]).unwrap();
        assert_eq!(config.trusted_proxies, ["10.0.0.1", "fd00::1"].map(|address| address.parse::<IpAddr>().unwrap()));
    }

    #[test]
    fn the_environment_chooses_the_store() {
        let config = load(&[("YUANJIAO_STORE", "s3"), ("YUANJIAO_S3_BUCKET", "media")]).unwrap();
        assert_eq!((config.store, config.s3_bucket.as_deref()), (StoreKind::S3, Some("media")));
        assert!(load(&[("YUANJIAO_STORE", "tape")]).is_err());
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
