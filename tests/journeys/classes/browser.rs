//! A trainer runs a class at a desk, a cadre declares a study on a phone, and the office sees both.

use super::PHOTOGRAPH;
use tests::City;
use tests::browser::Browser;

#[tokio::test(flavor = "multi_thread")]
async fn browser_a_trainer_runs_a_class_and_a_cadre_declares_a_study_without_scripts_in_the_way() {
    let city = City::start().await;
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    desk.sign_in("trainer").await;
    desk.goto("/studio/classes").await;
    desk.picture("classes-empty").await;
    desk.goto("/studio/classes/new").await;
    desk.fill("#title", "村干部冬季轮训班").await;
    desk.fill("#place", "县委党校").await;
    desk.picture("classes-new").await;
    desk.click("form.form .tools .btn").await;
    desk.until("return document.body.innerText.includes('名单还是空的')").await;
    desk.fill("#text", "甲村韦大山\n没有这个人").await;
    desk.click("button[value=roster]").await;
    desk.until("return document.body.innerText.includes('不合格的行')").await;
    desk.picture("classes-bad-line").await;
    desk.click("button[value=unit]").await;
    desk.until("return document.body.innerText.includes('确认加入')").await;
    desk.click("button[value=enroll]").await;
    desk.until("return document.querySelectorAll('.boxes tbody tr').length > 0").await;
    desk.click(".boxes input[type=checkbox]").await;
    desk.click("#roll .btn").await;
    desk.until("return document.body.innerText.includes('签到已保存')").await;
    desk.picture("classes-one").await;
    assert!(!desk.overflows().await);
    desk.click("form[action$=signing] .btn.quiet").await;
    desk.until("return document.querySelector('.wall svg') !== null").await;
    desk.picture("classes-wall").await;
    assert!(!desk.overflows().await);
    let place = desk.run("return location.pathname.replace('/code', '')").await;
    desk.close().await;
    let Some(phone) = Browser::open(&city.url, 360, 780).await else { return };
    phone.sign_in("cadre").await;
    phone.goto("/record/declare").await;
    let file = city.data.join("a.png");
    std::fs::write(&file, PHOTOGRAPH).unwrap();
    phone.fill("#title", "农业技术大专班").await;
    phone.fill("#words", "学了土肥和植保").await;
    phone.choose("#evidence", &file).await;
    phone.picture("declare-360").await;
    assert!(!phone.overflows().await);
    phone.click("form.form .btn").await;
    phone.until("return document.body.innerText.includes('待县级审核')").await;
    phone.find("#studies").await.scroll_into_view().await.unwrap();
    phone.picture("record-studies-360").await;
    assert!(!phone.overflows().await);
    phone.close().await;
    let Some(office) = Browser::open(&city.url, 1280, 900).await else { return };
    office.sign_in("office").await;
    office.goto("/office/declared").await;
    office.click("summary").await;
    office.picture("declared").await;
    assert!(!office.overflows().await);
    office.goto(place.as_str().unwrap()).await;
    office.picture("classes-office").await;
    office.close().await;
}
