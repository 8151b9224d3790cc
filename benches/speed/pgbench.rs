//! The ceiling of PostgreSQL: pgbench with prepared statements, one order or one receipt a transaction, on the same
//! server, schema and durability.

use crate::{
    client::Load,
    cluster::{Cluster, NAME},
    transactions::{Piece, pgbench_sides, pgbench_variables, pieces},
};
use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// How long, or how many for each client.
pub enum Length {
    /// Whole seconds are all it takes.
    Time(Duration),
    /// Consignments are used up.
    Each(u64),
}

/// Writes the script of an order; `base` is given anew in each run.
pub fn order_script(folder: &Path, statements: &[String]) -> Result<PathBuf, String> {
    let head = format!(
        "\\set t :t + 1\n\\set o :base + :client_id * 1000000 + :t\n{}{}",
        pgbench_sides(),
        pgbench_variables()
    );
    script(&folder.join("order.pgbench"), &head, statements)
}

/// Writes the script of a receipt; consignments `base` and up belong to the clients, `each` to one.
pub fn receipt_script(folder: &Path, statements: &[String]) -> Result<PathBuf, String> {
    let sides = format!("\\set s :o % {}\n\\set b :o % {}\n", crate::seed::SUPPLIERS, crate::seed::BUYERS);
    let head = format!("\\set o :base + :client_id * :each + :t\n\\set t :t + 1\n{sides}{}", pgbench_variables());
    script(&folder.join("receipt.pgbench"), &head, statements)
}

fn script(file: &Path, head: &str, statements: &[String]) -> Result<PathBuf, String> {
    let mut text = format!("{head}begin;\n");
    for statement in statements {
        for piece in pieces(statement) {
            // Writing to a String cannot fail.
            let _ = match piece {
                Piece::Sql(sql) => write!(text, "{sql}"),
                Piece::Id { constant, variable } => {
                    write!(text, "lpad(to_hex(:{variable}::bigint + {constant}), 32, '0')::uuid")
                }
                Piece::Text(variable) => write!(text, "(:{variable}::bigint)::text"),
            };
        }
        text += ";\n";
    }
    text += "commit;\n";
    fs::write(file, text).map_err(|error| error.to_string())?;
    Ok(file.to_owned())
}

/// Runs a script over `clients`.
pub fn run(cluster: &Cluster, script: &Path, clients: usize, base: u64, length: &Length) -> Result<Load, String> {
    let mut command = cluster.pgbench();
    command.args(["-M", "prepared", "-c", &clients.to_string(), "-j", &clients.min(2).to_string()]);
    command.args(["-D", &format!("base={base}"), "-D", "t=0", "-f"]).arg(script);
    match length {
        Length::Time(time) => command.args(["-T", &format!("{:.0}", time.as_secs_f64().max(1.0).ceil())]),
        Length::Each(each) => command.args(["-D", &format!("each={each}"), "-t", &each.to_string()]),
    };
    let output = command.arg(NAME).output().map_err(|error| format!("pgbench: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let field = |name: &str| {
        let line = said.lines().find(|line| line.starts_with(name))?;
        line[name.len()..].split_whitespace().next()?.split('/').next()?.parse::<f64>().ok()
    };
    let done = field("number of transactions actually processed:");
    let rate = field("tps =");
    let (Some(done), Some(rate), true) = (done, rate, output.status.success()) else {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("pgbench: {}", errors.chars().take(2_000).collect::<String>()));
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count that pgbench printed")]
    let answered = done as u64;
    Ok(Load { answered, time: Duration::from_secs_f64(done / rate.max(1.0)), micros: Vec::new() })
}
