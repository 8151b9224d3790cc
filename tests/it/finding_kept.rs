//! What a search goes by is kept with what it tells of: states, kinds, places, and names of a database from before.

use crate::{
    finding::{codes, column, with},
    support::app::{App, on_both},
    verification::step,
};
use entity::supplier::{self, SupplierKind};
use serde_json::json;
use uuid::Uuid;
use xiaonong::{finding, store::bulk, suppliers::verification::settle_due};

const YEAR: i64 = 366 * 24 * 3600 * 1000;

/// Whether nothing is left to be caught up with.
async fn all_kept(app: &App) -> bool {
    finding::catch_up(&app.ctx).await.expect("answers") == 0
}

on_both! {
    async fn a_supplier_is_found_by_its_state_at_once(app: &App) {
        let officer = app.login("demo-weining").await;
        let seller = app.supplier("weining-potato-coop").await;
        let held = app.get(&format!("/verifications?supplier_id={}", seller.id)).by(&officer).await.ok();
        let held = held["items"][0].clone();
        let found = async |status| codes(app, &officer, "/suppliers", &[("q", "云薯"), ("status", status)]).await;
        assert_eq!((found("approved").await.len(), found("suspended").await.len()), (1, 0));
        step(app, &held, "suspend", &json!({"reason": "抽检不合格，暂停供货"}), &officer).await.ok();
        assert_eq!((found("approved").await.len(), found("suspended").await.len()), (0, 1));
        step(app, &held, "reinstate", &json!({"reason": "整改合格，恢复供货"}), &officer).await.ok();
        assert_eq!((found("approved").await.len(), found("suspended").await.len()), (1, 0));
        assert!(all_kept(app).await);
    }

    async fn those_whose_approval_ran_out_are_found_as_such(app: &App) {
        app.wait_millis(4 * YEAR);
        assert!(settle_due(&app.ctx).await.expect("settles") > 0);
        let admin = app.login("demo-admin").await;
        let found = async |status| codes(app, &admin, "/suppliers", &[("q", "合作社"), ("status", status)]).await;
        assert_eq!((found("approved").await.len(), found("expired").await.len()), (0, 16));
        assert!(all_kept(app).await);
    }

    async fn those_who_fit_are_found_behind_thousands_who_do_not(app: &App) {
        let admin = app.login("demo-admin").await;
        // Processors come last; the first 600 of them lie elsewhere.
        let row = |like: &supplier::Model, n: u32| supplier::Model {
            id: Uuid::from_u128(u128::from(n) + 1).into(),
            code: format!("many-{n:05}"),
            name: "丰源社".to_owned(),
            kind: if n < 8_300 { SupplierKind::Cooperative } else { SupplierKind::Processor },
            division_code: if (8_300..8_900).contains(&n) { "520102" } else { "520526" }.to_owned(),
            social_credit_code: None,
            ..like.clone()
        };
        let like = app.supplier("weining-potato-coop").await;
        let rows: Vec<supplier::Model> = (0..12_400).map(|n| row(&like, n)).collect();
        let txn = app.ctx.store.begin().await.expect("a transaction");
        bulk::insert(&txn, &rows).await.expect("suppliers");
        finding::put(&txn, &rows).await.expect("terms");
        txn.commit().await.expect("commits");
        let expected = |from: u32| (from..from + 200).map(|n| format!("many-{n:05}")).collect::<Vec<_>>();
        for which in [("division", "520102"), ("kind", "processor")] {
            let mut pairs = vec![("q", "丰源"), which, ("limit", "200")];
            let first = app.get(&with("/suppliers", &pairs)).by(&admin).await.ok();
            assert_eq!(column(&first, "code"), expected(8_300), "{which:?}");
            let cursor = first["next_cursor"].as_str().expect("more").to_owned();
            pairs.push(("cursor", &cursor));
            let second = app.get(&with("/suppliers", &pairs)).by(&admin).await.ok();
            assert_eq!(column(&second, "code"), expected(8_500), "{which:?}");
        }
        assert_eq!(codes(app, &admin, "/suppliers", &[("q", "丰源"), ("status", "revoked")]).await, Vec::<String>::new());
    }

    async fn a_database_from_before_is_searched_like_a_new_one(app: &App) {
        let admin = app.login("demo-admin").await;
        let coops = async || codes(app, &admin, "/suppliers", &[("q", "合作社"), ("kind", "cooperative")]).await;
        let (before, store) = (coops().await, &app.ctx.store);
        assert_eq!(before.len(), 16);
        let ours = || "m20261127_97_finding_traits".to_owned();
        while !store.pending_migrations().await.expect("answers").contains(&ours()) {
            store.migrate_down(Some(1)).await.expect("down");
        }
        // What an older program keeps of a name.
        app.execute("insert into search_name (subject_kind, subject_id, name, code, division_code) \
                     select 'supplier', id, name, code, division_code from supplier").await;
        app.execute("insert into search_term (term, subject_id, division_code) \
                     select 'p1' || name, id, division_code from supplier").await;
        store.migrate_up().await.expect("up");
        assert_eq!(finding::prepare(&app.ctx).await.expect("prepares"), 73);
        assert_eq!(coops().await, before);
    }
}
