//! Forms of our own pages carry a key that is drawn with them: pressed twice or reloaded, they create once.

use super::was_replayed;
use entity::{Moment, class_run, exemption};
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use sea_orm::{EntityTrait, PaginatorTrait};
use tests::City;

/// Where the form of this page goes that begins so.
fn form_of(page: &str, start: &str) -> String {
    let from = page.find(&format!("action=\"{start}?")).unwrap_or_else(|| panic!("no {start} in {page}")) + 8;
    page[from..].split(['"', '#']).next().unwrap().replace("&amp;", "&").replace("&#38;", "&")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_sent_twice_without_a_script_creates_once_and_filled_in_otherwise_creates_again() {
    let city = City::start().await;
    let office = city.client("office").await;
    let path = format!("/office/people/{}/exemptions", city.people["甲村覃小梅"]);
    let page = office.get(&path).await.must(200).text();
    let action = form_of(&page, &path);
    assert_ne!(action, form_of(&office.get(&path).await.must(200).text(), &path), "each drawing has its own key");
    let today = Moment::now().day().to_string();
    let send = |reason: &'static str| {
        let day = today.as_str();
        let fields = [("kind", "sick"), ("begins_on", day), ("ends_on", day), ("reason", reason)];
        office.send(office.request(Method::POST, &action).form(&fields))
    };
    let count = async || exemption::Entity::find().count(&city.db.read).await.unwrap();
    send("").await.must(422);
    let presses = futures_util::future::join_all((0..5).map(|_| send("县医院证明"))).await;
    let places: Vec<_> = presses.into_iter().map(|press| press.must(303).header("location").to_owned()).collect();
    assert_eq!((places.iter().all(|place| *place == format!("{path}?done=granted")), count().await), (true, 1));
    assert!(was_replayed(&send("县医院证明").await.must(303)), "reloaded");
    assert!(!was_replayed(&send("市医院证明").await.must(303)), "gone back to and filled in otherwise");
    assert_eq!(count().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_with_a_photograph_sent_twice_declares_one_study() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let action = form_of(&cadre.get("/record/declare").await.must(200).text(), "/record/declare");
    let today = Moment::now().day().to_string();
    let send = async || {
        let mut photograph = b"\x89PNG\r\n\x1a\n".to_vec();
        photograph.extend(tests::city::pseudo_random(3 << 20));
        let form = Form::new() // each with a boundary of its own, as a browser has
            .text("source", "degree")
            .text("title", "农学大专第一学期")
            .text("starts_on", today.clone())
            .text("ends_on", today.clone())
            .text("half_days", "1")
            .text("words", "学了土肥")
            .part("evidence", Part::bytes(photograph).file_name("成绩单.png"));
        cadre.send(cadre.request(Method::POST, &action).multipart(form)).await.must(303)
    };
    let (first, second) = (send().await, send().await);
    assert!(!was_replayed(&first) && was_replayed(&second));
    assert_eq!(first.header("location"), second.header("location"));
    assert_eq!(class_run::Entity::find().count(&city.db.read).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_that_are_told_where_to_go_carry_a_key_as_well() {
    let city = City::start().await;
    let draft = format!("/studio/lessons/{}", city.lesson("draft"));
    let pages = [
        ("trainer", "/studio/lessons/new".to_owned(), "/studio/lessons".to_owned()),
        ("trainer", format!("{draft}?back=state%3Ddraft"), format!("{draft}/notes")),
        ("cadre", "/record/declare".to_owned(), "/record/declare".to_owned()),
    ];
    for (login, page, form) in pages {
        let drawn = city.client(login).await.get(&page).await.must(200).text();
        assert!(drawn.contains(&format!("action=\"{form}?once=")), "{page}: {drawn}");
    }
}
