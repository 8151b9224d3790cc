//! `xiaonong demo`: an invented province with a played term, reported and served on this machine.

use super::{
    fail, fail_inside,
    serve::{listen, prepare, start_log},
};
use crate::{
    access::password::Cost,
    config::{Settings, Source},
    context::Ctx,
    demo,
    http::ApiError,
};
use std::{io::Error, process::ExitCode, time::Instant};

/// Keeps the demonstration's log to what went wrong.
pub fn adjust(source: &mut Source) {
    source.log.get_or_insert_with(|| "warn".to_owned());
}

pub async fn run(mut settings: Settings) -> ExitCode {
    if !settings.listen_addr.ip().is_loopback() {
        return fail(&Error::other(format!(
            "the demonstration's passwords are published, so it is served on this machine only: {} is not a loopback \
             address; use --listen 127.0.0.1:8080",
            settings.listen_addr
        )));
    }
    settings.password_cost = Cost::Light;
    start_log(&settings.log);
    let ctx = match prepare(settings).await {
        Ok(ctx) => ctx,
        Err(error) => return fail(error.as_ref()),
    };
    match fill(&ctx).await {
        Ok(()) => listen(ctx).await,
        Err(error) => fail_inside("the demonstration", &error),
    }
}

async fn fill(ctx: &Ctx) -> Result<(), ApiError> {
    let start = Instant::now();
    let province = demo::load_province(ctx).await?;
    println!(
        "loading: {} schools, {} suppliers, {} offers ({} ms)",
        province.schools.len(),
        province.suppliers.len(),
        province.offers.len(),
        start.elapsed().as_millis()
    );
    let start = Instant::now();
    let province = std::sync::Arc::new(province);
    demo::play_term(ctx, &province, |week| println!("{week} {}", start.elapsed().as_millis())).await?;
    Ok(())
}
