//! Pictures of numbers: each has a name, and beneath it a table of every number it shows; its bars are as long as these
//! say.

use crate::certificate::{class, day, full_year};
use crate::reports::watch;
use crate::seals::last_year;
use chrono::Datelike;
use entity::{Moment, UnitLevel};
use serde_json::json;
use tests::browser::Browser;
use tests::{City, Client};

mod drawn;

use drawn::{columns, number_in, of_page, of_page_named};

/// Last year 甲村韦大山 earned all that is asked, eighty credit hours in four classes, and on the twentieth of March
/// 乙村韦大山 earned four.
async fn city() -> City {
    let city = City::start().await;
    full_year(&city, city.people["甲村韦大山"]).await;
    let half_a_day = (day(3, 20), day(3, 20));
    class(&city, city.people["乙村韦大山"], (UnitLevel::Township, "清水镇"), half_a_day, 1).await;
    city
}

async fn page(client: &Client, path: &str) -> String {
    client.get(path).await.must(200).text()
}

/// The page of a unit's year.
async fn unit_page(city: &City, login: &str, unit: &str, year: i32) -> String {
    let path = format!("/office?unit={}&year={year}", city.units[unit]);
    page(&city.client(login).await, &path).await
}

/// The rows of a table as texts, without those of nothing.
fn learnt(rows: &[Vec<String>], nothing: &str) -> Vec<String> {
    rows.iter().map(|row| row.join(" ")).filter(|row| !row.ends_with(nothing)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_county_is_a_bar_as_long_as_its_share_and_the_target_is_a_line_and_a_row() {
    let city = city().await;
    let html = unit_page(&city, "city-office", "桂岭市", last_year()).await;
    let chart = of_page_named(&html, "各单位达标率");
    assert_eq!(chart.rows, [["东江县", "12%（1/8）"], ["西山县", "0%（0/8）"], ["对照线", "目标 100%"]]);
    chart.must_be_to_scale(100.0);
    chart.bars[0].must_be(1.0 / 8.0);
    assert_eq!(chart.target, Some(1.0));
    assert!(chart.told.starts_with("目标 100%。东江县 12%（1/8）"), "{chart:?}");
    // A year that goes on is held against how much of it is gone.
    let html = unit_page(&city, "city-office", "桂岭市", Moment::now().year()).await;
    let chart = of_page_named(&html, "各单位达标率");
    let gone = chart.rows.last().unwrap()[1].trim_start_matches(|c: char| !c.is_ascii_digit());
    assert!((chart.target.unwrap() - number_in(gone) / 100.0).abs() < 0.01, "{chart:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_months_of_a_year_are_as_tall_as_their_credit_hours_at_the_desk_and_on_the_phone() {
    let city = city().await;
    let html = unit_page(&city, "office", "东江县", last_year()).await;
    let chart = of_page_named(&html, "各月计入学时");
    let told: Vec<_> = chart.rows.iter().map(|row| number_in(&row[1])).collect();
    assert_eq!(told, [0.0, 0.0, 12.0, 0.0, 8.0, 0.0, 0.0, 0.0, 8.0, 0.0, 56.0, 0.0]);
    chart.must_be_to_scale(56.0);
    assert!(chart.told.starts_with("最多 56.00（11月）"), "{chart:?}");
    let own = [0.0, 0.0, 8.0, 0.0, 8.0, 0.0, 0.0, 0.0, 8.0, 0.0, 56.0, 0.0];
    let desk = format!("/office/people/{}?year={}", city.people["甲村韦大山"], last_year());
    for (login, path) in [("cadre", format!("/record?year={}", last_year())), ("office", desk)] {
        let bars = columns(&page(&city.client(login).await, &path).await);
        assert_eq!(bars.iter().map(|bar| number_in(&bar.text)).collect::<Vec<_>>(), own, "{path}");
        let months: Vec<_> = bars.iter().map(|bar| number_in(&bar.label)).collect();
        assert_eq!(months, (1_i32..=12).map(f64::from).collect::<Vec<_>>(), "{path}");
        bars.iter().zip(own).for_each(|(bar, hours)| bar.must_be(hours / 56.0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_at_a_glance_has_a_square_a_day_and_the_minutes_of_each_in_its_table() {
    let city = city().await;
    let html = page(&city.client("cadre").await, &format!("/record?year={}", last_year())).await;
    let chart = of_page_named(&html, &format!("{} 年每天的学习", last_year()));
    assert_eq!(chart.bars.len(), day(12, 31).ordinal() as usize);
    let dark = chart.bars.iter().filter(|bar| bar.class != "l0").map(|bar| format!("{} {}", bar.label, bar.text));
    let days = [(day(3, 10), 360), (day(5, 12), 360), (day(9, 15), 360), (day(11, 9), 2520)];
    assert_eq!(dark.collect::<Vec<_>>(), days.map(|(day, minutes)| format!("{day} {minutes} 分钟")));
    let told = [
        "3 月 1 360",
        "3 月 10 日  360",
        "5 月 1 360",
        "5 月 12 日  360",
        "9 月 1 360",
        "9 月 15 日  360",
        "11 月 1 2520",
        "11 月 9 日  2520",
    ];
    assert_eq!(learnt(&chart.rows, " 0 0"), told);
    assert!(chart.told.contains("有 4 天学习"), "{}", chart.told);
    let learner = city.learner(1).await;
    watch(&city, &learner, "video", 9).await;
    let html = page(&learner, "/record").await;
    let chart = of_page_named(&html, &format!("{} 年每天的学习", Moment::now().year()));
    let light: Vec<_> = chart.bars.iter().filter(|bar| bar.class != "l0").collect();
    assert_eq!((light.len(), light[0].class.as_str(), light[0].text.as_str()), (1, "l1", "9 分钟"));
    assert!(learnt(&chart.rows, " 0 0").iter().all(|row| row.ends_with(" 9")), "{:?}", chart.rows);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_months_bulletin_is_drawn_as_its_tables_say_on_the_screen_and_on_paper() {
    let city = city().await;
    let office = city.client("office").await;
    for form in ["bulletin", "bulletin/print"] {
        let path = format!("/office/{form}?unit={}&month={}-03", city.units["东江县"], last_year());
        let html = page(&office, &path).await;
        let chart = of_page_named(&html, "各单位参学率");
        assert_eq!(chart.rows, [["清水镇", "25.00%"], ["对照线", "目标 80%"]], "two of eight");
        chart.must_be_to_scale(100.0);
        assert_eq!((chart.bars[0].class.as_str(), chart.target), ("short", Some(0.8)));
        let rhythm = of_page_named(&html, "本月节奏：每天的有效学习小时");
        assert_eq!(learnt(&rhythm.rows, " 0.00 小时"), ["3月 10 6.00 小时", "3月 20 3.00 小时"]);
        assert_eq!(rhythm.rows.len(), 31);
        rhythm.must_be_to_scale(6.0);
        let about = of_page_named(&html, "学了什么：各类课程的小时");
        assert_eq!(about.rows, [["集中培训等", "9.00 小时"]]);
        about.must_be_to_scale(9.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_by_category_are_as_long_as_they_are_many_for_a_person_and_for_their_village() {
    let city = City::start().await;
    let today = Moment::now().day();
    class(&city, city.people["甲村韦大山"], (UnitLevel::Township, "清水镇"), (today, today), 2).await;
    let cadre = city.client("cadre").await;
    watch(&city, &cadre, "video", 9).await;
    let village = unit_page(&city, "office", "甲村", Moment::now().year()).await;
    for html in [page(&cadre, "/record").await, village] {
        let chart = of_page_named(&html, "学了什么：各类课程的学时");
        assert_eq!(chart.rows, [["集中培训等", "8 学时"], ["农业科技", "0.2 学时"]]);
        chart.must_be_to_scale(8.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_in_which_nobody_learnt_says_so_in_words() {
    let city = City::start().await;
    let office = city.client("office").await;
    let (year, unit) = (last_year(), city.units["东江县"]);
    let own = page(&city.client("cadre").await, &format!("/record?year={year}")).await;
    let seen = page(&office, &format!("/office/people/{}?year={year}", city.people["甲村韦大山"])).await;
    for html in [own, seen] {
        assert!(html.contains("这一年还没有记录") && of_page(&html).is_empty(), "{html}");
    }
    let months = unit_page(&city, "office", "东江县", year).await;
    let rhythm = page(&office, &format!("/office/bulletin?unit={unit}&month={year}-03")).await;
    for (html, title) in [(months, "各月计入学时"), (rhythm, "本月节奏：每天的有效学习小时")] {
        let chart = of_page_named(&html, title);
        assert!(chart.told.starts_with("没有学习记录。"), "{chart:?}");
        assert!(html.contains(">没有学习记录</text>"), "{title}");
        chart.must_be_to_scale(1.0);
        assert!(of_page(&html).iter().all(|chart| !chart.title.starts_with("学了什么")), "nothing was learnt");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_a_chart_has_a_name_for_who_listens_and_bars_as_tall_as_its_table_says() {
    let city = city().await;
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    desk.sign_in("office").await;
    desk.goto(&format!("/office?unit={}&year={}", city.units["东江县"], last_year())).await;
    desk.find("svg[aria-labelledby^=months]").await;
    let tree = desk.devtools("Accessibility.getFullAXTree", json!({})).await;
    let nodes = tree["nodes"].as_array().unwrap().iter();
    let images = nodes.filter(|node| matches!(node["role"]["value"].as_str(), Some("image" | "img")));
    let names: Vec<_> = images.filter_map(|node| node["name"]["value"].as_str()).collect();
    let is_told = |name: &&str| name.starts_with("各月计入学时") && name.contains("11月 56.00");
    assert!(names.iter().any(is_told), "{names:?}");
    desk.run("for (const one of document.querySelectorAll('.chart-box details')) one.open = true").await;
    let rows = desk.cells("figure:has(svg[aria-labelledby^=months]) tbody tr").await;
    let bars = "[...document.querySelectorAll('svg[aria-labelledby^=months] rect')]";
    let tall = desk.run(&format!("return {bars}.map(bar => bar.getBoundingClientRect().height)")).await;
    let tall: Vec<f64> = serde_json::from_value(tall).unwrap();
    assert_eq!((rows.len(), tall.len()), (12, 12));
    for (row, height) in rows.iter().zip(&tall) {
        let (share, told) = (height / tall[10], number_in(&row[1]) / 56.0);
        assert!((share - told).abs() < 0.02, "{row:?}: {tall:?}");
    }
    desk.picture("charts-office").await;
    assert!(!desk.overflows().await);
    desk.close().await;
    let Some(phone) = Browser::open(&city.url, 360, 740).await else { return };
    phone.sign_in("cadre").await;
    phone.goto(&format!("/record?year={}", last_year())).await;
    phone.run("for (const one of document.querySelectorAll('.chart-box details')) one.open = true").await;
    phone.until("return document.querySelector('.chart-box tbody').innerText.includes('2520')").await;
    phone.run("document.querySelector('.chart-box').scrollIntoView()").await;
    phone.picture("charts-phone").await;
    assert!(!phone.overflows().await);
    phone.close().await;
}
