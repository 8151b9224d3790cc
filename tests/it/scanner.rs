//! Files that come in are shown to a scanner where one is set, and no file gets past one that is silent.

use crate::support::{
    app::{App, on_both},
    papers::photo,
    trade::{Trade, fresh_key},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use xiaonong::store::Scanner;

/// What the stand-in for ClamAV finds.
const THREAT: &[u8] = b"a known threat";

/// Reads one `INSTREAM` command as clamd does and answers it.
async fn answer(mut peer: TcpStream) -> std::io::Result<()> {
    let mut command = [0; 10];
    peer.read_exact(&mut command).await?;
    assert_eq!(&command, b"zINSTREAM\0");
    let mut file = Vec::new();
    loop {
        let length = peer.read_u32().await? as usize;
        if length == 0 {
            break;
        }
        let start = file.len();
        file.resize(start + length, 0);
        peer.read_exact(&mut file[start..]).await?;
    }
    let harmful = file.windows(THREAT.len()).any(|part| part == THREAT);
    peer.write_all(if harmful { b"stream: Known-Threat FOUND\0" } else { b"stream: OK\0" }).await
}

/// A scanner on a port of its own; it ends with the test.
async fn scanner() -> Scanner {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((peer, _)) = listener.accept().await {
            answer(peer).await.expect("the peer keeps to the protocol");
        }
    });
    Scanner::parse(&format!("tcp://{address}")).expect("an address")
}

on_both! {
    async fn what_does_harm_is_refused_and_not_kept(app: &App) {
        let scanner = scanner().await;
        let watched = app.replica(|settings| settings.scanner = Some(scanner)).await;
        let ours = Trade::between(app, "yunong", "weining-potato-coop").await;
        let path = format!("/api/v1/imports?kind=declared_purchases&canteen_id={}&dry_run=true", ours.canteen_id);
        let before = app.snapshot().await;
        let harmful = photo("a known threat");
        let refused = watched.upload("photo", "image/jpeg", &harmful).by(&ours.seller).await;
        refused.refused(422, "invalid");
        refused.points_at("", "file_harmful");
        let file = |app: &App, content: &[u8]| {
            app.call("POST", &path).bytes("text/csv", content).by(&ours.buyer).key(&fresh_key())
        };
        file(&watched, &[b"purchased_on\n", THREAT].concat()).await.points_at("", "file_harmful");
        assert_eq!(app.snapshot().await, before);
        watched.upload("photo", "image/jpeg", &photo(&"x".repeat(200_000))).by(&ours.seller).await.ok();

        // A port that nobody listens on any more.
        let closed = TcpListener::bind("127.0.0.1:0").await.and_then(|listener| listener.local_addr()).expect("a port");
        let blind = app.replica(|settings| settings.scanner = Scanner::parse(&format!("tcp://{closed}"))).await;
        let before = app.snapshot().await;
        blind.upload("photo", "image/jpeg", &photo("y")).by(&ours.seller).await.refused(503, "unavailable");
        file(&blind, b"purchased_on\n").await.refused(503, "unavailable");
        assert_eq!(app.snapshot().await, before);
    }
}
