//! TLS: a certificate and its key from two PEM files, read again when they change: whoever renews the one every few
//! months need not stop a class for it.

use crate::failure::Failure;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, ServerConfig};
use rustls::sign::CertifiedKey;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};
use tokio::sync::watch;

/// Between two looks at the files.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// HTTP/2 as ALPN names it (RFC 9113 section 3.1).
pub const H2: &[u8] = b"h2";

/// The certificate in use and where it comes from. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Certificate(Arc<Files>);

#[derive(Debug)]
struct Files {
    chain: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
}

impl Certificate {
    /// Reads the certificate, with those that vouch for it behind it, and its key.
    ///
    /// # Errors
    /// When a file cannot be read, holds no such thing, or the two do not belong together.
    pub fn open(chain: &Path, key: &Path) -> Result<Self, Failure> {
        let current = RwLock::new(Arc::new(read(chain, key)?));
        Ok(Self(Arc::new(Files { chain: chain.to_owned(), key: key.to_owned(), current })))
    }

    /// What a connection needs to speak TLS 1.2 or 1.3 with it, and HTTP/2 or HTTP/1.1 above that.
    ///
    /// # Errors
    /// When the library knows no such versions.
    pub fn config(&self) -> Result<Arc<ServerConfig>, Failure> {
        let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
        let builder =
            builder.with_safe_default_protocol_versions().map_err(|cause| Failure::new("无法启用 TLS", cause))?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(self.0.clone());
        config.alpn_protocols = vec![H2.to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// Uses what the files hold from now on, whenever they have changed, until told to stop. A pair that cannot be used
    /// is logged, and the one before serves on.
    pub async fn follow(self, mut stopped: watch::Receiver<bool>) {
        let mut used = self.0.written();
        // The sender gone means the server is gone.
        while tokio::time::timeout(LOOK_EVERY, stopped.wait_for(|stop| *stop)).await.is_err() {
            let written = self.0.written();
            if written == used {
                continue;
            }
            match read(&self.0.chain, &self.0.key) {
                Ok(fresh) => {
                    *self.0.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
                    tracing::info!("a new TLS certificate is in use");
                }
                // Half of a renewal may be there: the other half changes the files again.
                Err(cause) => {
                    tracing::warn!(%cause, "the new TLS certificate cannot be used, the one before serves on")
                }
            }
            used = written;
        }
    }
}

impl Files {
    /// When both files were last written.
    fn written(&self) -> [Option<SystemTime>; 2] {
        [&self.chain, &self.key].map(|file| file.metadata().and_then(|known| known.modified()).ok())
    }
}

impl ResolvesServerCert for Files {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

fn read(chain: &Path, key: &Path) -> Result<CertifiedKey, Failure> {
    let broken = |file: &Path, cause| Failure::new(format!("无法读取 TLS 证书文件 {}", file.display()), cause);
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_file_iter(chain).and_then(Iterator::collect);
    let certificates = certificates.map_err(|cause| broken(chain, cause))?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|cause| broken(key, cause))?;
    CertifiedKey::from_der(certificates, secret, &default_provider())
        .map_err(|cause| Failure::new("TLS 证书与私钥不能使用，请检查是否成对", cause))
}
