//! `xiaonong openapi`: the document of all routes on standard output. Touches neither files nor a network.

use super::{fail, print};
use crate::{
    access::Tokens,
    app,
    clock::{Ids, SystemClock, SystemEntropy},
    config::Settings,
    store::connect,
};
use ring::{rand::SystemRandom, signature::Ed25519KeyPair};
use std::{io::Error, process::ExitCode, sync::Arc};

pub async fn run(mut settings: Settings) -> ExitCode {
    // The routes do not depend on the settings; the ones named here need not exist.
    settings.redis_url = None;
    let store = match connect("sqlite::memory:", None).await {
        Ok(store) => store,
        Err(error) => return fail(&error),
    };
    let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).ok();
    let Some(tokens) = key.and_then(|key| Tokens::from_pkcs8(key.as_ref())) else {
        return fail(&Error::other("no key could be made for the document's stand-in service"));
    };
    let clock = Arc::new(SystemClock);
    let ids = Ids::new(clock.clone(), Arc::new(SystemEntropy));
    let ctx = match app::context_with(settings, clock, ids, store, tokens) {
        Ok(ctx) => ctx,
        Err(error) => return fail(&error),
    };
    match app::document(&ctx).to_pretty_json() {
        Ok(document) => print(&(document + "\n")),
        Err(error) => fail(&error),
    }
}
