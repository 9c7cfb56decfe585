//! Which reports there are, what they are called in addresses and by people.

/// Which report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One row per ledger entry.
    Attendance,
    /// One row per person: hours by source.
    Hours,
    /// One row per person: how they stand against each target of the year.
    Assessment,
    /// One row per person who lacks something of the year: what, since when, and where it leads.
    Gaps,
    /// The viewing record (学习收看记录簿): one row per group session.
    Viewing,
    /// The feedback book (信息反馈记录簿): raised hands, wishes that found nothing, appeals.
    Feedback,
    /// The equipment list (设备资料登记簿): one row per terminal.
    Equipment,
    /// The equipment run log (设备运行记录簿): one row per stretch in which a terminal was on.
    Runs,
    /// The roster (学员花名册): one row per person.
    Roster,
    /// How far people are with one training plan; asked for by the plan, never by its name.
    Plan,
    /// Who watched a lesson; asked for by the lesson, never by its name.
    Watchers,
    /// The audit log, for auditors only: it has an address of its own.
    Audit,
}

impl Kind {
    /// The kind with this name in addresses.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "attendance" => Some(Self::Attendance),
            "hours" => Some(Self::Hours),
            "assessment" => Some(Self::Assessment),
            "gaps" => Some(Self::Gaps),
            "viewing" => Some(Self::Viewing),
            "feedback" => Some(Self::Feedback),
            "equipment" => Some(Self::Equipment),
            "runs" => Some(Self::Runs),
            "roster" => Some(Self::Roster),
            _ => None,
        }
    }

    /// The four books and the roster (四簿一册), in the order in which people name them.
    pub const BOOKS: [(Self, &'static str); 5] = [
        (Self::Viewing, "viewing"),
        (Self::Feedback, "feedback"),
        (Self::Equipment, "equipment"),
        (Self::Runs, "runs"),
        (Self::Roster, "roster"),
    ];

    /// The title people read.
    pub fn title(self) -> &'static str {
        match self {
            Self::Attendance => "学习考勤明细表",
            Self::Hours => "学时汇总表",
            Self::Assessment => "年度培训考核表",
            Self::Gaps => "学时缺口表",
            Self::Viewing => "学习收看记录簿",
            Self::Feedback => "信息反馈记录簿",
            Self::Equipment => "设备资料登记簿",
            Self::Runs => "设备运行记录簿",
            Self::Roster => "学员花名册",
            Self::Plan => "培训计划完成情况",
            Self::Watchers => "收看情况表",
            Self::Audit => "操作日志",
        }
    }
}
