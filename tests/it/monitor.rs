//! The department's monitor in a real browser, on a phone and on a desk, against the very answers of the API.
//!
//! The server's clock is the real one and ends what was logged in on the test's: each look at the API logs in anew.

use crate::{
    share::buy_at_random,
    support::{
        app::{PASSWORD, on_both},
        browser::Browser,
        server::Server,
    },
};
use serde_json::Value;

const PERIOD: &str = "from=2026-01&to=2026-02";
const DAYS: &str = "from=2026-01-01&to=2026-02-28";

fn logged_in(server: &Server, username: &str, (width, height): (u32, u32)) -> Option<Browser> {
    let browser = Browser::open(width, height)?;
    // The root leads there.
    browser.go(&format!("http://{}/", server.address()));
    browser.write("input[name=username]", username);
    browser.write("input[name=password]", PASSWORD);
    browser.click("button.primary");
    browser.wait("return !document.querySelector('form.login')");
    Some(browser)
}

fn show(browser: &Browser, place: &str) {
    browser.run(&format!("location.hash = '#/{place}?{PERIOD}'"));
}

fn hash(browser: &Browser) -> String {
    browser.run("return location.hash").as_str().expect("a text").to_owned()
}

#[track_caller]
fn percent(value: &Value) -> String {
    format!("{}%", value.as_str().expect("a share"))
}

on_both! {
    async fn an_officer_goes_from_the_province_to_a_line(app: &App) {
        buy_at_random(app, 2_026).await;
        let server = Server::start(app.database_url(), "");
        let Some(browser) = logged_in(&server, "demo-province", (1440, 900)) else { return };
        show(&browser, "unit/520000");
        let whole = app.get(&format!("/shares/reporting-units/520000?{DAYS}&by=child")).by(&app.login("demo-province").await).await.ok();
        let headline = &whole["figures"]["headline"];
        let expected = percent(&headline["amount"]["percent"]);
        browser.wait(&format!("return document.querySelector('[data-share=amount]')?.innerText === '{expected}'"));
        assert_eq!(browser.text("[data-share=weight]"), percent(&headline["weight"]["percent"]));
        let coverage = &whole["coverage"];
        assert_eq!(browser.text("[data-coverage]"), format!("{} / {}", coverage["reported"], coverage["should_report"]));
        let tiles = browser.run("return document.querySelectorAll('.tile').length");
        assert_eq!(tiles.as_u64(), Some(whole["parts"].as_array().expect("parts").len() as u64));
        browser.wait("return document.querySelectorAll('canvas').length === 2");

        let below = app.get(&format!("/shares/schools?place=520000&{DAYS}&below_target=true")).by(&app.login("demo-province").await).await.ok();
        let below = below["items"].as_array().expect("rows").len();
        assert!(below > 0);
        browser.wait(&format!("return document.querySelectorAll('.schools tbody tr').length === {below}"));
        browser.click("[data-view=missing]");
        browser.wait("return [...document.querySelectorAll('.schools tbody tr')].every((row) => row.innerText.includes('未填报'))");

        // Down: the county that reports straight to the province, its school, a line of it.
        browser.click(".tile[href^='#/unit/520526']");
        browser.wait("return document.querySelector('.tile[href^=\"#/school/\"]') !== null");
        let school = app.school("demo-yunong").await;
        browser.click(&format!(".tile[href^='#/school/{}']", school.id));
        browser.wait("return document.querySelectorAll('.ledger tbody tr').length > 0");
        assert!(hash(&browser).starts_with(&format!("#/school/{}?{PERIOD}", school.id)), "{}", hash(&browser));
        let lines = app.get(&format!("/ledger?school_id={}&{DAYS}&limit=200", school.id)).by(&app.login("demo-province").await).await.ok();
        let lines = lines["items"].as_array().expect("lines").len();
        assert_eq!(browser.run("return document.querySelectorAll('.ledger tbody tr').length"), lines);
        browser.click(".ledger button[aria-expanded]");
        assert!(browser.text(".facts").contains("自行采购"));
        assert_eq!(browser.complaints(), Vec::<String>::new());
    }

    async fn a_phone_shows_it_in_its_width_and_in_english(app: &App) {
        buy_at_random(app, 2_026).await;
        let server = Server::start(app.database_url(), "");
        let Some(browser) = logged_in(&server, "demo-weining", (390, 844)) else { return };
        let school = app.school("demo-yunong").await;
        for place in ["unit/520526".to_owned(), "division/520526".to_owned(), format!("school/{}", school.id)] {
            show(&browser, &place);
            browser.wait("return document.querySelector('[data-share=amount]') !== null && !document.querySelector('.waiting')");
            let wide = browser.run("return document.documentElement.scrollWidth > document.documentElement.clientWidth");
            assert_eq!(wide, false, "{place} is wider than the phone");
        }
        browser.click(".language");
        browser.wait("return document.documentElement.lang === 'en' && document.body.innerText.includes('Share by amount')");
        // What is not the account's own is said to be nowhere, in the page's language.
        show(&browser, "unit/520500");
        assert!(browser.text(".failure").is_ascii());
        browser.click(".leave");
        browser.wait("return document.querySelector('form.login') !== null");
        browser.go(&format!("http://{}/monitor#/unit/520526?{PERIOD}", server.address()));
        browser.wait("return document.querySelector('form.login') !== null");
        browser.write("input[name=username]", "demo-weining");
        browser.write("input[name=password]", "not the password");
        browser.click("button.primary");
        assert!(!browser.text("form.login .failure").is_empty());
    }

    async fn the_page_brings_all_it_needs_and_allows_nothing_else(app: &App) {
        let page = app.call("GET", "/monitor").await;
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(app.call("GET", "/").await.header("location"), "/monitor");
        for name in ["app.js", "app.css", "icon.svg", "vendor/chart-4.6.1.js"] {
            let path = format!("/monitor/{name}");
            let file = app.call("GET", &path).await;
            assert_eq!(file.status, 200, "{name}");
            let again = app.call("GET", &path).header("if-none-match", file.header("etag")).await;
            assert_eq!(again.status, 304, "{name}");
            let packed = app.call("GET", &path).header("accept-encoding", "gzip").await;
            assert_eq!(packed.header("content-encoding"), "gzip", "{name}");
        }
        app.call("GET", "/monitor/../Cargo.toml").await.refused(404, "not_found");
        app.call("GET", "/monitor/nothing.js").await.refused(404, "not_found");
    }
}
