//! Judged searches: a set of lessons with queries and the lessons that answer them, what a ranking is worth against it,
//! and a learner who may see the whole set. Measures as in the TREC evaluations: nDCG with gain 2^grade - 1.

use crate::city::PASSWORD;
use crate::client::Client;
use entity::{Moment, Role, person};
use roster::account::NewAccount;
use sea_orm::{ActiveModelTrait, Set as Value};
use serde::Deserialize;
use server::database::Database;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How deep a ranking is looked at.
const DEPTH: usize = 10;

/// A query with its judgement.
#[derive(Clone, Debug, Deserialize)]
pub struct Query {
    /// What is typed.
    pub q: String,
    /// What kind of query it is; `none` is answered by nothing.
    pub kind: String,
    /// Grades from 1 to 3 by slug.
    pub relevant: BTreeMap<String, i32>,
}

/// A judged set.
pub struct JudgedSet {
    /// The lessons, as `import lessons` takes them.
    pub lessons: PathBuf,
    /// The queries.
    pub queries: Vec<Query>,
}

/// What was answered to one query.
#[derive(Clone, Debug, Default)]
pub struct Ranking {
    /// The lessons, best first.
    pub slugs: Vec<String>,
    /// All of them are of the labelled weaker tier, or there are none.
    pub weak: bool,
}

/// What rankings are worth, on average.
#[derive(Clone, Copy, Debug, Default)]
pub struct Worth {
    /// Queries.
    pub count: usize,
    /// nDCG@10.
    pub ndcg: f64,
    /// Share of what is relevant (at most ten) among the first ten.
    pub recall: f64,
    /// One over the place of the first lesson of grade 2 or 3.
    pub mrr: f64,
    /// Share whose first lesson is of grade 3.
    pub first: f64,
}

/// The worth of an engine on a set.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Over all queries that something answers.
    pub overall: Worth,
    /// The same by kind.
    pub kinds: BTreeMap<String, Worth>,
    /// Share of the other queries answered by nothing, or only under the label of the weaker tier.
    pub honest: f64,
}

impl JudgedSet {
    /// Our own set, in the repository.
    pub fn own() -> Self {
        Self::of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("relevance"))
    }

    /// The set in a folder: `lessons.jsonl` and `queries.jsonl`.
    pub fn of(folder: &Path) -> Self {
        let text = std::fs::read_to_string(folder.join("queries.jsonl")).unwrap();
        let queries = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        Self { lessons: folder.join("lessons.jsonl"), queries }
    }

    /// What an engine is worth that answers the queries so.
    pub fn judge(&self, rankings: &[Ranking]) -> Table {
        let mut table = Table::default();
        let (mut honest, mut unanswerable) = (0, 0);
        for (query, ranking) in self.queries.iter().zip(rankings) {
            if query.relevant.is_empty() {
                unanswerable += 1;
                honest += usize::from(ranking.weak || ranking.slugs.is_empty());
                continue;
            }
            let worth = worth(&ranking.slugs, &query.relevant);
            table.overall.add(&worth);
            table.kinds.entry(query.kind.clone()).or_default().add(&worth);
        }
        table.honest = honest as f64 / unanswerable.max(1) as f64;
        table
    }

    /// Asks the server every query and reads the rankings.
    pub async fn ask(&self, client: &Client) -> Vec<Ranking> {
        let mut rankings = Vec::new();
        for query in &self.queries {
            let encoded: String = query.q.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let answer = client.get(&format!("/api/v1/search?q={encoded}&size=50")).await.must(200).json();
            let hits = answer["hits"].as_array().unwrap();
            let slugs = hits.iter().map(|hit| hit["slug"].as_str().unwrap().to_owned()).collect();
            rankings.push(Ranking { slugs, weak: answer["total"] == answer["weak_total"] });
        }
        rankings
    }
}

impl Worth {
    fn add(&mut self, one: &Worth) {
        let before = self.count as f64;
        let mean = |sum: f64, one: f64| (sum * before + one) / (before + 1.0);
        *self = Worth {
            count: self.count + 1,
            ndcg: mean(self.ndcg, one.ndcg),
            recall: mean(self.recall, one.recall),
            mrr: mean(self.mrr, one.mrr),
            first: mean(self.first, one.first),
        };
    }
}

fn worth(slugs: &[String], relevant: &BTreeMap<String, i32>) -> Worth {
    let grade = |slug: &String| relevant.get(slug).copied().unwrap_or(0);
    let gained = |grades: &mut dyn Iterator<Item = i32>| -> f64 {
        let gain = |(place, grade): (usize, i32)| (2f64.powi(grade) - 1.0) / (place as f64 + 2.0).log2();
        grades.take(DEPTH).enumerate().map(gain).sum()
    };
    let mut best: Vec<i32> = relevant.values().copied().collect();
    best.sort_unstable_by(|a, b| b.cmp(a));
    let found = slugs.iter().take(DEPTH).filter(|slug| grade(slug) > 0).count();
    Worth {
        count: 1,
        ndcg: gained(&mut slugs.iter().map(grade)) / gained(&mut best.iter().copied()),
        recall: found as f64 / DEPTH.min(relevant.len()) as f64,
        mrr: slugs.iter().position(|slug| grade(slug) >= 2).map_or(0.0, |place| 1.0 / (place as f64 + 1.0)),
        first: f64::from(u8::from(slugs.first().is_some_and(|slug| grade(slug) == 3))),
    }
}

/// A learner of the root unit, for whom every lesson of an imported set is; the login.
pub async fn found_cadre(db: &Database) -> &'static str {
    let root = roster::org::root(&db.read).await.unwrap().unwrap();
    let row = person::ActiveModel {
        code: Value("judge".into()),
        name: Value("韦评".into()),
        pinyin: Value(roster::people::pinyin_of("韦评")),
        unit_id: Value(root.id),
        gender: Value(None),
        birth_year: Value(None),
        phone: Value(None),
        left_on: Value(None),
        created_at: Value(Moment::now()),
        ..Default::default()
    };
    let person_id = Some(row.insert(&db.write).await.unwrap().id);
    let account =
        NewAccount { login: "judge", password: Some(PASSWORD), person_id, device_id: None, must_change: false };
    let id = roster::account::create(&db.write, account, None, Moment::now()).await.unwrap();
    roster::grants::give(&db.write, id, Role::Learner, root.id, None, Moment::now()).await.unwrap();
    "judge"
}
