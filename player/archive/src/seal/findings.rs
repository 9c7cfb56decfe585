//! What a walk over the seals finds, and how it is said.

use entity::{RuleId, SealId};
use std::fmt;

/// Faults listed at most.
const LISTED: usize = 1000;

/// What a walk over the seals found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SealFindings {
    /// Lines read.
    pub lines: u64,
    /// Of these, records recomputed from the ledger.
    pub recomputed: u64,
    /// What was found, at most a thousand of it.
    pub faults: Vec<SealFault>,
}

/// Something that is not as it was sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SealFault {
    /// A column of this line was changed.
    Altered {
        /// The line.
        seq: i64,
        /// Whose record it is, as it says itself.
        whose: String,
    },
    /// A column of this line holds what no line can.
    Unreadable {
        /// The line.
        seq: i64,
    },
    /// A rule that was in force when a year was sealed was changed or removed since.
    RuleAltered {
        /// The rule.
        rule: RuleId,
    },
    /// Lines from here to there were removed.
    Missing {
        /// The first missing line.
        first: i64,
        /// The last missing line.
        last: i64,
    },
    /// This line does not follow the one before it: one of the two was put in or rewritten.
    Unlinked {
        /// The line.
        seq: i64,
    },
    /// The head names another end than the chain has.
    WrongEnd {
        /// The last line by the head.
        head_seq: i64,
        /// The last line there is.
        last_seq: i64,
    },
    /// The row of a seal says something else than the line that closed it, or one of the two is gone.
    SealAltered {
        /// The seal.
        seal: SealId,
    },
    /// The ledger comes to something else than the sealed record.
    NotAsLedger {
        /// The line.
        seq: i64,
        /// Whose record.
        whose: String,
    },
    /// An entry was added to a sealed year without an amendment.
    Unamended {
        /// The entry of the ledger.
        entry: i64,
    },
}

impl SealFindings {
    /// Whether nothing was found.
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }

    pub(super) fn add(&mut self, fault: SealFault) {
        if self.faults.len() < LISTED {
            self.faults.push(fault);
        }
    }
}

impl fmt::Display for SealFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered { seq, whose } => write!(f, "封存第 {seq} 行（{whose}）：内容被改动"),
            Self::Unreadable { seq } => write!(f, "封存第 {seq} 行：内容被改动，已无法读取"),
            Self::RuleAltered { rule } => write!(f, "学时规则 {rule}：与封存时不符"),
            Self::Missing { first, last } if first == last => write!(f, "封存第 {first} 行：缺失"),
            Self::Missing { first, last } => write!(f, "封存第 {first} 至 {last} 行：缺失"),
            Self::Unlinked { seq } => write!(f, "封存第 {seq} 行：与上一行不相连，曾有插入或改写"),
            Self::WrongEnd { head_seq, last_seq } => {
                write!(f, "封存末行应为第 {head_seq} 行，实为第 {last_seq} 行或内容不符")
            }
            Self::SealAltered { seal } => write!(f, "封存 {seal}：登记与封存时不符"),
            Self::NotAsLedger { seq, whose } => write!(f, "封存第 {seq} 行（{whose}）：与台账不符"),
            Self::Unamended { entry } => write!(f, "台账第 {entry} 条：在封存以后加入，没有修订"),
        }
    }
}

impl fmt::Display for SealFindings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "封存 {} 行，其中 {} 份档案按台账重算", self.lines, self.recomputed)?;
        if self.is_sound() {
            return write!(f, "：链条完整，与台账一致。");
        }
        self.faults.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}
