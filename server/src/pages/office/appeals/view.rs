//! How a case is written for the page: the entry, what the player told in plain lines, who was in the room.

use super::{DecisionForm, PATH};
use crate::auth::identity::Identity;
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::choose::Errors;
use crate::pages::figures::clock;
use crate::pages::reasons::{Account, Limits};
use crate::pages::shell::Shell;
use archive::Hundredths;
use archive::appeals::{Case, InRoom, Session, Step};
use askama::Template;
use entity::{AppealId, Moment, PersonId, Role, Source, appeal};

/// What stands in the place of an appeal where there is none.
const UNAPPEALED: &str = "播放设备的时钟不准，说不清是什么时候学的，系统先没有计入，等人核实。本人没有申诉。";

/// The page of one appeal, or of an entry that waits without one.
#[derive(Template)]
#[template(path = "office/appeal.html")]
pub(super) struct CasePage {
    pub(super) shell: Shell,
    pub(super) notice: Option<&'static str>,
    /// Nobody has appealed: the entry waits because a clock was wrong.
    pub(super) unappealed: bool,
    pub(super) heading: String,
    pub(super) text: String,
    /// Where the decision goes.
    pub(super) action: String,
    pub(super) person: String,
    pub(super) person_href: String,
    pub(super) code: String,
    pub(super) unit: String,
    pub(super) made_on: String,
    pub(super) state: &'static str,
    pub(super) mood: &'static str,
    pub(super) decided: Option<String>,
    pub(super) about: String,
    pub(super) account: Account,
    pub(super) corrections: Vec<String>,
    pub(super) others: Vec<String>,
    pub(super) session: Option<SessionView>,
    pub(super) may_decide: bool,
    pub(super) clock_only: bool,
    pub(super) most: Hundredths,
    pub(super) most_clock: Hundredths,
    pub(super) verdict: String,
    pub(super) minutes: String,
    pub(super) reason: String,
    pub(super) errors: Errors,
}

/// A session for the page.
pub(super) struct SessionView {
    pub(super) mode: &'static str,
    pub(super) operator: String,
    pub(super) time: String,
    pub(super) length: String,
    pub(super) steps: Vec<StepView>,
    pub(super) more: bool,
    pub(super) people: Vec<StayView>,
    pub(super) unserved: bool,
}

/// One line of what happened.
pub(super) struct StepView {
    pub(super) time: String,
    pub(super) what: String,
    pub(super) counted: String,
    pub(super) lost: String,
}

/// One stay in the room.
pub(super) struct StayView {
    pub(super) name: String,
    pub(super) time: String,
    pub(super) how: &'static str,
    pub(super) appeals: bool,
}

impl CasePage {
    pub(super) async fn of(reader: &Identity, db: &Database, case: Case, may_decide: bool) -> ApiResult<Self> {
        let (appeal, entry, person) = (case.appeal, case.entry, case.person);
        let unit = roster::org::unit(&db.read, case.unit_id).await?;
        let (state, mood) = state(appeal.as_ref());
        let heading = match &appeal {
            Some(_) => format!("{person} 的申诉"),
            None => format!("{person} 的待核实记录"),
        };
        let (text, action) = match &appeal {
            Some(appeal) => (appeal.text.clone(), format!("{PATH}/{}/decision", appeal.id)),
            None => (UNAPPEALED.to_owned(), format!("{PATH}/entries/{}", entry.seq)),
        };
        let limits = Limits {
            daily_cap: entry.daily_cap_minutes,
            minimum: entry.minimum_watch_minutes,
            of_class: entry.source == Source::Class,
        };
        let correction = |row: &archive::record::EntryRow| {
            format!("台账第 {} 号，{} 分钟：{}", row.seq, Hundredths::minutes(row.credited_ms), row.title)
        };
        Ok(Self {
            shell: Shell::new(reader, heading.clone(), "/office"),
            notice: None,
            unappealed: appeal.is_none(),
            heading,
            text,
            action,
            person_href: format!("/office/people/{}?year={}", case.person_id, chrono::Datelike::year(&entry.day)),
            person,
            code: case.code,
            unit: roster::org::full_name(&db.read, &unit).await?,
            made_on: minute(appeal.as_ref().map_or(entry.posted_at, |appeal| appeal.created_at)),
            state,
            mood,
            decided: appeal.as_ref().and_then(|appeal| decided(appeal, case.decided_by.as_deref())),
            about: format!("{} {}《{}》，台账第 {} 号", entry.day, entry.source.label(), entry.title, entry.seq),
            account: Account::of(entry.claimed_ms, entry.credited_ms, &entry.reasons, limits),
            corrections: case.corrections.iter().map(correction).collect(),
            others: case.others.iter().map(other).collect(),
            session: case.session.map(|session| SessionView::of(session, case.person_id)),
            may_decide,
            clock_only: !reader.scope(&[Role::Assessor]).contains(&unit.path),
            most: Hundredths::minutes(case.most_ms),
            most_clock: Hundredths::minutes(case.most_clock_ms),
            verdict: String::new(),
            minutes: String::new(),
            reason: String::new(),
            errors: Errors::default(),
        })
    }

    /// Keep what was typed.
    pub(super) fn typed(&mut self, form: &DecisionForm) {
        self.verdict.clone_from(&form.verdict);
        self.minutes.clone_from(&form.minutes);
        self.reason.clone_from(&form.reason);
    }

    /// The most minutes this decider may give back.
    pub(super) fn bound(&self) -> Hundredths {
        if self.clock_only { self.most_clock } else { self.most }
    }
}

/// Whether the caller may decide it, and not only read it.
pub(super) async fn may_settle(db: &Database, reader: &Identity, id: AppealId) -> bool {
    archive::appeals::one(&db.read, &reader.appeals(false), id).await.is_ok()
}

/// Where an appeal stands, or what waits without one, and its colour.
pub(super) fn state(made: Option<&appeal::Model>) -> (&'static str, &'static str) {
    match made.map(|made| made.granted) {
        None => ("等候核实", "warn"),
        Some(None) => ("待处理", "warn"),
        Some(Some(true)) => ("已准予", "ok"),
        Some(Some(false)) => ("未准予", "off"),
    }
}

fn decided(made: &appeal::Model, by: Option<&str>) -> Option<String> {
    let at = made.decided_at?;
    let seq = made.correction_seq.map(|seq| format!("，补记在台账第 {seq} 号")).unwrap_or_default();
    let said = made.decision.as_deref().unwrap_or_default();
    Some(format!("{} {}{seq}：{said}", minute(at), by.unwrap_or("办理人")))
}

fn other(made: &appeal::Model) -> String {
    let (state, _) = state(Some(made));
    format!("{}（{state}）：{}", made.created_at.day(), made.text)
}

fn minute(at: Moment) -> String {
    at.local().format("%Y-%m-%d %H:%M").to_string()
}

fn second(at: Moment) -> String {
    at.local().format("%H:%M:%S").to_string()
}

fn between(from: Moment, to: Option<Moment>) -> String {
    match to {
        Some(to) if to == from => second(from),
        Some(to) => format!("{} 到 {}", second(from), second(to)),
        None => format!("{} 到结束", second(from)),
    }
}

impl SessionView {
    fn of(session: Session, who: PersonId) -> Self {
        Self {
            mode: session.mode.label(),
            operator: session.operator,
            time: format!(
                "{} 开始，{}",
                minute(session.began_at),
                match session.ended_at {
                    Some(ended) => format!("{} 结束", minute(ended)),
                    None => "还没有结束".to_owned(),
                }
            ),
            length: clock(session.duration_ms),
            steps: session.steps.iter().map(StepView::of).collect(),
            more: session.more,
            people: session.people.into_iter().map(|stay| StayView::of(stay, who)).collect(),
            unserved: session.unserved,
        }
    }
}

impl StepView {
    fn of(step: &Step) -> Self {
        let (what, counted, lost) = match step.lost {
            None => (
                format!("从 {} 看到 {}", clock(step.media.0), clock(step.media.1)),
                Hundredths::minutes(step.media.1 - step.media.0).to_string(),
                String::new(),
            ),
            Some((reason, ms)) => (
                format!("进度到了 {}", clock(step.media.1)),
                String::new(),
                format!("{}，{} 分钟", reason.label(), Hundredths::minutes(ms)),
            ),
        };
        Self { time: between(step.from, Some(step.to)), what, counted, lost }
    }
}

impl StayView {
    fn of(stay: InRoom, who: PersonId) -> Self {
        Self {
            time: between(stay.arrived_at, stay.left_at),
            how: stay.how.label(),
            appeals: stay.person_id == who,
            name: stay.name,
        }
    }
}
