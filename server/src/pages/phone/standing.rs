//! How somebody stands against one rule, as pages show it.

use archive::assess;

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
            have_hundredths: found.have.0.clamp(0, found.need.0.max(0)),
            need_hundredths: found.need.0.max(1),
        }
    }
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
