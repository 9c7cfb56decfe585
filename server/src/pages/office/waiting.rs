//! What waits for a decision of the caller, each a link to its list.

use crate::auth::identity::Identity;
use crate::pages::choose::Tab;

/// What there is; empty for who has nothing to decide.
pub fn links(identity: &Identity) -> Vec<Tab> {
    let waiting = identity.waiting;
    let all = [
        (waiting.appeals, "申诉", "件", "/office/appeals"),
        (waiting.clocks, "等候核实的记录", "条", "/office/appeals?state=waiting"),
        (waiting.classes, "培训班", "个", "/studio/classes?state=handed_in"),
        (waiting.studies, "其他学习", "件", "/office/declared?state=handed_in"),
        (waiting.late, "封存后送到的学习", "件", "/office/late"),
    ];
    let link = |(count, what, measure, href): (u64, &str, &str, &str)| Tab {
        href: href.to_owned(),
        label: format!("{what} {count} {measure}"),
        current: false,
    };
    all.into_iter().filter(|(count, ..)| *count > 0).map(link).collect()
}
