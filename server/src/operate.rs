//! What a city operator does at a shell: import, verify, reindex, move, make an administrator, start the demo.

pub mod backup;
pub mod lessons;
pub mod moving;
mod progress;

use crate::app::{open_database, open_index, prepare_folder};
use crate::auth::keys::Keys;
use crate::config::Config;
use crate::database::Database;
use crate::demo;
use crate::failure::Failure;
use crate::{stores, sweep};
use content::collect;
use entity::{Moment, Role, UnitLevel};
use progress::{bytes_line, progress_line};
use roster::account::NewAccount;
use roster::org::NewUnit;
use sea_orm::ConnectionTrait;
use std::path::Path;
use std::process::ExitCode;

/// Upgrade the schema.
///
/// # Errors
/// When the database can't be opened or migrated.
pub async fn migrate(config: &Config) -> Result<ExitCode, Failure> {
    prepare_folder(config)?;
    open_database(config).await?;
    println!("数据库结构已是最新。");
    Ok(ExitCode::SUCCESS)
}

/// Make the demo city if the data folder has none, and say how to enter.
///
/// # Errors
/// When it can't be made.
pub async fn demo(config: &Config) -> Result<(), Failure> {
    prepare_folder(config)?;
    let db = open_database(config).await?;
    if roster::org::root(&db.read).await.map_err(|cause| Failure::new("无法读取机构", cause))?.is_some() {
        println!("示例城市已存在于 {}，沿用其数据；各角色的密码是首次启动时显示的那个。", config.data.display());
        return Ok(());
    }
    let store = stores::open(config)?;
    let password = std::env::var("YUANJIAO_DEMO_PASSWORD").ok();
    let progress = progress_line("正在建立示例城市");
    let logins = demo::fill(&db.write, &store, Moment::now(), password.as_deref(), &progress)
        .await
        .map_err(|cause| Failure::new("无法建立示例城市", cause))?;
    println!("\n{logins}");
    Ok(())
}

/// Import a roster, or only say what it would change.
///
/// # Errors
/// When the file can't be read or the database can't be written.
pub async fn import_roster(config: &Config, file: &Path, dry_run: bool) -> Result<ExitCode, Failure> {
    let bytes = read(file)?;
    let db = open_database(config).await?;
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let failed = |cause| Failure::new("花名册无法导入", cause);
    let sheet = roster::import::read(&bytes, &name).map_err(failed)?;
    let plan = roster::import::plan(&db.read, &sheet).await.map_err(failed)?;
    println!("{plan}");
    if !plan.bad.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    if !dry_run {
        let summary = roster::import::apply(&db.write, &plan, None, Moment::now()).await.map_err(failed)?;
        println!("{summary}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Rebuild the search index from the database.
///
/// # Errors
/// When the index can't be written.
pub async fn reindex(config: &Config) -> Result<ExitCode, Failure> {
    let db = open_database(config).await?;
    let index = open_index(config, &db).await?;
    let lessons = index.rebuild(&db.read).await.map_err(|cause| Failure::new("无法重建索引", cause))?;
    println!("检索索引已重建：{lessons} 门课程。");
    Ok(ExitCode::SUCCESS)
}

/// Check the chain of the ledger, the hours against the beats, the sealed years, and every blob against its name.
///
/// # Errors
/// When something can't be read. Findings are no error: they are printed, and the exit code is 1.
pub async fn verify(config: &Config) -> Result<ExitCode, Failure> {
    let db = open_database(config).await?;
    let store = stores::open(config)?;
    let records = check_records(&db.read).await?;
    let media = content::verify::verify(&db.write, &store, Moment::now(), &bytes_line("核对媒体"))
        .await
        .map_err(|cause| Failure::new("无法核对媒体", cause))?;
    println!("\n{media}");
    let sound = records && media.is_sound();
    println!("{}", if sound { "一切完好。" } else { "发现问题，见上。" });
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Check what is kept of people: the chain of the ledger, the hours against the beats, the sealed years. Prints what it finds,
/// and answers whether all is sound.
async fn check_records(db: &impl ConnectionTrait) -> Result<bool, Failure> {
    let ledger = archive::verify::ledger(db, &progress_line("核对台账")).await;
    if let Ok(found) = &ledger {
        println!("\n{found}");
    }
    // The seals may say which row it is that stopped the walk over the ledger.
    let seals = archive::seal::check(db, &progress_line("核对封存"))
        .await
        .map_err(|cause| Failure::new("无法核对封存", cause))?;
    println!("\n{seals}");
    let ledger = ledger.map_err(|cause| Failure::new("无法核对台账", cause))?;
    Ok(ledger.is_sound() && seals.is_sound())
}

/// Remove the blobs that nothing names; with `unused_days`, first forget the recordings that no lesson uses.
///
/// # Errors
/// When the database or the store can't be read or written.
pub async fn collect(config: &Config, unused_days: Option<u32>, dry_run: bool) -> Result<ExitCode, Failure> {
    let db = open_database(config).await?;
    let store = stores::open(config)?;
    let now = Moment::now();
    let failed = |cause| Failure::new("无法清理媒体", cause);
    if let Some(days) = unused_days {
        let before = now.plus_ms(-sweep::days_ms(days));
        let forgotten = collect::forget(&db.write, before, None, now, dry_run).await.map_err(failed)?;
        for recording in &forgotten {
            println!("没有课程使用：{}（{} 字节）", recording.filename, recording.size_bytes);
        }
        println!("{}录像资料 {} 个。", if dry_run { "将移除" } else { "已移除" }, forgotten.len());
    }
    let grace_ms = sweep::days_ms(config.collect_after_days);
    let collected = collect::collect(&db.write, &store, grace_ms, now, dry_run).await.map_err(failed)?;
    println!("{}{collected}。", if dry_run { "将清理" } else { "已清理" });
    Ok(ExitCode::SUCCESS)
}

/// Make an administrator of the whole city, and the city itself when there is none.
///
/// # Errors
/// When the login is taken or the password too weak.
pub async fn create_admin(config: &Config, login: &str, password: &str, city: &str) -> Result<ExitCode, Failure> {
    prepare_folder(config)?;
    let db = open_database(config).await?;
    let root = ensure_root(&db, city).await?;
    let failed = |cause: roster::Error| Failure::new("无法新建管理员", cause);
    let now = Moment::now();
    let account = NewAccount { login, password: Some(password), person_id: None, device_id: None, must_change: false };
    let txn = db.begin().await.map_err(|cause| failed(cause.into()))?;
    let id = roster::account::create(&txn, account, None, now).await.map_err(failed)?;
    roster::grants::give(&txn, id, Role::Admin, root, None, now).await.map_err(failed)?;
    txn.commit().await.map_err(|cause| failed(cause.into()))?;
    println!("管理员 {login} 已建立。");
    Ok(ExitCode::SUCCESS)
}

/// Replace the server's master key.
///
/// # Errors
/// When the key files can't be read or written.
pub fn rotate_key(config: &Config, leaked: bool) -> Result<ExitCode, Failure> {
    Keys::rotate(&config.data, leaked)?;
    println!("密钥已更换，重启服务后生效；正在学习的人会自动续签，不必重新登录。");
    if leaked {
        println!("旧密钥已作废：机顶盒等使用的播放链接需要重新获取。");
    }
    Ok(ExitCode::SUCCESS)
}

async fn ensure_root(db: &Database, city: &str) -> Result<entity::UnitId, Failure> {
    let failed = |cause| Failure::new("无法建立机构", cause);
    if let Some(root) = roster::org::root(&db.read).await.map_err(failed)? {
        return Ok(root.id);
    }
    let city = NewUnit { parent: None, code: "0".into(), name: city.to_owned(), level: UnitLevel::City };
    let root = roster::org::add(&db.write, city).await.map_err(failed)?.id;
    // A server that runs already has looked for rules at its start and found no city to give them to.
    archive::rules::ensure_presets(&db.write, root, Moment::now())
        .await
        .map_err(|cause| Failure::new("无法载入学时规则", cause))?;
    Ok(root)
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(|cause| Failure::new(format!("无法读取 {}", file.display()), cause))
}
