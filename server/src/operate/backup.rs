//! Backup and restore: a consistent copy of the database, every blob, what has come of uploads, the secret, and a manifest of
//! their hashes.
//!
//! Blobs in a bucket are copied only when that is asked for: a bucket has its own ways to be kept safe. The manifest then
//! says where they lie. Blobs that a backup holds are restored into whatever store the settings mean.
//!
//! SQLite is copied by `VACUUM INTO`, which is consistent while the server writes. PostgreSQL is dumped by its own
//! `pg_dump` and restored by `pg_restore`. The search index is not copied: it is rebuilt from the rows.

use crate::app::{open_database, prepare_folder};
use crate::config::Config;
use crate::failure::Failure;
use crate::stores;
use content::store::Store;
use sea_orm::ConnectionTrait;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const MANIFEST: &str = "manifest.json";
const SQLITE: &str = "yuanjiao.db";
const POSTGRES: &str = "yuanjiao.pgdump";
/// The folder of the blobs.
const MEDIA: &str = "media";
/// The folder of the uploads that are not media yet.
const UPLOADS: &str = "uploads";
/// Copied beside the database, when they are there.
const FILES: &[&str] = &["secret.key", "yuanjiao.toml", "synonyms.txt", "calendar.txt"];

/// What a backup holds: each file's path in it, and its SHA-256.
#[derive(Serialize, Deserialize)]
struct Manifest {
    version: String,
    /// Where the media lies that is not in the backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    media_at: Option<String>,
    files: BTreeMap<String, String>,
}

/// Copy everything that can't be derived into `dir`.
///
/// # Errors
/// When `dir` holds something already, or a file can't be copied; `dir` is then left empty.
pub async fn backup(config: &Config, dir: &Path, with_media: bool) -> Result<ExitCode, Failure> {
    must_be_empty(dir)?;
    fs::create_dir_all(dir).map_err(|cause| Failure::new(format!("无法建立 {}", dir.display()), cause))?;
    or_empty(dir, copy_out(config, dir, with_media).await)
}

async fn copy_out(config: &Config, dir: &Path, with_media: bool) -> Result<ExitCode, Failure> {
    // Uploads first, then the database, then blobs. The file of an upload is gone only after its row names the blob it
    // becomes, and a blob is in the store before any other row names it, so every row copied has its bytes.
    let mut names = copy_uploads(config, dir)?;
    copy_database(config, dir).await?;
    let store = stores::open(config)?;
    let copies_media = with_media || matches!(store, Store::Local(_));
    if copies_media {
        names.extend(copy_media(&store, dir).await?);
    }
    for name in FILES.iter().map(PathBuf::from).filter(|name| config.data.join(name).exists()) {
        copy(&config.data.join(&name), &dir.join(&name))?;
        names.push(name);
    }
    names.push(PathBuf::from(if config.database_url.is_some() { POSTGRES } else { SQLITE }));
    let count = names.len();
    let media_at = (!copies_media).then(|| store.place());
    if let Some(place) = &media_at {
        println!("媒体文件在 {place}，未复制：请在对象存储一侧备份，或加 --with-media 一并复制。");
    }
    write_manifest(dir, names, media_at)?;
    println!("已备份 {count} 个文件到 {}。", dir.display());
    Ok(ExitCode::SUCCESS)
}

/// Bring a backup into an empty data folder, checking every hash on the way.
///
/// # Errors
/// When the backup is damaged, the data folder holds something already, or something can't be written; the folder is then
/// left empty.
pub async fn restore(config: &Config, dir: &Path) -> Result<ExitCode, Failure> {
    let manifest = read_manifest(dir)?;
    must_be_empty(&config.data)?;
    for (name, expected) in &manifest.files {
        if &hash(&dir.join(name))? != expected {
            return Err(Failure::say(format!("备份已损坏：{name} 与清单不符，未恢复任何内容")));
        }
    }
    prepare_folder(config)?;
    or_empty(&config.data, copy_in(config, dir, &manifest).await)
}

async fn copy_in(config: &Config, dir: &Path, manifest: &Manifest) -> Result<ExitCode, Failure> {
    let store = stores::open(config)?;
    for name in manifest.files.keys().filter(|name| name.as_str() != POSTGRES) {
        match &store {
            Store::S3(_) if name.starts_with(MEDIA) => put(&store, &dir.join(name)).await?,
            _ => copy(&dir.join(name), &config.data.join(name))?,
        }
    }
    if manifest.files.contains_key(POSTGRES) {
        postgres(config, "pg_restore", &["--clean", "--if-exists", "--no-owner"], &dir.join(POSTGRES))?;
    }
    let db = open_database(config).await?;
    let uploads = content::upload::Uploads::open(&config.data, content::upload::Limits::default())
        .map_err(|cause| Failure::new("无法打开上传文件夹", cause))?;
    content::upload::drop_strays(&db.read, &uploads).await.map_err(|cause| Failure::new("无法整理上传", cause))?;
    println!("已恢复 {} 个文件到 {}；启动时会重建检索索引。", manifest.files.len(), config.data.display());
    if let Some(place) = &manifest.media_at {
        println!("此备份不含媒体文件，它们在 {place}；现在的媒体存储是 {}。请用 verify 核对。", store.place());
    }
    Ok(ExitCode::SUCCESS)
}

async fn copy_database(config: &Config, dir: &Path) -> Result<(), Failure> {
    if config.database_url.is_some() {
        return postgres(config, "pg_dump", &["--format=custom", "--no-owner", "--file"], &dir.join(POSTGRES));
    }
    let db = open_database(config).await?;
    let target = dir.join(SQLITE).display().to_string().replace('\'', "''");
    db.read
        .execute_unprepared(&format!("VACUUM INTO '{target}'"))
        .await
        .map_err(|cause| Failure::new("无法复制数据库", cause))?;
    Ok(())
}

fn postgres(config: &Config, program: &str, arguments: &[&str], file: &Path) -> Result<(), Failure> {
    let url = config.database_url.as_ref().ok_or_else(|| Failure::say("备份来自 PostgreSQL，请设置 database_url"))?;
    let outcome = Command::new(program)
        .arg(format!("--dbname={}", url.expose_secret()))
        .args(arguments)
        .arg(file)
        .status()
        .map_err(|cause| Failure::new(format!("无法运行 {program}（请安装 PostgreSQL 客户端）"), cause))?;
    if outcome.success() { Ok(()) } else { Err(Failure::say(format!("{program} 失败：{outcome}"))) }
}

/// What could not be finished is taken away: a half must not be found later where a whole is looked for, nor keep the
/// room that it failed for.
fn or_empty(dir: &Path, outcome: Result<ExitCode, Failure>) -> Result<ExitCode, Failure> {
    if outcome.is_err() {
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = entry.path();
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            if let Err(cause) = removed {
                tracing::warn!(%cause, path = %path.display(), "could not take away what was not finished");
            }
        }
    }
    outcome
}

fn must_be_empty(dir: &Path) -> Result<(), Failure> {
    match fs::read_dir(dir) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(Failure::say(format!("文件夹 {} 不是空的", dir.display()))),
        },
        Err(_) => Ok(()),
    }
}

/// Copy the bytes of uploads that are not media yet, and answer their paths inside the backup.
fn copy_uploads(config: &Config, dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut names = Vec::new();
    for entry in fs::read_dir(config.data.join(UPLOADS)).into_iter().flatten().flatten() {
        let name = Path::new(UPLOADS).join(entry.file_name());
        // One that has become media meanwhile is copied as that.
        if name.extension().is_some_and(|end| end == "part") && entry.path().exists() {
            match copy(&entry.path(), &dir.join(&name)) {
                Err(_) if !entry.path().exists() => continue,
                copied => copied?,
            }
            names.push(name);
        }
    }
    Ok(names)
}

/// Copy every blob of the store, and answer their paths inside the backup.
async fn copy_media(store: &Store, dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |cause| Failure::new("无法读取媒体存储", cause);
    let mut names = Vec::new();
    for first in 0..=u8::MAX {
        for blob in store.shelf(first).await.map_err(failed)? {
            let file = match store.local_copy(&blob.sha256).await {
                // Collected meanwhile, so no row of the copied database names it.
                Err(content::Error::NoSuchBlob) => continue,
                Err(content::Error::HashMismatch) => {
                    return Err(Failure::say(format!("媒体文件 {} 已损坏，请先运行 verify", blob.sha256)));
                }
                file => file.map_err(failed)?,
            };
            let name = Path::new(MEDIA).join(format!("{first:02x}")).join(&blob.sha256);
            copy(file.path(), &dir.join(&name))?;
            names.push(name);
        }
    }
    Ok(names)
}

/// Put a blob of the backup into a store that is no folder of ours.
async fn put(store: &Store, file: &Path) -> Result<(), Failure> {
    let path = file.to_owned();
    let hashed = tokio::task::spawn_blocking(move || content::store::hash_file(&path))
        .await
        .map_err(|cause| Failure::new("恢复中断", cause))?
        .map_err(|cause| Failure::new(format!("无法读取 {}", file.display()), cause))?;
    store.put(file, &hashed).await.map_err(|cause| Failure::new("无法写入媒体存储", cause))
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    let failed = |cause| Failure::new(format!("无法复制 {}", from.display()), cause);
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    fs::copy(from, to).map_err(failed)?;
    fs::File::open(to).and_then(|file| file.sync_all()).map_err(failed)
}

fn write_manifest(dir: &Path, names: Vec<PathBuf>, media_at: Option<String>) -> Result<(), Failure> {
    let mut files = BTreeMap::new();
    for name in names {
        files.insert(name.to_string_lossy().into_owned(), hash(&dir.join(&name))?);
    }
    let manifest = Manifest { version: env!("CARGO_PKG_VERSION").into(), media_at, files };
    let text = serde_json::to_string_pretty(&manifest).map_err(|cause| Failure::new("无法写清单", cause))?;
    fs::write(dir.join(MANIFEST), text).map_err(|cause| Failure::new("无法写清单", cause))
}

fn read_manifest(dir: &Path) -> Result<Manifest, Failure> {
    let failed = |cause| Failure::new(format!("{} 不是备份：没有清单", dir.display()), cause);
    let text = fs::read_to_string(dir.join(MANIFEST)).map_err(failed)?;
    let manifest: Manifest = serde_json::from_str(&text).map_err(|cause| Failure::new("备份清单有误", cause))?;
    let inside =
        |name: &String| Path::new(name).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    if manifest.files.keys().all(inside) {
        Ok(manifest)
    } else {
        Err(Failure::say("备份清单有误：路径越界"))
    }
}

fn hash(path: &Path) -> Result<String, Failure> {
    let failed = |cause| Failure::new(format!("无法读取 {}", path.display()), cause);
    let mut file = fs::File::open(path).map_err(failed)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0u8; 1 << 20];
    loop {
        let read = file.read(&mut piece).map_err(failed)?;
        match piece.get(..read) {
            Some([]) | None => break,
            Some(bytes) => hash.update(bytes),
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
