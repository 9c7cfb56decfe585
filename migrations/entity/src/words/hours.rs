//! How lessons and classes are attended, what that is worth, and how a year of it is closed.

use sea_orm::sea_query::StringLen;
use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

words! {
    /// Who a playback is for.
    PlaybackMode {
        /// One person on their own screen.
        Solo = "solo", "自学";
        /// A room: one playback, a roster.
        Group = "group", "集体学习";
    }

    /// How somebody's presence in a classroom was written down.
    MarkedHow {
        /// By the site manager, calling the roll.
        Roll = "roll", "点名";
        /// By the rotating code on the screen, with a telephone of their own.
        Code = "code", "扫码";
        /// By their PIN at the terminal.
        Pin = "pin", "口令";
        /// As a guest who was matched with a person later.
        Guest = "guest", "来宾并入";
    }

    /// How a question of an in-class quiz is answered.
    QuestionKind {
        /// One choice.
        Single = "single", "单选";
        /// Every right choice and no other.
        Multiple = "multiple", "多选";
        /// True or false.
        TrueFalse = "true_false", "判断";
    }

    /// Why a claimed second is not credited.
    Reason {
        /// The playhead jumped over it.
        SeekUnseen = "SEEK_UNSEEN", "拖动跳过,未观看";
        /// Already credited to this person for this lesson on this day.
        Overlap = "OVERLAP", "当天已学过这一段";
        /// Credited to this person for this lesson on another day, and the rule counts it again only later.
        Repeated = "REPEATED", "以前已计过,未到再计的时候";
        /// More than the server's clock allows.
        OverWall = "OVER_WALL", "超过实际经过的时间";
        /// Another session of the same person had taken over.
        SecondDevice = "SECOND_DEVICE", "同时在另一台设备学习";
        /// No sign of anybody for too long.
        Idle = "IDLE", "长时间无操作";
        /// Beyond what one day may count.
        DailyCap = "DAILY_CAP", "超过每日上限";
        /// Beyond what one kind of other study may count in a year.
        YearlyCap = "YEARLY_CAP", "超过每年上限";
        /// The day's watching of this lesson is below the minimum.
        TooShort = "TOO_SHORT", "学习时间太短";
        /// Not in the room at that time.
        NotPresent = "NOT_PRESENT", "当时不在教室";
        /// The time of the event cannot be told.
        ClockUnresolved = "CLOCK_UNRESOLVED", "设备时钟有误,待核实";
        /// The lesson counts only with its in-class quiz passed, and it was not yet.
        QuizNotPassed = "QUIZ_NOT_PASSED", "随堂测验尚未通过";
    }

    /// Where an entry of the training archive comes from.
    Source {
        /// A lesson watched alone.
        Solo = "solo", "自学";
        /// A lesson watched in a classroom.
        Group = "group", "集体学习";
        /// A concentrated training in person.
        Class = "class", "集中培训";
        /// Work in another post for a time, to learn it.
        Secondment = "secondment", "挂职锻炼";
        /// Study for a degree or a diploma.
        Degree = "degree", "学历教育";
        /// Study brought to somebody who cannot come.
        HomeStudy = "home_study", "送学上门";
        /// Teaching on the spot: an orchard, a model village.
        FieldStudy = "field_study", "实地教学";
        /// A correction of an earlier entry.
        Correction = "correction", "更正";
    }

    /// Where the closing of a year stands.
    SealState {
        /// Records are being sealed.
        Sealing = "sealing", "正在封存";
        /// All of them are.
        Sealed = "sealed", "已封存";
    }

    /// What a line in the chain of seals is.
    LineKind {
        /// A person's year as it was sealed.
        Record = "record", "档案";
        /// The end of a seal: what it covers.
        Roll = "roll", "名册";
        /// What changed in a sealed year, and who approved it.
        Amendment = "amendment", "修订";
    }

    /// Why the rules ask less of somebody (中国共产党党员教育管理工作条例, 2019, Art. 23 and 32).
    ExemptionKind {
        /// Old age.
        Old = "old", "年老体弱";
        /// Long illness.
        Sick = "sick", "长期患病";
        /// A disability.
        Disabled = "disabled", "残疾";
        /// Works away from home for six months or more.
        Migrant = "migrant", "外出流动";
    }

    /// Where a class, or another study, stands on its way into the record.
    ClassState {
        /// People sign in, the roster may change.
        Open = "open", "进行中";
        /// Waits for somebody else's decision.
        HandedIn = "handed_in", "待审核";
        /// Its hours stand in the ledger.
        Approved = "approved", "已计入";
        /// It does not count.
        Refused = "refused", "不计入";
    }

    /// How a class counted for a person.
    AttendanceStatus {
        /// On the roster of a class that is not decided yet.
        Enrolled = "enrolled", "在册";
        /// Attended; leave of at most one seventh.
        Attended = "attended", "参训";
        /// Leave above one seventh: does not count (干部教育培训工作条例, 2023).
        TooMuchLeave = "too_much_leave", "请假超过七分之一";
        /// Was on the roster, did not come.
        Absent = "absent", "缺勤";
    }
}
