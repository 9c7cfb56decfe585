//! How somebody stands against one rule, and where that leads, as pages show it.

use archive::assess;
use archive::gap::Progress;

/// One rule with a bar.
#[derive(Clone, Debug)]
pub struct Standing {
    /// What people call it.
    pub name: String,
    /// The text it comes from.
    pub clause: String,
    /// The unit of the amounts.
    pub unit: &'static str,
    /// What there is.
    pub have: String,
    /// What is needed.
    pub need: String,
    /// What is missing.
    pub missing: String,
    /// Whether it is met.
    pub met: bool,
    /// Nothing is asked, because of an exemption.
    pub exempt: bool,
    /// What else there is to say of it: less is asked, hours were carried over, another way would do, where it leads.
    pub notes: Vec<String>,
    /// For the bar: what there is, at most what is needed.
    pub have_hundredths: i64,
    /// For the bar: what is needed.
    pub need_hundredths: i64,
}

impl Standing {
    /// The colour of its bar.
    pub fn mood(&self) -> &'static str {
        if self.met { "" } else { "warn" }
    }
}

impl From<&assess::Standing> for Standing {
    fn from(found: &assess::Standing) -> Self {
        Self {
            name: found.name.clone(),
            clause: found.clause.clone(),
            unit: found.unit,
            have: short(found.have),
            need: short(found.need),
            missing: short(found.missing),
            met: found.met,
            exempt: found.is_exempt(),
            notes: notes(found),
            have_hundredths: found.have.0.clamp(0, found.need.0.max(0)),
            need_hundredths: found.need.0.max(1),
        }
    }
}

impl From<&Progress> for Standing {
    fn from(target: &Progress) -> Self {
        let mut standing = Self::from(&target.standing);
        standing.notes.extend(outlook(target));
        standing
    }
}

fn notes(found: &assess::Standing) -> Vec<String> {
    let unit = found.unit;
    let mut notes = Vec::new();
    if found.need < found.whole_need && !found.is_exempt() {
        notes.push(format!(
            "已批准免除一段时间，按天数折算，要求由 {} 减为 {} {unit}",
            short(found.whole_need),
            short(found.need)
        ));
    }
    if found.carried.0 > 0 {
        notes.push(format!("其中 {} {unit}由上一年结转", short(found.carried)));
    }
    if found.beyond_online_share.0 > 0 {
        notes.push(format!(
            "另有 {} {unit}网上学时超出可计的比例，参加集中培训才算达标",
            short(found.beyond_online_share)
        ));
    }
    if let Some(other) = found.otherwise {
        notes.push(format!("或者 {} {}，现有 {}，达到一项即可", short(other.need), other.unit, short(other.have)));
    }
    if let Some(due) = found.due {
        notes.push(format!("须在 {due} 前完成"));
    }
    notes
}

/// Where it leads, in words; nothing when it is met or the year is over.
fn outlook(target: &Progress) -> Option<String> {
    let standing = &target.standing;
    if standing.met {
        return None;
    }
    let late = target.behind_since.map(|day| format!("自 {day} 起落后于进度"));
    let forecast = (standing.unit == "学时" && target.forecast > standing.have).then(|| {
        let enough = if target.will_meet() { "能达到" } else { "达不到" };
        format!("照现在的进度，到年底有 {} 学时，{enough}", short(target.forecast))
    });
    let parts: Vec<_> = late.into_iter().chain(forecast).collect();
    (!parts.is_empty()).then(|| parts.join("；"))
}

/// Two decimals, without the zeros that say nothing: `56`, `7.5`, `31.99`.
pub fn short(amount: archive::Hundredths) -> String {
    let text = amount.to_string();
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use archive::Hundredths;

    #[test]
    fn amounts_lose_their_empty_decimals_only() {
        let shown = [0, 50, 750, 1000, 3199].map(|amount| short(Hundredths(amount)));
        assert_eq!(shown, ["0", "0.5", "7.5", "10", "31.99"]);
    }
}
