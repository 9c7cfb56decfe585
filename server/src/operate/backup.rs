//! Backup and restore: a consistent copy of the database, every blob, the secret, and a manifest of their hashes.
//!
//! SQLite is copied by `VACUUM INTO`, which is consistent while the server writes. PostgreSQL is dumped by its own
//! `pg_dump` and restored by `pg_restore`. The search index is not copied: it is rebuilt from the rows.

use crate::app::{open_database, prepare_folder};
use crate::config::Config;
use crate::failure::Failure;
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
/// Copied beside the database, when they are there.
const FILES: &[&str] = &["secret.key", "yuanjiao.toml", "synonyms.txt"];

/// What a backup holds: each file's path in it, and its SHA-256.
#[derive(Serialize, Deserialize)]
struct Manifest {
    version: String,
    files: BTreeMap<String, String>,
}

/// Copy everything that can't be derived into `dir`.
///
/// # Errors
/// When `dir` holds something already, or a file can't be copied.
pub async fn backup(config: &Config, dir: &Path) -> Result<ExitCode, Failure> {
    must_be_empty(dir)?;
    fs::create_dir_all(dir).map_err(|cause| Failure::new(format!("无法建立 {}", dir.display()), cause))?;
    // The database first: a blob is in the store before a row names it, so every row copied has its blob.
    copy_database(config, dir).await?;
    let mut names = blobs(&config.data)?;
    names.extend(FILES.iter().map(PathBuf::from).filter(|name| config.data.join(name).exists()));
    for name in &names {
        copy(&config.data.join(name), &dir.join(name))?;
    }
    names.push(PathBuf::from(if config.database_url.is_some() { POSTGRES } else { SQLITE }));
    let count = names.len();
    write_manifest(dir, names)?;
    println!("已备份 {count} 个文件到 {}。", dir.display());
    Ok(ExitCode::SUCCESS)
}

/// Bring a backup into an empty data folder, checking every hash on the way.
///
/// # Errors
/// When the backup is damaged or the data folder holds something already; the folder is then left without a database.
pub async fn restore(config: &Config, dir: &Path) -> Result<ExitCode, Failure> {
    let manifest = read_manifest(dir)?;
    must_be_empty(&config.data)?;
    for (name, expected) in &manifest.files {
        if &hash(&dir.join(name))? != expected {
            return Err(Failure::say(format!("备份已损坏：{name} 与清单不符，未恢复任何内容")));
        }
    }
    prepare_folder(config)?;
    for name in manifest.files.keys().filter(|name| name.as_str() != POSTGRES) {
        copy(&dir.join(name), &config.data.join(name))?;
    }
    if manifest.files.contains_key(POSTGRES) {
        postgres(config, "pg_restore", &["--clean", "--if-exists", "--no-owner"], &dir.join(POSTGRES))?;
    }
    open_database(config).await?;
    println!("已恢复 {} 个文件到 {}；启动时会重建检索索引。", manifest.files.len(), config.data.display());
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

fn must_be_empty(dir: &Path) -> Result<(), Failure> {
    match fs::read_dir(dir) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(Failure::say(format!("文件夹 {} 不是空的", dir.display()))),
        },
        Err(_) => Ok(()),
    }
}

/// Every blob, as a path inside the data folder.
fn blobs(data: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut names = Vec::new();
    let Ok(shelves) = fs::read_dir(data.join("media")) else { return Ok(names) };
    for shelf in shelves.flatten().filter(|shelf| shelf.file_name().len() == 2) {
        let blobs = fs::read_dir(shelf.path()).map_err(|cause| Failure::new("无法读取媒体文件夹", cause))?;
        names.extend(blobs.flatten().map(|blob| Path::new("media").join(shelf.file_name()).join(blob.file_name())));
    }
    Ok(names)
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    let failed = |cause| Failure::new(format!("无法复制 {}", from.display()), cause);
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    fs::copy(from, to).map_err(failed)?;
    fs::File::open(to).and_then(|file| file.sync_all()).map_err(failed)
}

fn write_manifest(dir: &Path, names: Vec<PathBuf>) -> Result<(), Failure> {
    let mut files = BTreeMap::new();
    for name in names {
        files.insert(name.to_string_lossy().into_owned(), hash(&dir.join(&name))?);
    }
    let manifest = Manifest { version: env!("CARGO_PKG_VERSION").into(), files };
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
