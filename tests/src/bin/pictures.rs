//! Takes the pictures of `docs/`: the demo city's pages as the people of each face see them.
//!
//! `TEST_WEBDRIVER=http://127.0.0.1:9515 cargo run -p tests --bin pictures -- docs` after a build of `yuanjiao`. With a
//! third argument `every-size` each page is taken at 360, 1280 and 1920 px, for looking at, not for keeping.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use tests::browser::Browser;
use tests::city::PASSWORD;

const PHONE: (u32, u32) = (360, 740);
const DESK: (u32, u32) = (1280, 900);
const SCREEN: (u32, u32) = (1920, 1080);

/// Login, size, name of the picture, address.
const PAGES: &[(&str, (u32, u32), &str, &str)] = &[
    ("", PHONE, "sign-in", "/sign-in"),
    ("cadre", PHONE, "phone-home", "/home"),
    ("cadre", PHONE, "phone-search", "/search?q=shatangju"),
    ("cadre", PHONE, "phone-nothing", "/search?q=zzzzqqq"),
    ("cadre", PHONE, "phone-lesson", "/lessons/shatangju-huanglongbing"),
    ("cadre", PHONE, "phone-article", "/lessons/citrus-hongzhizhu"),
    ("cadre", PHONE, "phone-record", "/record"),
    ("site", SCREEN, "classroom", "/classroom"),
    ("site", SCREEN, "classroom-roll", "/classroom/shatangju-huanglongbing"),
    ("", SCREEN, "classroom-pair", "/classroom/pair"),
    ("trainer", DESK, "studio", "/studio"),
    ("trainer", DESK, "studio-new", "/studio/lessons/new"),
    ("trainer", DESK, "studio-attendance", "/studio/attendance"),
    ("trainer", DESK, "studio-devices", "/studio/devices"),
    ("trainer", DESK, "studio-play-days", "/studio/play-days"),
    ("office", DESK, "office", "/office"),
    ("office", DESK, "office-people", "/office/people"),
    ("admin", DESK, "office-import", "/office/import"),
    ("auditor", DESK, "office-audit", "/office/audit"),
];

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let folder = arguments.get(1).map_or("docs", String::as_str);
    let every_size = arguments.iter().any(|word| word == "every-size");
    let data = tempfile::tempdir().unwrap();
    let binary = std::env::current_exe().unwrap().with_file_name("yuanjiao");
    let mut city = Command::new(binary)
        .args(["demo", "--listen", "127.0.0.1:0", "--data"])
        .arg(data.path().join("data"))
        .env("YUANJIAO_DEMO_PASSWORD", PASSWORD)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(city.stdout.take().unwrap()).lines();
    let url = lines.find_map(|line| Some(line.ok()?.split("http://").nth(1)?.split('/').next()?.to_owned())).unwrap();
    std::thread::spawn(move || lines.for_each(drop));
    take(&format!("http://{url}"), Path::new(folder), every_size).await;
    city.kill().unwrap();
    city.wait().unwrap();
}

async fn take(url: &str, folder: &Path, every_size: bool) {
    let mut left: Vec<_> = PAGES.to_vec();
    while let Some(&(login, size, ..)) = left.first() {
        let sizes = if every_size { vec![PHONE, DESK, SCREEN] } else { vec![size] };
        let (these, others): (Vec<_>, Vec<_>) = left.into_iter().partition(|page| page.0 == login && page.1 == size);
        left = others;
        for (width, height) in sizes {
            let browser = Browser::open(url, width, height).await.unwrap();
            if !login.is_empty() {
                browser.sign_in(login).await;
            }
            for (_, _, name, path) in &these {
                browser.goto(path).await;
                browser.until("return !document.body.innerText.includes('正在取配对码')").await;
                let name = if every_size { format!("{name}-{width}") } else { (*name).to_owned() };
                if browser.overflows().await {
                    println!("{name}: wider than the window");
                }
                browser.keep_picture(&folder.join(format!("{name}.png"))).await;
            }
            browser.close().await;
        }
    }
}
