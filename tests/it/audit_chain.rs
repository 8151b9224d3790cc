//! The chain over the trail: it finds what was altered, removed or moved; late rows, several sealers.

use crate::support::{
    app::{App, on_both},
    process,
    trade::Trade,
};
use entity::{audit_entry, audit_seal, id::AuditEntryId};
use sea_orm::{ColumnTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder};
use std::process::Command;
use xiaonong::{
    audit::{self, Finding, Reach, Verified, machine_line},
    store::bulk,
};

pub const MINUTE_MILLIS: i64 = 60_000;

pub async fn seal(app: &App, reach: Reach) -> u64 {
    audit::seal(&app.ctx, reach).await.expect("seals")
}

pub async fn verify(app: &App) -> Verified {
    audit::verify(&app.ctx, None, None).await.expect("verifies")
}

/// What is found, without the rest.
pub async fn findings(app: &App) -> Vec<Finding> {
    let verified = verify(app).await;
    assert_eq!(verified.found, verified.findings.len() as u64);
    verified.findings
}

async fn seals(app: &App) -> Vec<audit_seal::Model> {
    let all = audit_seal::Entity::find().order_by_asc(audit_seal::Column::Seq);
    all.all(app.ctx.store.primary()).await.expect("reads")
}

pub async fn rows(app: &App) -> i64 {
    app.number("select count(*) from audit_entry").await
}

pub async fn write(app: &App, rows: &[audit_entry::Model]) {
    let txn = app.ctx.store.begin().await.expect("begins");
    bulk::insert(&txn, rows).await.expect("inserts");
    txn.commit().await.expect("commits");
}

pub fn row(app: &App, id: AuditEntryId) -> audit_entry::Model {
    let facts = serde_json::json!({"number": 1});
    audit_entry::Model { id, ..machine_line(&app.ctx, "test.write", "test", "it", facts) }
}

/// As somebody with the database's own password would.
pub async fn without_triggers(app: &App, sql: &str) {
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
pub async fn sealed_trail(app: &App) -> Vec<audit_seal::Model> {
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
        let placed = audit_entry::Column::Action.eq("order.place");
        let sealed = sealed_trail(app).await;
        let victim = audit_entry::Entity::find().filter(placed).one(app.ctx.store.primary()).await.expect("reads");
        let victim = victim.expect("an order was placed").id;
        let seq = sealed.iter().find(|seal| seal.entry_id == victim).expect("is sealed").seq;
        let entry = literal(app, victim);
        for change in ["detail = '{}'", "at = at + 1", "account_id = null", "outcome = 'refused'", "school_id = null, address = ''"] {
            let before = app.texts(&format!("select detail from audit_entry where id = {entry}")).await;
            without_triggers(app, &format!("create table kept as select * from audit_entry where id = {entry}")).await;
            app.execute(&format!("update audit_entry set {change} where id = {entry}")).await;
            assert_eq!(findings(app).await, [Finding::Altered { seq, entry: victim.0 }], "{change}");
            app.execute(&format!("delete from audit_entry where id = {entry}")).await;
            app.execute("insert into audit_entry select * from kept").await;
            app.execute("drop table kept").await;
            assert_eq!(app.texts(&format!("select detail from audit_entry where id = {entry}")).await, before);
            assert_eq!(findings(app).await, [], "put back as it was");
        }
    }

    async fn the_command_line_says_what_is_wrong(app: &App) {
        let victim = sealed_trail(app).await[1].clone();
        let run = |arguments: &[&str]| {
            let folder = process::scratch_dir().join("verify");
            let mut command = Command::new(env!("CARGO_BIN_EXE_xiaonong"));
            command.args(arguments).args(["--database-url", &app.ctx.settings.database_url]).arg("--data-dir").arg(folder);
            let output = command.output().expect("runs");
            (output.status.code(), String::from_utf8(output.stdout).expect("text"))
        };
        let (code, told) = run(&["verify", "--audit"]);
        assert!(code == Some(0) && told.contains("nothing wrong"), "{code:?} {told}");
        assert_eq!(run(&["verify", "--from", "2026-03-02"]).0, Some(2), "days are the trail's only");
        without_triggers(app, &format!("delete from audit_entry where id = {}", literal(app, victim.entry_id))).await;
        let (code, told) = run(&["verify", "--audit", "--from", "2026-03-02"]);
        assert!(code == Some(1) && told.contains(&format!("row {} at place 2 is missing", victim.entry_id)), "{told}");
        assert_eq!(run(&["verify"]).0, Some(0), "the totals are what they were");
        assert_eq!(run(&["audit", "archive", "--before", "2999-01-01", "--to", "nowhere"]).0, Some(1));
        let (code, told) = run(&["audit", "seal"]);
        assert!(code == Some(0) && told.contains("sealed: 0 rows"), "{told}");
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

    async fn rows_from_before_the_chain_are_sealed_too(app: &App) {
        let store = &app.ctx.store;
        while !store.pending_migrations().await.expect("answers").contains(&"m20260322_13_audit".to_owned()) {
            store.migrate_down(Some(1)).await.expect("down");
        }
        for number in 1..4 {
            app.execute(&format!(
                "insert into audit_entry (id, at, account_id, action, resource, resource_id, request_id, detail) values \
                 ({}, {number}, null, 'order.place', 'order', 'x', 'r', '{{}}')",
                literal(app, AuditEntryId(uuid::Uuid::from_u128(number)))
            ))
            .await;
        }
        let there = rows(app).await;
        store.migrate_up().await.expect("up");
        assert_eq!(rows(app).await, there);
        assert_eq!(i64::try_from(seal(app, Reach::Recent).await).expect("few"), there, "without any seal every look takes all");
        let verified = verify(app).await;
        assert_eq!((verified.found, verified.signed_days > 0), (0, true), "days long over are signed at once");
        assert_eq!(app.number("select count(*) from audit_entry where outcome = 'done'").await, there);
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
}
