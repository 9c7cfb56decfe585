//! A headless Chromium, driven over WebDriver at the screen sizes people have.

use crate::city::PASSWORD;
use serde_json::json;
use std::path::Path;
use std::time::{Duration, Instant};
use thirtyfour::action_chain::ActionChain;
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
        let driver = WebDriver::new(server, wanted).await.unwrap();
        Some(Self { driver, url: url.to_owned() })
    }

    /// Open a page.
    pub async fn goto(&self, path: &str) {
        self.driver.goto(format!("{}{path}", self.url)).await.unwrap();
    }

    /// Run a script on every page from now on before any of the page's own.
    pub async fn before_each_page(&self, script: &str) {
        let server = std::env::var("TEST_WEBDRIVER").unwrap();
        let address = format!("{server}/session/{}/goog/cdp/execute", self.driver.session_id());
        let arguments = json!({ "source": script });
        let command = json!({ "cmd": "Page.addScriptToEvaluateOnNewDocument", "params": arguments });
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        http.post(address).json(&command).send().await.unwrap().error_for_status().unwrap();
    }

    /// Sign in through the page.
    pub async fn sign_in(&self, login: &str) {
        self.goto("/sign-in").await;
        self.fill("#login", login).await;
        self.fill("#password", PASSWORD).await;
        self.press(Key::Enter.into()).await;
        self.until("return !location.pathname.startsWith('/sign-in')").await;
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

    /// Click an element.
    pub async fn click(&self, css: &str) {
        let element = self.find(css).await;
        element.scroll_into_view().await.unwrap();
        element.click().await.unwrap();
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

    /// Press a key on whatever has the focus, as a remote does.
    pub async fn press(&self, key: char) {
        self.driver.action_chain().send_keys(key).perform().await.unwrap();
    }

    /// The OK key where it opens a page whose focus waits for OK as well: chromedriver sends a key anew when the page
    /// goes while it was pressed, and the new page would take it.
    pub async fn press_ok_once(&self) {
        let key = "{key: 'Enter', bubbles: true, cancelable: true}";
        self.run(&format!("document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key}))")).await;
    }

    /// Run a script and take its answer.
    pub async fn run(&self, script: &str) -> serde_json::Value {
        self.driver.execute(script, Vec::new()).await.unwrap().json().clone()
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

/// A loaded machine gets time; a browser that is stuck does not get forever.
const PATIENCE: Duration = Duration::from_secs(30);
