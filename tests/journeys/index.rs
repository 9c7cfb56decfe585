//! The search index through real HTTP: it follows the rows in every process, survives being killed, and is never piled
//! up with questions it can't answer in time.

use entity::{LessonState, outbox};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set, TransactionTrait};
use secrecy::ExposeSecret;
use std::time::{Duration, Instant};
use tests::city::{Ground, on_postgres, serve};
use tests::disk::Disk;
use tests::{City, Client, PATIENCE, Process};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

async fn finds(client: &Client, query: &str, slug: &str) -> bool {
    let answer = client.get(&format!("/api/v1/search?q={}&size=50", percent(query))).await.must(200).json();
    let hits = answer["hits"].as_array().unwrap();
    hits.iter().any(|hit| hit["slug"] == slug && hit["weak"] != true)
}

/// Waits until the lesson is found, or is not.
async fn until_found(client: &Client, query: &str, slug: &str, wanted: bool) {
    let begun = Instant::now();
    while finds(client, query, slug).await != wanted {
        assert!(begun.elapsed() < PATIENCE, "{query} is still not {wanted}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Changes a lesson's title and state as the catalog does: the row and its outbox row in one transaction.
async fn change(city: &City, slug: &str, title: &str, state: LessonState) {
    let txn = city.db.write.begin().await.unwrap();
    let id = entity::LessonId(city.lesson(slug));
    let mut row = entity::lesson::Entity::find_by_id(id).one(&txn).await.unwrap().unwrap().into_active_model();
    (row.title, row.state) = (Set(title.to_owned()), Set(state));
    row.update(&txn).await.unwrap();
    let mark = outbox::ActiveModel { lesson_id: Set(id), at: Set(entity::Moment::now()), ..Default::default() };
    mark.insert(&txn).await.unwrap();
    txn.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_committed_before_kill_9_is_found_after_it() {
    if on_postgres() {
        return; // the process under test opens its own SQLite file
    }
    let mut city = City::without_server().await;
    for round in 0..4u64 {
        let process = Process::serve(&city.data);
        city.url = process.url.clone();
        city.client("cadre").await;
        change(&city, "article", &format!("淡水鱼塘清淤第{round}回"), LessonState::Published).await;
        tokio::time::sleep(Duration::from_millis(80 * round)).await; // before, in and after the follower's commit
        process.kill();
    }
    let process = Process::serve(&city.data);
    city.url = process.url.clone();
    let cadre = city.client("cadre").await;
    until_found(&cadre, "淡水鱼塘清淤", "article", true).await;
    change(&city, "article", "淡水鱼塘清淤", LessonState::Withdrawn).await;
    until_found(&cadre, "淡水鱼塘清淤", "article", false).await;
    process.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_on_one_database_each_keep_their_own_index() {
    let city = City::start().await;
    let folder = tempfile::tempdir().unwrap();
    let index = std::sync::Arc::new(catalog::search::Index::open(folder.path(), &city.db.read).await.unwrap());
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    let other = tokio::spawn(catalog::search::follow(city.db.read.clone(), index.clone(), stopped));
    let cadre = city.client("cadre").await;
    let viewer = catalog::Viewer::staff_of("/1/");
    for round in 0..3 {
        let title = format!("油茶低产林改造第{round}回");
        change(&city, "article", &title, LessonState::Published).await;
        let begun = Instant::now();
        let (mut here, mut there) = (false, false);
        while !here || !there {
            assert!(begun.elapsed() < PATIENCE, "found here {here}, there {there}");
            here = here || finds(&cadre, &title, "article").await;
            let query = catalog::search::SearchQuery::of(&title);
            let hits = index.search(&query, &viewer, entity::Moment::now().day()).unwrap().hits.clone();
            there = there || hits.first().is_some_and(|hit| hit.title == title);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    other.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_on_one_postgresql_each_follow_and_also_after_kill_9() {
    if !on_postgres() {
        return; // a second process on one SQLite file is not how it is run
    }
    let mut city = City::without_server().await;
    let database = city.config.database_url.as_ref().unwrap().expose_secret().to_owned();
    let settings = [("YUANJIAO_DATABASE_URL", database.as_str()), ("YUANJIAO_PREPARE_WORKERS", "0")];
    let other = tempfile::tempdir().unwrap();
    let one = Process::serve_with(&city.data, &settings);
    let mut two = Process::serve_with(other.path(), &settings);
    city.url = one.url.clone();
    let here = city.client("cadre").await;
    city.url = two.url.clone();
    let mut there = city.client("cadre").await;
    for round in 0..3 {
        let title = format!("油茶低产林改造第{round}回");
        for (state, wanted) in [(LessonState::Published, true), (LessonState::Withdrawn, false)] {
            change(&city, "article", &title, state).await;
            let seen = [until_found(&here, &title, "article", wanted), until_found(&there, &title, "article", wanted)];
            futures_util::future::join_all(seen).await;
        }
        // What is committed while one of them is dead, it finds when it is back; the other goes on meanwhile.
        two.kill();
        let missed = format!("板栗储藏第{round}回");
        change(&city, "article", &missed, LessonState::Published).await;
        until_found(&here, &missed, "article", true).await;
        two = Process::serve_with(other.path(), &settings);
        city.url = two.url.clone();
        there = city.client("cadre").await;
        until_found(&there, &missed, "article", true).await;
    }
}

/// The status of a search whose address no client library would send.
async fn bare_status(city: &City, client: &Client, query: &str) -> u16 {
    let address = city.url.trim_start_matches("http://");
    let mut socket = TcpStream::connect(address).await.unwrap();
    let token = client.token.as_deref().unwrap_or_default();
    let head = format!(
        "GET /api/v1/search?q={query} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    // The server may answer and close before it has read all of it.
    let _ = socket.write_all(head.as_bytes()).await;
    let mut answer = [0; 12];
    socket.read_exact(&mut answer).await.unwrap();
    std::str::from_utf8(&answer[9..]).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_queries_get_an_honest_answer_in_time() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let words: String = (0..1_000).map(|n| format!("词{n} ")).collect();
    let table: Vec<(String, u16)> = vec![
        ("桔".repeat(7_000), 400), // the client sends no longer address; what is longer comes bare below
        ("a".repeat(10_000), 400),
        (words, 400),
        ("桔".repeat(201), 400),
        ("桔".repeat(200), 200),
        ("\u{0}\u{1}\u{1b}[31m\u{7f}".into(), 200),
        ("😀👩‍👩‍👧‍👦🇨🇳".into(), 200),
        ("\u{202e}糖沙\u{202c}مرحبا".into(), 200),
        ("\u{200b}\u{200d}\u{feff}".into(), 200),
        ("*".repeat(200), 200),
        ("(a+)+$.*.*[^a]{1000}".into(), 200),
        ("title:[* TO *] AND a~10^9".into(), 200),
        ("z".repeat(200), 200),
        ("zhi".repeat(66), 200),
        ("<script>alert(1)</script>".into(), 200),
    ];
    for (query, status) in table {
        let shown: String = query.chars().take(12).collect();
        let answer = cadre.get(&format!("/api/v1/search?q={}", percent(&query))).await;
        assert_eq!(answer.status.as_u16(), status, "{shown:?}: {}", answer.text());
        assert!(!answer.text().contains("<script>"), "{shown:?}");
        cadre.get(&format!("/api/v1/suggest?q={}", percent(&query))).await.must(200);
    }
    // An address beyond 64 KB is none, a head beyond the server's buffer is not read to its end.
    assert_eq!(bare_status(&city, &cadre, &"%E6%A1%94".repeat(10_000)).await, 400);
    assert_eq!(bare_status(&city, &cadre, &"a".repeat(2_000_000)).await, 431);
    cadre.get("/readyz").await.must(200);
    let broken = cadre.get("/api/v1/search?q=%FF%FE%80").await;
    assert!([200, 400].contains(&broken.status.as_u16()), "{}", broken.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_searches_at_once_are_sent_away_and_told_when_to_come_again() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let slow = "行长重乐".repeat(49);
    let tasks: Vec<_> = (0..400)
        .map(|number| {
            let (client, query) = (cadre.clone(), format!("/api/v1/search?q={}{number}", percent(&slow)));
            tokio::spawn(async move { client.get(&query).await })
        })
        .collect();
    let (mut answered, mut refused) = (0, 0);
    for task in tasks {
        let answer = task.await.unwrap();
        match answer.status.as_u16() {
            200 => answered += 1,
            503 => {
                assert!(!answer.header("retry-after").is_empty());
                assert_eq!(answer.code(), "busy");
                refused += 1;
            }
            other => panic!("{other}: {}", answer.text()),
        }
    }
    assert!(answered > 0, "{answered} answered, {refused} refused");
    cadre.get("/healthz").await.must(200);
    assert!(finds(&cadre, "沙糖桔", "video").await, "and afterwards all is well");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_whose_folder_was_removed_serves_on_and_is_built_anew() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    until_found(&cadre, "沙糖桔", "video", true).await;
    let folder = city.data.join("index");
    for title in ["山茶油压榨", "板栗储藏"] {
        // First all of it, then only the build in use.
        let removed = if title == "山茶油压榨" { folder.clone() } else { builds(&folder).remove(0) };
        while std::fs::remove_dir_all(&removed).is_err() {} // the server may be writing there
        assert!(finds(&cadre, "沙糖桔", "video").await, "the one that is open still serves");
        change(&city, "article", title, LessonState::Published).await;
        until_found(&cadre, title, "article", true).await;
        assert_eq!(builds(&folder).len(), 1, "what is served lies on the disk again");
    }
}

fn builds(index: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(index).unwrap().flatten().map(|entry| entry.path());
    entries.filter(|path| path.join("meta.json").exists()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_without_room_serves_on_and_follows_when_there_is_some() {
    let ground = Ground::new().await;
    let folder = ground.config.data.join("index");
    std::fs::create_dir_all(&folder).unwrap();
    let Some(disk) = Disk::mount(&folder, 32) else { return };
    let mut city = City::on(ground).await;
    city.url = serve(city.config.clone()).await;
    let cadre = city.client("cadre").await;
    until_found(&cadre, "沙糖桔", "video", true).await;
    disk.fill();
    change(&city, "article", "山茶油压榨", LessonState::Published).await;
    tokio::time::sleep(Duration::from_secs(3)).await; // it tries, and tries again
    assert!(!finds(&cadre, "山茶油压榨", "article").await, "the disk is not full: the test proves nothing");
    assert!(finds(&cadre, "沙糖桔", "video").await);
    disk.relieve();
    until_found(&cadre, "山茶油压榨", "article", true).await;
    assert!(finds(&cadre, "沙糖桔", "video").await);
}
