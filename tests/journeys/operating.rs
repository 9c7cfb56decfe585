//! What the operator does at a shell, with the real binary: install, import, back up, restore, verify, and clear refusals.

use std::path::Path;
use std::process::Output;
use tests::city::{PASSWORD, on_postgres};
use tests::{City, Client, Process, process};

fn yuanjiao(data: &Path, arguments: &[&str]) -> Output {
    process::command(data, arguments)
}

#[track_caller]
fn succeeded(output: &Output) -> String {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{text}");
    text
}

#[track_caller]
fn failed(output: &Output, saying: &str) {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!output.status.success() && text.contains(saying), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_server_gets_an_administrator_a_roster_and_lessons() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    succeeded(&yuanjiao(
        &data,
        &["admin", "create", "--login", "root", "--password", "mountain-water-7", "--city", "桂岭市"],
    ));
    failed(&yuanjiao(&data, &["admin", "create", "--login", "root", "--password", "mountain-water-7"]), "已被使用");
    let units = folder.path().join("units.csv");
    std::fs::write(
        &units,
        "单位编码,单位名称,级别,上级编码\n01,东江县,县区,0\n0101,清水镇,乡镇,01\n010101,甲村,行政村,0101\n",
    )
    .unwrap();
    succeeded(&yuanjiao(&data, &["import", "roster", units.to_str().unwrap()]));
    let people = folder.path().join("people.csv");
    std::fs::write(&people, "学员编号,姓名,单位编码,职务,任职日期\n0001,韦大山,010101,村党组织书记,2024-03-01\n0002,覃小梅,010101,村委会主任,2024/3/1\n").unwrap();
    let people = people.to_str().unwrap();
    succeeded(&yuanjiao(&data, &["import", "roster", people, "--dry-run"]));
    succeeded(&yuanjiao(&data, &["import", "roster", people]));
    succeeded(&yuanjiao(&data, &["import", "roster", people]));
    let lessons = folder.path().join("lessons.jsonl");
    let row = r#"{"id":"hongshu-1","title":"红薯窖藏","summary":"温度与通风","category":"agriculture","tags":["红薯"],"lecturer":"韦国胜","level":"入门","language":"普通话","duration_s":600,"published":"2023-04-12","plays":5,"transcript":"地窖先晒一晒。"}"#;
    std::fs::write(&lessons, format!("{row}\n")).unwrap();
    succeeded(&yuanjiao(&data, &["import", "lessons", lessons.to_str().unwrap()]));
    succeeded(&yuanjiao(&data, &["import", "lessons", lessons.to_str().unwrap()]));
    succeeded(&yuanjiao(&data, &["reindex"]));
    succeeded(&yuanjiao(&data, &["verify"]));
    let process = Process::serve(&data);
    let admin = Client::new(&process.url).sign_in("root", "mountain-water-7").await;
    let found = admin.get("/api/v1/search?q=%E7%BA%A2%E8%96%AF").await.must(200).json();
    let people = admin.get("/api/v1/people").await.must(200).json();
    process.kill();
    assert_eq!((&found["total"], &people["total"]), (&1.into(), &2.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_rows_are_named_by_line_and_nothing_is_imported() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    succeeded(&yuanjiao(&data, &["admin", "create", "--login", "root", "--password", "mountain-water-7"]));
    let people = folder.path().join("people.csv");
    std::fs::write(
        &people,
        "学员编号,姓名,单位编码,职务\n0001,韦大山,0,村党组织书记\n0002,覃小梅,999,村委会主任\n0003,,0,飞行员\n",
    )
    .unwrap();
    let output = yuanjiao(&data, &["import", "roster", people.to_str().unwrap()]);
    failed(&output, "3");
    let db = server::database::Database::open(&data, None).await.unwrap();
    use sea_orm::{EntityTrait, PaginatorTrait};
    assert_eq!(entity::person::Entity::find().count(&db.read).await.unwrap(), 0);
    let picture = folder.path().join("roster.xlsx");
    std::fs::write(&picture, b"\x89PNG\r\n\x1a\nnot a sheet").unwrap();
    failed(&yuanjiao(&data, &["import", "roster", picture.to_str().unwrap()]), "错误");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_taken_while_serving_restores_to_a_working_server() {
    if on_postgres() {
        return; // the binary is given no PostgreSQL of its own here
    }
    let city = City::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (backup, restored) = (folder.path().join("backup"), folder.path().join("restored"));
    succeeded(&yuanjiao(&city.data, &["backup", backup.to_str().unwrap()]));
    failed(&yuanjiao(&city.data, &["backup", backup.to_str().unwrap()]), "不是空的");
    succeeded(&yuanjiao(&restored, &["restore", backup.to_str().unwrap()]));
    let process = Process::serve(&restored);
    let cadre = Client::new(&process.url).sign_in("cadre", PASSWORD).await;
    let path = format!("/media/{}", tests::city::sha256(&city.video));
    let (here, there) =
        (city.client("cadre").await.get(&path).await, cadre.get_with(&path, "Range", "bytes=5-9").await);
    process.kill();
    assert_eq!(here.header("etag"), there.header("etag"));
    assert!(there.body == city.video[5..=9]);
    let blob = backup.join("media").join(&path[7..9]).join(&path[7..]);
    std::fs::write(blob, b"altered").unwrap();
    failed(&yuanjiao(&folder.path().join("again"), &["restore", backup.to_str().unwrap()]), "损坏");
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_finds_an_altered_blob_and_an_altered_entry() {
    if on_postgres() {
        return; // the binary is given no PostgreSQL of its own here
    }
    let city = City::start().await;
    succeeded(&yuanjiao(&city.data, &["verify"]));
    let sha256 = tests::city::sha256(&city.video);
    std::fs::write(city.data.join("media").join(&sha256[..2]).join(&sha256), b"rotten").unwrap();
    failed(&yuanjiao(&city.data, &["verify"]), &sha256[..12]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_start_says_why_and_fails() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    failed(&yuanjiao(&data, &["serve", "--listen", &address]), "已被占用");
    let file = folder.path().join("file");
    std::fs::write(&file, b"").unwrap();
    failed(&yuanjiao(&file.join("data"), &["serve", "--listen", "127.0.0.1:0"]), "不可写");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::write(data.join("yuanjiao.toml"), "listne = \"127.0.0.1:1\"\n").unwrap();
    failed(&yuanjiao(&data, &["serve"]), "listne");
    std::fs::write(data.join("yuanjiao.toml"), "listen = \n").unwrap();
    failed(&yuanjiao(&data, &["serve"]), "配置");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_graceful_stop_finishes_and_leaves_a_second_start_its_data() {
    let city = City::without_server().await;
    if on_postgres() {
        return; // the binary is given no PostgreSQL of its own here
    }
    let process = Process::serve(&city.data);
    let cadre = Client::new(&process.url).sign_in("cadre", PASSWORD).await;
    cadre.get("/readyz").await.must(200);
    process.ask_to_stop();
    assert!(process.ended().success());
    let process = Process::serve(&city.data);
    Client::new(&process.url).sign_in("cadre", PASSWORD).await.get("/api/v1/me").await.must(200);
    process.kill();
}
