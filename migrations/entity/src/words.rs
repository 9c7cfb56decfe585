//! The closed sets of words that columns hold. Stored as snake_case text; `label` is what people read.

use sea_orm::sea_query::StringLen;
use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal, $label:literal;)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
        #[sea_orm(rs_type = "String", db_type = "String(StringLen::None)")]
        pub enum $name {
            $($(#[$vdoc])* #[sea_orm(string_value = $text)] #[serde(rename = $text)] $variant,)*
        }

        impl $name {
            /// Every word of the set, in the order people expect them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stored text.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// The Chinese name people read.
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),* }
            }

            /// Parse the stored text or the Chinese name.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text || word.label() == text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )*};
}

words! {
    /// How high a unit stands in the org tree. The tree may be of any depth; `Other` is a site of an enterprise or a hamlet.
    UnitLevel {
        /// The root.
        City = "city", "市";
        /// A county or district.
        County = "county", "县区";
        /// A township.
        Township = "township", "乡镇";
        /// An administrative village: the usual home of a station.
        Village = "village", "行政村";
        /// An enterprise site, a hamlet, anything else.
        Other = "other", "其他站点";
    }

    /// What an account may do at a unit and everywhere below it.
    Role {
        /// Learns, and sees their own archive.
        Learner = "learner", "学员";
        /// Runs a village classroom.
        SiteManager = "site_manager", "站点管理员";
        /// Uploads lessons, runs classes, exports attendance.
        Trainer = "trainer", "县级培训员";
        /// Publishes, returns and withdraws lessons.
        Reviewer = "reviewer", "审核员";
        /// Answers questions.
        Expert = "expert", "专家";
        /// Assesses cadres by their archives.
        Assessor = "assessor", "考核办";
        /// Reads everything, changes nothing.
        Auditor = "auditor", "审计员";
        /// Manages units, people, accounts and roles.
        Admin = "admin", "系统管理员";
        /// A classroom terminal: may do only what a classroom does.
        Device = "device", "教室终端";
    }

    /// A term of office in a village.
    PostKind {
        /// Village Party secretary.
        VillageSecretary = "village_secretary", "村党组织书记";
        /// Village committee director.
        VillageDirector = "village_director", "村委会主任";
        /// Member of the village's two committees.
        CommitteeMember = "committee_member", "村“两委”委员";
        /// Hamlet head.
        HamletHead = "hamlet_head", "村民小组长";
        /// Hamlet branch secretary.
        HamletSecretary = "hamlet_secretary", "屯支部书记";
        /// Graduate village official.
        GraduateOfficial = "graduate_official", "大学生村官";
        /// First secretary sent from above.
        FirstSecretary = "first_secretary", "第一书记";
        /// Reserve cadre.
        ReserveCadre = "reserve_cadre", "后备干部";
        /// Party member without a post.
        Member = "member", "党员";
    }

    /// Where a lesson stands: draft, then review, then published, then withdrawn.
    LessonState {
        /// Being written.
        Draft = "draft", "草稿";
        /// Waits for a reviewer.
        Review = "review", "待审核";
        /// Can be found and played.
        Published = "published", "已发布";
        /// Was published; those who watched keep their hours.
        Withdrawn = "withdrawn", "已撤回";
    }

    /// What a lesson is about.
    Category {
        /// Farming.
        Agriculture = "agriculture", "农业科技";
        /// Selling.
        Marketing = "marketing", "市场营销";
        /// Settling disputes.
        Mediation = "mediation", "矛盾纠纷调解";
        /// Party work.
        Party = "party", "党建工作";
        /// Policy.
        Policy = "policy", "政策解读";
        /// Village affairs.
        Governance = "governance", "村务管理";
        /// Law.
        Law = "law", "法律常识";
        /// Health.
        Health = "health", "健康卫生";
        /// Everything else.
        Other = "other", "其他";
    }

    /// How hard a lesson is.
    Level {
        /// For beginners.
        Entry = "entry", "入门";
        /// For those who know the basics.
        Advanced = "advanced", "进阶";
        /// For specialists.
        Expert = "expert", "专业";
    }

    /// Where an upload stands.
    UploadState {
        /// Bytes are still expected.
        Receiving = "receiving", "上传中";
        /// All bytes are here; hashing and probing.
        Processing = "processing", "处理中";
        /// The blob is in the store.
        Complete = "complete", "已完成";
        /// Cannot become a blob; `error` says why.
        Failed = "failed", "失败";
    }

    /// What is made of a recording, so that it plays on a thin link.
    RenditionKind {
        /// The recording itself in a form that browsers play at once: its index moved to the front, or converted from an old disc format.
        Playable = "playable", "可播放";
        /// At most 720 lines of picture.
        Video720 = "video_720", "高清";
        /// At most 480 lines of picture.
        Video480 = "video_480", "标清";
        /// At most 240 lines of picture.
        Video240 = "video_240", "流畅";
        /// Sound alone.
        Audio = "audio", "只听声音";
        /// One still picture.
        Poster = "poster", "封面";
        /// A sheet of small pictures for the seek bar.
        Storyboard = "storyboard", "进度条预览";
    }

    /// Where a preparation job stands.
    JobState {
        /// Waits for a worker, or for its next attempt.
        Queued = "queued", "排队中";
        /// A worker has leased it.
        Running = "running", "处理中";
        /// Needs ffmpeg, which this machine does not have.
        Waiting = "waiting", "等待安装 ffmpeg";
        /// The rendition is there.
        Done = "done", "已完成";
        /// Not needed: the source is smaller already, or has no picture or no sound.
        Skipped = "skipped", "不需要";
        /// Given up; `error` says why.
        Failed = "failed", "失败";
    }

    /// How well a search was answered.
    SearchTier {
        /// Something matched fully.
        Full = "full", "有结果";
        /// Only weaker matches.
        Weak = "weak", "仅有相关结果";
        /// Nothing.
        None = "none", "无结果";
    }

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
