//! Which store the settings mean: the folder `media` of the data folder, or a bucket on an S3-compatible server.

use crate::config::{Config, StoreKind};
use crate::failure::Failure;
use content::store::{Bucket, Store};
use secrecy::ExposeSecret;

/// Open the store that the settings mean. A bucket is asked nothing yet.
///
/// # Errors
/// When the folder can't be made, or a setting of the bucket is missing or makes no sense.
pub fn open(config: &Config) -> Result<Store, Failure> {
    let failed = |cause| Failure::new("无法打开媒体存储", cause);
    match config.store {
        StoreKind::Local => Store::open(&config.data).map_err(failed),
        StoreKind::S3 => Store::open_bucket(&config.data, &bucket(config)?).map_err(failed),
    }
}

/// Say in the log when the store can't be reached or refuses us. The server runs all the same: it may come back.
pub async fn look(store: &Store) {
    // A blob nobody has: the answer is "no", or says what is wrong.
    if let Err(cause) = store.contains(&"0".repeat(64)).await {
        tracing::warn!(%cause, "the media store can't be reached; check the settings that begin with s3_");
    }
}

fn bucket(config: &Config) -> Result<Bucket<'_>, Failure> {
    let missing = |key: &str| Failure::say(format!("store = \"s3\" 时须设置 {key}"));
    let secret = config.s3_secret_access_key.as_ref().ok_or_else(|| missing("s3_secret_access_key"))?;
    let endpoint = config.s3_endpoint.as_deref();
    if endpoint.is_some_and(|address| address.starts_with("http://")) && !config.s3_allow_http {
        return Err(Failure::say("s3_endpoint 是未加密的 http 地址；确认网络可信后请设置 s3_allow_http = true"));
    }
    Ok(Bucket {
        endpoint,
        name: config.s3_bucket.as_deref().ok_or_else(|| missing("s3_bucket"))?,
        region: &config.s3_region,
        access_key_id: config.s3_access_key_id.as_deref().ok_or_else(|| missing("s3_access_key_id"))?,
        secret_access_key: secret.expose_secret(),
        allow_http: config.s3_allow_http,
        prefix: &config.s3_prefix,
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_needs_its_settings_and_says_which_one_is_missing() {
        let data = tempfile::tempdir().unwrap();
        let mut config = Config { data: data.path().to_owned(), store: StoreKind::S3, ..Config::default() };
        config.s3_secret_access_key = Some("secret".to_owned().into());
        config.s3_access_key_id = Some("key".to_owned());
        assert!(open(&config).unwrap_err().to_string().contains("s3_bucket"));
        config.s3_bucket = Some("media".to_owned());
        config.s3_endpoint = Some("http://127.0.0.1:9000".to_owned());
        assert!(open(&config).unwrap_err().to_string().contains("s3_allow_http"));
        config.s3_allow_http = true;
        assert!(matches!(open(&config).unwrap(), Store::S3(_)));
    }
}
