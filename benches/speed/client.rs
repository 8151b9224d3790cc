//! A small HTTP/1.1 client over kept connections, the same for our service and for the ceiling, and the load made with
//! it. It reads what axum writes: a status line, headers with a length, a body.

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};
use tokio::{net::TcpStream, task::LocalSet};

/// A kept connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer: its status, and where its body stands in the buffer.
pub struct Answer<'a> {
    /// Status.
    pub status: u16,
    /// Body.
    pub body: &'a [u8],
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Result<Self, String> {
        let stream = TcpStream::connect(address).await.map_err(|error| format!("{address}: {error}"))?;
        Self::over(stream)
    }

    /// The same over a connection made elsewhere.
    pub fn over(stream: TcpStream) -> Result<Self, String> {
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 * 1024) })
    }

    /// Sends a whole request and reads the whole answer.
    pub async fn call(&mut self, request: &[u8]) -> Result<Answer<'_>, String> {
        let mut rest = request;
        while !rest.is_empty() {
            self.stream.writable().await.map_err(|error| error.to_string())?;
            match self.stream.try_write(rest) {
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(format!("writing: {error}")),
            }
        }
        self.buffer.clear();
        loop {
            if let Some((status, start, end)) = complete(&self.buffer)? {
                return Ok(Answer { status, body: &self.buffer[start..end] });
            }
            self.stream.readable().await.map_err(|error| error.to_string())?;
            match self.stream.try_read_buf(&mut self.buffer) {
                Ok(0) => return Err("the server closed the connection".to_owned()),
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(format!("reading: {error}")),
            }
        }
    }
}

/// Status and place of the body, once all of it is there.
fn complete(buffer: &[u8]) -> Result<Option<(u16, usize, usize)>, String> {
    let Some(end_of_head) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&buffer[..end_of_head]).map_err(|error| error.to_string())?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let length = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse::<usize>().ok());
    let (Some(status), Some(length)) = (status, length) else { return Err(format!("not understood:\n{head}")) };
    let start = end_of_head + 4;
    Ok((buffer.len() >= start + length).then_some((status, start, start + length)))
}

/// A request with a token, and with a body where there is one. `key` is the `Idempotency-Key`.
pub fn request(method: &str, target: &str, token: &str, key: Option<&str>, body: &str) -> Vec<u8> {
    let mut text = format!("{method} {target} HTTP/1.1\r\nhost: bench\r\n");
    if !token.is_empty() {
        text += &format!("authorization: Bearer {token}\r\n");
    }
    if let Some(key) = key {
        text += &format!("idempotency-key: {key}\r\n");
    }
    if method == "POST" {
        text += &format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
    }
    text += "\r\n";
    text += body;
    text.into_bytes()
}

/// What a load came to.
#[derive(Clone, Debug, Default)]
pub struct Load {
    /// Requests answered.
    pub answered: u64,
    /// Time the load took.
    pub time: Duration,
    /// Time of each answer, in microseconds.
    pub micros: Vec<u32>,
}

impl Load {
    /// Answers a second.
    pub fn rate(&self) -> f64 {
        if self.time.is_zero() {
            0.0
        } else {
            f64::from(u32::try_from(self.answered).unwrap_or(u32::MAX)) / self.time.as_secs_f64()
        }
    }

    /// The time in milliseconds that `part` of a hundred answers stayed within.
    pub fn percentile(&self, part: usize) -> f64 {
        let mut sorted = self.micros.clone();
        sorted.sort_unstable();
        let at = (sorted.len() * part / 100).min(sorted.len().saturating_sub(1));
        sorted.get(at).map_or(0.0, |micros| f64::from(*micros) / 1000.0)
    }

    /// Adds another round.
    pub fn add(&mut self, other: Self) {
        self.answered += other.answered;
        self.time += other.time;
        self.micros.extend(other.micros);
    }
}

/// Loads `address` for `time` over `connections`, each sending what `next` yields as soon as the last answer is in.
/// Ends early when `next` has no more. Any status but 2xx is a fault.
pub fn load(
    address: SocketAddr,
    connections: usize,
    time: Duration,
    next: impl Fn() -> Option<Vec<u8>> + 'static,
) -> Result<Load, String> {
    paced(address, connections, time, Duration::ZERO, next)
}

/// The same with a `pause` before each request.
pub fn paced(
    address: SocketAddr,
    connections: usize,
    time: Duration,
    pause: Duration,
    next: impl Fn() -> Option<Vec<u8>> + 'static,
) -> Result<Load, String> {
    let runtime = runtime()?;
    let next = Rc::new(next);
    let total = Rc::new(RefCell::new(Load::default()));
    let fault: Rc<RefCell<Option<String>>> = Rc::default();
    let over = Rc::new(Cell::new(false));
    let tasks = LocalSet::new();
    let (sum, first_fault) = (Rc::clone(&total), Rc::clone(&fault));
    runtime.block_on(tasks.run_until(async move {
        let mut opened = Vec::with_capacity(connections);
        for _ in 0..connections {
            opened.push(Connection::open(address).await?);
        }
        let started = Instant::now();
        let tasks: Vec<_> = opened
            .into_iter()
            .map(|connection| {
                let (next, total, fault, over) =
                    (Rc::clone(&next), Rc::clone(&sum), Rc::clone(&first_fault), Rc::clone(&over));
                tokio::task::spawn_local(async move {
                    if let Err(error) = send(connection, started + time, pause, &*next, &total, &over).await {
                        over.set(true);
                        fault.borrow_mut().get_or_insert(error);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.map_err(|error| error.to_string())?;
        }
        sum.borrow_mut().time = started.elapsed();
        Ok::<(), String>(())
    }))?;
    if let Some(fault) = fault.borrow_mut().take() {
        return Err(fault);
    }
    Ok(total.take())
}

async fn send(
    mut connection: Connection,
    until: Instant,
    pause: Duration,
    next: &dyn Fn() -> Option<Vec<u8>>,
    total: &RefCell<Load>,
    over: &Cell<bool>,
) -> Result<(), String> {
    while !over.get() && Instant::now() < until {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        let Some(request) = next() else { return Ok(()) };
        let started = Instant::now();
        let answer = connection.call(&request).await?;
        let micros = u32::try_from(started.elapsed().as_micros()).unwrap_or(u32::MAX);
        if !(200..300).contains(&answer.status) {
            let said = String::from_utf8_lossy(&answer.body[..answer.body.len().min(600)]).into_owned();
            let asked = String::from_utf8_lossy(&request[..request.len().min(200)]).into_owned();
            return Err(format!("status {}: {said}\nto: {asked}", answer.status));
        }
        let mut total = total.borrow_mut();
        total.answered += 1;
        total.micros.push(micros);
    }
    Ok(())
}

/// One call on a connection of its own.
pub fn once(address: SocketAddr, request: &[u8]) -> Result<(u16, String), String> {
    runtime()?.block_on(async {
        let mut connection = Connection::open(address).await?;
        let answer = connection.call(request).await?;
        Ok((answer.status, String::from_utf8_lossy(answer.body).into_owned()))
    })
}

fn runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())
}
