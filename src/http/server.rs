//! The listener: connections with limits on their heads and their patience, and an end that does not wait for ever.

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
};
use hyper::{body::Incoming, server::conn::http1, service::Service};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use std::{sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::Semaphore};

/// Headers a request may have; a browser sends some thirty.
const MOST_HEADERS: usize = 64;
/// Bytes after which the head of a request, path included, is given up: as it comes in pieces, some more may be read.
const LONGEST_HEAD: usize = 32 * 1024;
/// How long a connection may take over the head of a request, or stand idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Connections at once: what comes above waits in the system's queue.
const MOST_CONNECTIONS: usize = 8_192;
/// How long requests under way have after the service was told to stop.
const DRAIN: Duration = Duration::from_secs(30);
/// Rest after the system refused a connection, for want of file handles mostly.
const REST: Duration = Duration::from_millis(200);

/// Serves until `stopped`, then answers what is under way, for half a minute at most.
pub async fn serve(listener: TcpListener, router: Router, stopped: impl Future<Output = ()>) {
    let service = TowerToHyperService::new(router);
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut stopped = std::pin::pin!(stopped);
    loop {
        let accepted = tokio::select! {
            () = &mut stopped => break,
            accepted = accept(&listener, &room) => accepted,
        };
        let Some((stream, peer, permit)) = accepted else { continue };
        // A failure shows when the connection is used.
        let _ = stream.set_nodelay(true);
        let service = service.clone();
        let with_peer = hyper::service::service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            service.call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_headers(MOST_HEADERS)
            .max_buf_size(LONGEST_HEAD)
            .serve_connection(TokioIo::new(stream), with_peer);
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            // How a client breaks off is its own affair.
            let _ = watched.await;
            drop(permit);
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests still under way after {} s were cut off", DRAIN.as_secs());
    }
}

type Accepted = (tokio::net::TcpStream, std::net::SocketAddr, tokio::sync::OwnedSemaphorePermit);

async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> Option<Accepted> {
    let permit = Arc::clone(room).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, permit)),
        Err(error) => {
            tracing::warn!(error = ?error.to_string(), "a connection was not accepted");
            tokio::time::sleep(REST).await;
            None
        }
    }
}
