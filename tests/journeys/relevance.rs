//! Our own judged set, through import and HTTP: the floors below which a change to the search may not fall.

use catalog::import::{Files, Manifest, Terms};
use entity::UnitLevel;
use roster::org::NewUnit;
use tests::city::{Ground, PASSWORD, serve};
use tests::client::Client;
use tests::judged::{JudgedSet, found_cadre};

#[tokio::test(flavor = "multi_thread")]
async fn searches_over_an_imported_set_stay_as_good_as_they_were() {
    let ground = Ground::new().await;
    let set = JudgedSet::own();
    let db = server::app::open_database(&ground.config).await.unwrap();
    let root = NewUnit { parent: None, code: "450000".into(), name: "桂岭市".into(), level: UnitLevel::City };
    let root = roster::org::add(&db.write, root).await.unwrap().id;
    let now = entity::Moment::now();
    let lessons = std::fs::read_to_string(&set.lessons).unwrap();
    let manifest = Manifest::of_jsonl(&lessons);
    let plan =
        catalog::import::plan(&db.read, &manifest, &Files::default(), root, &Terms::Operator, now).await.unwrap();
    assert!(plan.bad.is_empty(), "{plan}");
    catalog::import::apply(&db.write, &plan, None, now).await.unwrap();
    let login = found_cadre(&db).await;
    let cadre = Client::new(&serve(ground.config.clone()).await).sign_in(login, PASSWORD).await;
    let table = set.judge(&set.ask(&cadre).await);
    assert!(table.overall.ndcg >= 0.94, "{table:#?}");
    assert!(table.overall.first >= 0.90, "{table:#?}");
    assert!(table.honest == 1.0, "{table:#?}");
    for (kind, worth) in &table.kinds {
        let floor = match kind.as_str() {
            "topic" => 0.70,
            "colloquial" | "long_question" | "synonym" => 0.85,
            _ => 0.95,
        };
        assert!(worth.ndcg >= floor, "{kind}: {worth:?}");
    }
}
