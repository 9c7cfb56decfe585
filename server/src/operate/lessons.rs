//! Lessons at a shell: a package or a manifest comes in, a course goes out.

use super::ensure_root;
use crate::app::open_database;
use crate::config::Config;
use crate::failure::Failure;
use crate::package::{self, Exporting, Importer};
use crate::stores;
use catalog::import::Terms;
use content::package::{Package, Writer};
use entity::Moment;
use std::collections::HashSet;
use std::path::Path;
use std::process::ExitCode;

/// Import lessons, or only say what they would change.
///
/// # Errors
/// When the package can't be read or the database can't be written.
pub async fn import(config: &Config, path: &Path, dry_run: bool) -> Result<ExitCode, Failure> {
    let failed = |cause| Failure::new("课程无法导入", cause);
    let package = Package::of_operator(path).map_err(|cause| failed(cause.into()))?;
    let db = open_database(config).await?;
    let store = stores::open(config)?;
    let unit = ensure_root(&db, "本市").await?;
    let importer = Importer { terms: Terms::Operator, unit, by: None, withheld: HashSet::new() };
    let now = Moment::now();
    let manifest = package::manifest(&package).await.map_err(failed)?;
    let checked = package::check(&db, &store, package, &manifest, &importer, now).await.map_err(failed)?;
    println!("{}", checked.plan);
    if !checked.plan.bad.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    if !dry_run {
        package::take_in(&db, &store, &checked, &importer, now).await.map_err(failed)?;
        println!("已导入。");
    }
    Ok(ExitCode::SUCCESS)
}

/// Export a course into a new file.
///
/// # Errors
/// When there is no such course, or the file can't be written; then it is not left behind.
pub async fn export(config: &Config, slug: &str, path: &Path) -> Result<ExitCode, Failure> {
    let failed = |cause| Failure::new("课程无法导出", cause);
    let db = open_database(config).await?;
    let store = stores::open(config)?;
    let course = catalog::course::find(&db.read, slug).await.map_err(|cause| failed(cause.into()))?;
    let lessons = catalog::course::lesson_ids(&db.read, course.id, None).await.map_err(|cause| failed(cause.into()))?;
    let cannot = |cause| Failure::new(format!("无法写入 {}", path.display()), cause);
    let file = std::fs::File::create_new(path).map_err(cannot)?;
    let exporting = Exporting { course, lessons };
    match package::write(&db, &store, &exporting, Writer::into_file(file)).await {
        Ok(()) => {
            println!("已导出《{}》，共 {} 课：{}", exporting.course.title, exporting.lessons.len(), path.display());
            Ok(ExitCode::SUCCESS)
        }
        Err(cause) => {
            std::fs::remove_file(path).map_err(cannot)?;
            Err(failed(cause))
        }
    }
}
