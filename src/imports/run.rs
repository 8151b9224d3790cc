//! Goes on with the imports that are under way, a part at a time.

use super::file::{external_id, place, sheet_of};
use crate::{
    audit::machine_line,
    context::Ctx,
    http::{ApiError, Language},
    registry::{Doing, FileReach, ImportError, Taken, take_schools},
    sheets::{Refusal, Sheet},
    store::bulk,
    suppliers::{take_households, take_links, take_suppliers},
};
use entity::{
    file_import::{self, FileImportKind, FileImportState},
    file_import_part, file_import_refusal,
};
use sea_orm::{
    ActiveEnum, ColumnTrait, DatabaseTransaction, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, LockBehavior, LockType},
};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Times a part is read again without what was refused: a reader names two hundred cells at once.
const PASSES: usize = 32;

/// What a part came to.
#[derive(Default)]
struct Outcome {
    taken: Taken,
    rows: usize,
    refused: BTreeMap<u64, Vec<Refusal>>,
    /// What each line is called by who made the file.
    external_ids: HashMap<u64, String>,
}

/// Looks at, or applies, the next part of the oldest import that is under way; false where there is none. Replicas pass
/// over what another one works on.
///
/// # Errors
/// When the database refuses; the part is then taken again.
pub async fn step(ctx: &Ctx) -> Result<bool, ApiError> {
    use file_import::Column;
    let under_way = [FileImportState::Checking, FileImportState::Applying].map(|state| state.to_value());
    let waiting = file_import::Entity::find().filter(Column::State.is_in(under_way)).order_by_asc(Column::Id).limit(1);
    // Most looks find nothing; they should not take the write lock to find it.
    if waiting.clone().one(ctx.store.primary()).await?.is_none() {
        return Ok(false);
    }
    let txn = ctx.store.begin().await?;
    let waiting = if ctx.store.backend() == DbBackend::Postgres {
        waiting.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
    } else {
        waiting
    };
    let Some(mut import) = waiting.one(&txn).await? else {
        txn.rollback().await?;
        return Ok(false);
    };
    let number = import.parts_done + 1;
    let part = file_import_part::Entity::find_by_id((import.id, number)).one(&txn).await?;
    if let Some(part) = part {
        let outcome = take(ctx, &txn, &import, &part).await?;
        let refused = i64::try_from(outcome.refused.len()).unwrap_or(i64::MAX);
        let new = i64::try_from(outcome.taken.new).unwrap_or(i64::MAX);
        let rows = i64::try_from(outcome.rows).unwrap_or(i64::MAX);
        import.new_rows += new;
        import.known_rows += rows - refused - new;
        import.written += i64::try_from(outcome.taken.written).unwrap_or(i64::MAX);
        import.refused_rows += told(&txn, &import, outcome).await?;
        import.parts_done = number;
    }
    if import.parts_done >= import.parts {
        finish(ctx, &txn, &mut import).await?;
    }
    save(&txn, &import).await?;
    txn.commit().await?;
    Ok(true)
}

/// Takes the rows of a part that are in order; the others are told of.
async fn take(
    ctx: &Ctx,
    txn: &DatabaseTransaction,
    import: &file_import::Model,
    part: &file_import_part::Model,
) -> Result<Outcome, ApiError> {
    let keys = ctx.vault.open(txn).await?;
    let text = keys.open(place(import.id), &part.rows_sealed)?;
    let codes =
        |joined: &str| joined.split('|').filter(|code| !code.is_empty()).map(str::to_owned).collect::<HashSet<_>>();
    let reach =
        FileReach { everywhere: import.everywhere, divisions: codes(&import.divisions), units: codes(&import.units) };
    let doing = if import.state == FileImportState::Applying { Doing::Put } else { Doing::Check };
    let mut outcome = Outcome::default();
    let mut left_out = BTreeSet::new();
    for _ in 0..PASSES {
        let sheet = Sheet::unpack(&text, sheet_of(import.kind), &left_out)
            .ok_or_else(|| ApiError::internal("a part of a file that does not unpack"))?;
        if left_out.is_empty() {
            outcome.rows = sheet.len();
            outcome.external_ids = sheet.rows().map(|row| (row.line, external_id(import.kind, row))).collect();
        }
        if sheet.is_empty() {
            return Ok(outcome);
        }
        let reached = (&reach, false);
        let taken = match import.kind {
            FileImportKind::Schools => take_schools(txn, sheet, reached, doing).await,
            FileImportKind::Households => take_households(ctx, txn, sheet, reached, doing).await,
            FileImportKind::Links => take_links(txn, sheet, reached, doing).await,
            FileImportKind::Suppliers => {
                take_suppliers(ctx, txn, sheet, reached, (doing, Some(import.account_id))).await
            }
        };
        match taken {
            Ok(taken) => {
                outcome.taken = taken;
                return Ok(outcome);
            }
            Err(ImportError::Database(error)) => return Err(error.into()),
            Err(ImportError::Refused(refusals)) => {
                for refusal in refusals {
                    left_out.insert(refusal.line);
                    outcome.refused.entry(refusal.line).or_default().push(refusal);
                }
            }
        }
    }
    Err(ApiError::internal("a part of a file that is refused without end"))
}

/// Keeps what was refused; answers how many rows are refused for the first time.
async fn told(txn: &DatabaseTransaction, import: &file_import::Model, outcome: Outcome) -> Result<i64, ApiError> {
    use file_import_refusal::Column;
    let Outcome { refused, external_ids, .. } = outcome;
    if refused.is_empty() {
        return Ok(0);
    }
    let lines: Vec<i64> = refused.keys().map(|line| i64::try_from(*line).unwrap_or(i64::MAX)).collect();
    // What was refused when it was looked at is refused again when it is applied.
    let before: Vec<i64> = file_import_refusal::Entity::find()
        .select_only()
        .column(Column::Line)
        .filter(Column::ImportId.eq(import.id))
        .filter(Column::Line.is_in(lines))
        .into_tuple()
        .all(txn)
        .await?;
    let before: HashSet<i64> = before.into_iter().collect();
    let mut rows = Vec::new();
    let mut fresh = 0;
    for (line, refusals) in refused {
        let external_id = external_ids.get(&line).cloned().unwrap_or_default();
        let line = i64::try_from(line).unwrap_or(i64::MAX);
        if before.contains(&line) {
            continue;
        }
        fresh += 1;
        for (place, refusal) in refusals.into_iter().enumerate() {
            rows.push(file_import_refusal::Model {
                import_id: import.id,
                line,
                place: i32::try_from(place).unwrap_or(i32::MAX),
                column_name: refusal.column.to_owned(),
                code: refusal.code.to_owned(),
                external_id: external_id.clone(),
                reason_zh: refusal.reason.in_language(Language::Chinese).to_owned(),
                reason_en: refusal.reason.in_language(Language::English).to_owned(),
            });
        }
    }
    bulk::insert(txn, &rows).await?;
    Ok(fresh)
}

async fn finish(ctx: &Ctx, txn: &DatabaseTransaction, import: &mut file_import::Model) -> Result<(), ApiError> {
    if import.state == FileImportState::Checking {
        import.state = FileImportState::Checked;
        return Ok(());
    }
    import.state = FileImportState::Applied;
    import.finished_at = Some(ctx.clock.now());
    file_import_part::Entity::delete_many().filter(file_import_part::Column::ImportId.eq(import.id)).exec(txn).await?;
    let facts = json!({
        "file_import_id": import.id, "kind": import.kind, "rows": import.row_count, "written": import.written,
        "refused": import.refused_rows, "for": import.account_id,
    });
    bulk::insert(txn, &[machine_line(ctx, "file_import.finish", "file_import", "import", facts)]).await?;
    Ok(())
}

async fn save(txn: &DatabaseTransaction, import: &file_import::Model) -> Result<(), ApiError> {
    use file_import::Column;
    file_import::Entity::update_many()
        .col_expr(Column::State, Expr::value(import.state.to_value()))
        .col_expr(Column::PartsDone, Expr::value(import.parts_done))
        .col_expr(Column::NewRows, Expr::value(import.new_rows))
        .col_expr(Column::KnownRows, Expr::value(import.known_rows))
        .col_expr(Column::RefusedRows, Expr::value(import.refused_rows))
        .col_expr(Column::Written, Expr::value(import.written))
        .col_expr(Column::FinishedAt, Expr::value(import.finished_at.map(|at| at.0)))
        .col_expr(Column::Version, Expr::value(import.version + 1))
        .filter(file_import::COLUMN.id.eq(import.id))
        .exec(txn)
        .await?;
    Ok(())
}
