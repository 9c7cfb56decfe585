//! What each domain's errors are in HTTP: the codes of the table, with the domain's own particulars in Chinese.

use super::{ApiError, Code, UNTIL_ROOM_S};

impl From<roster::Error> for ApiError {
    fn from(cause: roster::Error) -> Self {
        use roster::Error as E;
        if let E::Db(cause) = cause {
            return cause.into();
        }
        let code = match &cause {
            E::NoSuchUnit | E::NoSuchPerson | E::NoSuchAccount | E::NoSuchDevice => return Self::new(Code::NotFound),
            E::NoSuchMerge => return Self::new(Code::NotFound),
            E::CannotMerge(_) => Code::WrongState,
            E::OwnMerge => Code::Forbidden,
            E::WrongPassword => return Self::new(Code::WrongPassword),
            E::SessionOver => return Self::new(Code::NotSignedIn),
            E::TokenReused => return Self::new(Code::TokenReused),
            E::Disabled => return Self::new(Code::AccountDisabled),
            E::SlowDown { retry_after_s } => {
                return Self::say(Code::SlowDown, cause.to_string()).retry_after(*retry_after_s);
            }
            E::WrongPin => return Self::new(Code::WrongPin),
            E::PinWait { retry_after_s } => {
                return Self::say(Code::SlowDown, cause.to_string()).retry_after(*retry_after_s);
            }
            E::Hashing => return Self::internal(cause),
            E::UnitCodeTaken | E::LoginTaken | E::HasAccount => Code::Taken,
            E::WeakPassword(_) => Code::WeakPassword,
            E::WrongCode => Code::NotFound,
            E::PairingOver => Code::Gone,
            E::TooManyPairings => return Self::say(Code::Busy, cause.to_string()).retry_after(60),
            E::TooLarge(_) => Code::TooLarge,
            E::NotASheet(_) | E::BadRows(_) => Code::Unprocessable,
            E::PlanOutdated => Code::VersionConflict,
            _ => Code::InvalidRequest,
        };
        Self::say(code, cause.to_string())
    }
}

impl From<catalog::Error> for ApiError {
    fn from(cause: catalog::Error) -> Self {
        use catalog::Error as E;
        match cause {
            E::LessonNotFound | E::CourseNotFound | E::UnitNotFound | E::CaptionNotFound => Self::new(Code::NotFound),
            E::PlayDayNotFound | E::NoteNotFound | E::VersionNotFound | E::PlanNotFound => Self::new(Code::NotFound),
            E::BulkNotFound | E::ViewNotFound | E::VoiceNotFound => Self::new(Code::NotFound),
            E::TooLate => Self::say(Code::Gone, "批量修改只能在一天之内撤销"),
            E::MediaNotFound => Self::say(Code::InvalidRequest, "所选的媒体文件不存在"),
            E::Invalid { field, reason } => Self::say(Code::InvalidRequest, format!("{field}：{reason}")),
            E::Stale { .. } | E::CaptionChanged | E::VoiceChanged => Self::new(Code::VersionConflict),
            E::WrongState { state } => {
                Self::say(Code::WrongState, format!("课程当前是“{}”，不能这样操作", state.label()))
            }
            E::OwnLesson => Self::new(Code::OwnLesson),
            E::SlugTaken(slug) => Self::say(Code::Taken, format!("网址名 {slug} 已被使用")),
            E::CourseNotEmpty(lessons) => Self::say(Code::WrongState, format!("课程下还有 {lessons} 讲，不能删除")),
            E::BadRows(rows) => Self::say(Code::Unprocessable, format!("有 {rows} 行有误，未导入任何内容")),
            E::QueryTooLong => Self::say(Code::InvalidRequest, "搜索内容太长，请缩短后再试"),
            E::PageOutOfRange => Self::say(Code::InvalidRequest, "页码或每页条数超出范围"),
            E::CursorOfAnother => Self::say(Code::InvalidRequest, "cursor 与本次搜索不符，请从第一页重新查起"),
            E::IndexBusy => Self::new(Code::Busy).retry_after(2),
            E::Database(cause) => cause.into(),
            other => Self::internal(other),
        }
    }
}

impl From<crate::package::Error> for ApiError {
    fn from(cause: crate::package::Error) -> Self {
        use crate::package::Error as E;
        match cause {
            E::Content(cause) => cause.into(),
            E::Catalog(catalog::Error::Invalid { reason, .. }) => Self::say(Code::Unprocessable, reason),
            E::Catalog(cause) => cause.into(),
            E::Table(roster::Error::NotASheet(_)) => {
                Self::say(Code::Unprocessable, "清单读不了：须是 Excel 工作簿（.xlsx）、CSV 表格或 .jsonl 文件")
            }
            E::Table(cause) => cause.into(),
            E::Stopped(cause) => Self::internal(cause),
        }
    }
}

impl From<content::Error> for ApiError {
    fn from(cause: content::Error) -> Self {
        use content::Error as E;
        match cause {
            full if full.is_full() => Self::new(Code::DiskFull).retry_after(UNTIL_ROOM_S),
            E::NoSuchBlob | E::NoSuchUpload => Self::new(Code::NotFound),
            E::UploadExpired => Self::say(Code::Gone, "这次上传已过期，请重新上传"),
            E::StoreUnavailable(cause) => {
                Self { cause: Some(cause), ..Self::new(Code::StoreUnavailable) }.retry_after(10)
            }
            E::TooLong { max } => Self::say(Code::TooLarge, format!("文件太大，最大允许 {} MB", max >> 20)),
            E::OverQuota { county, used, quota, wanted } => {
                Self::say(Code::QuotaExceeded, over_quota(&county, used, quota, wanted))
            }
            E::BadConcat => Self::say(Code::InvalidHeader, "Upload-Concat 有误"),
            E::PartMissing => Self::say(Code::InvalidHeader, "Upload-Concat 所列的分段不存在或没有传完"),
            E::MadeOfParts => Self::say(Code::Forbidden, "由分段合成的上传不再接收内容"),
            E::TooManyOpen => Self::say(Code::SlowDown, "未完成的上传太多，请先完成或取消一些"),
            E::BadMetadata(how) => Self::say(Code::InvalidHeader, format!("Upload-Metadata 有误：{how}")),
            E::NotReceiving => Self::say(Code::WrongState, "这次上传已收完，不再接收内容"),
            E::WrongOffset { actual } => {
                Self::say(Code::OffsetMismatch, format!("续传位置不一致，应从 {actual} 字节开始"))
            }
            E::TooManyBytes => Self::say(Code::TooLarge, "内容比上传时声明的长度更长"),
            E::Busy => Self::new(Code::Locked),
            E::BadChecksum => Self::say(Code::InvalidHeader, "Upload-Checksum 有误或算法不受支持"),
            E::ChecksumMismatch => Self::new(Code::ChecksumMismatch),
            E::Interrupted { kept } => Self::say(Code::InvalidRequest, format!("连接中断，已保存到 {kept} 字节")),
            E::BadCaptions { line: Some(line), reason } => {
                Self::say(Code::Unprocessable, format!("字幕第 {line} 行：{reason}"))
            }
            E::BadCaptions { line: None, reason } => Self::say(Code::Unprocessable, format!("字幕：{reason}")),
            E::BadPackage(reason) | E::Unfit(reason) => Self::say(Code::Unprocessable, reason),
            E::BadTicket => Self::say(Code::NotSignedIn, "播放凭证无效"),
            E::TicketExpired => Self::say(Code::NotSignedIn, "播放凭证已过期"),
            E::Database(cause) => cause.into(),
            other => Self::internal(other),
        }
    }
}

fn over_quota(county: &str, used: u64, quota: u64, wanted: u64) -> String {
    let size = |bytes: u64| crate::pages::figures::size(i64::try_from(bytes).unwrap_or(i64::MAX));
    format!(
        "{county}的课件空间共 {}，已用 {}，放不下这个 {} 的文件。请先清理不用的课件，或请市里增加空间",
        size(quota),
        size(used),
        size(wanted)
    )
}

impl From<player::Error> for ApiError {
    fn from(cause: player::Error) -> Self {
        use player::Error as E;
        match cause {
            E::UnknownLesson(_) | E::UnknownPerson(_) | E::UnknownPlayback(_) | E::NotYours(_) => {
                Self::new(Code::NotFound)
            }
            E::UnknownGuest(_) | E::UnknownCheck(_) | E::UnknownQuestion(_) => Self::new(Code::NotFound),
            E::BadGuest(reason) => Self::say(Code::InvalidRequest, reason),
            E::TooManyGuests { most } => Self::say(Code::InvalidRequest, format!("一堂课最多记 {most} 位来宾")),
            E::GuestMatched(_) => Self::say(Code::WrongState, "这位来宾已对应到别人，请先撤回"),
            E::NoReason => Self::say(Code::InvalidRequest, "请写明撤回的原因（1 到 200 字）"),
            E::WrongCode => Self::new(Code::WrongCode),
            E::BadHands => Self::say(Code::InvalidRequest, "举手人数与选项不符"),
            E::QuestionOver(_) => Self::say(Code::WrongState, "已经问了下一题，这一题的人数不能再改"),
            E::NothingToPlay(_) => Self::say(Code::WrongState, "这门课还没有可播放的内容"),
            E::NoLearner => Self::say(Code::Forbidden, "此账号没有对应的学员，不能自学计时"),
            E::RosterTooLong { most } => Self::say(Code::InvalidRequest, format!("一间教室最多点名 {most} 人")),
            E::NotAClassroom(_) => Self::say(Code::WrongState, "这不是集体学习，不能点名"),
            E::Closed(_) => Self::say(Code::WrongState, "这次学习已经结束"),
            E::BadSeq => Self::say(Code::InvalidRequest, "seq 须从 1 开始递增"),
            E::BadPosition => Self::say(Code::InvalidRequest, "position_ms 不能为负"),
            E::TooManyBeats { most } => Self::say(Code::InvalidRequest, format!("一次最多送 {most} 条播放记录")),
            E::BadRate => Self::say(Code::InvalidRequest, "rate 须在 0.25 到 3 之间"),
            E::NoQuiz(_) => Self::say(Code::NotFound, "这一课没有随堂测验"),
            E::UnknownAttempt(_) => Self::new(Code::NotFound),
            E::NoAttemptsLeft(_) => Self::say(Code::WrongState, "今天的次数用完了，明天再来"),
            E::HandedIn(_) => Self::say(Code::WrongState, "这份卷子已经交过了，不能再改"),
            E::AttemptOver(_) => Self::say(Code::Gone, "这份卷子过了一天没交，已经作废，请重新开始"),
            E::BadAnswers => Self::say(Code::InvalidRequest, "answers 与题目对不上"),
            E::Busy => Self::new(Code::Busy).retry_after(2),
            E::Stopped => Self::new(Code::Busy).retry_after(5),
            E::Database(cause) => cause.into(),
            other => Self::internal(other),
        }
    }
}

impl From<archive::Error> for ApiError {
    fn from(cause: archive::Error) -> Self {
        use archive::Error as E;
        match cause {
            E::NoSuchPlayback(_) | E::NoSuchPerson(_) | E::NoSuchUnit(_) | E::NoSuchEntry(_) => {
                Self::new(Code::NotFound)
            }
            E::NotByLesson => Self::say(Code::InvalidRequest, "只有考勤和学时能按课、课程、培训班或计划来看"),
            E::StillOpen(_) => Self::say(Code::WrongState, "这次学习尚未结束"),
            E::CorrectsCorrection(_) => Self::say(Code::WrongState, "更正记录本身不能再更正，请更正原记录"),
            E::CorrectionOutOfBounds { most_ms } => {
                Self::say(Code::InvalidRequest, format!("更正后的时长须在 0 到 {} 分钟之间", most_ms / 60_000))
            }
            E::NoReason => Self::say(Code::InvalidRequest, "请填写理由（1 到 500 字）"),
            E::NoSuchAppeal(_) => Self::new(Code::NotFound),
            E::NoAppealText => Self::say(Code::InvalidRequest, "请写明申诉的理由（1 到 500 字）"),
            E::AppealOpen(_) => Self::say(Code::WrongState, "这条记录的申诉还在处理中，请等待答复"),
            E::AppealTooLate(_) => Self::say(Code::WrongState, "这条记录已超过一年，不能再申诉"),
            E::AppealDecided(_) => Self::say(Code::WrongState, "这件申诉已由他人处理，请刷新后查看"),
            E::NotWaiting(_) => Self::say(Code::WrongState, "这条记录已有申诉或已处理，请刷新后查看"),
            E::OwnAppeal => Self::say(Code::Forbidden, "自己的申诉须由他人处理"),
            E::GrantOutOfBounds { most_ms } => Self::say(
                Code::InvalidRequest,
                format!("补记的时长须大于 0，最多 {} 分钟", archive::Hundredths::minutes(most_ms)),
            ),
            E::YearSealed(year) => Self::say(Code::WrongState, format!("{year} 年已封存，只能以修订的方式更改")),
            E::NotSealed(year) => Self::say(Code::WrongState, format!("{year} 年没有封存，请直接更正")),
            E::YearNotOver(year) => Self::say(Code::WrongState, format!("{year} 年还没有过完，不能封存")),
            E::SessionsWait(count) => {
                Self::say(Code::WrongState, format!("还有 {count} 次学习没有记入台账，过几分钟再试"))
            }
            E::NothingToSeal => Self::say(Code::WrongState, "没有可封存的档案：都已封存，或这一年还没有人"),
            E::SealUnderWay => Self::say(Code::WrongState, "正在封存，请等它完成"),
            E::MergeSealed(year) => Self::say(
                Code::WrongState,
                format!("合并以后 {year} 年已经封存，两人的学时在同一份封存档案里，不能再拆分；有误请按修订更正"),
            ),
            E::NoSuchLate(_) => Self::new(Code::NotFound),
            E::LateDecided(_) => Self::say(Code::WrongState, "这一件已由他人处理，请刷新后查看"),
            E::OwnLate => Self::say(Code::Forbidden, "自己的学习须由他人处理"),
            E::NoSuchExemption(_) => Self::new(Code::NotFound),
            E::BadExemption => Self::say(
                Code::InvalidRequest,
                "免除的起止日期有误：最早从去年开始，最长十年；提前终止须早于原定的最后一天，且只能一次",
            ),
            E::OwnExemption => Self::say(Code::Forbidden, "自己的免除须由他人批准"),
            E::BrokenRules { line, reason } => {
                Self::say(Code::Unprocessable, format!("规则第 {line} 行有误：{reason}"))
            }
            E::RuleTooEarly(_) => Self::say(Code::InvalidRequest, "新规则只能从今天以后生效"),
            E::NoRuleHere => Self::say(Code::Forbidden, "只有市和县区可以设学时规则"),
            E::RuleDayTaken(_) => Self::say(Code::Taken, "该日期已有规则生效"),
            E::BadClass(field) => Self::say(Code::InvalidRequest, bad_class(field)),
            E::NoSuchClass(_) => Self::new(Code::NotFound),
            E::ClassState(state) => {
                Self::say(Code::WrongState, format!("这一项现在是“{}”，不能这样操作，请刷新后查看", state.label()))
            }
            E::OwnClass => Self::say(Code::Forbidden, "自己登记、提交或参加的，须由他人审核"),
            E::WrongCode => Self::new(Code::WrongCode),
            E::BadMark(field) => Self::say(Code::InvalidRequest, bad_mark(field)),
            E::BadPeriod => Self::say(Code::InvalidRequest, "起止日期或年份有误"),
            E::TooManyRows(rows) => {
                Self::say(Code::Unprocessable, format!("{rows} 行超出了工作表上限，请缩小范围或导出 CSV"))
            }
            E::Database(cause) => cause.into(),
            other => Self::internal(other),
        }
    }
}

/// What is wrong with a class or another study.
pub fn bad_class(field: &str) -> &'static str {
    match field {
        "title" => "请写明名称（1 到 200 字）",
        "topics" => "内容最多 500 字",
        "teacher" => "授课人最多 200 字",
        "place" => "地点最多 200 字",
        "unit" => "培训班由市、县区或乡镇主办，请选择主办单位",
        "ends_on" => "结束日期须不早于开始日期，且在前后一年以内",
        "study_days" => "结束日期须不早于开始日期，不晚于今天，且在两年以内",
        "half_days" => "半天数至少 1，每天最多 2 个半天，培训班最多 62 个",
        "half_days_signed" => "已有人在后面的半天签到，半天数不能减少",
        "half_days_approved" => "核准的半天数须在 1 和申报的半天数之间",
        "half_day" => "没有这个半天",
        "person" => "有人不在这个班的名单里",
        "roster" => "名单是空的，请先加入学员",
        "roster_size" => "一个班最多 1000 人",
        "not over yet" => "还没有结束，结束后再提交",
        "source" => "请选择学习方式；送学上门由站点管理员或培训员登记",
        "waiting" => "等待审核的已有 20 件，请等县里审核后再申报",
        "words" => "请写明学了什么（1 到 500 字）",
        "evidence" => "请附上证明材料：照片（JPEG、PNG）或 PDF",
        "evidence_count" => "一个班最多 20 份证明材料",
        _ => "培训班信息有误，请检查日期、半天数和名单",
    }
}

/// What is wrong with a mark of the star rating.
pub fn bad_mark(field: &str) -> &'static str {
    match field {
        "points" => "得分须在 0 和满分之间",
        "reason" => "请写明评分理由（1 到 500 字）",
        "evidence" => "请附上证据文件",
        _ => "没有这个人工评分项目",
    }
}
