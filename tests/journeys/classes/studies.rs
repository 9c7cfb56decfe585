//! Other study that waits for the county: declared with what proves it, approved as far as it goes, or refused.

use super::{PHOTOGRAPH, credited, form, is_sound, today};
use entity::Moment;
use reqwest::multipart::{Form, Part};
use reqwest::{Method, StatusCode};
use tests::client::Answer;
use tests::{City, Client};

/// Declares a study as a program does: the query without its evidence.
pub(super) fn study(source: &str, half_days: i32) -> Vec<(&'static str, String)> {
    let day = today().to_string();
    vec![
        ("source", source.to_owned()),
        ("title", "农学大专第一学期".to_owned()),
        ("starts_on", (today() - chrono::Days::new(9)).to_string()),
        ("ends_on", day),
        ("half_days", half_days.to_string()),
        ("words", "学了土肥".to_owned()),
        ("filename", "成绩单.png".to_owned()),
    ]
}

pub(super) async fn declare(client: &Client, path: &str, query: &[(&'static str, String)], file: &[u8]) -> Answer {
    client.send(client.request(Method::POST, path).query(query).body(file.to_vec())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declared_study_waits_counts_as_far_as_it_is_approved_and_a_refusal_says_why() {
    let city = City::start().await;
    let (cadre, office) = (city.client("cadre").await, city.client("office").await);
    let mine = "/api/v1/me/studies";
    for (wrong, file, why) in [
        (study("degree", 4), &b""[..], "without a file"),
        (study("degree", 4), b"<!doctype html><script>alert(1)</script>", "a page is no evidence"),
        (study("home_study", 4), PHOTOGRAPH, "study brought home is entered by those who bring it"),
        (study("class", 4), PHOTOGRAPH, "a class is announced"),
        (study("emperor", 4), PHOTOGRAPH, "no such kind"),
        (study("degree", 21), PHOTOGRAPH, "more than two a day"),
        (study("degree", i32::MAX), PHOTOGRAPH, "a number too large"),
    ] {
        assert_eq!(declare(&cadre, mine, &wrong, file).await.status, StatusCode::BAD_REQUEST, "{why}");
    }
    let first = declare(&cadre, mine, &study("degree", 10), PHOTOGRAPH).await.must(201).json();
    let second = declare(&cadre, mine, &study("secondment", 2), PHOTOGRAPH).await.must(201).json();
    assert_eq!((first["state"].as_str(), credited(&city, Moment::now().year()).await), (Some("handed_in"), 0));
    assert!(cadre.get("/record").await.must(200).text().contains("待县级审核"));

    let waiting = office.get("/api/v1/studies?state=handed_in").await.must(200).json();
    assert_eq!(waiting["total"], 2);
    let queue = office.get("/office/declared").await.must(200).text();
    let url = queue.split("href=\"").find(|part| part.starts_with("/media/")).unwrap().split('"').next().unwrap();
    for (login, status) in [("office", 200), ("auditor", 200), ("cadre", 200), ("office-b", 404), ("cadre-b", 404)] {
        city.client(login).await.get(url).await.must(status);
    }
    let served = office.get(url).await.must(200);
    assert!(served.header("content-security-policy").starts_with("sandbox"), "{:?}", served.headers);
    assert_eq!(served.header("x-content-type-options"), "nosniff");
    let later = Moment::now().plus_ms(1000);
    let gone = content::collect::forget(&city.db.write, later, None, later, true).await.unwrap();
    assert!(gone.iter().all(|media| !url.ends_with(&media.sha256)), "what proves a study is in use");

    let (first, second) = (format!("/office/declared/{}", first["id"]), format!("/office/declared/{}", second["id"]));
    let fewer = [("verdict", "approve"), ("half_days", "4")];
    let refused = form(&office, &first, &fewer).await.must(400).text();
    assert!(refused.contains("请填写理由") && refused.contains("value=\"4\""), "the form keeps its text: {refused}");
    form(&city.client("office-b").await, &first, &fewer).await.must(404);
    form(&city.client("auditor").await, &first, &fewer).await.must(403);
    form(&office, &first, &[("verdict", "approve"), ("half_days", "11"), ("reason", "多给")]).await.must(400);
    form(&office, &first, &[("verdict", "approve"), ("half_days", "4"), ("reason", "有记录的四个")]).await.must(303);
    form(&office, &second, &[("verdict", "refuse"), ("reason", "没有单位盖章")]).await.must(303);
    form(&office, &second, &[("verdict", "approve")]).await.must(409);

    assert_eq!(credited(&city, Moment::now().year()).await, 12 * 3_600_000, "two days of six hours");
    let home = cadre.get("/home").await.must(200).text();
    assert!(home.contains("没有单位盖章") && home.contains("学时已记入"), "the person is told");
    let record = cadre.get("/record").await.must(200).text();
    assert!(record.contains("<b>16</b><span>学历教育</span>") && record.contains("未通过"), "{record}");
    let hours = office.get(&format!("/api/v1/reports/hours.csv?year={}", Moment::now().year())).await.must(200).text();
    assert!(hours.contains("学历教育分钟"), "{hours}");
    assert!(is_sound(&city).await);

    let path = format!("/api/v1/people/{}/studies", city.people["甲村韦大山"]);
    declare(&city.client("site").await, &path, &study("home_study", 1), b"%PDF-1.7 at home").await.must(201);
    let record = cadre.get("/record").await.must(200).text();
    let shown =
        record.split("href=\"/media/").skip(1).map(|part| format!("/media/{}", part.split('"').next().unwrap()));
    let files: std::collections::BTreeSet<String> = shown.collect();
    assert!(files.len() > 1, "what others brought to prove one's study is shown too: {files:?}");
    for file in files {
        cadre.get(&file).await.must(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_of_a_study_keeps_its_text_and_the_site_manager_enters_study_brought_home() {
    let city = City::start().await;
    let (cadre, site) = (city.client("cadre").await, city.client("site").await);
    cadre.get("/record/declare").await.must(200);
    let file = || Part::bytes(PHOTOGRAPH.to_vec()).file_name("a.png");
    let filled = |words: &str, source: &str| {
        let day = today().to_string();
        let texts = [
            ("source", source),
            ("title", "果园现场教学"),
            ("starts_on", day.as_str()),
            ("ends_on", day.as_str()),
            ("half_days", "1"),
        ];
        let form = texts.iter().fold(Form::new(), |form, (name, value)| form.text(name.to_string(), value.to_string()));
        form.text("words", words.to_owned()).part("evidence", file())
    };
    let send = async |client: &Client, path: &str, form: Form| {
        client.send(client.request(Method::POST, path).multipart(form)).await
    };
    let refused = send(&cadre, "/record/declare", filled("", "field_study")).await.must(422).text();
    assert!(refused.contains("请写明学了什么") && refused.contains("果园现场教学"), "{refused}");
    send(&cadre, "/record/declare", filled("看了嫁接", "field_study")).await.must(303);
    let other = format!("/office/people/{}/study", city.people["甲村蒙秀英"]);
    site.get(&other).await.must(200);
    send(&site, &other, filled("上门送学", "home_study")).await.must(303);
    let beyond = format!("/office/people/{}/study", city.people["丙村蒙秀英"]);
    send(&site, &beyond, filled("上门送学", "home_study")).await.must(404);
    send(&cadre, &other, filled("上门送学", "home_study")).await.must(403);
    let page = city.client("office").await.get("/office/declared").await.must(200).text();
    assert!(page.contains("送学上门") && page.contains("甲村蒙秀英") && page.contains("实地教学"), "{page}");
    let elsewhere = city.client("office-b").await.get("/office/declared").await.must(200).text();
    assert!(elsewhere.contains("没有申报的学习"), "{elsewhere}");
}
