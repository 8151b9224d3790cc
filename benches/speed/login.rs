//! Whether the time of a refused log-in tells an unknown name from a wrong password.
//!
//! Log-ins go straight into the router, without a socket's noise: the best an attacker could ever see. The two kinds
//! take turns, each with a name and an address of its own, so that no limit is met. Printed are both distributions and
//! how often, of one of each, the wrong password took longer: 50 % tells nothing.

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Request, StatusCode, header},
};
use sea_orm::ConnectionTrait;
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use tower::ServiceExt;
use uuid::Uuid;
use xiaonong::{
    access::{
        NewAccount, create_accounts,
        password::{self, Cost},
    },
    app,
    clock::{Ids, SystemClock, SystemEntropy},
    config::{Settings, Source},
};

fn debug(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}

/// Measures `samples` refusals of each kind over a SQLite database in `folder` and prints them.
pub fn measure(folder: &Path, samples: u32) -> Result<(), String> {
    tokio::runtime::Runtime::new().map_err(debug)?.block_on(run(folder, samples))
}

async fn run(folder: &Path, samples: u32) -> Result<(), String> {
    let source = Source { data_dir: Some(folder.display().to_string()), ..Source::default() };
    let settings = Settings::from_source(source).map_err(debug)?;
    let clock = Arc::new(SystemClock);
    let ids = Ids::new(clock.clone(), Arc::new(SystemEntropy));
    let ctx = app::context(settings, clock, ids).await.map_err(debug)?;
    ctx.store.migrate_up().await.map_err(debug)?;
    let names: Vec<String> = (0..samples).map(|n| format!("known-{n}")).collect();
    let accounts = names.iter().map(|name| NewAccount {
        id: ctx.ids.next::<Uuid>().into(),
        username: name,
        display_name: name,
        password: "made anew below".to_owned(),
        one_time: false,
        role: entity::membership::Role::Administrator,
        school_id: None,
        supplier_id: None,
        reporting_unit_code: None,
    });
    create_accounts(&ctx, accounts.collect(), Cost::Light).await.map_err(debug)?;
    let hash = password::hash("correct-horse-battery".to_owned(), ctx.settings.password_cost).await.map_err(debug)?;
    let txn = ctx.store.begin().await.map_err(debug)?;
    txn.execute_unprepared(&format!("update account set password_hash = '{hash}'")).await.map_err(debug)?;
    txn.commit().await.map_err(debug)?;

    let router = app::router(ctx.clone());
    let (mut wrong, mut unknown) = (Vec::new(), Vec::new());
    for n in 0..samples {
        // Which goes first takes turns too.
        for known in [n % 2 == 0, n % 2 == 1] {
            let name = if known { format!("known-{n}") } else { format!("nobody{n}") };
            let [_, a, b, c] = (2 * n + u32::from(known)).to_be_bytes();
            let socket = SocketAddr::from((Ipv4Addr::new(10, a, b, c), 40_000));
            let mut request = Request::post("/api/v1/auth/login")
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(format!(r#"{{"username":"{name}","password":"wrong-horse-battery"}}"#)))
                .map_err(debug)?;
            request.extensions_mut().insert(ConnectInfo(socket));
            let started = Instant::now();
            let answer = router.clone().oneshot(request).await.map_err(debug)?;
            let took = started.elapsed();
            if answer.status() != StatusCode::UNAUTHORIZED {
                return Err(format!("a refused log-in was answered {}", answer.status()));
            }
            if known { wrong.push(took) } else { unknown.push(took) }
        }
    }
    print(&mut wrong, &mut unknown);
    ctx.store.close().await;
    Ok(())
}

fn print(wrong: &mut [Duration], unknown: &mut [Duration]) {
    let longer: usize = wrong.iter().map(|one| unknown.iter().filter(|other| one > *other).count()).sum();
    let per_mille = longer * 1_000 / (wrong.len() * unknown.len()).max(1);
    println!("refused log-ins, {} of each kind, milliseconds", wrong.len());
    println!("{:<16} {:>8} {:>8} {:>8}", "", "p10", "median", "p90");
    for (kind, times) in [("wrong password", wrong), ("unknown name", unknown)] {
        times.sort_unstable();
        let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1_000.0;
        println!("{kind:<16} {:>8.2} {:>8.2} {:>8.2}", at(10), at(50), at(90));
    }
    let (whole, tenth) = (per_mille / 10, per_mille % 10);
    println!("of one of each, the wrong password took longer in {whole}.{tenth} % (50 % tells nothing)");
}
