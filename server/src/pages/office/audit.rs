//! The audit log, newest first. Those whose reach is less than the whole tree see what people of their reach did.

use crate::auth::identity::Auditor;
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::choose::{Choice, Tab, page_number, tabs, typed};
use crate::pages::names::names;
use crate::pages::parts::Pager;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;
use entity::{AccountId, Day, Moment, Scope, account, audit, person, scope};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};
use serde::Deserialize;

const PAGE: u64 = 100;

/// What people call the actions; one that is not here is shown by its verb.
const ACTIONS: &[(&str, &str)] = &[
    ("lesson.create", "新建课"),
    ("lesson.update", "修改课"),
    ("lesson.submit", "提交审核"),
    ("lesson.publish", "发布课"),
    ("lesson.schedule", "定时发布课"),
    ("lesson.return", "退回课"),
    ("lesson.note", "写审核意见"),
    ("lesson.note_done", "处理审核意见"),
    ("lesson.withdraw", "撤回课"),
    ("lesson.restore", "恢复旧版本"),
    ("lesson.delete", "删除课"),
    ("lesson.import", "导入课"),
    ("lesson.quiz", "改随堂测验"),
    ("course.create", "新建课程"),
    ("course.update", "修改课程"),
    ("course.arrange", "调整课程顺序"),
    ("course.delete", "删除课程"),
    ("media.add", "上传文件"),
    ("class.record", "登记集中培训"),
    ("ledger.correct", "更正学时"),
    ("appeal.make", "提出申诉"),
    ("appeal.decide", "处理申诉"),
    ("rule.enact", "启用学时规则"),
    ("roster.import", "导入花名册"),
    ("account.change_password", "修改密码"),
    ("account.reset_password", "重置密码"),
    ("account.disable", "停用账号"),
    ("device.register", "登记终端"),
    ("device.pair", "终端配对"),
    ("device.revoke", "停用终端"),
    ("wish.answer", "答复想学的内容"),
    ("plan.set", "设置培训计划"),
    ("plan.end", "结束培训计划"),
    ("play_day.set", "设置播放日"),
    ("play_day.end", "结束播放日"),
];

/// What the log is narrowed to.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct AuditQuery {
    action: String,
    who: String,
    target: String,
    from: String,
    to: String,
    page: String,
}

#[derive(Template)]
#[template(path = "office/audit.html")]
struct AuditPage {
    shell: Shell,
    tabs: Vec<Tab>,
    actions: Vec<Choice>,
    who: String,
    target: String,
    from: String,
    to: String,
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    at: String,
    who: String,
    action: &'static str,
    verb: String,
    target: String,
    detail: String,
}

/// `GET /office/audit`: a page of the log.
///
/// # Errors
/// When the database fails.
pub async fn list(auditor: Auditor, query: Query<AuditQuery>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let found = audit::Entity::find().filter(within(&auditor.reach())).filter(query.condition(&db.read).await?);
    let (number, total) = (page_number(Some(&query.page)), found.clone().count(&db.read).await?);
    let offset = (number - 1).saturating_mul(PAGE).min(total);
    let entries = found.order_by_desc(audit::Column::Id).offset(offset).limit(PAGE).all(&db.read).await?;
    let none = Choice::new("", "全部", &query.action);
    let actions = ACTIONS.iter().map(|(verb, label)| Choice::new(*verb, *label, &query.action));
    crate::pages::draw(&AuditPage {
        shell: Shell::new(&auditor, "操作日志", "/office"),
        tabs: tabs(&auditor, "/office/audit"),
        actions: std::iter::once(none).chain(actions).collect(),
        rows: rows(&db.read, entries).await?,
        pager: query.pager(number, total),
        who: query.who.clone(),
        target: query.target.clone(),
        from: query.from.clone(),
        to: query.to.clone(),
    })
}

impl AuditQuery {
    async fn condition(&self, db: &impl ConnectionTrait) -> ApiResult<Condition> {
        let mut all = Condition::all();
        if !self.action.is_empty() {
            all = all.add(audit::Column::Action.eq(typed(&self.action)));
        }
        if !self.target.trim().is_empty() {
            all = all.add(audit::Column::Target.eq(typed(&self.target)));
        }
        if let Ok(day) = self.from.parse::<Day>() {
            all = all.add(audit::Column::At.gte(Moment::start_of(day)));
        }
        if let Some(after) = self.to.parse::<Day>().ok().and_then(|day| day.succ_opt()) {
            all = all.add(audit::Column::At.lt(Moment::start_of(after)));
        }
        if !self.who.trim().is_empty() {
            all = all.add(audit::Column::AccountId.is_in(named(db, &typed(&self.who)).await?));
        }
        Ok(all)
    }

    fn pager(&self, number: u64, total: u64) -> Pager {
        let kept = [
            ("action", &self.action),
            ("who", &self.who),
            ("target", &self.target),
            ("from", &self.from),
            ("to", &self.to),
        ];
        Pager::new("/office/audit", &kept.map(|(name, value)| (name, value.as_str())), number, PAGE, total)
    }
}

/// Entries by accounts of people within reach; every entry, those of the command line too, for the top of the tree.
fn within(reach: &Scope) -> Condition {
    if reach.paths().iter().any(|path| scope::ancestors_of(path).len() == 1) {
        return Condition::all();
    }
    let people = person::Entity::find().select_only().column(person::Column::Id);
    let people = people.filter(reach.reaches((person::Entity, person::Column::UnitId))).into_query();
    let accounts = account::Entity::find().select_only().column(account::Column::Id);
    let accounts = accounts.filter(account::Column::PersonId.in_subquery(people)).into_query();
    Condition::all().add(audit::Column::AccountId.in_subquery(accounts))
}

/// Accounts with this login, or of people with this name.
async fn named(db: &impl ConnectionTrait, who: &str) -> ApiResult<Vec<AccountId>> {
    let people = person::Entity::find().select_only().column(person::Column::Id);
    let people = people.filter(person::Column::Name.eq(who)).into_query();
    let either =
        Condition::any().add(account::Column::Login.eq(who)).add(account::Column::PersonId.in_subquery(people));
    let query = account::Entity::find().select_only().column(account::Column::Id).filter(either);
    Ok(query.limit(500).into_tuple().all(db).await?)
}

async fn rows(db: &impl ConnectionTrait, entries: Vec<audit::Model>) -> ApiResult<Vec<Row>> {
    let names = names(db, entries.iter().filter_map(|entry| entry.account_id).collect()).await?;
    let row = |entry: audit::Model| Row {
        at: entry.at.local().format("%Y-%m-%d %H:%M:%S").to_string(),
        who: entry
            .account_id
            .map_or("命令行".into(), |id| names.get(&id).cloned().unwrap_or_else(|| id.to_string())),
        action: ACTIONS.iter().find(|(verb, _)| *verb == entry.action).map_or("", |(_, label)| label),
        verb: entry.action,
        target: shortened(&entry.target),
        detail: entry.detail,
    };
    Ok(entries.into_iter().map(row).collect())
}

/// A hash is told by its beginning.
fn shortened(target: &str) -> String {
    match target.char_indices().nth(24) {
        Some((at, _)) => format!("{}…", target.get(..at).unwrap_or_default()),
        None => target.to_owned(),
    }
}
