//! What is printed: the machine, the table, the targets.

use crate::{calls::Call, client::Load, process};
use std::{
    fs,
    io::{Seek, Write},
    time::{Duration, Instant},
};

/// Connections of the load.
pub const CONNECTIONS: [usize; 3] = [1, 8, 32];

/// One cell of the measurement.
pub struct Row {
    /// The call.
    pub call: Call,
    /// Connections it was loaded over.
    pub connections: usize,
    /// Ours.
    pub ours: Load,
    /// The ceiling of the same minutes.
    pub ceiling: Load,
    /// Memory of our server after it, in MB.
    pub memory: f64,
}

impl Row {
    fn ratio(&self) -> f64 {
        let ceiling = self.ceiling.rate();
        if ceiling > 0.0 { self.ours.rate() / ceiling } else { 0.0 }
    }
}

/// All that was measured over one database.
pub struct Run {
    /// Which database.
    pub name: String,
    /// What writes are held against.
    pub ceiling: &'static str,
    /// The cells.
    pub rows: Vec<Row>,
    /// Times to ready over the prepared database, in order.
    pub ready: Vec<Duration>,
    /// Memory before the load and at most, in MB.
    pub memory: (f64, f64),
}

/// What the figures were made on.
pub struct Machine {
    processors: usize,
    model: String,
    sync: Duration,
}

/// Writes timed.
const TIMES: u32 = 100;

impl Machine {
    /// Looks at processors and disk.
    pub fn look() -> Result<Self, String> {
        let text = |error: std::io::Error| error.to_string();
        let path = process::scratch_dir().join("sync");
        let mut file = fs::File::create(&path).map_err(text)?;
        file.write_all(&vec![0; 65_536]).map_err(text)?;
        file.sync_all().map_err(text)?;
        let started = Instant::now();
        for turn in 0..TIMES {
            file.rewind().map_err(text)?;
            file.write_all(&[u8::try_from(turn).unwrap_or(0); 8_192]).map_err(text)?;
            file.sync_data().map_err(text)?;
        }
        let sync = started.elapsed() / TIMES;
        let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpu.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(": "));
        let model = model.map_or("unknown processor", |(_, model)| model).to_owned();
        let processors = std::thread::available_parallelism().map_err(text)?.get();
        Ok(Self { processors, model, sync })
    }

    /// Says it.
    pub fn print(&self) {
        println!(
            "{} processors ({}), shared by client, server and database; the disk takes {:.2} ms to sync 8 KiB",
            self.processors,
            self.model,
            self.sync.as_secs_f64() * 1000.0
        );
    }
}

/// The table and the targets.
pub fn print(runs: &[Run]) {
    for run in runs {
        println!("\n{}; writes beside {}, reads beside an axum hello", run.name, run.ceiling);
        println!(
            "{:<40} {:>5} {:>9} {:>8} {:>8} {:>10} {:>6} {:>7}",
            "call", "conns", "per s", "p50 ms", "p99 ms", "ceiling/s", "ratio", "RSS MB"
        );
        for row in &run.rows {
            println!(
                "{:<40} {:>5} {:>9.0} {:>8.2} {:>8.2} {:>10.0} {:>6.2} {:>7.1}",
                row.call.name(),
                row.connections,
                row.ours.rate(),
                row.ours.percentile(50),
                row.ours.percentile(99),
                row.ceiling.rate(),
                row.ratio(),
                row.memory
            );
        }
        let millis: Vec<String> = run.ready.iter().map(|time| format!("{:.0}", time.as_secs_f64() * 1000.0)).collect();
        println!(
            "memory {:.1} MB before the load, {:.1} MB at most; ready in {} ms",
            run.memory.0,
            run.memory.1,
            millis.join(", ")
        );
    }
    println!("\ntargets, at 32 connections");
    for run in runs {
        let at_most = CONNECTIONS[CONNECTIONS.len() - 1];
        let ratio =
            |call: Call| run.rows.iter().find(|row| row.call == call && row.connections == at_most).map(Row::ratio);
        for (what, call, wanted) in [
            ("placing beside the ceiling", Call::Place, 1.0),
            ("a page of offers beside hello", Call::Offers, 0.25),
            ("a school's share beside hello", Call::Share, 0.25),
        ] {
            let Some(ratio) = ratio(call) else { continue };
            line(&run.name, what, ratio >= wanted, &format!("{ratio:.2} (wanted {wanted:.2})"));
        }
        let slowest = run.ready.iter().max().map_or(f64::MAX, Duration::as_secs_f64);
        line(&run.name, "memory at most", run.memory.1 < 60.0, &format!("{:.1} MB (wanted below 60)", run.memory.1));
        line(&run.name, "time to ready", slowest < 0.3, &format!("{slowest:.3} s (wanted below 0.3)"));
    }
}

/// One target.
pub fn line(run: &str, what: &str, reached: bool, figure: &str) {
    let outcome = if reached { "reached    " } else { "NOT REACHED" };
    println!("{outcome}  {run}: {what}: {figure}");
}
