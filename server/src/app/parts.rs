//! What the process holds open: the database, the blobs, the index, and what works on them.

use crate::auth::heard::Heard;
use crate::auth::keys::Keys;
use crate::config::Config;
use crate::database::Database;
use crate::failure::Failure;
use crate::{pages, stores};
use catalog::asked::Asked;
use catalog::search::Index;
use content::store::Store;
use content::upload::{Limits, Uploads};
use entity::Moment;
use player::recorder::Recorder;
use secrecy::ExposeSecret;
use std::sync::Arc;

/// What the process holds open; each part is given to handlers by its own type.
#[derive(Clone)]
pub struct Parts {
    /// The database.
    pub db: Database,
    /// The blobs.
    pub store: Arc<Store>,
    /// The uploads that are not blobs yet.
    pub uploads: Uploads,
    /// The search index.
    pub index: Arc<Index>,
    /// What is searched for.
    pub asked: Arc<Asked>,
    /// Which terminals were heard of.
    pub heard: Arc<Heard>,
    /// The writer of beats.
    pub recorder: Recorder,
    /// The server's secrets.
    pub keys: Keys,
}

impl Parts {
    /// Open everything in the data folder.
    ///
    /// # Errors
    /// When a part can't be opened.
    pub async fn open(config: &Config) -> Result<Self, Failure> {
        prepare_folder(config)?;
        let db = open_database(config).await?;
        let keys = Keys::open(&config.data)?;
        let store = stores::open(config)?;
        stores::look(&store).await;
        let limits = Limits {
            max_bytes: config.max_upload_bytes,
            keep_free_bytes: config.low_disk_bytes,
            county_quota: config.county_quota_bytes,
            ..Limits::default()
        };
        let uploads = Uploads::open(&config.data, limits).map_err(|cause| Failure::new("无法打开上传文件夹", cause))?;
        let index = open_index(config, &db).await?;
        if let Some(root) = roster::org::root(&db.read).await.map_err(|cause| Failure::new("无法读取机构", cause))?
        {
            archive::rules::ensure_presets(&db.write, root.id, Moment::now())
                .await
                .map_err(|cause| Failure::new("无法载入学时规则", cause))?;
        }
        pages::shell::look_for_samples(&db.read).await.map_err(|cause| Failure::new("无法读取课程", cause))?;
        let recorder = Recorder::start(db.write.clone());
        Ok(Self {
            db,
            store: Arc::new(store),
            uploads,
            index: Arc::new(index),
            asked: Arc::default(),
            heard: Arc::default(),
            recorder,
            keys,
        })
    }
}

/// Open the database and bring its schema up to this release.
///
/// # Errors
/// When it can't be opened or migrated.
pub async fn open_database(config: &Config) -> Result<Database, Failure> {
    let url = config.database_url.as_ref().map(|url| url.expose_secret().to_owned());
    let db = Database::open(&config.data, url.as_deref()).await?;
    db.migrate().await?;
    Ok(db)
}

/// Open the search index, or build it anew from the database.
///
/// # Errors
/// When it can't be built.
pub async fn open_index(config: &Config, db: &Database) -> Result<Index, Failure> {
    Index::open(&config.data, &db.read).await.map_err(|cause| Failure::new("无法打开检索索引", cause))
}

/// Make the data folder if it isn't there, and see that it can be written.
///
/// # Errors
/// When it can't be made or written.
pub fn prepare_folder(config: &Config) -> Result<(), Failure> {
    let failed = |cause| Failure::new(format!("数据文件夹 {} 不可写", config.data.display()), cause);
    std::fs::create_dir_all(&config.data).map_err(failed)?;
    let probe = config.data.join(".writable");
    std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe)).map_err(failed)
}
