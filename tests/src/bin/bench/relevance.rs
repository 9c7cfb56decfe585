//! How good the search is on a judged set, by kind of query, beside SQLite's full-text search on the same text, and what
//! each part of ours is worth. The set is imported and asked as users would: by the binary and over HTTP.

use catalog::Viewer;
use catalog::search::{Index, Parts, SearchQuery};
use entity::Moment;
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement, TransactionTrait, Value};
use server::config::Config;
use server::database::Database;
use std::path::Path;
use tests::city::{Ground, PASSWORD};
use tests::client::Client;
use tests::judged::{JudgedSet, Ranking, Table, found_cadre};
use tests::process::{self, Process};

/// Measure the set in a folder, or our own: print the table, the baselines, and with `ablation` the worth of the parts.
pub async fn measure(folder: Option<&str>, ablation: bool) {
    let set = folder.map_or_else(JudgedSet::own, |folder| JudgedSet::of(Path::new(folder)));
    let ground = Ground::new().await;
    let Config { data, .. } = &ground.config;
    run(data, &["admin", "create", "--login", "keeper", "--password", PASSWORD]);
    run(data, &["import", "lessons", &set.lessons.to_string_lossy()]);
    let db = server::app::open_database(&ground.config).await.unwrap();
    let login = found_cadre(&db).await;
    let server = Process::serve(data);
    let cadre = Client::new(&server.url).sign_in(login, PASSWORD).await;
    let mut columns = vec![("yuanjiao".to_owned(), set.judge(&set.ask(&cadre).await))];
    drop(server);
    columns.extend(baselines(&set).await);
    print(&set, &columns);
    if ablation {
        print_ablation(&set, data, &db).await;
    }
}

fn run(data: &Path, args: &[&str]) {
    let output = process::command(data, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// SQLite's full-text search: trigrams as a phrase and any of them, jieba's words all and any of them.
async fn baselines(set: &JudgedSet) -> Vec<(String, Table)> {
    let lessons = std::fs::read_to_string(&set.lessons).unwrap();
    let lessons: Vec<serde_json::Value> = lessons.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let jieba = jieba_rs::Jieba::new();
    let words = |text: &str| -> String {
        let words = jieba.cut_for_search(text, false).into_iter().map(|token| token.word);
        words.filter(|word| word.chars().any(char::is_alphanumeric)).collect::<Vec<_>>().join(" ")
    };
    let plain = |text: &str| text.to_owned();
    let trigrams = table("trigram", &lessons, plain).await;
    let by_word = table("unicode61", &lessons, words).await;
    let any = |terms: Vec<String>| terms.iter().map(|term| quoted(term)).collect::<Vec<_>>().join(" OR ");
    let all = |terms: Vec<String>| terms.iter().map(|term| quoted(term)).collect::<Vec<_>>().join(" AND ");
    let cut = |q: &str| words(q).split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    vec![
        ("FTS5 phrase".to_owned(), rank(set, &trigrams, quoted).await),
        ("FTS5 3-grams".to_owned(), rank(set, &trigrams, |q| any(three(q))).await),
        ("FTS5 jieba AND".to_owned(), rank(set, &by_word, |q| all(cut(q))).await),
        ("FTS5 jieba OR".to_owned(), rank(set, &by_word, |q| any(cut(q))).await),
    ]
}

fn quoted(term: &str) -> String {
    format!("\"{}\"", term.replace('"', " "))
}

fn three(text: &str) -> Vec<String> {
    text.chars().collect::<Vec<_>>().windows(3).map(|three| three.iter().collect()).collect()
}

async fn table(tokenizer: &str, lessons: &[serde_json::Value], cut: impl Fn(&str) -> String) -> DatabaseConnection {
    let db = sea_orm::Database::connect("sqlite::memory:").await.unwrap();
    let columns = "slug UNINDEXED, title, tags, lecturer, summary, transcript";
    db.execute_unprepared(&format!("CREATE VIRTUAL TABLE t USING fts5({columns}, tokenize='{tokenizer}')"))
        .await
        .unwrap();
    let txn = db.begin().await.unwrap();
    for lesson in lessons {
        let text = |name: &str| lesson[name].as_str().unwrap_or_default().to_owned();
        let tags: Vec<&str> = lesson["tags"].as_array().into_iter().flatten().filter_map(|tag| tag.as_str()).collect();
        let zones = [text("title"), tags.join(" "), text("lecturer"), text("summary"), text("transcript")];
        let values = std::iter::once(text("id")).chain(zones.iter().map(|zone| cut(zone))).map(Value::from);
        let insert = Statement::from_sql_and_values(
            txn.get_database_backend(),
            "INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)",
            values,
        );
        txn.execute_raw(insert).await.unwrap();
    }
    txn.commit().await.unwrap();
    db
}

async fn rank(set: &JudgedSet, db: &DatabaseConnection, phrase: impl Fn(&str) -> String) -> Table {
    let mut rankings = Vec::new();
    for query in &set.queries {
        let wanted = phrase(&query.q);
        let mut slugs = Vec::new();
        if !wanted.is_empty() {
            let sql = "SELECT slug FROM t WHERE t MATCH ? ORDER BY bm25(t, 0, 5, 3, 4, 2, 1) LIMIT 50";
            let select = Statement::from_sql_and_values(db.get_database_backend(), sql, [Value::from(wanted)]);
            let rows = db.query_all_raw(select).await.unwrap_or_default();
            slugs.extend(rows.iter().map(|row| row.try_get::<String>("", "slug").unwrap()));
        }
        rankings.push(Ranking { slugs, weak: false });
    }
    set.judge(&rankings)
}

fn print(set: &JudgedSet, columns: &[(String, Table)]) {
    println!("\nrelevance: {} queries over {}", set.queries.len(), set.lessons.display());
    println!("{:<16}{:>4}{:>9}{:>9}{:>9}{:>9}", "yuanjiao", "n", "nDCG@10", "rec@10", "MRR", "P@1");
    let (_, ours) = &columns[0];
    for (kind, worth) in std::iter::once(("overall", &ours.overall)).chain(ours.kinds.iter().map(|(k, w)| (&**k, w))) {
        let tests::judged::Worth { count, ndcg, recall, mrr, first } = worth;
        println!("{kind:<16}{count:>4}{ndcg:>9.3}{recall:>9.3}{mrr:>9.3}{first:>9.3}");
    }
    println!("none: empty or labelled weak {:.2}\n\nnDCG@10 beside", ours.honest);
    println!("{:<16}{}", "", columns.iter().map(|(name, _)| format!("{name:>16}")).collect::<String>());
    let row = |name: &str, of: &dyn Fn(&Table) -> f64| {
        println!("{name:<16}{}", columns.iter().map(|(_, table)| format!("{:>16.3}", of(table))).collect::<String>());
    };
    row("overall", &|table| table.overall.ndcg);
    for kind in ours.kinds.keys() {
        row(kind, &|table| table.kinds[kind].ndcg);
    }
    row("none: honest", &|table| table.honest);
}

/// The worth of each part: the table without it. Asks the index itself, in the folder the server has left.
async fn print_ablation(set: &JudgedSet, data: &Path, db: &Database) {
    let all = Parts::default();
    let cases = [
        ("all", all),
        ("pinyin", Parts { pinyin: false, ..all }),
        ("homophones", Parts { homophones: false, ..all }),
        ("synonyms", Parts { synonyms: false, ..all }),
        ("character pairs", Parts { pairs: false, ..all }),
        ("jieba words", Parts { words: false, ..all }),
        ("frames", Parts { frames: false, ..all }),
        ("word weights", Parts { matter: false, ..all }),
        ("frames+weights", Parts { frames: false, matter: false, ..all }),
        ("numbers", Parts { numbers: false, ..all }),
        ("category", Parts { coherence: false, ..all }),
        ("priors", Parts { priors: false, ..all }),
    ];
    let root = roster::org::root(&db.read).await.unwrap().unwrap();
    let viewer = Viewer { homes: vec![root.path], ..Viewer::default() };
    println!("\n{:<18}{:>9}{:>9}   most harmed", "without", "nDCG@10", "P@1");
    let mut whole = Table::default();
    for (name, parts) in cases {
        let index = Index::open(data, &db.read).await.unwrap().with_parts(parts);
        let ask = |query: &tests::judged::Query| {
            let asked = SearchQuery { size: 50, ..SearchQuery::of(&query.q) };
            let answer = index.search(&asked, &viewer, Moment::now().day()).unwrap();
            let slugs = answer.hits.iter().map(|hit| hit.slug.clone()).collect();
            Ranking { slugs, weak: answer.total == answer.weak_total }
        };
        let table = set.judge(&set.queries.iter().map(ask).collect::<Vec<_>>());
        if name == "all" {
            whole = table.clone();
        }
        println!("{name:<18}{:>9.3}{:>9.3}   {}", table.overall.ndcg, table.overall.first, harmed(&whole, &table));
    }
}

/// The three kinds that lose most, if they lose anything.
fn harmed(whole: &Table, without: &Table) -> String {
    let mut losses: Vec<(&String, f64)> =
        whole.kinds.iter().map(|(kind, worth)| (kind, worth.ndcg - without.kinds[kind].ndcg)).collect();
    losses.sort_by(|a, b| b.1.total_cmp(&a.1));
    let worst = losses.iter().take(3).filter(|(_, loss)| *loss > 0.004);
    worst.map(|(kind, loss)| format!("{kind} -{loss:.3}")).collect::<Vec<_>>().join(", ")
}
