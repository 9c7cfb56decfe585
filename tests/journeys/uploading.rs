//! The trainer's page of several files: a queue, a line that breaks, pause, another day, and a file that is here already.

use entity::{UploadState, upload};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use std::path::{Path, PathBuf};
use tests::City;
use tests::browser::Browser;
use tests::city::{pseudo_random, sha256};
use tests::cutter::Line;

/// Three files of 10 MB, none like another.
fn files(folder: &Path) -> Vec<PathBuf> {
    let names = ["沙糖桔冬剪.bin", "水稻育秧.bin", "禁毒宣传.bin"];
    let write = |(number, name): (usize, &str)| {
        let mut bytes = pseudo_random(10_000_000 + number);
        bytes.rotate_left(number + 1);
        let file = folder.join(name);
        std::fs::write(&file, bytes).unwrap();
        file
    };
    names.into_iter().enumerate().map(write).collect()
}

fn states(what: &str) -> String {
    format!("return [...document.querySelectorAll('.upload')].map((row) => row.dataset.state).join() === '{what}'")
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_trainer_sends_several_files_over_a_line_that_breaks_and_goes_on_another_day() {
    let city = City::start().await;
    let line = Line::to(&city.url).await;
    let Some(desk) = Browser::open(&line.url, 1280, 900).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path());
    desk.sign_in("trainer").await;
    desk.goto("/studio").await;
    desk.click("a[href='/studio/uploads']").await;
    desk.picture("uploads-empty").await;
    assert!(!desk.overflows().await);
    line.carry_at(400_000);
    desk.choose_all("[data-upload-file]", &files).await;
    desk.until(&states("sending,queued,queued")).await;
    desk.until("return document.querySelector('.upload [data-upload-rate]').innerText.includes('还需')").await;
    desk.picture("uploads-sending").await;

    line.take_away(true);
    desk.until(&states("waiting,queued,queued")).await;
    desk.picture("uploads-cut").await;
    line.carry_at(2_000_000);
    line.take_away(false);
    desk.until("return ['processing', 'complete'].includes(document.querySelector('.upload').dataset.state)").await;
    line.carry_at(400_000);
    desk.until("return document.querySelectorAll('.upload')[1].querySelector('[data-upload-bar]').value > 0.45").await;
    desk.click(".upload:nth-child(2) [data-upload-pause]").await;
    desk.until("return document.querySelectorAll('.upload')[1].dataset.state === 'paused'").await;
    line.carry_at(0);
    desk.until(
        "return ['sending', 'processing', 'complete'].includes(document.querySelectorAll('.upload')[2].dataset.state)",
    )
    .await;
    desk.picture("uploads-paused").await;
    desk.until(&states("complete,paused,complete")).await;

    // Another day, another browser: the page knows what was begun, and goes on once the file is chosen again.
    desk.close().await;
    let part = upload::Entity::find().filter(upload::Column::State.eq(UploadState::Receiving));
    assert!(part.clone().one(&city.db.read).await.unwrap().unwrap().received > 0);
    let Some(desk) = Browser::open(&city.url, 360, 740).await else { return };
    desk.sign_in("trainer").await;
    desk.goto("/studio/uploads").await;
    desk.until("return document.querySelector('[data-upload-open]').innerText.includes('水稻育秧')").await;
    desk.picture("uploads-another-day").await;
    assert!(!desk.overflows().await);
    desk.choose("[data-upload-file]", &files[1]).await;
    desk.until(&states("complete")).await;
    assert_eq!(part.count(&city.db.read).await.unwrap(), 0);
    let whole = upload::Entity::find().filter(upload::Column::State.eq(UploadState::Complete));
    let rows = whole.all(&city.db.read).await.unwrap();
    let mut hashes: Vec<_> = rows.iter().filter_map(|row| row.sha256.clone()).collect();
    let mut wanted: Vec<_> = files.iter().map(|file| sha256(&std::fs::read(file).unwrap())).collect();
    hashes.sort();
    wanted.sort();
    assert_eq!(hashes, wanted);

    // What is here already is not sent again; and it becomes a lesson.
    desk.goto("/studio/uploads").await;
    desk.choose("[data-upload-file]", &files[0]).await;
    desk.until(&states("complete")).await;
    let sent =
        "return performance.getEntriesByType('resource').filter((e) => e.initiatorType === 'xmlhttprequest').length";
    assert_eq!(desk.run(sent).await, 0);
    desk.run("document.querySelector('[data-upload-lesson]').click()").await;
    desk.until("return document.querySelector('[name=title]')?.value === '沙糖桔冬剪'").await;
    let media = desk.run("return document.querySelector('[name=media_sha256]').value").await;
    assert_eq!(media, sha256(&std::fs::read(&files[0]).unwrap()));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_file_dropped_on_the_editor_goes_up_and_the_text_is_kept_from_the_first_key() {
    let city = City::start().await;
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    desk.sign_in("trainer").await;
    desk.goto("/studio/lessons/new").await;
    let drop = "
        const data = new DataTransfer();
        data.items.add(new File(['第一课的讲义'], '讲义.txt', { type: 'text/plain' }));
        document.querySelector('[data-upload-drop]').dispatchEvent(new DragEvent('dragover', { dataTransfer: data, bubbles: true, cancelable: true }));
        document.querySelector('[data-upload-drop]').dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));";
    desk.run(drop).await;
    let hash = sha256("第一课的讲义".as_bytes());
    desk.until(&format!("return document.querySelector('[name=media_sha256]').value === '{hash}'")).await;
    desk.picture("editor-dropped").await;
    desk.goto("/studio/lessons/new").await;
    desk.find("[name=title]").await.send_keys("罗").await.unwrap();
    desk.goto("/studio").await;
    desk.goto("/studio/lessons/new").await;
    desk.click("[data-draft-restore]").await;
    desk.until("return document.querySelector('[name=title]').value === '罗'").await;
    desk.close().await;
}
