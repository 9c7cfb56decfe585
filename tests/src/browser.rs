//! A headless Chromium, driven over WebDriver at the screen sizes people have.

use crate::PATIENCE;
use crate::city::PASSWORD;
use crate::paper::Paper;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use thirtyfour::action_chain::ActionChain;
use thirtyfour::error::{WebDriverError, WebDriverResult};
use thirtyfour::{By, ChromiumLikeCapabilities, DesiredCapabilities, Key, WebDriver, WebElement};

/// A browser window on a running server.
pub struct Browser {
    driver: WebDriver,
    url: String,
}

impl Browser {
    /// A window of this size, or `None` when `TEST_WEBDRIVER` names no driver. In CI there always is one.
    pub async fn open(url: &str, width: u32, height: u32) -> Option<Self> {
        let Ok(server) = std::env::var("TEST_WEBDRIVER") else {
            assert!(std::env::var("CI").is_err(), "TEST_WEBDRIVER must be set in CI: run tests/run");
            return None;
        };
        let mut wanted = DesiredCapabilities::chrome();
        for argument in [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--autoplay-policy=no-user-gesture-required",
            "--mute-audio",
            "--force-device-scale-factor=1",
        ] {
            wanted.add_arg(argument).unwrap();
        }
        wanted.add_arg(&format!("--window-size={width},{height}")).unwrap();
        if width < 500 {
            let metrics =
                json!({"deviceMetrics": {"width": width, "height": height, "pixelRatio": 2.0, "touch": true}});
            wanted.add_experimental_option("mobileEmulation", metrics).unwrap();
        }
        let began = Instant::now();
        let driver = loop {
            match WebDriver::new(server.clone(), wanted.clone()).await {
                Ok(driver) => break driver,
                Err(cause) => assert!(began.elapsed() < PATIENCE, "no window: {cause}"),
            }
        };
        Some(Self { driver, url: url.to_owned() })
    }

    /// Open a page.
    pub async fn goto(&self, path: &str) {
        self.driver.goto(format!("{}{path}", self.url)).await.unwrap();
    }

    /// Run a script on every page from now on before any of the page's own.
    pub async fn before_each_page(&self, script: &str) {
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await;
    }

    /// Let pages do from now on what their content security policy forbids, for a foreign player put into one of them.
    pub async fn ignore_content_policy(&self) {
        self.devtools("Page.setBypassCSP", json!({ "enabled": true })).await;
    }

    /// Take the line away from the browser, or give it back.
    pub async fn cut_the_line(&self, away: bool) {
        self.devtools("Network.enable", json!({})).await;
        let line = json!({ "offline": away, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        self.devtools("Network.emulateNetworkConditions", line).await;
    }

    /// Give a command of the DevTools protocol and take its answer.
    pub async fn devtools(&self, command: &str, arguments: serde_json::Value) -> serde_json::Value {
        let server = std::env::var("TEST_WEBDRIVER").unwrap();
        let address = format!("{server}/session/{}/goog/cdp/execute", self.driver.session_id());
        let command = json!({ "cmd": command, "params": arguments });
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = http.post(address).json(&command).send().await.unwrap().error_for_status().unwrap();
        answer.json::<serde_json::Value>().await.unwrap()["value"].take()
    }

    /// Sign in through the page.
    pub async fn sign_in(&self, login: &str) {
        self.goto("/sign-in").await;
        self.fill("#login", login).await;
        self.fill("#password", PASSWORD).await;
        self.press(Key::Enter.into()).await;
        self.until("return !location.pathname.startsWith('/sign-in')").await;
    }

    /// Sign out by the button of the page.
    pub async fn sign_out(&self) {
        self.click("form[action='/sign-out'] button").await;
        self.until("return location.pathname === '/sign-in'").await;
    }

    /// The element, once it is there.
    pub async fn find(&self, css: &str) -> WebElement {
        let began = Instant::now();
        loop {
            match self.driver.find(By::Css(css)).await {
                Ok(element) => return element,
                Err(cause) => assert!(began.elapsed() < PATIENCE, "{css}: {cause}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Type into a field, over what stands in it.
    pub async fn fill(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Choose a file.
    pub async fn choose(&self, css: &str, file: &Path) {
        self.find(css).await.send_keys(file.canonicalize().unwrap().to_string_lossy()).await.unwrap();
    }

    /// Choose several files at once.
    pub async fn choose_all(&self, css: &str, files: &[PathBuf]) {
        let paths: Vec<_> =
            files.iter().map(|file| file.canonicalize().unwrap().to_string_lossy().into_owned()).collect();
        self.find(css).await.send_keys(paths.join("\n")).await.unwrap();
    }

    /// Click an element.
    pub async fn click(&self, css: &str) {
        let element = self.find(css).await;
        element.scroll_into_view().await.unwrap();
        done_or_left(element.click().await);
    }

    /// Click an element at a share of its width, as on a seek bar.
    pub async fn click_at(&self, css: &str, share: f64) {
        self.point_at(css, share).await.click().perform().await.unwrap();
    }

    async fn point_at(&self, css: &str, share: f64) -> ActionChain {
        let element = self.find(css).await;
        let width = element.rect().await.unwrap().width;
        let from_the_middle = (width * (share - 0.5)) as i64;
        self.driver.action_chain().move_to_element_with_offset(&element, from_the_middle, 0)
    }

    /// Let the mouse rest on an element at a share of its width.
    pub async fn hover_at(&self, css: &str, share: f64) {
        self.point_at(css, share).await.perform().await.unwrap();
    }

    /// Press a key on whatever has the focus, as a remote does. An OK waits as long as a person needs to see the page: a
    /// room takes none in its first moment, see `player/web/remote.js`.
    pub async fn press(&self, key: char) {
        if key == char::from(Key::Enter) {
            tokio::time::sleep(Duration::from_millis(450)).await;
        }
        done_or_left(self.driver.action_chain().send_keys(key).perform().await);
    }

    /// Wait for the picture of a room, and press OK where it waits for that: a browser may not let it begin by itself.
    pub async fn begin_the_picture(&self) {
        self.until("return document.querySelector('video')?.readyState >= 2").await;
        tokio::time::sleep(Duration::from_millis(600)).await;
        if self.run("return document.querySelector('video').paused").await == json!(true) {
            self.press(Key::Enter.into()).await;
        }
    }

    /// The OK key where it opens a page whose focus waits for OK as well: chromedriver sends a key anew when the page
    /// goes while it was pressed, and the new page would take it.
    pub async fn press_ok_once(&self) {
        let key = "{key: 'Enter', bubbles: true, cancelable: true}";
        self.run(&format!("document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key}))")).await;
    }

    /// Run a script and take its answer.
    pub async fn run(&self, script: &str) -> serde_json::Value {
        loop {
            match self.driver.execute(script, Vec::new()).await {
                Ok(answer) => return answer.json().clone(),
                // The page was on its way to the next one; that one is asked.
                Err(cause) => assert!(is_page_left(&cause), "{script}: {cause}"),
            }
        }
    }

    /// Wait until a script answers true.
    pub async fn until(&self, script: &str) {
        let began = Instant::now();
        loop {
            let answer = self.driver.execute(script, Vec::new()).await;
            if answer.is_ok_and(|answer| answer.json() == &json!(true)) {
                return;
            }
            if began.elapsed() > PATIENCE {
                let page = self.run("return location.href + ' ' + document.body.innerText").await;
                panic!("never true: {script}\n{page}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Press this key until a script answers true, at most this often.
    pub async fn press_until(&self, key: Key, script: &str, most: usize) {
        for _ in 0..most {
            if self.run(script).await == json!(true) {
                return;
            }
            self.press(key.clone().into()).await;
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
        panic!("{most} presses did not do it: {script}");
    }

    /// Keep a picture of the window when `TEST_SCREENSHOTS` names a folder.
    pub async fn picture(&self, name: &str) {
        if let Ok(folder) = std::env::var("TEST_SCREENSHOTS") {
            self.keep_picture(&Path::new(&folder).join(format!("{name}.png"))).await;
        }
    }

    /// The page as it is printed; the PDF is kept when `TEST_SCREENSHOTS` names a folder.
    pub async fn print(&self, name: &str) -> Paper {
        Paper::of(&self.pdf(name).await)
    }

    /// The same as the PDF itself.
    pub async fn pdf(&self, name: &str) -> Vec<u8> {
        let printed = self.devtools("Page.printToPDF", json!({ "preferCSSPageSize": true })).await;
        use base64::Engine;
        let pdf = base64::engine::general_purpose::STANDARD.decode(printed["data"].as_str().unwrap()).unwrap();
        if let Ok(folder) = std::env::var("TEST_SCREENSHOTS") {
            std::fs::write(Path::new(&folder).join(format!("{name}.pdf")), &pdf).unwrap();
        }
        pdf
    }

    /// The texts of the cells of the rows that a selector finds.
    pub async fn cells(&self, rows: &str) -> Vec<Vec<String>> {
        let script =
            format!("return [...document.querySelectorAll('{rows}')].map(r => [...r.cells].map(c => c.innerText))");
        serde_json::from_value(self.run(&script).await).unwrap()
    }

    /// Keep a picture of the window in this file.
    pub async fn keep_picture(&self, file: &Path) {
        self.driver.screenshot(file).await.unwrap();
    }

    /// Whether anything on the page is wider than the window.
    pub async fn overflows(&self) -> bool {
        self.run("return document.documentElement.scrollWidth > window.innerWidth + 1").await == json!(true)
    }

    /// Close the window.
    pub async fn close(self) {
        self.driver.quit().await.unwrap();
    }
}

/// A press or a click that opens another page has done its work, though chromedriver may call it aborted by just that.
fn done_or_left(outcome: WebDriverResult<()>) {
    if let Err(cause) = outcome {
        assert!(is_page_left(&cause), "{cause}");
    }
}

fn is_page_left(cause: &WebDriverError) -> bool {
    cause.to_string().contains("aborted by navigation")
}
