//! The ceiling of SQLite: a loop over prepared statements in one process, one transaction after the other, as durable
//! as ours.

use crate::{
    client::Load,
    seed::text,
    transactions::{Piece, VARIABLES, pieces, values},
};
use rusqlite::{Connection, Statement};
use std::{
    path::Path,
    time::{Duration, Instant},
};

enum Bind {
    Id { constant: u64, variable: usize },
    Text(usize),
}

struct Prepared<'a> {
    statement: Statement<'a>,
    binds: Vec<Bind>,
}

/// A copy of the prepared database, opened as our service opens its own.
pub struct Raw {
    db: Connection,
}

impl Raw {
    /// Opens it.
    pub fn open(file: &Path) -> Result<Self, String> {
        let db = Connection::open(file).map_err(text)?;
        db.execute_batch(
            "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; \
                          pragma wal_autocheckpoint = 4000; pragma temp_store = memory; pragma cache_size = -4000",
        )
        .map_err(text)?;
        Ok(Self { db })
    }

    /// Runs transactions for `time`, at most `most` of them. `next` yields number, supplier and buyer.
    pub fn run(
        &self,
        statements: &[String],
        time: Duration,
        most: u64,
        next: impl Fn() -> (u64, u64, u64),
    ) -> Result<Load, String> {
        let mut prepared = statements.iter().map(|sql| prepare(&self.db, sql)).collect::<Result<Vec<_>, _>>()?;
        let mut begin = self.db.prepare("begin immediate").map_err(text)?;
        let mut commit = self.db.prepare("commit").map_err(text)?;
        let mut load = Load::default();
        let started = Instant::now();
        while started.elapsed() < time && load.answered < most {
            let (o, supplier, buyer) = next();
            let values = values(o, supplier, buyer);
            let one = Instant::now();
            begin.execute([]).map_err(text)?;
            for statement in &mut prepared {
                statement.run(&values)?;
            }
            commit.execute([]).map_err(text)?;
            load.answered += 1;
            load.micros.push(u32::try_from(one.elapsed().as_micros()).unwrap_or(u32::MAX));
        }
        load.time = started.elapsed();
        Ok(load)
    }
}

fn prepare<'a>(db: &'a Connection, template: &str) -> Result<Prepared<'a>, String> {
    let place = |name: char| VARIABLES.iter().position(|variable| *variable == name).unwrap_or(0);
    let mut sql = String::new();
    let mut binds = Vec::new();
    for piece in pieces(template) {
        match piece {
            Piece::Sql(part) => sql += part,
            Piece::Id { constant, variable } => {
                sql.push('?');
                binds.push(Bind::Id { constant, variable: place(variable) });
            }
            Piece::Text(variable) => {
                sql.push('?');
                binds.push(Bind::Text(place(variable)));
            }
        }
    }
    let statement = db.prepare(&sql).map_err(|error| format!("{error}: {sql}"))?;
    Ok(Prepared { statement, binds })
}

impl Prepared<'_> {
    fn run(&mut self, values: &[u64; VARIABLES.len()]) -> Result<(), String> {
        for (index, bind) in (1..).zip(&self.binds) {
            let bound = match bind {
                Bind::Id { constant, variable } => {
                    let id = u128::from(constant + values[*variable]).to_be_bytes();
                    self.statement.raw_bind_parameter(index, &id[..])
                }
                Bind::Text(variable) => self.statement.raw_bind_parameter(index, values[*variable].to_string()),
            };
            bound.map_err(text)?;
        }
        let mut rows = self.statement.raw_query();
        while let Some(row) = rows.next().map_err(text)? {
            // The first value of each row is looked at; a caller would look at all.
            std::hint::black_box(row.get_ref(0).map_err(text)?);
        }
        Ok(())
    }
}
