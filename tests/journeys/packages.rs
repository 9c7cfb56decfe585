//! Many lessons at once: a folder or a ZIP with a manifest comes in, a course goes out and into another server, and
//! hostile packages leave nothing behind.

use entity::{lesson, media};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::json;
use std::io::Write;
use std::path::Path;
use tests::browser::Browser;
use tests::city::pseudo_random;
use tests::{Answer, City, Client, process};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

mod hostile;

const SRT: &str = "1\n00:00:01,000 --> 00:00:03,500\n先剪病虫枝\n";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";

/// A ZIP of these files.
pub fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A film that a browser plays.
fn film() -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/demo/media");
    let mut films: Vec<_> = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).collect();
    films.sort();
    std::fs::read(films.iter().find(|path| path.extension().is_some_and(|end| end == "mp4")).unwrap()).unwrap()
}

/// Speech that a browser plays.
fn sound() -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/demo/media/health-pesticide-poison.m4a"))
        .unwrap()
}

/// Uploads a package as the trainer's page does: its SHA-256.
async fn uploaded(client: &Client, bytes: &[u8]) -> String {
    let id = client.upload("课程.zip", "application/zip", bytes).await;
    client.uploaded(&id).await["sha256"].as_str().unwrap().to_owned()
}

/// What the page says of a package.
pub async fn shown(client: &Client, bytes: &[u8]) -> (String, Answer) {
    let package = uploaded(client, bytes).await;
    let answer = client.get(&format!("/studio/import?package={package}")).await;
    (package, answer)
}

async fn confirm(client: &Client, package: &str) -> Answer {
    client.send(client.request(reqwest::Method::POST, "/studio/import").form(&[("package", package)])).await
}

async fn lessons(city: &City) -> u64 {
    lesson::Entity::find().count(&city.db.read).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_course_goes_from_one_server_to_another_whole_and_the_same_twice_changes_nothing() {
    let place = tempfile::tempdir().unwrap();
    let (here, there) = (place.path().join("here"), place.path().join("there"));
    for data in [&here, &there] {
        said(data, &["admin", "create", "--login", "root", "--password", "mountain-water-7"], true);
    }
    let folder = place.path().join("沙糖桔");
    std::fs::create_dir_all(folder.join("视频")).unwrap();
    std::fs::create_dir_all(folder.join("声音")).unwrap();
    let course = json!({"kind": "course", "id": "citrus", "title": "沙糖桔一年管理", "summary": "四季", "category": "agriculture"});
    let first = json!({"id": "clean", "title": "冬季清园", "category": "agriculture", "course": "沙糖桔一年管理",
        "summary": "剪枝喷药", "published": "2025-12-01", "tags": ["清园"], "media": "视频/一.mp4", "cover": "封面.png",
        "chapters": "0:00 开场\n0:02 剪枝", "captions": [{"language": "普通话", "file": "一.srt"}],
        "voices": [{"language": "壮语", "file": "声音/壮语.m4a"}],
        "quiz": {"required": true, "questions": [{"kind": "single", "text": "先做哪一步？", "choices": ["剪枝", "喷药"], "answer": [0]}]}});
    let second = json!({"id": "spring", "title": "春梢管理", "category": "agriculture", "course": "沙糖桔一年管理", "body": "看叶。"});
    let manifest = [&course, &first, &second].map(ToString::to_string).join("\n");
    for (name, bytes) in [
        ("清单.jsonl", manifest.as_bytes()),
        ("视频/一.mp4", &film()),
        ("一.srt", SRT.as_bytes()),
        ("封面.png", PNG),
        ("声音/壮语.m4a", &sound()),
    ] {
        std::fs::write(folder.join(name), bytes).unwrap();
    }
    let from = folder.to_str().unwrap();
    assert!(said(&here, &["import", "lessons", from, "--dry-run"], true).contains("新增2课"));
    let blobs = |data: &Path| {
        std::fs::read_dir(data.join("media"))
            .map_or(0, |dir| dir.flatten().filter(|e| e.file_name() != "incoming").count())
    };
    assert_eq!(blobs(&here), 0, "looking takes nothing in");
    said(&here, &["import", "lessons", from], true);
    assert!(said(&here, &["import", "lessons", from], true).contains("新增0课，修改0课，不变2课"));

    let (out, back) = (place.path().join("a.zip"), place.path().join("b.zip"));
    said(&here, &["export", "course", "citrus", out.to_str().unwrap()], true);
    assert!(said(&here, &["export", "course", "citrus", out.to_str().unwrap()], false).contains("无法写入"));
    assert!(said(&here, &["import", "lessons", out.to_str().unwrap()], true).contains("不变2课"));
    said(&there, &["import", "lessons", out.to_str().unwrap()], true);
    assert!(said(&there, &["import", "lessons", out.to_str().unwrap()], true).contains("不变2课"));
    let mut taken = zip::ZipArchive::new(std::fs::File::open(&out).unwrap()).unwrap();
    assert_eq!(taken.by_name("voices/clean.壮语.m4a").unwrap().size(), sound().len() as u64);
    said(&there, &["export", "course", "citrus", back.to_str().unwrap()], true);
    assert!(std::fs::read(&out).unwrap() == std::fs::read(&back).unwrap(), "the other server tells the same course");

    std::fs::write(folder.join("清单.jsonl"), manifest.replace("春梢管理", "春梢与花蕾")).unwrap();
    let diff = said(&here, &["import", "lessons", from, "--dry-run"], true);
    assert!(diff.contains("修改1课，不变1课") && diff.contains("标题：春梢管理 → 春梢与花蕾"), "{diff}");
    std::fs::write(folder.join("清单.jsonl"), manifest.replace("一.srt", "二.srt")).unwrap();
    let bad = said(&here, &["import", "lessons", from], false);
    assert!(bad.contains("第2行") && bad.contains("二.srt"), "{bad}");
    for (from, to, why) in
        [("声音/壮语.m4a", "视频/一.mp4", "“视频/一.mp4”不是录音文件"), ("\"壮语\"", "\"普通话\"", "本来就是普通话")]
    {
        std::fs::write(folder.join("清单.jsonl"), manifest.replace(from, to)).unwrap();
        let bad = said(&here, &["import", "lessons", &place.path().join("沙糖桔").to_string_lossy()], false);
        assert!(bad.contains("第2行") && bad.contains(why), "{bad}");
    }
}

/// What a command says; it must succeed or fail as expected.
#[track_caller]
fn said(data: &Path, words: &[&str], well: bool) -> String {
    let output = process::command(data, words);
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.success(), well, "{text}");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trainer_sees_what_a_package_would_do_and_takes_it_in_as_drafts() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let table = "标题,类别,课程,文件,字幕,编号\n冬季清园,农业科技,沙糖桔一年管理,视频/一.mp4,一.srt,clean-1\n春梢管理,农业科技,沙糖桔一年管理,,,spring-1\n";
    let package = zip(&[("课/清单.csv", table.as_bytes()), ("课/视频/一.mp4", &film()), ("课/一.srt", SRT.as_bytes())]);
    let before = lessons(&city).await;
    let (sha256, page) = shown(&trainer, &package).await;
    let page = page.must(200).text();
    assert!(page.contains("冬季清园") && page.contains("确认导入"), "{page}");
    assert_eq!(lessons(&city).await, before);
    confirm(&city.client("trainer-b").await, &sha256).await.must(422);
    assert!(confirm(&trainer, &sha256).await.must(200).text().contains("已新增2课"));
    let made = trainer.get("/api/v1/lessons/clean-1").await.must(200).json();
    assert_eq!((&made["state"], &made["unit_id"]), (&json!("draft"), &json!(city.units["东江县"])));
    assert_eq!(made["media"]["sha256"], tests::city::sha256(&film()));
    let tracks = trainer.get("/api/v1/lessons/clean-1/captions").await.must(200).text();
    assert!(tracks.contains("普通话"), "{tracks}");
    assert!(media::Entity::find_by_id(&sha256).one(&city.db.read).await.unwrap().is_none(), "the package is forgotten");
    let (_, again) = shown(&trainer, &package).await;
    assert!(again.must(200).text().contains("完全一样"));

    // What stands in the audit log, and what the course's own page gives back.
    let log = entity::audit::Entity::find().filter(entity::audit::Column::Action.eq("lesson.import"));
    assert_eq!(log.count(&city.db.read).await.unwrap(), 1);
    let course = made["course_id"].to_string();
    let zip = trainer.get(&format!("/studio/courses/{course}/package.zip")).await.must(200);
    assert!(zip.header("content-disposition").contains("attachment"));
    let mut read = zip::ZipArchive::new(std::io::Cursor::new(&zip.body)).unwrap();
    assert_eq!(read.by_name("media/clean-1.mp4").unwrap().size(), film().len() as u64);
    city.client("trainer-b").await.get(&format!("/studio/courses/{course}/package.zip")).await.must(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_brings_voices_and_a_dry_run_says_which() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let of = |voices: &str| {
        let table = format!("标题,类别,文件,配音,编号\n冬季清园,农业科技,一.mp4,{voices},clean-1\n");
        zip(&[("清单.csv", table.as_bytes()), ("一.mp4", &film()), ("声音/壮语.m4a", &sound())])
    };
    for (voices, why) in [
        ("声音/壮语.m4a", "配音应写作"),
        ("壮语：声音/没有.m4a", "没有.m4a"),
        ("普通话：声音/壮语.m4a", "本来就是普通话"),
        ("壮语：一.mp4", "“一.mp4”不是录音文件"),
    ] {
        let said = shown(&trainer, &of(voices)).await.1.must(422).text();
        assert!(said.contains(why), "{voices}: {said}");
    }
    let (bare, page) = shown(&trainer, &of("")).await;
    page.must(200);
    confirm(&trainer, &bare).await.must(200);
    let (sha256, page) = shown(&trainer, &of("壮语：声音/壮语.m4a")).await;
    let page = page.must(200).text();
    assert!(page.contains("语言配音：（空） → 壮语"), "{page}");
    confirm(&trainer, &sha256).await.must(200);
    let voices = trainer.get("/api/v1/lessons/clean-1/voices").await.must(200).json();
    assert_eq!(voices["voices"][0]["language"], "壮语");
    assert!(shown(&trainer, &of("壮语：声音/壮语.m4a")).await.1.must(200).text().contains("完全一样"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_out_of_a_package_counts_against_the_quota_of_the_county() {
    use base64::Engine;
    // As text they are a third longer than packed.
    let notes = |from: usize| base64::engine::general_purpose::STANDARD.encode(&pseudo_random(300_000)[from..]);
    let (first, second) = (notes(0), notes(150_000));
    let table = "标题,类别,文件\n讲义一,农业科技,一.txt\n讲义二,农业科技,二.txt\n";
    let files = [("清单.csv", table.as_bytes()), ("一.txt", first.as_bytes()), ("二.txt", second.as_bytes())];
    let package = zip(&files);
    let whole = first.len() + second.len();
    assert!(package.len() < whole - 80_000, "{} of {whole}", package.len());
    // Room for the package and not for what is in it; and just enough for that, because the package goes.
    for (quota, fits) in [((whole + package.len()) / 2, false), (whole + 1_000, true)] {
        let city = City::start_with(|config| config.county_quota_bytes = Some(quota as u64)).await;
        let (trainer, before) = (city.client("trainer").await, lessons(&city).await);
        let (sha256, looked) = shown(&trainer, &package).await;
        let said = looked.must(if fits { 200 } else { 422 }).text();
        assert_eq!(said.contains("东江县的课件空间共") && said.contains("放不下"), !fits, "{said}");
        confirm(&trainer, &sha256).await.must(if fits { 200 } else { 422 });
        assert_eq!(lessons(&city).await - before, if fits { 2 } else { 0 });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_trainer_brings_a_package_sees_what_it_does_and_confirms() {
    let city = City::start().await;
    let folder = tempfile::tempdir().unwrap();
    let table = "标题,类别,课程,文件,字幕\n冬季清园,农业科技,沙糖桔一年管理,视频/一.mp4,一.srt\n春梢管理,农业科技,沙糖桔一年管理,,\n";
    let bad = table.replace("春梢管理,农业科技", "春梢管理,天文").replace("视频/一.mp4", "视频/二.mp4");
    let write = |name: &str, table: &str| {
        let file = folder.path().join(name);
        let bytes = zip(&[("清单.csv", table.as_bytes()), ("视频/一.mp4", &film()), ("一.srt", SRT.as_bytes())]);
        std::fs::write(&file, bytes).unwrap();
        file
    };
    let (good, bad) = (write("沙糖桔.zip", table), write("沙糖桔（旧）.zip", &bad));
    for (width, height) in [(360, 740), (1280, 900)] {
        let Some(desk) = Browser::open(&city.url, width, height).await else { return };
        let picture = |name: &str| format!("import-{name}-{width}");
        desk.sign_in("trainer").await;
        desk.goto("/studio").await;
        desk.click("a[href='/studio/import']").await;
        desk.find("[data-upload-file]").await;
        desk.picture(&picture("empty")).await;
        assert!(!desk.overflows().await);
        desk.choose("[data-upload-file]", &bad).await;
        desk.until("return document.body.innerText.includes('一课也没有导入')").await;
        desk.picture(&picture("bad")).await;
        assert!(!desk.overflows().await);
        desk.choose("[data-upload-file]", &good).await;
        if width == 1280 {
            desk.until("return document.body.innerText.includes('完全一样')").await;
            desk.picture(&picture("same")).await;
        } else {
            desk.until("return [...document.querySelectorAll('button')].some((one) => one.innerText === '确认导入')")
                .await;
            desk.picture(&picture("plan")).await;
            assert!(!desk.overflows().await);
            desk.click("form[action^='/studio/import'] button").await;
            desk.until("return document.body.innerText.includes('已新增2课')").await;
            desk.picture(&picture("done")).await;
        }
        desk.close().await;
    }
    let made = lesson::Entity::find().filter(lesson::Column::Title.eq("冬季清园"));
    let course = made.one(&city.db.read).await.unwrap().unwrap().course_id;
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    desk.sign_in("trainer").await;
    desk.goto(&format!("/studio/courses/{course}")).await;
    desk.picture("course-package-1280").await;
    desk.close().await;
}
