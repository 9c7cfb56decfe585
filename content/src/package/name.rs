//! Names of files in a package: which are safe, and which is the manifest's.

use crate::{Error, Result};

/// Most bytes of a name.
const LONGEST: usize = 500;
/// What manifests end with.
const TABLES: [&str; 3] = ["xlsx", "csv", "jsonl"];

/// The name with `/` between its parts; `None` for one that is absolute, leads out of its folder, or cannot be read.
pub(super) fn safe(name: &str) -> Option<String> {
    let name = name.replace('\\', "/");
    let odd = |c: char| c.is_control() || c == ':';
    let part = |part: &str| !part.is_empty() && part != "." && part != "..";
    (name.len() <= LONGEST && !name.contains(odd) && name.split('/').all(part)).then_some(name)
}

/// The name as a ZIP holds it: UTF-8, or the GBK that Windows writes in China.
pub(super) fn decoded(raw: &[u8]) -> Option<String> {
    match std::str::from_utf8(raw) {
        Ok(text) => Some(text.to_owned()),
        Err(_) => {
            let (text, malformed) = encoding_rs::GB18030.decode_without_bom_handling(raw);
            (!malformed).then(|| text.into_owned())
        }
    }
}

/// Files that systems leave behind and nobody means.
pub(super) fn is_litter(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or_default();
    name.starts_with("__MACOSX/") || last.starts_with('.') || last.starts_with("~$") || last == "Thumbs.db"
}

/// The manifest among these names: the table that is called so, else the only one, in the highest folder that has any.
pub(super) fn manifest_of<'a>(names: impl Iterator<Item = &'a str>) -> Result<String> {
    let ending = |name: &str| name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let is_table = |name: &&str| ending(name).is_some_and(|ending| TABLES.contains(&ending.as_str()));
    let depth = |name: &str| name.matches('/').count();
    let mut tables: Vec<&str> = names.filter(|name| !is_litter(name)).filter(is_table).collect();
    let highest = tables.iter().map(|name| depth(name)).min();
    tables.retain(|name| Some(depth(name)) == highest);
    let is_called_so = |name: &&&str| {
        let stem = name.rsplit('/').next().and_then(|last| last.rsplit_once('.')).map_or("", |(stem, _)| stem);
        stem == "清单" || stem.eq_ignore_ascii_case("manifest")
    };
    let called: Vec<&&str> = tables.iter().filter(is_called_so).collect();
    match (called.as_slice(), tables.as_slice()) {
        ([one], _) => Ok((**one).to_owned()),
        ([], [one]) => Ok((*one).to_owned()),
        ([], []) => Err(Error::BadPackage(
            "没有找到清单：请放一个“清单.xlsx”（也可以是 .csv 或 .jsonl），每行写一课".to_owned(),
        )),
        _ => Err(Error::BadPackage("有几个表格，分不清哪个是清单：请把清单命名为“清单.xlsx”，只留一个".to_owned())),
    }
}
