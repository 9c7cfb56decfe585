//! What a walk over the ledger finds, and how it is said.

use entity::MergeId;
use std::fmt;

/// Faults listed at most.
const LISTED: usize = 1000;

/// What a walk over the ledger found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Entries read.
    pub entries: u64,
    /// Of these, entries recomputed from beats and presence, or from classes.
    pub recomputed: u64,
    /// The first faults, in the order of the chain.
    pub faults: Vec<Fault>,
    /// Faults beyond those listed.
    pub more: u64,
}

/// Something that is not as it was posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A column of this entry was changed after posting: its hash does not fit its content.
    Altered {
        /// The entry.
        seq: i64,
    },
    /// A column of this entry holds what no entry can.
    Unreadable {
        /// The entry.
        seq: i64,
    },
    /// Entries from here to there were removed.
    Missing {
        /// The first missing entry.
        first: i64,
        /// The last missing entry.
        last: i64,
    },
    /// This entry does not follow the one before it: one of the two was put in or rewritten.
    Unlinked {
        /// The entry.
        seq: i64,
    },
    /// Credited and reasons do not make what was claimed, or the reasons cannot be read.
    NotConserved {
        /// The entry.
        seq: i64,
    },
    /// Beats and presence say something else than the entry.
    NotAsWatched {
        /// The entry.
        seq: i64,
        /// What it credits.
        credited_ms: i64,
        /// What its beats are worth.
        worth_ms: i64,
    },
    /// The class says something else than the entry, or there is none.
    NotAsAttended {
        /// The entry.
        seq: i64,
        /// What it credits.
        credited_ms: i64,
        /// What the class is worth to the person.
        worth_ms: i64,
    },
    /// A column of this merge was changed since it was made or taken back.
    MergeAltered {
        /// The merge.
        merge: MergeId,
    },
    /// This merge was made, and its row is gone.
    MergeMissing {
        /// The merge.
        merge: MergeId,
    },
    /// Nobody made this merge: its row was put in.
    MergePutIn {
        /// The merge.
        merge: MergeId,
    },
    /// The head names another end than the ledger has.
    WrongEnd {
        /// The last entry by the head.
        head_seq: i64,
        /// The last entry there is.
        last_seq: i64,
    },
}

impl Findings {
    /// Whether nothing was found.
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty() && self.more == 0
    }

    pub(super) fn add(&mut self, fault: Fault) {
        if self.faults.len() < LISTED {
            self.faults.push(fault);
        } else {
            self.more += 1;
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered { seq } => write!(f, "第 {seq} 条：内容被改动"),
            Self::Unreadable { seq } => write!(f, "第 {seq} 条：内容被改动，已无法读取"),
            Self::Missing { first, last } if first == last => write!(f, "第 {first} 条：缺失"),
            Self::Missing { first, last } => write!(f, "第 {first} 至 {last} 条：缺失"),
            Self::Unlinked { seq } => write!(f, "第 {seq} 条：与上一条不相连，曾有插入或改写"),
            Self::NotConserved { seq } => write!(f, "第 {seq} 条：计入与未计入之和不等于申报"),
            Self::NotAsWatched { seq, credited_ms, worth_ms } => {
                write!(f, "第 {seq} 条：计入 {credited_ms} 毫秒，按收看记录应为 {worth_ms} 毫秒")
            }
            Self::NotAsAttended { seq, credited_ms, worth_ms } => {
                write!(f, "第 {seq} 条：计入 {credited_ms} 毫秒，按培训班登记应为 {worth_ms} 毫秒")
            }
            Self::MergeAltered { merge } => write!(f, "合并 {merge}：登记被改动"),
            Self::MergeMissing { merge } => write!(f, "合并 {merge}：登记缺失"),
            Self::MergePutIn { merge } => write!(f, "合并 {merge}：没有人做过，登记是插入的"),
            Self::WrongEnd { head_seq, last_seq } => {
                write!(f, "末条应为第 {head_seq} 条，实为第 {last_seq} 条或内容不符")
            }
        }
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "台账 {} 条，其中 {} 条按收看和培训登记重算", self.entries, self.recomputed)?;
        if self.is_sound() {
            return write!(f, "：链条完整，数字一致。");
        }
        for fault in &self.faults {
            write!(f, "\n  {fault}")?;
        }
        if self.more > 0 {
            write!(f, "\n  另有 {} 处", self.more)?;
        }
        Ok(())
    }
}
