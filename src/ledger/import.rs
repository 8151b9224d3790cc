//! Import purchases made outside from a file: every row or none, and each refused row named.

use super::{
    declaration::Purchaser,
    declare::{DeclarePurchaseRequest, DeclaredLineRequest, DocumentRequest, purchaser, write},
    import_columns::DECLARED_PURCHASES,
};
use crate::{
    access::{Action, Caller, Resource},
    cache::Topic,
    context::Ctx,
    http::{ApiError, Check, FieldError, Query, Reply, Text, hex, idempotency_key},
    sheets::{Refusal, Row, Sheet, take_file, text_of_async},
    store::{Begun, bulk},
};
use axum::{
    extract::{Request, State},
    http::StatusCode,
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

/// Wrong fields named at most; the rest is counted.
const MAX_ERRORS: usize = 200;

/// Import declared purchases
///
/// CSV (UTF-8 or GB18030), or the first sheet of an XLSX file, with a header row and a purchase a row, up to 5,000; the
/// columns are those of its template (`GET /imports/templates/declared-purchases`), by their Chinese or English names.
/// All but `external_id`, `purchased_on`, `seller_name` and `amount` may be left out. Every row goes into the ledger or
/// none does.
#[utoipa::path(
    post, path = "/imports", operation_id = "import_purchases", tag = "ledger", security(("bearer" = [])),
    params(ImportQuery),
    request_body(content(
        (String = "text/csv", example = json!("external_id,purchased_on,seller_name,product_code,quantity,unit,amount\n\
            2026-03-0007,2026-03-02,白石镇农贸市场,cabbage,30,jin,36.00\n")),
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
    let (parts, bytes) = take_file(&ctx, request).await?;
    let key = idempotency_key(&parts, &bytes, true)?;
    // Read in full before the transaction begins: while it is open nobody else writes to SQLite.
    let mut check = Check::default();
    let purchaser = purchaser(ctx.store.primary(), &scope, query.canteen_id).await?;
    let text = text_of_async(bytes.clone(), &DECLARED_PURCHASES).await?;
    let requests = read(&mut check, &purchaser, &text)?;
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

/// The rows as declarations, each under the pointer `/rows/<line of the file>`.
fn read(
    check: &mut Check,
    purchaser: &Purchaser,
    text: &str,
) -> Result<Vec<(String, DeclarePurchaseRequest)>, ApiError> {
    let sheet = Sheet::read(text, &DECLARED_PURCHASES).map_err(Refusal::problem)?;
    check.that(!sheet.is_empty(), "/rows", "no_rows", Text::new("文件没有数据行。", "The file has no rows."));
    let mut requests = Vec::with_capacity(sheet.len());
    let mut odd = Check::default();
    for row in sheet.rows() {
        let pointer = format!("/rows/{}", row.line);
        for column in DECLARED_PURCHASES.columns {
            odd.that(
                !row.cell(column.name).contains(char::is_control),
                format!("{pointer}/{}", column.name),
                "control_character",
                Text::new("含有控制字符。", "Contains control characters."),
            );
        }
        requests.push((pointer.clone(), declaration(check, purchaser, &pointer, row)));
    }
    // PostgreSQL stores no U+0000: such a row cannot even be looked up.
    odd.finish()?;
    Ok(requests)
}

fn declaration(check: &mut Check, purchaser: &Purchaser, pointer: &str, row: Row<'_>) -> DeclarePurchaseRequest {
    let at = |field: &str| format!("{pointer}/{field}");
    let given = |column| row.optional(column).map(str::to_owned);
    let mut date = |field: &str, text: &str| {
        text.parse::<NaiveDate>().unwrap_or_else(|_| {
            let detail = Text::new("日期须形如 2026-03-02。", "A date looks like 2026-03-02.");
            check.refuse(at(field), "date_malformed", detail);
            NaiveDate::default()
        })
    };
    let purchased_on = date("purchased_on", row.cell("purchased_on"));
    let has_document = !row.cell("document_kind").is_empty();
    let issued_on =
        if has_document { date("document_issued_on", row.cell("document_issued_on")) } else { purchased_on };
    check.that(
        row.optional("external_id").is_some(),
        at("external_id"),
        "required",
        Text::new("每行须有自己的编号。", "Every row needs its own number."),
    );
    let amount = Fen::parse_yuan(row.cell("amount")).unwrap_or_else(|error| {
        let code = error.to_string();
        check.note_reader(at("amount"), &code);
        Fen(1)
    });
    let weight = given("weight").and_then(|text| match BaseQuantity::parse(&text, GRAMS_PER_KG) {
        Ok(base) => Some(Gram(base.0)),
        Err(error) => {
            check.note_reader(at("weight"), &error.to_string());
            None
        }
    });
    let mut documents = Vec::new();
    if has_document {
        if let Ok(kind) = CertificateKind::try_from_value(&row.cell("document_kind").to_owned()) {
            documents.push(DocumentRequest {
                kind,
                number: row.cell("document_number").to_owned(),
                issued_on,
                issuer: row.cell("document_issuer").to_owned(),
                origin_division_code: given("document_origin"),
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
        seller_name: row.cell("seller_name").to_owned(),
        supplier_id: None,
        invoice_number: given("invoice_number"),
        external_id: given("external_id"),
        // A file has no word on it: such a row is declared by itself.
        separate_delivery: false,
        lines: vec![DeclaredLineRequest {
            product_code: given("product_code"),
            category_code: given("category_code"),
            quantity: given("quantity"),
            unit: given("unit"),
            weight,
            amount,
            origin_division_code: given("origin_division_code"),
            producer_household_code: given("producer_household_code"),
            documents,
        }],
    }
}
