//! A household found by a number it is known by elsewhere, through the keyed hash: the number travels in the body only.

use super::{
    household_view::{HouseholdView, show},
    personal::{SEALED, Sealed},
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Check, Command, Text},
    store::Begun,
    vault::{BankAccount, IdNumber, NumberError, PhoneNumber, Secret},
};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use chrono::NaiveDate;
use entity::{household, id::HouseholdId};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;

/// Households one phone or account is shown for at most; an ID number has one.
const MOST: u64 = 50;
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Searches for each reveal an account may make in a day: a search says no more than whether a number is known.
const SEARCHES_PER_REVEAL: u64 = 10;

/// Exactly one number.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchHouseholdsRequest {
    /// Resident identity number.
    #[schema(value_type = Option<String>, example = "910000190001010019")]
    pub id_number: Option<Secret>,
    /// Phone number.
    #[schema(value_type = Option<String>, example = json!(null))]
    pub phone: Option<Secret>,
    /// Bank account or card.
    #[schema(value_type = Option<String>, example = json!(null))]
    pub bank_account: Option<Secret>,
}

/// The households found.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundHouseholds {
    /// Up to 50, in the order of ids, masked.
    pub items: Vec<HouseholdView>,
}

/// Search households by a number
///
/// By ID number, phone or bank account: the whole number, however it is typed. Only households of the caller's counties
/// are found. A search that finds somebody leaves a line in the audit trail; searches are limited by account and day.
#[utoipa::path(
    post, path = "/households/search", operation_id = "search_households", tag = "suppliers",
    security(("bearer" = [])),
    request_body = SearchHouseholdsRequest,
    responses((status = 200, body = FoundHouseholds, description = "What was found, not to be stored"))
)]
pub async fn search_households(
    State(ctx): State<Ctx>,
    caller: Caller,
    command: Command<SearchHouseholdsRequest>,
) -> Result<impl IntoResponse, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Household)?;
    let now = ctx.clock.now();
    let key = format!("xiaonong:search:{}", caller.actor.account_id());
    let most = ctx.settings.reveals_per_day.saturating_mul(SEARCHES_PER_REVEAL);
    if ctx.counters.hit(&key, DAY, now).await > most {
        return Err(ApiError::TooMany { retry_after: DAY.as_secs().cast_signed() });
    }
    let (field, number) = command.body.rule(now.business_day())?;
    let db = &ctx.store.read;
    let keys = ctx.vault.open(db).await?;
    let column = match field {
        Sealed::IdNumber => household::Column::IdNumberHash,
        Sealed::Phone => household::Column::PhoneHash,
        Sealed::BankAccount => household::Column::BankAccountHash,
    };
    let rows = match keys.hash(field.column(), number.expose()) {
        None => Vec::new(),
        Some(hash) => {
            household::Entity::find()
                .filter(scope.on_county(household::Column::CountyCode))
                .filter(column.eq(hash))
                .order_by_asc(household::Column::Id)
                .limit(MOST)
                .all(db)
                .await?
        }
    };
    if !rows.is_empty() {
        // That somebody is in the register is told to the caller: P1 wants a line.
        let found: Vec<HouseholdId> = rows.iter().map(|row| row.id).collect();
        if let Begun::New(mut work) = ctx.begin(&caller, None).await? {
            let told = serde_json::json!({ "by": field.column(), "found": found });
            work.audit("household.search", "household", &found[0], &told);
            work.commit(StatusCode::OK, &()).await?;
        }
    }
    let items = show(&ctx, db, rows).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(FoundHouseholds { items })))
}

impl SearchHouseholdsRequest {
    /// The one number that is asked for, in normal form.
    fn rule(self, today: NaiveDate) -> Result<(Sealed, Secret), ApiError> {
        let given = [self.id_number, self.phone, self.bank_account];
        let mut given = SEALED.into_iter().zip(given).filter_map(|(field, number)| Some((field, number?)));
        let (Some((field, number)), None) = (given.next(), given.next()) else {
            return Err(ApiError::field(
                "",
                "one_number",
                Text::new(
                    "须填 id_number、phone、bank_account 中的一项。",
                    "Exactly one of id_number, phone and bank_account is needed.",
                ),
            ));
        };
        let mut check = Check::default();
        let number = normal(&mut check, field, &number, today);
        check.finish()?;
        number.map(|number| (field, number)).ok_or(ApiError::NotFound)
    }
}

/// A number checked and in normal form, or a refusal that does not repeat it.
pub fn normal(check: &mut Check, field: Sealed, number: &Secret, today: NaiveDate) -> Option<Secret> {
    match parse(field, number.expose(), today) {
        Ok(number) => Some(number),
        Err(error) => {
            let pointer = match field {
                Sealed::IdNumber => "/id_number",
                Sealed::Phone => "/phone",
                Sealed::BankAccount => "/bank_account",
            };
            check.refuse(pointer, error.code(), error.text());
            None
        }
    }
}

/// A number in normal form. The head of a household is no child.
///
/// # Errors
/// What is wrong with it, without the number.
pub fn parse(field: Sealed, number: &str, today: NaiveDate) -> Result<Secret, NumberError> {
    let plain = |text: &str| Secret::new(text.to_owned());
    match field {
        Sealed::IdNumber => {
            let number = IdNumber::parse(number, today)?;
            if number.is_of_child(today) { Err(NumberError::IdChild) } else { Ok(plain(number.expose())) }
        }
        Sealed::Phone => PhoneNumber::parse(number).map(|number| plain(number.expose())),
        Sealed::BankAccount => BankAccount::parse(number).map(|number| plain(number.expose())),
    }
}
