//! Files of rows in the encodings and formats offices send: read alike, refused with the row, and their templates.

use crate::support::{
    app::{App, on_both},
    call::{Answer, Call},
    people::At,
    process,
    server::run,
    trade::{Trade, fresh_key},
};
use encoding_rs::GB18030;
use entity::membership::Role;
use serde_json::{Value, json};
use xiaonong::{
    http::Language,
    imports::KINDS,
    sheets::{CSV, Cell, Format, Sheet, SheetWriter, XLSX, template, text_of},
};

/// The list of Weining with Chinese names of columns and statuses, its columns in another order: one household new.
const LIST: &str = "户主姓名,农户编号,所在区划代码,身份,证明编号\n\
    王某,h-520526-01,520526109,脱贫户,\n\
    李某,h-520526-02,520526105,脱贫户,\n\
    杨某,h-520526-03,520526107,脱贫户,\n\
    罗某,h-520526-04,520526124,脱贫户,\n\
    陈某,h-520526-05,520526128,脱贫户,\n\
    刘改,h-520526-06,520526105,脱贫户,\n";

fn gb(text: &str) -> Vec<u8> {
    GB18030.encode(text).0.into_owned()
}

/// Rows as an XLSX file, every cell a text.
fn xlsx(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = SheetWriter::new(Format::Xlsx, &mut out, "名单").expect("begins");
    for line in text.lines() {
        let cells = line.split(',').map(|cell| if cell.is_empty() { Cell::Empty } else { Cell::Text(cell.to_owned()) });
        writer.row(&cells.collect::<Vec<_>>()).expect("writes");
    }
    writer.finish().expect("ends");
    out
}

fn send(app: &App, token: &str, kind: &str, bytes: &[u8]) -> Call {
    let path = "/api/v1/household-lists?kind=registration&county=520526&listed_on=2026-03-01";
    app.call("POST", path).bytes(kind, bytes).by(token).key(&fresh_key())
}

fn difference(answer: &Answer) -> Value {
    answer.ok()["difference"].clone()
}

on_both! {
    async fn a_list_reads_alike_in_every_encoding_and_format(app: &App) {
        let officer = app.login("demo-weining").await;
        let expected = json!({"new": 0, "changed": 0, "ended": 0, "unknown": 1, "duplicate": 0, "same": 5});
        let marked = format!("\u{feff}{LIST}");
        for (kind, bytes) in [
            (CSV, LIST.as_bytes().to_vec()),
            (CSV, marked.into_bytes()),
            (CSV, gb(LIST)),
            (XLSX, xlsx(LIST)),
            // What a file is, its content says.
            (CSV, xlsx(LIST)),
            ("application/vnd.ms-excel", gb(LIST)),
            ("application/octet-stream", xlsx(LIST)),
        ] {
            assert_eq!(difference(&send(app, &officer, kind, &bytes).await), expected, "{kind}");
        }
    }

    async fn a_file_that_cannot_be_read_whole_is_refused_with_its_row(app: &App) {
        let officer = app.login("demo-weining").await;
        let before = app.snapshot().await;
        let mut mixed = gb(LIST);
        mixed.extend("赵某,h-9,520526109,脱贫户,\n".as_bytes());
        let missing = LIST.replace("身份", "身分");
        let formula = LIST.replace("刘改", "=HYPERLINK(A1)");
        let many = format!("户主姓名,农户编号,所在区划代码,身份\n{}", "王某,h,520526109,脱贫户\n".repeat(150_001));
        let computed = {
            let book = "<row r=\"2\"><c r=\"A2\"><f>1+1</f><v>2</v></c></row>";
            zip_with(book)
        };
        for (bytes, pointer, code) in [
            (mixed, "/rows/8", "encoding_mixed"),
            (missing.into_bytes(), "/rows/1", "header_wrong"),
            (formula.into_bytes(), "/rows/7/name", "formula"),
            (many.into_bytes(), "/rows/150002", "too_many_rows"),
            (computed, "/rows/2", "formula"),
            (b"PK\x03\x04 and nothing more".to_vec(), "", "file_not_xlsx"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(), "", "file_is_xls"),
            ("户主姓名".encode_utf16().flat_map(u16::to_le_bytes).collect(), "/rows/1", "header_wrong"),
            ("\u{feff}户主姓名".encode_utf16().flat_map(u16::to_le_bytes).collect(), "", "encoding_unknown"),
        ] {
            let answer = send(app, &officer, CSV, &bytes).await;
            assert_eq!(answer.status, 422, "{code}: {}", answer.text());
            let problem = answer.json();
            assert_eq!((&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]), (&json!(pointer), &json!(code)));
        }
        assert_eq!(app.snapshot().await, before);
    }

    async fn templates_are_files_that_can_be_sent(app: &App) {
        let officer = app.login("demo-weining").await;
        for kind in KINDS {
            let path = format!("/imports/templates/{}", kind.name);
            for (query, media) in [("", XLSX), ("?format=xlsx", XLSX), ("?format=csv", "text/csv; charset=utf-8")] {
                for english in [false, true] {
                    let call = app.get(&format!("{path}{query}")).by(&officer);
                    let answer = if english { call.english().await } else { call.await };
                    assert_eq!((answer.status, answer.header("content-type")), (200, media), "{path}");
                    let end = if media == XLSX { "xlsx" } else { "csv" };
                    let name = format!("attachment; filename=\"xiaonong-{}.{end}\"", kind.name);
                    assert_eq!(answer.header("content-disposition"), name);
                    let text = text_of(&answer.bytes, kind).expect("a file of ours");
                    let chinese = text.contains(kind.columns[0].zh);
                    assert_eq!(chinese, !english, "{text}");
                    let sheet = Sheet::read(&text, kind).expect("its own columns");
                    let row = sheet.rows().next().expect("the example");
                    for column in kind.columns {
                        assert!(sheet.has(column.name));
                        assert_eq!(row.cell(column.name), column.example, "{} {}", kind.name, column.name);
                        assert!(column.zh.chars().any(|one| one > '\u{3000}'), "{} in Chinese", column.name);
                    }
                }
            }
        }
        app.get("/imports/templates/castles").by(&officer).await.refused(404, "not_found");
        app.get("/imports/templates/schools?format=doc").by(&officer).await.refused(400, "format_unknown");
        // The example of a list is a row as it should be, but for its county, which is nowhere.
        let list = template(&xiaonong::households::HOUSEHOLD_LIST, Format::Csv, Language::Chinese).expect("a template");
        let list = String::from_utf8(list).expect("text").replace("910425", "520425");
        let path = "/api/v1/household-lists?kind=registration&county=520425&listed_on=2026-03-01";
        let admin = app.login("demo-province").await;
        let sent = app.call("POST", path).bytes("text/csv", list.as_bytes()).by(&admin).await.ok();
        assert_eq!((&sent["difference"]["new"], &sent["difference"]["unknown"]), (&json!(1), &json!(0)), "{sent}");
    }

    async fn purchases_and_accounts_come_by_chinese_names(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let path = format!("/api/v1/imports?kind=declared_purchases&canteen_id={}", trade.canteen_id);
        let rows = "编号,采购日期,供货方,商品代码,数量,单位,金额（元）\nr1,2026-03-01,李记,cabbage,30,jin,36.00\n";
        let file = |bytes: Vec<u8>, dry: &str| {
            app.call("POST", &format!("{path}&dry_run={dry}")).bytes(CSV, &bytes).by(&trade.buyer).key(&fresh_key())
        };
        for bytes in [rows.as_bytes().to_vec(), gb(rows), xlsx(rows)] {
            let read = file(bytes, "true").await.ok();
            assert_eq!((&read["rows"], &read["amount"]), (&json!(1), &json!("36.00")));
        }
        file(gb(rows), "false").await.ok();
        file(xlsx(rows), "false").await.points_at("/rows/2/external_id", "external_id_taken");
        file(zip_with(&" ".repeat(33 << 20)), "true").await.points_at("", "file_unpacks_too_large");
        let rows = "用户名,姓名,角色,学校代码\nwn-1,王老师,验收员,demo-yunong\nwn-2,李老师,厨师,demo-yunong\n";
        app.member("weining-manager", Role::AuthorityManager, At::Unit("520526")).await;
        let manager = app.login("weining-manager").await;
        let answer = app.call("POST", "/api/v1/accounts/import").bytes(CSV, &gb(rows)).by(&manager).key("a").await;
        answer.points_at("/rows/3/role", "unknown_value");
        let good = rows.replace("厨师", "食堂管理员");
        let made = app.call("POST", "/api/v1/accounts/import").bytes(XLSX, &xlsx(&good)).by(&manager).key("b").await.ok();
        assert_eq!(made["accounts"].as_array().map(Vec::len), Some(2));
    }

    async fn the_command_reads_the_same_files(app: &App) {
        let rows = "学校代码,学校名称,学段,所在区划代码,填报单位代码,是否农村学校,是否营养改善计划,就餐人数,食堂类型,供餐学校代码\n\
            s-new-1,新校,小学,520526109,520526,是,否,120,自办,\n";
        for (end, bytes) in [("csv", gb(rows)), ("xlsx", xlsx(rows))] {
            let file = process::scratch_dir().join(format!("schools-{}.{end}", fresh_key()));
            std::fs::write(&file, &bytes).expect("written");
            let path = file.display().to_string();
            let (done, text) = run(app.database_url(), &["import", "schools", &path, "--dry-run"], &[]);
            assert!(done && text.contains("1 rows are fine"), "{text}");
        }
        let file = process::scratch_dir().join(format!("schools-{}.csv", fresh_key()));
        std::fs::write(&file, gb(&rows.replace("小学", "私塾"))).expect("written");
        let (done, text) = run(app.database_url(), &["import", "schools", &file.display().to_string()], &[]);
        assert!(!done && text.contains("第 2 行 stage：“私塾”须为其中之一：幼儿园（kindergarten）、小学（primary）"), "{text}");
    }
}

/// An XLSX file with these rows of XML.
fn zip_with(rows: &str) -> Vec<u8> {
    use std::io::{Cursor, Read, Write};
    use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};
    let empty = xlsx("");
    let mut archive = ZipArchive::new(Cursor::new(empty)).expect("a ZIP file");
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).expect("a part");
        let name = part.name().expect("a name").into_owned();
        let mut text = String::new();
        part.read_to_string(&mut text).expect("text");
        writer.start_file(name.as_str(), SimpleFileOptions::default()).expect("starts");
        let text = text.replace("<sheetData>", &format!("<sheetData>{rows}"));
        writer.write_all(text.as_bytes()).expect("writes");
    }
    writer.finish().expect("ends").into_inner()
}
