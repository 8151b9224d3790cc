//! Make many accounts from a file: every row or none, each refused cell named.

use super::{
    create::{Draft, Made, make},
    draft::{MembershipRequest, Names},
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Check, Reply, Text, idempotency_key},
    sheets::{Refusal, Sheet, SheetKind, column, take_file, text_of_async},
};
use axum::extract::{Request, State};
use chrono::NaiveDate;
use entity::{
    id::{AccountId, SchoolId, SupplierId},
    membership::Role,
    school, supplier,
};
use sea_orm::{ActiveEnum, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// Files of accounts.
pub static ACCOUNTS: SheetKind = SheetKind {
    name: "accounts",
    title: ("账号", "Accounts"),
    columns: &[
        column("username", "用户名", "songpo-wang").required().about("登录用，全省唯一", "To log in with; unique"),
        column("display_name", "姓名", "王老师").required().about("显示给他人", "Shown to others"),
        column("role", "角色", "验收员").required().one_of(&[
            ("authority_manager", "教育主管部门管理员"),
            ("authority_officer", "教育主管部门工作人员"),
            ("auditor", "审计人员"),
            ("school_principal", "校长"),
            ("canteen_manager", "食堂管理员"),
            ("inspector", "验收员"),
            ("supplier", "供货主体负责人"),
            ("supplier_clerk", "供货主体经办人"),
            ("agent", "代办人"),
            ("administrator", "系统管理员"),
        ]),
        column("school_code", "学校代码", "YL-910526-001").about("学校角色必填", "For roles in a school"),
        column("supplier_code", "供货主体编号", "").about("供货角色必填", "For roles at a supplier"),
        column("reporting_unit_code", "填报单位代码", "").about("主管部门角色必填", "For roles at an authority"),
        column("from_on", "开始日期", "2026-09-01").about("空则自今日起", "Today where it is empty"),
        column("to_on", "结束日期", "2027-07-31").about("空则长期", "Without an end where it is empty"),
    ],
    // Each costs a password hash.
    most_rows: 200,
};
/// Characters a cell may have.
const LONGEST_CELL: usize = 200;

/// What an import made.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportedAccountsView {
    /// The accounts in the order of the file.
    pub accounts: Vec<ImportedAccountView>,
}

/// One account made from a row.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportedAccountView {
    /// The account.
    pub id: AccountId,
    /// Log-in name.
    #[schema(example = "songpo-wang")]
    pub username: String,
    /// Good until it is replaced after the first log-in. It is not kept: a repeated request answers null here.
    #[schema(example = "k7mp2xqd9rtvh4wz", format = Password)]
    pub one_time_password: Option<String>,
}

/// Import accounts
///
/// CSV (UTF-8 or GB18030) or XLSX, up to 200 rows, with the columns of its template
/// (`GET /imports/templates/accounts`) by their Chinese or English names: `username,display_name,role,school_code,
/// supplier_code,reporting_unit_code,from_on,to_on`; the places a role does not need and both days may be empty or left
/// out. Every account is made or none; `errors` points at `/rows/<line>/<column>`. Only this answer shows the one-time
/// passwords.
#[utoipa::path(
    post, path = "/accounts/import", operation_id = "import_accounts", tag = "accounts", security(("bearer" = [])),
    request_body(content(
        (String = "text/csv", example = json!("username,display_name,role,school_code,supplier_code,reporting_unit_code,\
            from_on,to_on\nsongpo-wang,王老师,inspector,YL-910526-001,,,2026-09-01,2027-07-31\n")),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    )),
    responses((status = 201, body = ImportedAccountsView, description = "Made"))
)]
pub async fn import_accounts(State(ctx): State<Ctx>, caller: Caller, request: Request) -> Result<Reply, ApiError> {
    caller.actor.may(Action::Manage, Resource::Account)?;
    let (parts, bytes) = take_file(&ctx, request).await?;
    let key = idempotency_key(&parts, &bytes, true)?;
    let rows = read(&text_of_async(bytes, &ACCOUNTS).await?)?;
    let codes = Codes::find(ctx.store.primary(), &rows).await?;
    let drafts = drafts(&rows, &codes)?;
    let answer = |made: &[Made], shown: bool| ImportedAccountsView {
        accounts: made
            .iter()
            .map(|made| ImportedAccountView {
                id: made.account.id,
                username: made.account.username.clone(),
                one_time_password: shown.then(|| made.password.clone()),
            })
            .collect(),
    };
    make(&ctx, &caller, key, &drafts, Names::CSV, answer).await
}

/// The cells of a row, in the order of the columns, under the pointer of its line.
struct Row {
    pointer: String,
    cells: [String; 8],
}

fn read(text: &str) -> Result<Vec<Row>, ApiError> {
    let sheet = Sheet::read(text, &ACCOUNTS).map_err(Refusal::problem)?;
    let mut check = Check::default();
    let mut rows = Vec::with_capacity(sheet.len());
    for row in sheet.rows() {
        let pointer = format!("/rows/{}", row.line);
        let cells = std::array::from_fn(|index| {
            let column = &ACCOUNTS.columns[index];
            column.stored(row.cell(column.name)).to_owned()
        });
        for (column, cell) in ACCOUNTS.columns.iter().zip(&cells) {
            let cell: &String = cell;
            check.that(
                cell.chars().count() <= LONGEST_CELL && !cell.contains(char::is_control),
                format!("{pointer}/{}", column.name),
                "cell_unreadable",
                Text::new("过长或含有控制字符。", "Too long, or with control characters."),
            );
        }
        rows.push(Row { pointer, cells });
    }
    check.that(!rows.is_empty(), "/rows", "no_rows", Text::new("文件没有数据行。", "The file has no rows."));
    check.finish()?;
    Ok(rows)
}

/// Ids of the schools and suppliers that the file names.
struct Codes {
    schools: HashMap<String, SchoolId>,
    suppliers: HashMap<String, SupplierId>,
}

impl Codes {
    async fn find(db: &impl ConnectionTrait, rows: &[Row]) -> Result<Self, DbErr> {
        let named = |column: usize| rows.iter().map(move |row| row.cells[column].clone());
        let schools: Vec<(String, SchoolId)> = school::Entity::find()
            .select_only()
            .columns([school::Column::Code, school::Column::Id])
            .filter(school::Column::Code.is_in(named(3)))
            .into_tuple()
            .all(db)
            .await?;
        let suppliers: Vec<(String, SupplierId)> = supplier::Entity::find()
            .select_only()
            .columns([supplier::Column::Code, supplier::Column::Id])
            .filter(supplier::Column::Code.is_in(named(4)))
            .into_tuple()
            .all(db)
            .await?;
        Ok(Self { schools: schools.into_iter().collect(), suppliers: suppliers.into_iter().collect() })
    }
}

fn drafts(rows: &[Row], codes: &Codes) -> Result<Vec<Draft>, ApiError> {
    let mut check = Check::default();
    let drafts: Vec<Draft> = rows.iter().filter_map(|row| draft(&mut check, row, codes)).collect();
    check.finish()?;
    Ok(drafts)
}

fn draft(check: &mut Check, row: &Row, codes: &Codes) -> Option<Draft> {
    let [username, display_name, role, school, supplier, unit, from_on, to_on] = &row.cells;
    let mut day = |column: &str, cell: &str| {
        if cell.is_empty() {
            return None;
        }
        let day = cell.parse::<NaiveDate>().ok().filter(|_| cell.len() == 10);
        if day.is_none() {
            let detail = Text::new("日期须形如 2026-03-02。", "A date looks like 2026-03-02.");
            check.refuse(format!("{}/{column}", row.pointer), "date_malformed", detail);
        }
        day
    };
    let (from_on, to_on) = (day("from_on", from_on), day("to_on", to_on));
    let Ok(role) = Role::try_from_value(role) else {
        let choices = Role::values().join(", ");
        let detail = Text::new(format!("取值须为：{choices}。"), format!("Must be one of: {choices}."));
        check.refuse(format!("{}/role", row.pointer), "unknown_value", detail);
        return None;
    };
    let given = |cell: &String| Some(cell.clone()).filter(|cell| !cell.is_empty());
    // A code that is nowhere becomes an id that is nowhere: refused in the same words as one out of reach.
    let school_id = given(school).map(|code| codes.schools.get(&code).copied().unwrap_or(SchoolId(Uuid::nil())));
    let supplier_id =
        given(supplier).map(|code| codes.suppliers.get(&code).copied().unwrap_or(SupplierId(Uuid::nil())));
    Some(Draft {
        pointer: row.pointer.clone(),
        role_pointer: row.pointer.clone(),
        id: None,
        username: username.clone(),
        display_name: display_name.clone(),
        membership: MembershipRequest {
            role,
            school_id,
            supplier_id,
            reporting_unit_code: given(unit),
            from_on,
            to_on,
        },
    })
}
