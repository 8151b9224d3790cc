//! Import purchases made outside from a CSV file: every row or none, and each refused row named.

use super::{
    declaration::Purchaser,
    declare::{DeclarePurchaseRequest, DeclaredLineRequest, DocumentRequest, purchaser, write},
    spreadsheet::to_csv,
};
use crate::{
    access::{Action, Caller, Resource},
    cache::Topic,
    context::Ctx,
    http::{ApiError, Check, FieldError, Query, Reply, Text, body_error, hex, idempotency_key},
    store::{Begun, bulk},
};
use axum::{
    body::Bytes,
    extract::{FromRequest, Request, State},
    http::{StatusCode, header},
};
use chrono::NaiveDate;
use entity::{
    certificate::CertificateKind,
    id::{CanteenId, ImportId},
    import_run::{self, ImportKind},
    money::Fen,
    weight::{BaseQuantity, GRAMS_PER_KG, Gram},
};
use ring::digest;
use sea_orm::{ActiveEnum, EntityTrait};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use utoipa::{IntoParams, ToSchema};

/// Which import.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// What the file holds.
    pub kind: ImportKind,
    /// Kitchen that bought.
    pub canteen_id: CanteenId,
    /// With true the file is only checked.
    #[serde(default)]
    pub dry_run: bool,
}

/// What an import brought.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportView {
    /// The import; null after a dry run.
    pub id: Option<ImportId>,
    /// Rows read.
    #[schema(example = 2)]
    pub rows: usize,
    /// Sum of the rows.
    pub amount: Fen,
    /// Whether the file was only checked.
    #[schema(example = false)]
    pub dry_run: bool,
}

/// One row of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    external_id: String,
    purchased_on: String,
    seller_name: String,
    #[serde(default)]
    invoice_number: String,
    #[serde(default)]
    product_code: String,
    #[serde(default)]
    category_code: String,
    #[serde(default)]
    quantity: String,
    #[serde(default)]
    unit: String,
    #[serde(default)]
    weight: String,
    amount: String,
    #[serde(default)]
    origin_division_code: String,
    #[serde(default)]
    producer_household_code: String,
    #[serde(default)]
    document_kind: String,
    #[serde(default)]
    document_number: String,
    #[serde(default)]
    document_issued_on: String,
    #[serde(default)]
    document_issuer: String,
    #[serde(default)]
    document_origin: String,
}

/// Spreadsheets unpacked at once.
static UNPACKING: Semaphore = Semaphore::const_new(1);

enum Format {
    Csv,
    Xlsx,
}

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Rows a file may have.
const MAX_ROWS: usize = 5_000;
/// Wrong fields named at most; the rest is counted.
const MAX_ERRORS: usize = 200;

/// Import declared purchases
///
/// UTF-8 CSV, or the first sheet of an XLSX file, with a header row and a purchase a row: `external_id,purchased_on,seller_name,invoice_number,product_code,
/// category_code,quantity,unit,weight,amount,origin_division_code,producer_household_code,document_kind,
/// document_number,document_issued_on,document_issuer,document_origin`; all but `external_id`, `purchased_on`,
/// `seller_name` and `amount` may be left out. Every row goes into the ledger or none does.
#[utoipa::path(
    post, path = "/imports", operation_id = "import_purchases", tag = "ledger", security(("bearer" = [])),
    params(ImportQuery),
    request_body(content(
        (String = "text/csv", example = json!("external_id,purchased_on,seller_name,product_code,quantity,unit,amount\n\
            2026-03-0007,2026-03-02,迤那镇农贸市场,cabbage,30,jin,36.00\n")),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    )),
    responses((status = 201, body = ImportView, description = "In the ledger, or checked"))
)]
pub async fn import_purchases(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<ImportQuery>,
    request: Request,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Create, Resource::DeclaredPurchase)?;
    let (parts, body) = request.into_parts();
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let format = match kind.split(';').next().unwrap_or_default().trim() {
        "text/csv" => Format::Csv,
        XLSX => Format::Xlsx,
        _ => return Err(ApiError::UnsupportedMediaType),
    };
    let bytes = Bytes::from_request(Request::from_parts(parts.clone(), body), &())
        .await
        .map_err(|rejection| body_error(rejection.status()))?;
    let key = idempotency_key(&parts, &bytes, true)?;
    // Read in full before the transaction begins: while it is open nobody else writes to SQLite.
    let mut check = Check::default();
    let purchaser = purchaser(ctx.store.primary(), &scope, query.canteen_id).await?;
    let csv = match format {
        Format::Csv => csv_text(&bytes)?,
        // Unpacking is work for the processor, not for the threads that serve.
        Format::Xlsx => {
            let bytes = bytes.clone();
            let _one_at_a_time = UNPACKING.acquire().await.map_err(ApiError::internal)?;
            tokio::task::spawn_blocking(move || to_csv(&bytes, MAX_ROWS)).await.map_err(ApiError::internal)??
        }
    };
    let requests = read(&mut check, &purchaser, &csv)?;
    let mut work = match ctx.begin(&caller, key.filter(|_| !query.dry_run)).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let id: ImportId = ctx.ids.next();
    let rows = requests.len();
    let run = import_run::Model {
        id,
        kind: query.kind,
        school_id: purchaser.school.id,
        file_hash: hex(digest::digest(&digest::SHA256, &bytes).as_ref()),
        rows: i64::try_from(rows).unwrap_or(i64::MAX),
        created_by: caller.actor.account_id(),
        created_at: work.at,
    };
    bulk::insert(work.txn(), &[run]).await?;
    let known = known_external_ids(work.txn(), &purchaser, &requests).await?;
    for (pointer, request) in &requests {
        check.that(
            request.external_id.as_ref().is_none_or(|external| !known.contains(external)),
            format!("{pointer}/external_id"),
            "external_id_taken",
            Text::new("该编号的采购已申报过。", "A purchase with this external id was declared before."),
        );
    }
    let views = write(&ctx, &caller, &mut work, &purchaser, &requests, Some(id), check).await.map_err(shorten)?;
    let amount = Fen(views.iter().map(|view| view.amount.0).sum());
    let view = ImportView { id: (!query.dry_run).then_some(id), rows, amount, dry_run: query.dry_run };
    if query.dry_run {
        // Nothing is committed: the transaction ends with `work`.
        let body = serde_json::to_string(&view).map_err(ApiError::internal)?;
        return Ok(Reply { status: StatusCode::CREATED, body, replayed: false });
    }
    let told = serde_json::json!({ "school_id": purchaser.school.id, "rows": rows, "amount": amount });
    work.audit("purchase.import", "import", &id, &told);
    let reply = work.commit(StatusCode::CREATED, &view).await?;
    ctx.pages.changed(Topic::School(purchaser.school.id));
    ctx.pages.changed(Topic::Ledger);
    Ok(reply)
}

async fn known_external_ids(
    db: &impl sea_orm::ConnectionTrait,
    purchaser: &Purchaser,
    requests: &[(String, DeclarePurchaseRequest)],
) -> Result<std::collections::HashSet<String>, ApiError> {
    use entity::declared_purchase::{Column, Entity};
    use sea_orm::{ColumnTrait, QueryFilter, QuerySelect};
    let wanted = requests.iter().filter_map(|(_, request)| request.external_id.clone());
    let known: Vec<Option<String>> = Entity::find()
        .select_only()
        .column(Column::ExternalId)
        .filter(Column::SchoolId.eq(purchaser.school.id))
        .filter(Column::ExternalId.is_in(wanted))
        .into_tuple()
        .all(db)
        .await?;
    Ok(known.into_iter().flatten().collect())
}

fn shorten(error: ApiError) -> ApiError {
    match error {
        ApiError::Invalid(mut errors) if errors.len() > MAX_ERRORS => {
            let more = errors.len() - MAX_ERRORS;
            errors.truncate(MAX_ERRORS);
            let detail = Text::new(format!("另有 {more} 处错误。"), format!("{more} more are not named."));
            errors.push(FieldError::new("", "more_errors", detail));
            ApiError::Invalid(errors)
        }
        other => other,
    }
}

fn csv_text(bytes: &[u8]) -> Result<String, ApiError> {
    let text = std::str::from_utf8(bytes).map_err(|_| {
        ApiError::field("", "encoding_not_utf8", Text::new("文件须为 UTF-8 编码。", "The file must be UTF-8."))
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned())
}

/// The rows as declarations, each under the pointer `/rows/<line of the file>`.
fn read(
    check: &mut Check,
    purchaser: &Purchaser,
    csv: &str,
) -> Result<Vec<(String, DeclarePurchaseRequest)>, ApiError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(csv.as_bytes());
    let header = reader.headers().cloned().unwrap_or_default();
    let mut requests = Vec::new();
    for (index, record) in reader.records().enumerate() {
        // The header is line 1.
        let pointer = format!("/rows/{}", index + 2);
        if requests.len() >= MAX_ROWS {
            let detail = Text::new(format!("一次最多 {MAX_ROWS} 行。"), format!("At most {MAX_ROWS} rows at once."));
            return Err(ApiError::field(pointer, "too_many_rows", detail));
        }
        if let Ok(record) = &record
            && let Some((field, _)) = header.iter().zip(record).find(|(_, value)| value.contains(char::is_control))
        {
            let detail = Text::new("含有控制字符。", "Contains control characters.");
            return Err(ApiError::field(format!("{pointer}/{field}"), "control_character", detail));
        }
        match record.and_then(|record| record.deserialize::<Row>(Some(&header))) {
            Ok(row) => requests.push((pointer.clone(), declaration(check, purchaser, &pointer, row))),
            Err(error) => {
                tracing::debug!(error = ?error.to_string(), "an import's row does not read");
                let detail = Text::new(
                    "列数与表头不符，或表头有未知、缺少的列；可用的列见接口文档。",
                    "The row does not fit its header, or the header has an unknown column or lacks one; see the documentation.",
                );
                return Err(ApiError::field(pointer, "row_unreadable", detail));
            }
        }
    }
    check.that(!requests.is_empty(), "/rows", "no_rows", Text::new("文件没有数据行。", "The file has no rows."));
    Ok(requests)
}

fn declaration(check: &mut Check, purchaser: &Purchaser, pointer: &str, row: Row) -> DeclarePurchaseRequest {
    let at = |field: &str| format!("{pointer}/{field}");
    let given = |text: String| if text.is_empty() { None } else { Some(text) };
    let mut date = |field: &str, text: &str| {
        text.parse::<NaiveDate>().unwrap_or_else(|_| {
            let detail = Text::new("日期须形如 2026-03-02。", "A date looks like 2026-03-02.");
            check.refuse(at(field), "date_malformed", detail);
            NaiveDate::default()
        })
    };
    let purchased_on = date("purchased_on", &row.purchased_on);
    let has_document = !row.document_kind.is_empty();
    let issued_on = if has_document { date("document_issued_on", &row.document_issued_on) } else { purchased_on };
    check.that(
        !row.external_id.is_empty(),
        at("external_id"),
        "required",
        Text::new("每行须有自己的编号。", "Every row needs its own number."),
    );
    let amount = Fen::parse_yuan(&row.amount).unwrap_or_else(|error| {
        let code = error.to_string();
        check.note_reader(at("amount"), &code);
        Fen(1)
    });
    let weight = given(row.weight).and_then(|text| match BaseQuantity::parse(&text, GRAMS_PER_KG) {
        Ok(base) => Some(Gram(base.0)),
        Err(error) => {
            check.note_reader(at("weight"), &error.to_string());
            None
        }
    });
    let mut documents = Vec::new();
    if has_document {
        if let Ok(kind) = CertificateKind::try_from_value(&row.document_kind) {
            documents.push(DocumentRequest {
                kind,
                number: row.document_number,
                issued_on,
                issuer: row.document_issuer,
                origin_division_code: given(row.document_origin),
            });
        } else {
            let detail = Text::new("没有这种证明类别。", "There is no document of this kind.");
            check.refuse(at("document_kind"), "unknown_value", detail);
        }
    }
    DeclarePurchaseRequest {
        id: None,
        canteen_id: purchaser.canteen.id,
        purchased_on,
        seller_name: row.seller_name,
        supplier_id: None,
        invoice_number: given(row.invoice_number),
        external_id: given(row.external_id),
        lines: vec![DeclaredLineRequest {
            product_code: given(row.product_code),
            category_code: given(row.category_code),
            quantity: given(row.quantity),
            unit: given(row.unit),
            weight,
            amount,
            origin_division_code: given(row.origin_division_code),
            producer_household_code: given(row.producer_household_code),
            documents,
        }],
    }
}
