//! A headless Chromium, led by its driver over the `WebDriver` protocol: to see pages as a person does.

use super::{
    availability::require,
    process::{self, Service, Supervised},
    server::{exchange, is_whole, request},
};
use serde_json::{Value, json};
use std::{
    ffi::OsStr,
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

/// `$1` is the driver, `$2` the port. The browser's profile lies beside it and goes with it.
const START: &str = r#"HOME="$PWD" TMPDIR="$PWD" exec "$1" --port="$2""#;
/// How long a page may take to show what a test looks for.
const PATIENCE: Duration = Duration::from_secs(20);
/// The protocol's name for an element's id.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Whether there is a browser.
pub fn is_there() -> bool {
    process::which("chromedriver").is_some() && process::which("chromium").is_some()
}

/// A window of a browser of its own.
pub struct Browser {
    address: SocketAddr,
    session: String,
    driver: Supervised,
}

impl Browser {
    /// A window of this size in pixels, as a phone's or a desk's; `None` where there is no browser.
    pub fn open(width: u32, height: u32) -> Option<Self> {
        if !require("browser", is_there()) {
            return None;
        }
        let (driver, chromium) = (process::which("chromedriver"), process::which("chromium"));
        let port = process::free_port();
        let running = process::supervise(&Service {
            name: "browser",
            user: None,
            signal: "TERM",
            script: START,
            args: &[driver?.as_os_str(), OsStr::new(&port.to_string())],
        });
        let mut browser = Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            session: String::new(),
            driver: running.expect("the driver starts"),
        };
        let ready = || browser.ask("GET", "/status", &Value::Null).map(drop);
        browser.driver.wait_until_ready(ready).expect("the driver is ready");
        // Its sandbox needs rights that a container has not; the pages are our own.
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ];
        let options = json!({ "binary": chromium?, "args": arguments });
        let wanted = json!({ "alwaysMatch": {
            "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" },
        } });
        let session = browser.ask("POST", "/session", &json!({ "capabilities": wanted })).expect("a session");
        session["sessionId"].as_str().expect("an id").clone_into(&mut browser.session);
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        browser.post("/goog/cdp/execute", &json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": metrics }));
        Some(browser)
    }

    /// Goes to an address.
    pub fn go(&self, url: &str) {
        self.post("/url", &json!({ "url": url }));
    }

    /// What a script returns.
    pub fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// The text a person sees where the selector fits first; waits until something does.
    pub fn text(&self, selector: &str) -> String {
        let id = self.find(selector);
        self.get(&format!("/element/{id}/text")).as_str().expect("a text").to_owned()
    }

    pub fn click(&self, selector: &str) {
        let id = self.find(selector);
        self.post(&format!("/element/{id}/click"), &json!({}));
    }

    /// Types into a field.
    pub fn write(&self, selector: &str, text: &str) {
        let id = self.find(selector);
        self.post(&format!("/element/{id}/value"), &json!({ "text": text }));
    }

    /// Waits until a script returns something true.
    #[track_caller]
    pub fn wait(&self, script: &str) {
        let started = Instant::now();
        while self.run(script) != Value::Bool(true) {
            let page = || self.run("return document.body.innerText");
            assert!(started.elapsed() < PATIENCE, "{script} stays untrue; the page says: {}", page());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// What the page complained of: scripts that failed, files that were refused.
    pub fn complaints(&self) -> Vec<String> {
        let log = self.post("/se/log", &json!({ "type": "browser" }));
        log.as_array().expect("a log").iter().map(|line| line["message"].to_string()).collect()
    }

    #[track_caller]
    fn find(&self, selector: &str) -> String {
        let started = Instant::now();
        loop {
            let by = json!({ "using": "css selector", "value": selector });
            match self.ask("POST", &self.path("/element"), &by) {
                Ok(found) => return found[ELEMENT].as_str().expect("an id").to_owned(),
                Err(why) => assert!(started.elapsed() < PATIENCE, "{selector}: {why}"),
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn path(&self, path: &str) -> String {
        format!("/session/{}{path}", self.session)
    }

    #[track_caller]
    fn get(&self, path: &str) -> Value {
        self.ask("GET", &self.path(path), &Value::Null).expect("an answer")
    }

    #[track_caller]
    fn post(&self, path: &str, body: &Value) -> Value {
        self.ask("POST", &self.path(path), body).expect("an answer")
    }

    /// One command of the protocol; an error is the driver's own word.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = exchange(self.address, request(method, path, "", &body).as_bytes(), is_whole)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
        let mut answer: Value = serde_json::from_str(body).map_err(|error| format!("{error}: {head}"))?;
        match answer["value"].take() {
            value if value.get("error").is_some_and(Value::is_string) => Err(value.to_string()),
            value => Ok(value),
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends its browsers with the session, not with itself.
        let _ = self.ask("DELETE", &self.path(""), &Value::Null);
    }
}
