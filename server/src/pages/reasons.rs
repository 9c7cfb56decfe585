//! What became of claimed minutes, in words a farmer reads: each reason as a sentence, and what to do about it.
//!
//! The minutes shown always add up as shown: what is cut by rounding is given to the parts that lost most by it.

use archive::Hundredths;
use entity::Reason;
use std::collections::BTreeMap;

/// What was claimed, what counts, and where the rest is.
#[derive(Clone, Debug)]
pub struct Account {
    /// Minutes claimed.
    pub claimed: Hundredths,
    /// Minutes that count.
    pub credited: Hundredths,
    /// Minutes that do not: claimed less credited, as shown.
    pub uncounted: Hundredths,
    /// Why not.
    pub parts: Vec<Part>,
}

/// A reason with its minutes.
#[derive(Clone, Debug)]
pub struct Part {
    /// What people call it.
    pub label: &'static str,
    /// How many minutes.
    pub minutes: Hundredths,
    /// What happened.
    pub what: String,
    /// What to do about it.
    pub advice: String,
    /// It waits for somebody to look into it.
    pub waits: bool,
}

/// The limits of the rule that judged, which some sentences name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// The most minutes of a day; 0 when not known.
    pub daily_cap: i64,
    /// The least minutes of a lesson; 0 when not known.
    pub minimum: i64,
    /// It judged a class in person, where too little is too much leave.
    pub of_class: bool,
}

impl Account {
    /// The account of some claimed milliseconds.
    pub fn of(claimed_ms: i64, credited_ms: i64, reasons: &BTreeMap<Reason, i64>, limits: Limits) -> Self {
        let (claimed, credited) = (Hundredths::minutes(claimed_ms), Hundredths::minutes(credited_ms));
        let uncounted = Hundredths(claimed.0 - credited.0);
        let some: Vec<(Reason, i64)> =
            reasons.iter().map(|(reason, ms)| (*reason, *ms)).filter(|part| part.1 > 0).collect();
        let shares = shared(uncounted.0, &some.iter().map(|part| part.1).collect::<Vec<_>>());
        let parts =
            some.iter().zip(shares).map(|((reason, _), minutes)| Part::of(*reason, Hundredths(minutes), limits));
        Self { claimed, credited, uncounted, parts: parts.collect() }
    }

    /// The same once somebody has looked into what waited and answered.
    #[must_use]
    pub fn answered(mut self) -> Self {
        for part in self.parts.iter_mut().filter(|part| part.waits) {
            part.waits = false;
            part.what = "播放设备的时钟不准，说不清是什么时候学的。".to_owned();
            part.advice = "已经核实，结果见这一条的答复。".to_owned();
        }
        self
    }

    /// Whether some of it waits for somebody to look into it.
    pub fn waits(&self) -> bool {
        self.parts.iter().any(|part| part.waits)
    }
}

impl Part {
    fn of(reason: Reason, minutes: Hundredths, limits: Limits) -> Self {
        let (what, advice) = explained(reason, limits);
        Self { label: reason.label(), minutes, what, advice, waits: reason == Reason::ClockUnresolved }
    }
}

/// Hundredths of a minute over parts in milliseconds: each part cut, and what is left given to the greatest remainders.
fn shared(total: i64, parts: &[i64]) -> Vec<i64> {
    let mut shares: Vec<i64> = parts.iter().map(|ms| Hundredths::minutes(*ms).0).collect();
    let left = usize::try_from(total - shares.iter().sum::<i64>()).unwrap_or(0);
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(parts.get(*at).map_or(0, |ms| ms.rem_euclid(600))));
    for at in order.into_iter().take(left) {
        if let Some(share) = shares.get_mut(at) {
            *share += 1;
        }
    }
    shares
}

/// What happened, and what to do.
fn explained(reason: Reason, limits: Limits) -> (String, String) {
    let (what, advice) = match reason {
        Reason::SeekUnseen => ("进度条拖过去的部分没有观看。", "重新打开这一课，把跳过的这一段看完，就会计入。"),
        Reason::Overlap => ("这一段当天已经学过并计入，同一天只算一次。", "不用补。想多学，请换一课，或改天再看。"),
        Reason::Repeated => {
            ("这一段以前学过并计入了，按学时规则还没到可以再计的时候。", "不用补。想多学，请换一课没学过的。")
        }
        Reason::OverWall => ("播放的进度比实际经过的时间快，多出的部分不算。", "按正常速度看，就会全部计入。"),
        Reason::SecondDevice => ("您在另一台设备上开始了学习，这一台之后的时间不算。", "一次只在一台设备上学。"),
        Reason::Idle => ("很久没有人操作，不能确定有人在看。", "屏幕上问“还在看吗”时点一下，就会接着计入。"),
        Reason::NotPresent => ("按教室的签到记录，这段时间您不在场。", "如果当时在场，请提出申诉，写明谁可以作证。"),
        Reason::ClockUnresolved => (
            "播放设备的时钟不准，说不清是什么时候学的，正在等培训员核实。",
            "等候核实；也可以提出申诉，写明哪天在哪里学的。",
        ),
        Reason::QuizNotPassed => {
            ("这一课要通过随堂测验才计入，当时还没有通过。", "打开这一课做随堂测验，通过以后这些时间会自动计入。")
        }
        Reason::YearlyCap => {
            ("这一种学习今年计入的学时已到上限。", "不用补。想多学，请看课或参加集中培训，那些另外计。")
        }
        Reason::DailyCap => return capped(limits.daily_cap),
        Reason::TooShort if limits.of_class => {
            ("请假超过了规定的比例，这个班不计学时。", "请参加下一个班；签到有误，可以提出申诉。")
        }
        Reason::TooShort => return too_short(limits.minimum),
    };
    (what.to_owned(), advice.to_owned())
}

fn capped(most: i64) -> (String, String) {
    let what = match most {
        1.. => format!("当天计入的时间已到上限 {most} 分钟。"),
        _ => "当天计入的时间已到上限。".to_owned(),
    };
    (what, "不用补。明天再学，就会接着计入。".to_owned())
}

fn too_short(least: i64) -> (String, String) {
    match least {
        1.. => (
            format!("当天这一课看得太短，不满 {least} 分钟不计入。"),
            format!("再看这一课，看满 {least} 分钟就会计入。"),
        ),
        _ => ("当天这一课看得太短，不计入。".to_owned(), "再看这一课，看得长一些就会计入。".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn what_is_shown_adds_up_whatever_is_rounded() {
        let mut dice = fastrand::Rng::with_seed(20_261_128);
        for _ in 0..5_000 {
            let credited_ms = dice.i64(0..10_000_000);
            let some = Reason::ALL.iter().copied().filter(|_| dice.bool()).collect::<Vec<_>>();
            let reasons: BTreeMap<Reason, i64> =
                some.into_iter().map(|reason| (reason, dice.i64(1..5_000_000))).collect();
            let claimed_ms = credited_ms + reasons.values().sum::<i64>();
            let account = Account::of(claimed_ms, credited_ms, &reasons, Limits::default());
            assert_eq!(account.credited.0 + account.uncounted.0, account.claimed.0);
            assert_eq!(account.parts.iter().map(|part| part.minutes.0).sum::<i64>(), account.uncounted.0);
            for (part, ms) in account.parts.iter().zip(reasons.values()) {
                assert!((part.minutes.0 - Hundredths::minutes(*ms).0).abs() <= 1, "{account:?}");
            }
        }
    }

    #[test]
    fn every_reason_says_what_happened_and_what_to_do() {
        for reason in Reason::ALL.iter().copied() {
            let (what, advice) = explained(reason, Limits { daily_cap: 180, minimum: 2, of_class: false });
            assert!(what.ends_with('。') && advice.ends_with('。') && !what.contains(reason.as_str()), "{reason:?}");
        }
        let limits = Limits { daily_cap: 180, minimum: 2, of_class: true };
        assert!(explained(Reason::DailyCap, limits).0.contains("180"));
        assert!(explained(Reason::TooShort, limits).0.contains("请假"), "a class is not watched");
    }

    #[test]
    fn only_a_wrong_clock_waits() {
        let waiting = |reason| Account::of(1000, 0, &BTreeMap::from([(reason, 1000)]), Limits::default()).waits();
        let those: Vec<_> = Reason::ALL.iter().copied().filter(|reason| waiting(*reason)).collect();
        assert_eq!(those, [Reason::ClockUnresolved]);
        let account = Account::of(1000, 0, &BTreeMap::from([(Reason::ClockUnresolved, 1000)]), Limits::default());
        assert!(!account.answered().waits(), "nobody waits for what was answered");
    }
}
