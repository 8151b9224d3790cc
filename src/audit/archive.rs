//! Signed days as files that prove themselves: a head line, then every row with its links. The table keeps its rows.

use super::{
    canon::{GENESIS, Row, link},
    store,
    verify::signature_fault,
};
use crate::{access::Tokens, context::Ctx};
use chrono::{Days, NaiveDate};
use entity::audit_day;
use sea_orm::DbErr;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Days a row must be old before its day is archived: six months (P3).
pub const KEEP_DAYS: u64 = 184;
const FORMAT: &str = "xiaonong-audit-day:1";
const BATCH: u64 = 1_000;

/// Why there is no archive.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// The days are too young.
    #[error("--before must be {0} or earlier: days stay out of the archive for six months (184 days)")]
    TooYoung(NaiveDate),
    /// The database.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// The folder or a file.
    #[error("{path}: {cause}", path = .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// A file that does not prove itself.
    #[error("{path}, line {line}: {why}", path = .path.display())]
    Unsound {
        /// Which.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// What does not fit.
        why: String,
    },
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Archived {
    /// Files that are new.
    pub written: Vec<PathBuf>,
    /// Days whose file was there already and proved itself again.
    pub present: u64,
    /// Rows in the new files.
    pub rows: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DayLine {
    format: String,
    day: NaiveDate,
    first_seq: i64,
    last_seq: i64,
    before: String,
    head: String,
    key_id: String,
    signature: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    seq: i64,
    row_hash: String,
    hash: String,
    row: Row,
}

/// Writes a file for each signed day before `before` into `folder` and checks each from the disk.
///
/// # Errors
/// [`ArchiveError::TooYoung`] for days younger than six months; otherwise what stood in the way. Files written before
/// that stay; an unsound one does not.
pub async fn archive(ctx: &Ctx, before: NaiveDate, folder: &Path) -> Result<Archived, ArchiveError> {
    let today = ctx.clock.now().business_day();
    let youngest = today.checked_sub_days(Days::new(KEEP_DAYS)).unwrap_or(today);
    if before > youngest {
        return Err(ArchiveError::TooYoung(youngest));
    }
    fs::create_dir_all(folder).map_err(|cause| ArchiveError::File { path: folder.to_owned(), cause })?;
    let mut archived = Archived::default();
    let last = before.pred_opt().unwrap_or(before);
    let first = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap_or(last);
    for day in store::days(ctx.store.primary(), first, last).await? {
        let path = folder.join(format!("audit-{}.ndjson", day.day));
        if path.exists() {
            let head = check_file(&ctx.tokens, &path)?.0;
            if head != day.head {
                let why = "it holds another head than the database".to_owned();
                return Err(ArchiveError::Unsound { path, line: 1, why });
            }
            archived.present += 1;
            continue;
        }
        archived.rows += write_sound(ctx, &day, &path).await?;
        archived.written.push(path);
    }
    Ok(archived)
}

/// Under another name first: what stands under its own name has proved itself.
async fn write_sound(ctx: &Ctx, day: &audit_day::Model, path: &Path) -> Result<u64, ArchiveError> {
    let part = path.with_extension("part");
    let outcome = match write(ctx, day, &part).await {
        Ok(()) => check_file(&ctx.tokens, &part),
        Err(error) => Err(error),
    };
    let outcome = outcome.and_then(|(_, rows)| {
        let moved = fs::rename(&part, path).map_err(|cause| ArchiveError::File { path: path.to_owned(), cause });
        moved.map(|()| rows)
    });
    if outcome.is_err() {
        // Not there is as good as removed.
        let _ = fs::remove_file(&part);
    }
    outcome
}

async fn write(ctx: &Ctx, day: &audit_day::Model, path: &Path) -> Result<(), ArchiveError> {
    let file = |cause: io::Error| ArchiveError::File { path: path.to_owned(), cause };
    let json = |cause: serde_json::Error| file(cause.into());
    let db = ctx.store.primary();
    let before = store::seal_before(db, day.first_seq).await?.map_or(GENESIS.to_owned(), |seal| seal.hash);
    let mut out = BufWriter::new(File::create(path).map_err(file)?);
    let head = DayLine {
        format: FORMAT.to_owned(),
        day: day.day,
        first_seq: day.first_seq,
        last_seq: day.last_seq,
        before,
        head: day.head.clone(),
        key_id: day.key_id.clone(),
        signature: day.signature.clone(),
    };
    writeln!(out, "{}", serde_json::to_string(&head).map_err(json)?).map_err(file)?;
    let mut seq = day.first_seq;
    while seq <= day.last_seq {
        let mut seals = store::seals(db, seq, BATCH).await?;
        seals.retain(|seal| seal.seq <= day.last_seq);
        let Some(last) = seals.last().map(|seal| seal.seq) else { break };
        let mut entries = store::entries_of(db, &seals).await?;
        for seal in seals {
            // A missing row leaves a gap, which the check of the file names.
            let Some(entry) = entries.remove(&seal.entry_id.0) else { continue };
            let line = Line { seq: seal.seq, row_hash: seal.row_hash, hash: seal.hash, row: Row::from(entry) };
            writeln!(out, "{}", serde_json::to_string(&line).map_err(json)?).map_err(file)?;
        }
        seq = last + 1;
    }
    out.into_inner().map_err(|error| file(error.into_error()))?.sync_all().map_err(file)
}

/// Checks an archived day by itself: every row, every link, the head and its signature. Answers head and rows.
///
/// # Errors
/// [`ArchiveError::Unsound`] with the first line that does not fit.
pub fn check_file(tokens: &Tokens, path: &Path) -> Result<(String, u64), ArchiveError> {
    let file = |cause: io::Error| ArchiveError::File { path: path.to_owned(), cause };
    let unsound = |line: u64, why: &str| ArchiveError::Unsound { path: path.to_owned(), line, why: why.to_owned() };
    let mut lines = BufReader::new(File::open(path).map_err(file)?).lines();
    let first = lines.next().transpose().map_err(file)?.unwrap_or_default();
    let head: DayLine = serde_json::from_str(&first).map_err(|error| unsound(1, &error.to_string()))?;
    if head.format != FORMAT {
        return Err(unsound(1, "it is of a format that this release does not know"));
    }
    if let Some(why) = signature_fault(tokens, head.day, head.last_seq, &head.head, &head.key_id, &head.signature) {
        return Err(unsound(1, why));
    }
    let (mut seq, mut hash, mut rows) = (head.first_seq - 1, head.before, 0);
    for (number, text) in (2..).zip(lines) {
        let line: Line =
            serde_json::from_str(&text.map_err(file)?).map_err(|error| unsound(number, &error.to_string()))?;
        seq += 1;
        if line.seq != seq {
            return Err(unsound(number, "a row before it is missing"));
        }
        if line.row.hash() != line.row_hash {
            return Err(unsound(number, "the row was altered"));
        }
        hash = link(&hash, seq, head.day, line.row.id, &line.row_hash);
        if hash != line.hash {
            return Err(unsound(number, "the row does not follow the one before"));
        }
        rows += 1;
    }
    if seq != head.last_seq || hash != head.head {
        return Err(unsound(rows + 1, "the last rows of the day are missing"));
    }
    Ok((hash, rows))
}
