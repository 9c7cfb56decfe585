//! What the lines of the audit log say was done: the one list of it, with the words people read.

macro_rules! verbs {
    ($($name:ident = $text:literal, $label:literal;)*) => {
        /// What was done. A line cannot be written without one, so every line can be named and searched for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Verb {
            $(#[doc = $label] $name,)*
        }

        impl Verb {
            /// Every one, in the order in which people choose.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// As lines hold it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// What people call it.
            pub fn label(self) -> &'static str {
                match self { $(Self::$name => $label),* }
            }
        }
    };
}

verbs! {
    ArchiveRead = "archive.read", "查看他人档案";
    HoursRead = "hours.read", "查看多人学时";
    ReportRead = "report.read", "导出报表";
    LogRead = "log.read", "导出操作日志";
    LedgerCorrect = "ledger.correct", "更正学时";
    LedgerAmend = "ledger.amend", "更正封存年度的学时";
    AppealMake = "appeal.make", "提出申诉";
    AppealDecide = "appeal.decide", "处理申诉";
    ExemptionGrant = "exemption.grant", "批准免除";
    ExemptionEnd = "exemption.end", "提前终止免除";
    ClassRecord = "class.record", "登记集中培训";
    ClassCreate = "class.create", "新建培训班";
    ClassEdit = "class.edit", "修改培训班";
    ClassEnroll = "class.enroll", "增加培训班名单";
    ClassRemove = "class.remove", "去掉培训班名单";
    ClassSigning = "class.signing", "开关培训班签到";
    ClassSignIn = "class.sign_in", "扫码签到培训班";
    ClassRoll = "class.roll", "培训班点名";
    ClassEvidence = "class.evidence", "上传培训班材料";
    ClassHandIn = "class.hand_in", "上报培训班";
    ClassCallOff = "class.call_off", "取消培训班";
    ClassApprove = "class.approve", "审核通过培训班";
    ClassReturn = "class.return", "退回培训班";
    StudyDeclare = "study.declare", "申报其他学习";
    StudyApprove = "study.approve", "审核通过其他学习";
    StudyRefuse = "study.refuse", "不通过其他学习";
    StarMark = "star.mark", "创星评分";
    RuleEnact = "rule.enact", "启用学时规则";
    LateDecide = "late.decide", "处理封存后送到的学习";
    SealBegin = "seal.begin", "开始年度封存";
    SealClose = "seal.close", "完成年度封存";
    RosterImport = "roster.import", "导入花名册";
    UnitAdd = "unit.add", "新增单位";
    UnitChange = "unit.change", "修改单位";
    PersonAdd = "person.add", "新增人员";
    PersonChange = "person.change", "修改人员";
    PersonMerge = "person.merge", "合并重复的人";
    PersonPart = "person.part", "拆分合并";
    PersonMergeRow = "person.merge_row", "合并登记的校验值";
    GuestAdd = "guest.add", "登记来宾";
    GuestName = "guest.name", "登记来宾姓名";
    GuestMatch = "guest.match", "来宾对应到人";
    GuestUnmatch = "guest.unmatch", "撤销来宾对应";
    PlanSet = "plan.set", "设置培训计划";
    PlanEnd = "plan.end", "结束培训计划";
    WishAnswer = "wish.answer", "答复想学的内容";
    LessonCreate = "lesson.create", "新建课";
    LessonUpdate = "lesson.update", "修改课";
    LessonSubmit = "lesson.submit", "提交审核";
    LessonPublish = "lesson.publish", "发布课";
    LessonSchedule = "lesson.schedule", "定时发布课";
    LessonReturn = "lesson.return", "退回课";
    LessonNote = "lesson.note", "写审核意见";
    LessonNoteDone = "lesson.note_done", "处理审核意见";
    LessonWithdraw = "lesson.withdraw", "撤回课";
    LessonRestore = "lesson.restore", "恢复旧版本";
    LessonUndo = "lesson.undo", "撤销批量修改";
    LessonDelete = "lesson.delete", "删除课";
    LessonImport = "lesson.import", "导入课";
    LessonQuiz = "lesson.quiz", "改随堂测验";
    CaptionPut = "caption.put", "上传字幕";
    CaptionRemove = "caption.remove", "删除字幕";
    VoicePut = "voice.put", "添加配音";
    VoiceRemove = "voice.remove", "删除配音";
    CourseCreate = "course.create", "新建课程";
    CourseUpdate = "course.update", "修改课程";
    CourseArrange = "course.arrange", "调整课程顺序";
    CourseDelete = "course.delete", "删除课程";
    MediaAdd = "media.add", "上传文件";
    MediaRemove = "media.remove", "清除文件";
    AccountCreate = "account.create", "开设账号";
    AccountChangePassword = "account.change_password", "修改密码";
    AccountResetPassword = "account.reset_password", "重置密码";
    AccountDisable = "account.disable", "停用账号";
    RoleGive = "role.give", "授予角色";
    RoleTake = "role.take", "收回角色";
    PinGive = "pin.give", "发教室口令";
    PinSet = "pin.set", "设教室口令";
    DevicePair = "device.pair", "终端配对";
    DeviceRevoke = "device.revoke", "停用终端";
    PlayDaySet = "play_day.set", "设置播放日";
    PlayDayEnd = "play_day.end", "结束播放日";
}

impl Verb {
    /// The one that a line holds; `None` for a word of another release.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|verb| verb.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::Verb;
    use std::collections::HashSet;

    #[test]
    fn no_two_verbs_share_a_word_or_a_label() {
        let words: HashSet<_> = Verb::ALL.iter().map(|verb| verb.as_str()).collect();
        let labels: HashSet<_> = Verb::ALL.iter().map(|verb| verb.label()).collect();
        assert_eq!((words.len(), labels.len()), (Verb::ALL.len(), Verb::ALL.len()));
        assert!(Verb::ALL.iter().all(|verb| Verb::parse(verb.as_str()) == Some(*verb)));
    }
}
