//! Packages that mean harm, or come from another county.

use super::{confirm, lessons, shown, zip};
use entity::media;
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::json;
use std::io::Write;
use tests::City;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

#[tokio::test(flavor = "multi_thread")]
async fn hostile_packages_are_refused_whole() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let good = "标题,类别\n好课,农业科技\n";
    let nonsense: String =
        std::iter::once("标题,类别\n".to_owned()).chain((0..10_000).map(|n| format!("课{n},天文{n}\n"))).collect();
    let films = |name: &str| format!("标题,类别,文件\n好课,农业科技,\n坏课,农业科技,{name}\n");
    let mut link = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    link.start_file("清单.csv", SimpleFileOptions::default()).unwrap();
    link.write_all(films("一.mp4").as_bytes()).unwrap();
    link.add_symlink("一.mp4", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    let mut locked = zip(&[("清单.csv", good.as_bytes())]);
    let directory = locked.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    (locked[6], locked[directory + 8]) = (locked[6] | 1, locked[directory + 8] | 1);
    let bomb = vec![b'\n'; 64 << 20];
    let packages: Vec<(Vec<u8>, &str)> = vec![
        (zip(&[("清单.csv", good.as_bytes()), ("../../etc/cron.d/x", b"x")]), "不能用"),
        (zip(&[("清单.csv", good.as_bytes()), ("/etc/cron.d/x", b"x")]), "不能用"),
        (link.finish().unwrap().into_inner(), "链接"),
        (locked, "密码"),
        (zip(&[("清单.csv", good.as_bytes()), ("大.txt", &bomb)]), "不合常理"),
        (zip(&[("清单.csv", good.as_bytes()), ("A.txt", b"1"), ("a.txt", b"2")]), "两个"),
        (zip(&[("清单.csv", nonsense.as_bytes())]), "另有 9800 行"),
        (zip(&[("清单.csv", films("../../yuanjiao.db").as_bytes())]), "不能用"),
        (zip(&[("清单.csv", films("/etc/passwd").as_bytes())]), "不能用"),
        (zip(&[("清单.csv", films("一.mp4").as_bytes()), ("一.mp4", b"no film at all")]), "不是音视频"),
        (zip(&[("清单.csv", films("没有.mp4").as_bytes())]), "没有这个媒体文件"),
        (films("yuanjiao.db").into_bytes(), "没有这个媒体文件"),
        (zip(&[("视频.mp4", b"x")]), "没有找到清单"),
        (b"PK\x03\x04 and then nothing".to_vec(), "损坏"),
    ];
    let (before, blobs) = (lessons(&city).await, media::Entity::find().count(&city.db.read).await.unwrap());
    for (bytes, saying) in &packages {
        let (sha256, page) = shown(&trainer, bytes).await;
        let page = page.must(422).text();
        assert!(page.contains(saying), "{saying}: {page}");
        confirm(&trainer, &sha256).await.must(422);
    }
    assert_eq!(lessons(&city).await, before);
    let brought = u64::try_from(packages.len()).unwrap();
    assert_eq!(
        media::Entity::find().count(&city.db.read).await.unwrap(),
        blobs + brought,
        "only the packages themselves"
    );
    let incoming = std::fs::read_dir(city.data.join("media/incoming")).map_or(0, Iterator::count);
    assert_eq!(incoming, 0, "nothing unpacked is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_reaches_no_other_county_and_nothing_published() {
    let mut city = City::start().await;
    let (west, course) = (city.units["西山县"], city.course(city.units["西山县"]).await);
    let blob = city.blob(b"only for the west", "video/mp4", "west.mp4", west, Some(60_000)).await;
    let film = Some((blob.clone(), 60_000));
    city.insert_lessons(vec![City::lesson_row(
        course,
        "draft-b",
        0,
        "西山县草稿",
        film,
        west,
        entity::LessonState::Draft,
    )])
    .await;
    let trainer = city.client("trainer").await;
    let line = |id: &str, more: serde_json::Value| {
        let mut line = json!({"id": id, "title": "换个标题", "category": "agriculture"});
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line.to_string()
    };
    for (line, saying) in [
        (line("draft-b", json!({})), "已被别的单位使用"),
        (line("new-1", json!({"media_sha256": blob})), "没有这个媒体文件"),
        (line("new-1", json!({"audience": "450200"})), "没有这个单位"),
        (line("east", json!({})), "已经发布"),
        (json!({"kind": "course", "id": "x", "title": "", "category": "agriculture"}).to_string(), "标题不能为空"),
    ] {
        let page = shown(&trainer, line.as_bytes()).await.1.must(422).text();
        assert!(page.contains(saying), "{saying}: {page}");
    }
    // It is no way round the review.
    let (sha256, page) = shown(
        &trainer,
        line("new-2", json!({"published": "2025-01-01", "state": "published", "plays": 900})).as_bytes(),
    )
    .await;
    page.must(200);
    confirm(&trainer, &sha256).await.must(200);
    let made = trainer.get("/api/v1/lessons/new-2").await.must(200).json();
    assert_eq!(made["state"], "draft");
}
