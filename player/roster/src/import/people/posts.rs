//! What the posts in a row mean for the terms of office that run. Pure.

use super::super::{FieldChange, PostWork};
use entity::{Day, PostKind, post};

/// The writes, and what they change in words.
#[derive(Debug, Default)]
pub(super) struct Posts {
    pub(super) work: Vec<PostWork>,
    pub(super) fields: Vec<FieldChange>,
}

/// A row that names no post leaves all as they are. One that does names all that run: others end, new ones begin, and
/// the day, when given, is the first day of each of them.
pub(super) fn work(running: &[post::Model], kinds: &[PostKind], appointed: Option<Day>) -> Result<Posts, String> {
    let mut posts = Posts::default();
    if kinds.is_empty() {
        return Ok(posts);
    }
    for kind in kinds {
        match (running.iter().find(|post| post.kind == *kind), appointed) {
            (Some(post), Some(day)) if post.appointed_on != day => {
                posts.work.push(PostWork::Redate(post.id, day));
                posts.fields.extend(FieldChange::of("任职日期", post.appointed_on.to_string(), day.to_string()));
            }
            (Some(_), _) => {}
            // Members are entered without a day in most rosters; for a post it decides what the year asks for.
            (None, None) if *kind != PostKind::Member => return Err("缺少任职日期".into()),
            (None, day) => posts.work.push(PostWork::Begin(*kind, day)),
        }
    }
    let ended = running.iter().filter(|post| !kinds.contains(&post.kind));
    let end = |post: &post::Model| {
        PostWork::End(post.id, post.appointed_on, appointed.filter(|day| *day > post.appointed_on))
    };
    posts.work.extend(ended.map(end));
    posts.fields.extend(FieldChange::of(
        "职务",
        labels(running.iter().map(|post| post.kind)),
        labels(kinds.iter().copied()),
    ));
    Ok(posts)
}

fn labels(kinds: impl Iterator<Item = PostKind>) -> String {
    let mut kinds: Vec<PostKind> = kinds.collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.into_iter().map(PostKind::label).collect::<Vec<_>>().join("、")
}
