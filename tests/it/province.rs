//! Another province: everything works from its bundle alone, and nothing in the code knows the one that is built in.

use crate::support::{
    app::{App, PASSWORD, on_both},
    trade::{Trade, accepted, fresh_key},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use xiaonong::{
    access::password::{self, Cost},
    catalogue, demo,
    province::Bundle,
    registry, share,
    simulate::{Plan, simulate},
};

fn yunling() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/yunling")
}

/// An empty database, served with the invented province's bundle.
async fn elsewhere(app: &App) -> App {
    app.ctx.store.migrate_down(None).await.expect("goes down");
    app.ctx.store.migrate_up().await.expect("comes up");
    let bundle = Arc::new(Bundle::read(&yunling()).expect("reads"));
    app.replica(move |settings| settings.province = bundle).await
}

async fn figures(app: &App, token: &str, path: &str) -> [String; 4] {
    let view = app.get(&format!("/shares/{path}")).by(token).await.ok();
    let weight = &view["figures"]["headline"]["weight"];
    assert_eq!(view["figures"]["headline"]["target"], "30.00", "{path}");
    [&weight["numerator"], &weight["denominator"], &weight["percent"], &view["figures"]["headline"]["meets_target"]]
        .map(ToString::to_string)
}

on_both! {
    async fn a_second_province_buys_receives_and_reports(app: &App) {
        let app = &elsewhere(app).await;
        let province = demo::load_province(&app.ctx).await.expect("loads");
        assert_eq!((province.schools.len(), province.offers.len()), (2, 4));
        let hash = password::hash(PASSWORD.to_owned(), Cost::Light).await.expect("hashes");
        app.execute(&format!("update account set password_hash = '{hash}'")).await;
        // Offered under the county's old code, found and kept under the new one.
        let trade = Trade::between(app, "yl-songpo", "songpo-coop").await;
        assert_eq!(trade.listing("cabbage").await.origin_division_code, "910181");
        let market = app.get("/listings?origin=910121&poverty_area=true").by(&trade.buyer).await.ok();
        assert_eq!(market["items"].as_array().map(Vec::len), Some(2), "{market}");
        let consignment = trade.under_way(&[("potato", "20", "jin"), ("cabbage", "10", "jin")]).await;
        let lines: Vec<Value> = consignment["lines"].as_array().expect("lines").iter().map(accepted).collect();
        let receipt = json!({"inspectors": ["yl-songpo", "yl-songpo-2"], "lines": lines});
        assert_eq!(trade.receive_as(&consignment, &receipt).await.ok()["amount"], "28.00");
        // Rice from elsewhere enters the denominator alone.
        let declared = json!({
            "canteen_id": trade.canteen_id, "purchased_on": "2026-03-02", "seller_name": "粮店",
            "lines": [{"product_code": "potato", "quantity": "70", "unit": "jin", "amount": "70.00", "origin_division_code": "920000"}],
        });
        app.post("/declared-purchases", declared).by(&trade.buyer).key(&fresh_key()).await.ok();
        // 15 of 50 kg from a listed county: exactly the 30 % this province asks for, by weight.
        let reached = ["\"15.000\"", "\"50.000\"", "\"30.00\"", "true"].map(str::to_owned);
        let officer = app.login("yl-province").await;
        // Names of this province's places make no password, and come from its bundle alone.
        let new = json!({"current": PASSWORD, "new": "yunlingshitang2026"});
        app.post("/me/password", new).by(&officer).await.points_at("/new", "password_common");
        for path in ["reporting-units/910000", "reporting-units/910181", "divisions/910000", "divisions/910100", "divisions/910121"] {
            assert_eq!(figures(app, &officer, path).await, reached, "{path}");
        }
        assert_eq!(figures(app, &trade.buyer, &format!("schools/{}", trade.school_id)).await, reached);
        // The county reports straight to the province, so that the prefecture's bureau does not see it (S10).
        let prefecture = app.login("yl-qingshi").await;
        assert_eq!(figures(app, &prefecture, "reporting-units/910100").await[1], "\"0.000\"");
        let order = app.get(&format!("/orders/{}", consignment["order_id"].as_str().expect("an order"))).by(&trade.buyer).await.ok();
        assert_eq!(order["status"], "received");
        let verified = share::verify(&app.ctx).await.expect("verifies");
        assert_eq!((verified.lines, verified.differences), (3, Vec::new()));
        // The bundle of another province is not loaded over this one.
        let other = app.replica(|settings| settings.province = Arc::new(Bundle::built_in().expect("reads"))).await;
        let told = registry::bundle::load(&other.ctx).await.expect_err("another province").to_string();
        assert!(told.contains("910000") && told.contains("DATABASE_URL"), "{told}");
    }

    async fn a_second_province_is_simulated(app: &App) {
        let app = &elsewhere(app).await;
        registry::bundle::load(&app.ctx).await.expect("loads");
        catalogue::bundle::load(&app.ctx).await.expect("loads");
        share::load_indicators(&app.ctx).await.expect("loads");
        let from = chrono::NaiveDate::from_ymd_opt(2025, 9, 1).expect("a date");
        let plan = Plan { schools: 9, days: 4, seed: 7, from, county: None };
        let made = simulate(&app.ctx, &plan, |_| {}).await.expect("runs");
        assert_eq!((made.schools, made.counties), (9, 3));
        assert!(made.lines > 100, "{}", made.lines);
        let origins = app.texts("select distinct origin_division_code from purchase_line where origin_division_code like '92%'").await;
        assert_eq!(origins, ["920000"], "what is brought in comes from its neighbour");
        let strange = "select count(*) from purchase_line where county_code not like '91%'";
        assert_eq!(app.number(strange).await, 0);
        assert_eq!(share::verify(&app.ctx).await.expect("verifies").differences, Vec::new());
    }
}

/// A copy of the bundle with one file changed.
fn changed(name: &str, file: &str, change: impl Fn(String) -> String) -> PathBuf {
    let folder = crate::support::process::scratch_dir().join(format!("bundle-{name}"));
    let copy = |from: &Path, to: &Path| {
        fs::create_dir_all(to).expect("makes the folder");
        for entry in fs::read_dir(from).expect("reads").map(|entry| entry.expect("an entry").path()) {
            if entry.is_file() {
                fs::copy(&entry, to.join(entry.file_name().expect("a name"))).expect("copies");
            }
        }
    };
    copy(&yunling(), &folder);
    copy(&yunling().join("demo"), &folder.join("demo"));
    let path = folder.join(file);
    fs::write(&path, change(fs::read_to_string(&path).unwrap_or_default())).expect("writes");
    folder
}

/// A name, the file changed, how, and what is told.
type Case = (&'static str, &'static str, fn(String) -> String, &'static str);

#[test]
fn a_bad_bundle_is_refused_with_file_line_and_reason() {
    let told = |name: &str, file: &str, change: fn(String) -> String| -> String {
        let read = Bundle::read(&changed(name, file, change)).map_err(|error| error.to_string());
        let checked = read.and_then(|bundle| {
            registry::bundle::check(&bundle).map_err(|error| error.to_string())?;
            share::check_indicators(&bundle).map_err(|error| error.to_string())
        });
        checked.expect_err("refused")
    };
    let cases: [Case; 9] = [
        ("name", "towns.csv", |_| "a\n".into(), "towns.csv, line 1: no bundle has this file"),
        (
            "header",
            "divisions.csv",
            |text| text.replace("name,", "nom,"),
            "divisions.csv, line 1: the columns must be code,name",
        ),
        (
            "orphan",
            "divisions.csv",
            |text| text.replace("910221101,柳溪镇,910221", "910221101,柳溪镇,910299"),
            "line 12: 910221101 does not hang",
        ),
        (
            "code",
            "manifest.toml",
            |text| text.replace("910000", "930000"),
            "manifest.toml, line 1: code is not the one province",
        ),
        (
            "kind",
            "manifest.toml",
            |text| text.replace("neighbours", "neighbors"),
            "manifest.toml, line 4: unknown field",
        ),
        (
            "member",
            "county_list_members.csv",
            |text| text.replace("910181", "910100"),
            "county_list_members.csv, line 2: 910100 is not what",
        ),
        (
            "scope",
            "indicators.csv",
            |text| text.replace("3000,,", "3000,910999,"),
            "indicators.csv, line 2: there is no division 910999",
        ),
        (
            "rule",
            "indicators.csv",
            |text| text.replace("household,amount", "neighbour,amount"),
            "indicators.csv, line 3: there is no rule neighbour",
        ),
        (
            "change",
            "division_changes.csv",
            |text| text.replace("2020-01-01", "2021-01-01"),
            "division_changes.csv, line 2: 910121 does not end the day before",
        ),
    ];
    for (name, file, change, wanted) in cases {
        let told = told(name, file, change);
        assert!(told.contains(wanted), "{name}: {told}");
    }
    let told = Bundle::read(Path::new("/nowhere/at/all")).expect_err("no folder").to_string();
    assert!(told.contains("/nowhere/at/all cannot be read"), "{told}");
}

#[test]
fn a_bundle_is_read_from_a_zip_alike() {
    use std::io::Write;
    let path = crate::support::process::scratch_dir().join("yunling.zip");
    let mut zip = zip::ZipWriter::new(fs::File::create(&path).expect("makes the file"));
    for (folder, prefix) in [(yunling(), ""), (yunling().join("demo"), "demo/")] {
        for entry in fs::read_dir(folder).expect("reads").map(|entry| entry.expect("an entry").path()) {
            if entry.is_file() {
                let name = format!("{prefix}{}", entry.file_name().expect("a name").to_string_lossy());
                zip.start_file(name, zip::write::SimpleFileOptions::default()).expect("starts");
                zip.write_all(&fs::read(entry).expect("reads")).expect("writes");
            }
        }
    }
    zip.finish().expect("ends");
    assert_eq!(Bundle::read(&path).expect("reads"), Bundle::read(&yunling()).expect("reads"));
}

/// Every Rust file of the service.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("reads").map(|entry| entry.expect("an entry").path()) {
        // All but the bundle itself and what others wrote.
        if entry.is_dir() && !entry.ends_with("province/built_in") && !entry.ends_with("assets/vendor") {
            sources(&entry, found);
        } else if entry.is_file() {
            found.push(entry);
        }
    }
}

/// What names the province that is built in: its name, its divisions' names down to the counties, their six-digit codes.
fn telling() -> (BTreeSet<String>, BTreeSet<String>) {
    let bundle = Bundle::built_in().expect("reads");
    let mut names = BTreeSet::from([bundle.manifest.name_en.to_lowercase()]);
    let mut codes = BTreeSet::new();
    for row in bundle.text("divisions.csv").expect("is there").lines().skip(1) {
        let [code, name, _, level, ..] = row.split(',').collect::<Vec<_>>()[..] else { panic!("{row}") };
        if matches!(level, "province" | "prefecture" | "county") {
            names.insert(name.to_owned());
            // 威宁彝族回族苗族自治县 is called by its first two characters, 贵州省 without its last.
            names.insert(name.chars().take(2).collect());
            codes.insert(code.to_owned());
        }
    }
    (names, codes)
}

/// The first six digits of every run of at least six.
fn codes_in(line: &str) -> impl Iterator<Item = &str> {
    line.split(|one: char| !one.is_ascii_digit()).filter_map(|digits| digits.get(..6))
}

#[test]
fn no_code_names_the_province() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (names, codes) = telling();
    let tells = |line: &str| {
        let lower = line.to_lowercase();
        names.iter().any(|name| lower.contains(name.as_str())) || codes_in(line).any(|code| codes.contains(code))
    };
    assert!(tells("// 威宁县") && tells("\"520526109\"") && tells("guizhou") && !tells("910526, 省, 52, 1520526"));
    let mut files = Vec::new();
    sources(&src, &mut files);
    assert!(files.len() > 200, "{}", files.len());
    let mut told = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("reads");
        let lines = text.lines().enumerate().filter(|(_, line)| tells(line));
        told.extend(lines.map(|(at, line)| format!("{}:{}: {}", file.display(), at + 1, line.trim())));
    }
    assert!(told.is_empty(), "the province is data, and these say which:\n{}", told.join("\n"));
}
