//! What stands around every page: its title, who is signed in, where they may go, and whether this is a sample city.

use crate::auth::identity::{AUTHORS, Identity, OPERATORS, READERS};
use entity::lesson;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicBool, Ordering};

/// The frame of one page; `templates/base.html` draws it.
#[derive(Clone, Debug)]
pub struct Shell {
    /// The title of the window.
    pub title: String,
    /// Who is signed in; `None` before sign-in.
    pub name: Option<String>,
    /// What tells `assets/owner.js` whose browser this is: the mark of an account, nothing at the door. `None` leaves it to
    /// the page before, as one that was not found does.
    pub owner: Option<String>,
    /// The pages they may go to.
    pub nav: Vec<NavItem>,
    /// The class of `<body>`: empty, `plain` (no tabs) or `room` (the dark classroom).
    pub theme: &'static str,
    /// Say that people, lessons and numbers are samples (示例内容).
    pub sample: bool,
}

/// One entry of the navigation.
#[derive(Clone, Copy, Debug)]
pub struct NavItem {
    /// Where it leads.
    pub href: &'static str,
    /// What it says.
    pub label: &'static str,
    /// Its picture in `icons.svg`.
    pub icon: &'static str,
    /// This is the page being shown.
    pub current: bool,
}

impl Shell {
    /// The frame for somebody signed in. `here` is the `href` of the entry the page belongs to.
    pub fn new(identity: &Identity, title: impl Into<String>, here: &str) -> Self {
        Self {
            title: title.into(),
            name: Some(identity.name.clone()),
            owner: Some(mark(identity)),
            nav: nav(identity, here),
            theme: "",
            sample: SAMPLE.load(Ordering::Relaxed),
        }
    }

    /// The frame before sign-in and of failures: no navigation.
    pub fn bare(title: impl Into<String>) -> Self {
        let sample = SAMPLE.load(Ordering::Relaxed);
        Self { title: title.into(), name: None, owner: None, nav: Vec::new(), theme: "plain", sample }
    }

    /// The frame of the sign-in, where nobody is.
    pub fn door(title: impl Into<String>) -> Self {
        Self { owner: Some(String::new()), ..Self::bare(title) }
    }

    /// The dark frame of the classroom, where four arrows move a focus and nothing else is on the screen.
    pub fn room(title: impl Into<String>) -> Self {
        Self { theme: "room", ..Self::bare(title) }
    }

    /// The same, where what is kept in the browser is kept for whoever runs the room.
    pub fn room_of(identity: &Identity, title: impl Into<String>) -> Self {
        Self { owner: Some(mark(identity)), ..Self::room(title) }
    }
}

/// Say on every page from now on whether this is a sample city: one with sample lessons. Asked once, at the start.
///
/// # Errors
/// When the database fails.
pub async fn look_for_samples(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    let sample = lesson::Entity::find().filter(lesson::Column::IsSample.eq(true)).limit(1).one(db).await?;
    SAMPLE.store(sample.is_some(), Ordering::Relaxed);
    Ok(())
}

/// A property of the whole process, like its version: which city it serves does not change while it runs.
static SAMPLE: AtomicBool = AtomicBool::new(false);

/// The same for an account whenever and wherever it signs in, and nothing that could be read.
fn mark(identity: &Identity) -> String {
    let digest = Sha256::digest(format!("yuanjiao account {}", identity.account_id));
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn nav(identity: &Identity, here: &str) -> Vec<NavItem> {
    let item = |shown: bool, href, label, icon| shown.then_some(NavItem { href, label, icon, current: href == here });
    [
        item(true, "/home", "首页", "home"),
        item(true, "/search", "找课", "search"),
        item(identity.person_id.is_some(), "/record", "我的档案", "archive"),
        item(identity.has(OPERATORS), "/classroom", "教室", "class"),
        item(identity.has(AUTHORS), "/studio", "课程", "edit"),
        item(identity.has(READERS), "/office", "单位", "chart"),
    ]
    .into_iter()
    .flatten()
    .collect()
}
