//! Days of the trail: signed when they are over, archived when they are half a year old.

use crate::{
    audit_chain::{MINUTE_MILLIS, findings, row, rows, seal, sealed_trail, verify, without_triggers, write},
    support::{app::on_both, process},
};
use entity::id::AuditEntryId;
use std::path::PathBuf;
use xiaonong::audit::{self, ArchiveError, Reach};

const DAY_MILLIS: i64 = 24 * 3600 * 1000;

on_both! {
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
