//! A phone that fails, tries again and passes; a desk that writes, imports and orders questions.

use super::city;
use super::hours::{archive, credited_minutes, watch};
use super::tables::{GOOD, workbook};
use serde_json::json;
use tests::City;
use tests::browser::Browser;

#[tokio::test(flavor = "multi_thread")]
async fn browser_phone_fails_tries_again_passes_and_sees_the_hours() {
    let city = city(true).await;
    let cadre = city.client("cadre").await;
    watch(&city, &cadre, 5).await;
    let Some(phone) = Browser::open(&city.url, 360, 740).await else { return };
    phone.sign_in("cadre").await;
    phone.goto("/lessons/east").await;
    phone.picture("lesson-360").await;
    phone.run("document.querySelector('#quiz').scrollIntoView()").await;
    phone.picture("lesson-card-360").await;
    assert!(!phone.overflows().await);
    phone.click("#quiz a.btn").await;
    phone.until("return document.body.innerText.includes('开始测验')").await;
    phone.picture("door-360").await;
    phone.click("main form .btn").await;
    phone.until("return document.querySelectorAll('.quiz-choice').length === 8").await;
    phone.picture("sheet-360").await;
    assert!(!phone.overflows().await);
    let small = "return [...document.querySelectorAll('.quiz-choice, main .btn')].filter(e => e.getBoundingClientRect().height < 44).length";
    assert_eq!(phone.run(small).await, json!(0), "a thumb misses what is lower than 44 px");
    phone.click(".quiz-choice").await;
    phone.picture("sheet-chosen-360").await;
    phone.click("main form > .btn").await;
    phone.until("return document.body.innerText.includes('还没通过')").await;
    phone.picture("failed-360").await;
    assert!(!phone.overflows().await);
    phone.click("main form .btn").await;
    phone.until("return document.querySelectorAll('.quiz-choice').length === 8").await;
    for (question, choice) in [(0, 1), (1, 0), (1, 2), (2, 1)] {
        phone.click(&format!("input[name=q{question}][value=\"{choice}\"]")).await;
    }
    phone.click("main form > .btn").await;
    phone.until("return document.body.innerText.includes('通过了')").await;
    phone.picture("passed-360").await;
    phone.click(".notice a").await;
    phone.until("return document.body.innerText.includes('随堂测验 3/3 通过')").await;
    phone.run("document.querySelector('.rows').scrollIntoView()").await;
    phone.picture("record-360").await;
    assert!(!phone.overflows().await);
    assert_eq!(credited_minutes(&archive(&city, &cadre).await), 5);
    phone.goto("/lessons/east").await;
    phone.until("return document.body.innerText.includes('已通过')").await;
    phone.run("document.querySelector('#quiz').scrollIntoView()").await;
    phone.picture("lesson-passed-360").await;
    phone.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_desk_writes_a_question_imports_a_table_and_orders_by_keys() {
    let city = City::start().await;
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    desk.sign_in("trainer").await;
    let page = format!("/studio/lessons/{}/quiz", city.lesson("draft"));
    desk.goto(&page).await;
    desk.picture("studio-empty-1280").await;
    desk.fill("#text", "打药那天最高温不要超过多少度").await;
    desk.fill("[name=choice-A]", "三十度").await;
    desk.fill("[name=choice-B]", "四十度").await;
    desk.click("button[value=add]").await;
    desk.until("return document.body.innerText.includes('请标出正确答案')").await;
    desk.picture("studio-error-1280").await;
    desk.click("[name=right][value=\"0\"]").await;
    desk.click("button[value=add]").await;
    desk.until("return document.querySelectorAll('.quiz-list > li').length === 1").await;
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("题库.xlsx");
    std::fs::write(&path, workbook(GOOD)).unwrap();
    desk.choose("#quiz-file", &path).await;
    desk.click("button[value=check]").await;
    desk.until("return document.body.innerText.includes('确认导入')").await;
    desk.picture("studio-checked-1280").await;
    assert!(!desk.overflows().await);
    desk.click("button[value=confirm]").await;
    desk.until("return document.querySelectorAll('.quiz-list > li').length === 3").await;
    desk.picture("studio-imported-1280").await;
    desk.click(".quiz-list > li:last-child button[value=up]").await;
    desk.until("return document.querySelectorAll('.quiz-list > li')[1].innerText.includes('湿度太高')").await;
    desk.until("return document.activeElement.value === 'up'").await;
    desk.press(thirtyfour::Key::Enter.into()).await; // the same key again moves it on
    desk.until("return document.querySelectorAll('.quiz-list > li')[0].innerText.includes('湿度太高')").await;
    desk.click(".quiz-kinds label:nth-child(3)").await;
    desk.until("return getComputedStyle(document.querySelector('.for-choices')).display === 'none'").await;
    desk.picture("studio-true-false-1280").await;
    assert!(!desk.overflows().await);
    desk.close().await;
}
