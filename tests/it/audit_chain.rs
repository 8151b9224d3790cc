//! The chain over the trail: it finds what was altered, removed or moved; late rows, several sealers, signed days,
//! archived days.

use crate::support::{
    app::{App, on_both},
    process,
    trade::Trade,
};
use entity::{audit_entry, audit_seal, id::AuditEntryId};
use sea_orm::{DbBackend, EntityTrait, QueryOrder};
use std::path::PathBuf;
use xiaonong::{
    audit::{self, ArchiveError, Finding, Reach, Verified, machine_line},
    store::bulk,
};

const DAY_MILLIS: i64 = 24 * 3600 * 1000;
const MINUTE_MILLIS: i64 = 60_000;

async fn seal(app: &App, reach: Reach) -> u64 {
    audit::seal(&app.ctx, reach).await.expect("seals")
}

async fn verify(app: &App) -> Verified {
    audit::verify(&app.ctx, None, None).await.expect("verifies")
}

/// What is found, without the rest.
async fn findings(app: &App) -> Vec<Finding> {
    let verified = verify(app).await;
    assert_eq!(verified.found, verified.findings.len() as u64);
    verified.findings
}

async fn seals(app: &App) -> Vec<audit_seal::Model> {
    let all = audit_seal::Entity::find().order_by_asc(audit_seal::Column::Seq);
    all.all(app.ctx.store.primary()).await.expect("reads")
}

async fn rows(app: &App) -> i64 {
    app.number("select count(*) from audit_entry").await
}

async fn write(app: &App, rows: &[audit_entry::Model]) {
    let txn = app.ctx.store.begin().await.expect("begins");
    bulk::insert(&txn, rows).await.expect("inserts");
    txn.commit().await.expect("commits");
}

fn row(app: &App, id: AuditEntryId) -> audit_entry::Model {
    let facts = serde_json::json!({"number": 1});
    audit_entry::Model { id, ..machine_line(&app.ctx, "test.write", "test", "it", facts) }
}

/// As somebody with the database's own password would.
async fn without_triggers(app: &App, sql: &str) {
    for table in ["audit_entry", "audit_seal", "audit_day"] {
        match app.ctx.store.backend() {
            DbBackend::Postgres => app.execute(&format!("alter table {table} disable trigger user")).await,
            _ => {
                for event in ["update", "delete"] {
                    app.execute(&format!("drop trigger if exists {table}_no_{event}")).await;
                }
            }
        }
    }
    app.execute(sql).await;
}

fn literal(app: &App, id: AuditEntryId) -> String {
    let plain = id.0.simple();
    if app.ctx.store.backend() == DbBackend::Postgres { format!("'{plain}'") } else { format!("x'{plain}'") }
}

/// A few rows of different kinds, all sealed.
async fn sealed_trail(app: &App) -> Vec<audit_seal::Model> {
    let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
    trade.bought(&[("potato", "20", "jin")]).await;
    trade.order(&[("radish", "2", "jin")]).await;
    seal(app, Reach::Recent).await;
    let seals = seals(app).await;
    assert!(seals.len() >= 6, "{}", seals.len());
    seals
}

on_both! {
    async fn every_row_is_sealed_once_and_the_chain_holds(app: &App) {
        let seals = sealed_trail(app).await;
        assert_eq!(i64::try_from(seals.len()).expect("few"), rows(app).await);
        assert!(seals.iter().zip(1..).all(|(seal, place)| seal.seq == place), "from 1 without gaps");
        assert_eq!(seal(app, Reach::All).await, 0, "nothing is sealed twice");
        let verified = verify(app).await;
        assert_eq!((verified.rows, verified.found, verified.open_days), (seals.len() as u64, 0, 1));
        let last = seals.last().expect("there are some");
        assert_eq!(verified.head, Some((last.seq, last.hash.clone())));
    }

    async fn an_altered_row_is_named(app: &App) {
        let victim = sealed_trail(app).await[3].clone();
        let entry = literal(app, victim.entry_id);
        for change in ["detail = '{}'", "at = at + 1", "account_id = null", "outcome = 'refused'", "school_id = null, address = ''"] {
            let before = app.texts(&format!("select detail from audit_entry where id = {entry}")).await;
            without_triggers(app, &format!("create table kept as select * from audit_entry where id = {entry}")).await;
            app.execute(&format!("update audit_entry set {change} where id = {entry}")).await;
            assert_eq!(findings(app).await, [Finding::Altered { seq: 4, entry: victim.entry_id.0 }], "{change}");
            app.execute(&format!("delete from audit_entry where id = {entry}")).await;
            app.execute("insert into audit_entry select * from kept").await;
            app.execute("drop table kept").await;
            assert_eq!(app.texts(&format!("select detail from audit_entry where id = {entry}")).await, before);
            assert_eq!(findings(app).await, [], "put back as it was");
        }
    }

    async fn a_missing_row_is_named(app: &App) {
        let victim = sealed_trail(app).await[2].clone();
        let entry = literal(app, victim.entry_id);
        without_triggers(app, &format!("delete from audit_entry where id = {entry}")).await;
        assert_eq!(findings(app).await, [Finding::Deleted { seq: 3, entry: victim.entry_id.0 }]);
        // With its seal gone too, the gap tells.
        app.execute("delete from audit_seal where seq = 3").await;
        assert_eq!(findings(app).await, [Finding::MissingSeals { from: 3, to: 3 }]);
    }

    async fn moved_seals_are_named(app: &App) {
        let seals = sealed_trail(app).await;
        let (second, third) = (seals[1].entry_id, seals[2].entry_id);
        let swap = "update audit_seal set seq = -1 where seq = 2; update audit_seal set seq = 2 where seq = 3; \
                    update audit_seal set seq = 3 where seq = -1";
        without_triggers(app, swap).await;
        assert_eq!(
            findings(app).await,
            [
                Finding::Reordered { seq: 2, entry: third.0 },
                Finding::Reordered { seq: 3, entry: second.0 },
                Finding::Reordered { seq: 4, entry: seals[3].entry_id.0 },
            ]
        );
    }

    async fn a_row_without_a_seal_is_named_after_two_minutes(app: &App) {
        sealed_trail(app).await;
        let late = row(app, app.ctx.ids.next());
        write(app, std::slice::from_ref(&late)).await;
        assert_eq!(findings(app).await, []);
        app.wait_millis(3 * MINUTE_MILLIS);
        assert_eq!(findings(app).await, [Finding::Unsealed { entry: late.id.0 }]);
        assert_eq!(seal(app, Reach::Recent).await, 1);
        assert_eq!(findings(app).await, []);
    }

    async fn a_row_that_commits_late_is_sealed(app: &App) {
        let (soon, later): (AuditEntryId, AuditEntryId) = (app.ctx.ids.next(), app.ctx.ids.next());
        app.wait_millis(2_000);
        let sealed = sealed_trail(app).await.len() as u64;
        write(app, &[row(app, soon)]).await;
        assert_eq!(seal(app, Reach::Recent).await, 1, "two seconds are within every look");
        app.wait_millis(10 * MINUTE_MILLIS);
        write(app, &[row(app, app.ctx.ids.next())]).await;
        seal(app, Reach::Recent).await;
        write(app, &[row(app, later)]).await;
        assert_eq!(seal(app, Reach::Recent).await, 0);
        assert_eq!(seal(app, Reach::Window).await, 1, "ten minutes are within a thorough look");
        let verified = verify(app).await;
        assert_eq!((verified.rows, verified.found), (sealed + 3, 0));
        let places: Vec<AuditEntryId> = seals(app).await.iter().map(|seal| seal.entry_id).collect();
        assert!(places.ends_with(&[later]), "after rows with higher ids");
    }

    async fn many_sealers_make_one_chain(app: &App) {
        let elsewhere = app.second_replica().await;
        let mut expected = u64::try_from(rows(app).await).expect("few");
        for _ in 0..4 {
            let some: Vec<audit_entry::Model> = (0..700).map(|_| row(app, app.ctx.ids.next())).collect();
            write(app, &some).await;
            expected += 700;
            let (here, there, again) = tokio::join!(
                audit::seal(&app.ctx, Reach::Recent),
                audit::seal(&elsewhere.ctx, Reach::Recent),
                audit::seal(&app.ctx, Reach::All),
            );
            here.and(there).and(again).expect("all go on");
        }
        // Whoever found another at work left the rest to it.
        seal(app, Reach::All).await;
        let verified = verify(app).await;
        assert_eq!((verified.rows, verified.found), (expected, 0));
        elsewhere.ctx.store.close().await;
    }

    async fn a_day_that_is_over_is_signed(app: &App) {
        sealed_trail(app).await;
        assert_eq!(app.number("select count(*) from audit_day").await, 0, "the day is not over");
        let late: AuditEntryId = app.ctx.ids.next();
        app.wait_millis(6 * 3600 * 1000 + MINUTE_MILLIS);
        seal(app, Reach::Recent).await;
        assert_eq!(app.number("select count(*) from audit_day").await, 0, "a minute past midnight rows may still come");
        app.wait_millis(2 * MINUTE_MILLIS);
        seal(app, Reach::Recent).await;
        assert_eq!(app.texts("select cast(day as text) from audit_day").await, ["2026-03-02"]);
        let last = app.number("select last_seq from audit_day").await;
        assert_eq!(app.number("select max(seq) from audit_seal").await, last);

        // What comes later still is in the next day's chain, which goes on from the signed head.
        write(app, &[row(app, late)]).await;
        assert_eq!(seal(app, Reach::All).await, 1);
        assert_eq!(app.texts(&format!("select cast(day as text) from audit_seal where seq = {}", last + 1)).await, ["2026-03-03"]);
        app.wait_millis(DAY_MILLIS);
        seal(app, Reach::Recent).await;
        let verified = verify(app).await;
        assert_eq!((verified.signed_days, verified.open_days, verified.found), (2, 0, 0));
        let day = |day: u32| chrono::NaiveDate::from_ymd_opt(2026, 3, day);
        let part = audit::verify(&app.ctx, day(3), day(3)).await.expect("verifies");
        assert_eq!((part.rows, part.signed_days, part.found), (1, 1, 0));
        let nothing = audit::verify(&app.ctx, day(9), None).await.expect("verifies");
        assert_eq!((nothing.rows, nothing.found), (0, 0));
    }

    async fn a_wrong_signature_is_named(app: &App) {
        sealed_trail(app).await;
        app.wait_millis(DAY_MILLIS);
        write(app, &[row(app, app.ctx.ids.next())]).await;
        seal(app, Reach::Recent).await;
        app.wait_millis(DAY_MILLIS);
        seal(app, Reach::Recent).await;
        let first = chrono::NaiveDate::from_ymd_opt(2026, 3, 2).expect("a date");
        let whys = async || -> Vec<String> { findings(app).await.iter().map(ToString::to_string).collect() };
        assert_eq!(whys().await, Vec::<String>::new());
        without_triggers(app, "create table kept as select * from audit_day").await;
        let flip = "case when signature like 'a%' then 'b' else 'a' end || substr(signature, 2)";
        for (sql, why) in [
            (format!("update audit_day set signature = {flip} where last_seq > 1 and first_seq = 1"), "the signature is wrong"),
            ("update audit_day set signature = 'zz' where first_seq = 1".to_owned(), "malformed"),
            ("update audit_day set key_id = 'other' where first_seq = 1".to_owned(), "by a key that is not here"),
            ("update audit_day set head = 'x' where first_seq = 1".to_owned(), "its head is not the signed one"),
            ("update audit_day set last_seq = last_seq - 1 where first_seq = 1".to_owned(), "places"),
            ("delete from audit_day where first_seq = 1".to_owned(), "the signature is missing"),
        ] {
            app.execute(&sql).await;
            let found = whys().await;
            assert!(found.len() == 1 && found[0].contains(why) && found[0].contains(&first.to_string()), "{sql}: {found:?}");
            app.execute("delete from audit_day").await;
            app.execute("insert into audit_day select * from kept").await;
        }
        // The last rows of a signed day cannot go unseen either.
        let last = app.number("select last_seq from audit_day where first_seq = 1").await;
        app.execute(&format!("delete from audit_seal where seq >= {last}")).await;
        assert!(whys().await.iter().any(|found| found.contains("its places")), "{:?}", whys().await);
    }

    async fn signed_days_are_archived_after_six_months(app: &App) {
        sealed_trail(app).await;
        app.wait_millis(DAY_MILLIS);
        seal(app, Reach::Recent).await;
        let day = |month, day| chrono::NaiveDate::from_ymd_opt(2026, month, day).expect("a date");
        let folder: PathBuf = process::scratch_dir().join(format!("archive-{:?}", app.ctx.store.backend()));
        let refused = audit::archive(&app.ctx, day(3, 3), &folder).await.expect_err("too young");
        assert!(matches!(refused, ArchiveError::TooYoung(_)) && !folder.exists(), "{refused}");
        app.wait_millis(184 * DAY_MILLIS);
        let done = audit::archive(&app.ctx, day(3, 3), &folder).await.expect("archives");
        let file = folder.join("audit-2026-03-02.ndjson");
        assert_eq!((done.written.as_slice(), done.present), (&[file.clone()][..], 0));
        let count = u64::try_from(app.number("select last_seq from audit_day").await).expect("few");
        assert_eq!(done.rows, count);
        assert_eq!(u64::try_from(rows(app).await).expect("few"), count, "the table keeps its rows");
        let again = audit::archive(&app.ctx, day(3, 3), &folder).await.expect("is there");
        assert_eq!((again.written.len(), again.present), (0, 1));

        let text = std::fs::read_to_string(&file).expect("text");
        let lines: Vec<&str> = text.lines().collect();
        let damaged = |lines: &[&str]| {
            std::fs::write(&file, lines.join("\n")).expect("writes");
            audit::check_file(&app.ctx.tokens, &file).expect_err("unsound").to_string()
        };
        let altered = lines[2].replacen("\\\"", "\\\" ", 1);
        assert!(damaged(&[lines[0], lines[1], &altered]).contains("line 3: the row was altered"));
        assert!(damaged(&[lines[0], lines[2]]).contains("line 2: a row before it is missing"));
        assert!(damaged(&lines[..lines.len() - 1]).contains("the last rows of the day are missing"));
        assert!(damaged(&[&lines[0].replace("2026-03-02", "2026-03-01")]).contains("line 1: the signature is wrong"));
        // A row that is gone from the table makes no file.
        std::fs::remove_file(&file).expect("removes");
        without_triggers(app, "delete from audit_entry where action = 'order.confirm'").await;
        let refused = audit::archive(&app.ctx, day(3, 3), &folder).await.expect_err("unsound");
        assert!(refused.to_string().contains("a row before it is missing"), "{refused}");
        assert_eq!(std::fs::read_dir(&folder).expect("the folder").count(), 0, "and no half one");
    }
}
