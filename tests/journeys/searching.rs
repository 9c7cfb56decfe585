//! Searching in a real Chromium: a phone that types pinyin, an input method, a desk, and a television's remote.

use entity::{LessonState, Moment, caption};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, Set};
use serde_json::json;
use std::time::{Duration, Instant};
use tests::browser::Browser;
use tests::city::serve;
use tests::{City, PATIENCE};
use thirtyfour::Key;

/// A city with a shelf to search in; its film has captions.
async fn city() -> City {
    let mut city = City::without_server().await;
    let (unit, county) = (city.units["桂岭市"], city.units["东江县"]);
    let course = city.course(unit).await;
    let titles = [
        ("沙糖桔黄龙病识别与防治", "沙糖桔", unit, 240_000),
        ("沙糖桔树冠覆膜防冻", "沙糖桔", unit, 900_000),
        ("沙糖桔电商打包与发货", "沙糖桔", county, 1_500_000),
        ("罗汉果人工授粉", "罗汉果", unit, 420_000),
        ("水稻育秧大棚管理", "水稻", unit, 2_400_000),
        ("山塘水库防溺水", "", county, 180_000),
    ];
    let mut rows = Vec::new();
    for round in 0..3 {
        for (number, (title, crop, unit, duration_ms)) in titles.iter().enumerate() {
            let place = round * titles.len() + number;
            let title = if round == 0 { (*title).to_owned() } else { format!("{title}（第{}讲）", round + 1) };
            let row =
                City::lesson_row(course, &format!("s{place}"), place, &title, None, *unit, LessonState::Published);
            let mut row = row;
            row.crop = Set(Some((*crop).to_owned()).filter(|crop| !crop.is_empty()));
            row.duration_ms = Set(*duration_ms);
            row.season = Set((number == 0).then(|| "全年".into()));
            rows.push(row);
        }
    }
    city.insert_lessons(rows).await;
    let said = caption::ActiveModel {
        lesson_id: Set(entity::LessonId(city.lesson("film"))),
        language: Set("普通话".into()),
        source_name: Set("film.srt".into()),
        source_encoding: Set("UTF-8".into()),
        cues: Set(json!([[0, 4_000, "大家好"], [9_000, 14_000, "木虱传播黄龙病要及时砍树"]]).to_string()),
        created_by: Set(None),
        created_at: Set(Moment::now()),
        ..Default::default()
    };
    said.insert(&city.db.write).await.unwrap();
    city.url = serve(city.config.clone()).await;
    city
}

/// Type letters as fingers do, one after the other.
async fn type_slowly(browser: &Browser, text: &str) {
    for letter in text.chars() {
        browser.press(letter).await;
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
}

const OFFERED: &str =
    "return [...document.querySelectorAll('.suggest li')].some(li => li.dataset.text.includes('沙糖桔'))";
const ASKED: &str =
    "return performance.getEntriesByType('resource').filter(e => e.name.includes('/api/v1/suggest')).length";

#[tokio::test(flavor = "multi_thread")]
async fn browser_phone_types_pinyin_chooses_by_key_filters_and_opens_at_the_second() {
    let city = city().await;
    let Some(phone) = Browser::open(&city.url, 360, 740).await else { return };
    phone.sign_in("cadre").await;
    phone.goto("/search").await;
    phone.picture("find-360-all").await;
    phone.click("input[name=q]").await;
    phone.find("input[name=q]").await.send_keys("shatang").await.unwrap(); // as fast as somebody who knows the word
    phone.until(OFFERED).await;
    assert!(phone.run(ASKED).await.as_i64().unwrap() < 7, "a request for every letter");
    phone.picture("find-360-suggest").await;
    assert!(!phone.overflows().await);
    phone.press(Key::Down.into()).await;
    let active = "const i = document.querySelector('input[name=q]'); return document.getElementById(i.getAttribute('aria-activedescendant'))?.getAttribute('aria-selected') === 'true'";
    assert_eq!(phone.run(active).await, json!(true));
    let on_crop = "return document.querySelector('[aria-selected=true]')?.dataset.text === '沙糖桔'";
    phone.press_until(Key::Down, on_crop, 10).await;
    phone.press(Key::Enter.into()).await;
    phone
        .until("return new URL(location).searchParams.get('q') === '沙糖桔' && !!document.querySelector('.cards')")
        .await;
    phone.picture("find-360-found").await;
    assert!(!phone.overflows().await);
    phone.click(".to-filters").await;
    phone.until("return document.querySelector('.filters').getBoundingClientRect().height > 100").await;
    phone.picture("find-360-filters").await;
    assert!(!phone.overflows().await);
    let before = phone.run("return document.querySelector('[role=status]').innerText").await;
    phone.click(".filters a[href*='length=upto5']").await;
    phone
        .until("return location.search.includes('length=upto5') && !!document.querySelector('[aria-label^=去掉筛选]')")
        .await;
    assert_ne!(phone.run("return document.querySelector('[role=status]').innerText").await, before);
    phone.picture("find-360-narrowed").await;
    phone.click("[aria-label^=去掉筛选]").await;
    phone.until("return !location.search.includes('length=')").await;
    phone.goto("/search?q=%E6%9C%A8%E8%99%B1%E4%BC%A0%E6%92%AD").await;
    phone.picture("find-360-said").await;
    phone.click("a[href='/lessons/film?t=9']").await;
    phone.until("return !!document.querySelector('video')").await;
    phone.run("document.querySelector('video').play()").await;
    phone.until("return document.querySelector('video').currentTime >= 9").await;
    phone.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_asks_nothing_while_an_input_method_composes_and_keeps_history_on_the_device() {
    let city = city().await;
    let Some(phone) = Browser::open(&city.url, 360, 740).await else { return };
    phone.sign_in("cadre").await;
    phone.goto("/home").await;
    phone.run("const i = document.querySelector('input[name=q]'); i.focus(); i.dispatchEvent(new CompositionEvent('compositionstart')); i.value = 'sha'; i.dispatchEvent(new InputEvent('input', {isComposing: true, bubbles: true}))").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(phone.run(ASKED).await, json!(0), "letters of an unfinished word were sent");
    phone.run("const i = document.querySelector('input[name=q]'); i.value = '沙'; i.dispatchEvent(new CompositionEvent('compositionend'))").await;
    phone.until(OFFERED).await;
    phone.press(Key::Escape.into()).await;
    phone.until("return document.querySelector('.suggest').hidden").await;
    phone.press(Key::Enter.into()).await;
    phone.until("return location.pathname === '/search'").await;
    phone.goto("/home").await;
    phone.click("input[name=q]").await;
    phone.until("return document.querySelector('.suggest').innerText.includes('搜过')").await;
    phone.picture("find-360-history").await;
    phone.click(".suggest .link").await;
    phone.until("return !Object.keys(localStorage).some((key) => key.startsWith('yuanjiao.searches'))").await;
    phone.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_desk_sees_filters_beside_hits_and_an_empty_page_that_helps() {
    let city = city().await;
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    desk.sign_in("trainer").await;
    desk.goto("/search?q=%E6%B2%99%E7%B3%96%E6%A1%94&sort=shortest").await;
    desk.picture("find-1280-found").await;
    assert!(!desk.overflows().await);
    assert_eq!(desk.run("return getComputedStyle(document.querySelector('.filters')).position").await, json!("static"));
    desk.run("const s = document.querySelector('select[name=sort]'); s.value = 'newest'; s.dispatchEvent(new Event('change'))").await;
    desk.until("return location.search.includes('sort=newest')").await;
    desk.goto("/search?sort=newest").await;
    desk.click("a[rel=next]").await;
    desk.until("return location.search.includes('cursor=') && document.querySelector('[role=status]').innerText.includes('第 2 页')").await;
    desk.goto("/search?q=%E6%B2%99%E6%BC%A0%E9%AA%86%E9%A9%BC%E7%96%AB%E8%8B%97").await;
    desk.picture("find-1280-none").await;
    desk.click("form[method=post][action='/search'] button").await;
    desk.until("return document.body.innerText.includes('已告诉县里')").await;
    desk.picture("find-1280-told").await;
    let asked = entity::search_count::Column::Query.eq("沙漠骆驼疫苗");
    let wish = entity::search_count::Entity::find().filter(asked);
    let began = Instant::now();
    while wish.clone().one(&city.db.read).await.unwrap().is_none() {
        assert!(began.elapsed() < PATIENCE, "the wish was not written");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    desk.goto("/studio/searches").await;
    desk.until("return document.body.innerText.includes('沙漠骆驼疫苗')").await;
    desk.picture("find-1280-wishes").await;
    assert!(!desk.overflows().await);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_television_searches_by_remote() {
    let city = city().await;
    let Some(screen) = Browser::open(&city.url, 1920, 1080).await else { return };
    screen.sign_in("site").await;
    screen.goto("/classroom").await;
    screen.until("return !!document.activeElement.closest('.deck')").await;
    screen.press_until(Key::Down, "return document.activeElement.matches('input[name=q]')", 12).await;
    type_slowly(&screen, "shat").await;
    screen.until(OFFERED).await;
    screen.picture("find-1920-suggest").await;
    screen.press(Key::Down.into()).await;
    assert_eq!(
        screen.run("return document.activeElement.matches('input[name=q]')").await,
        json!(true),
        "the focus ran away"
    );
    let on = "return document.querySelector('[aria-selected=true]')?.dataset.text.startsWith('沙糖桔')";
    screen.press_until(Key::Down, on, 10).await;
    screen.press_ok_once().await;
    screen.until("return new URL(location).searchParams.get('q')?.startsWith('沙糖桔') && !!document.querySelector('.deck .card')").await;
    screen.picture("find-1920-found").await;
    screen.press(Key::Escape.into()).await;
    screen.until("return location.pathname === '/classroom' && !location.search").await;
    screen.close().await;
}
