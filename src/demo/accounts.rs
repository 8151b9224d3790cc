//! The demonstration's log-ins. Their passwords are published: they are worth nothing, and neither is what they guard.

use crate::{
    access::{NewAccount, create_accounts, password::Cost},
    context::Ctx,
    http::ApiError,
    province::Bundle,
    registry::derived_id,
    store::bulk,
};
use chrono::NaiveDate;
use entity::{
    account, household_consent,
    id::{AccountId, SchoolId, SupplierId},
    membership::Role,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::Deserialize;
use std::collections::HashSet;

/// Password of the administrator.
pub const SYSTEM_PASSWORD: &str = "demo-system-2026";
/// Password of every officer, manager and auditor.
pub const AUTHORITY_PASSWORD: &str = "demo-authority-2026";
/// Password of every principal, canteen manager and inspector.
pub const CANTEEN_PASSWORD: &str = "demo-canteen-2026";
/// Password of every supplier, clerk and agent.
pub const SUPPLIER_PASSWORD: &str = "demo-supplier-2026";

/// The consent stands all the time, like the offers.
const CONSENT_FROM: NaiveDate = NaiveDate::from_ymd_opt(2014, 1, 1).expect("a date");

/// A log-in to be shown to a newcomer.
#[derive(Clone, Debug)]
pub struct Login {
    /// Whose, in Chinese and English.
    pub who: [String; 2],
    /// Log-in name.
    pub username: String,
    /// Password.
    pub password: &'static str,
    /// What it may do.
    pub role: Role,
}

const COLUMNS: &[&str] =
    &["username", "display_name", "role", "unit_code", "school_code", "supplier_code", "who_zh", "who_en"];

#[derive(Debug, Deserialize)]
struct Row {
    username: String,
    display_name: String,
    role: Role,
    unit_code: Option<String>,
    school_code: Option<String>,
    supplier_code: Option<String>,
    who_zh: Option<String>,
    who_en: Option<String>,
}

/// The people of the bundle's demonstration, besides those every school and every supplier has.
pub struct Cast(Vec<Row>);

impl Cast {
    /// Reads them.
    ///
    /// # Errors
    /// When a row is malformed.
    pub fn read(bundle: &Bundle) -> Result<Self, ApiError> {
        let read = bundle.file("demo/accounts.csv", COLUMNS).rows::<Row>().map_err(ApiError::internal)?;
        Ok(Self(read.into_iter().map(|(_, row)| row).collect()))
    }

    /// Log-in names of a school: its manager, then its inspectors.
    pub fn of_school(&self, code: &str) -> Vec<String> {
        let own = self.0.iter().filter(|row| row.school_code.as_deref() == Some(code));
        let of_role = |role: Role| own.clone().filter(move |row| row.role == role).map(|row| row.username.clone());
        let names: Vec<String> = of_role(Role::CanteenManager).chain(of_role(Role::Inspector)).collect();
        if names.is_empty() { vec![code.to_owned(), format!("{code}-2")] } else { names }
    }
}

/// The log-ins to show of a bundle's demonstration.
///
/// # Errors
/// When a row of the file is malformed.
pub fn logins(bundle: &Bundle) -> Result<Vec<Login>, ApiError> {
    let login = |row: Row| {
        let who = [row.who_zh?, row.who_en?];
        Some(Login { who, username: row.username, password: password_of(row.role), role: row.role })
    };
    Ok(Cast::read(bundle)?.0.into_iter().filter_map(login).collect())
}

fn password_of(role: Role) -> &'static str {
    match role {
        Role::Administrator => SYSTEM_PASSWORD,
        Role::AuthorityManager | Role::AuthorityOfficer | Role::Auditor => AUTHORITY_PASSWORD,
        Role::SchoolPrincipal | Role::CanteenManager | Role::Inspector => CANTEEN_PASSWORD,
        Role::Supplier | Role::SupplierClerk | Role::Agent => SUPPLIER_PASSWORD,
    }
}

/// Id of the account with this log-in name.
pub fn account_id(username: &str) -> AccountId {
    derived_id("account", username)
}

/// An account to be made.
struct Wanted {
    username: String,
    display_name: String,
    role: Role,
    school_id: Option<SchoolId>,
    supplier_id: Option<SupplierId>,
    unit: Option<String>,
}

/// Makes every account that is not there yet. `schools` and `suppliers` are their ids, codes and names.
///
/// # Errors
/// When the database refuses, or the cast names a school or a supplier there is not.
pub async fn create(
    ctx: &Ctx,
    cast: &Cast,
    schools: &[(SchoolId, &str, &str)],
    suppliers: &[(SupplierId, &str, &str)],
) -> Result<(), ApiError> {
    let mut wanted = Vec::new();
    for row in &cast.0 {
        let lacks =
            |what: &str| ApiError::internal(format!("demo/accounts.csv: {} names no {what} there is", row.username));
        let school = row.school_code.as_ref().map(|code| schools.iter().find(|(_, known, _)| known == code));
        let supplier = row.supplier_code.as_ref().map(|code| suppliers.iter().find(|(_, known, _)| known == code));
        let (school, supplier) = match (school, supplier) {
            (Some(None), _) => return Err(lacks("school")),
            (_, Some(None)) => return Err(lacks("supplier")),
            (school, supplier) => (school.flatten(), supplier.flatten()),
        };
        wanted.push(Wanted {
            username: row.username.clone(),
            display_name: row.display_name.clone(),
            role: row.role,
            school_id: school.map(|(id, _, _)| *id),
            // An agent acts for the supplier by its consent, not by its role.
            supplier_id: supplier.map(|(id, _, _)| *id).filter(|_| row.role != Role::Agent),
            unit: row.unit_code.clone(),
        });
    }
    let named: HashSet<String> = cast.0.iter().map(|row| row.username.clone()).collect();
    for (id, code, name) in schools {
        for (index, username) in cast.of_school(code).into_iter().enumerate().filter(|(_, name)| !named.contains(name))
        {
            let (role, title) =
                if index == 0 { (Role::CanteenManager, "食堂") } else { (Role::Inspector, "验收员") };
            let display_name = format!("{name}{title}");
            wanted.push(Wanted { username, display_name, role, school_id: Some(*id), supplier_id: None, unit: None });
        }
    }
    wanted.extend(suppliers.iter().filter(|(_, code, _)| !named.contains(*code)).map(|(id, code, name)| Wanted {
        username: (*code).to_owned(),
        display_name: (*name).to_owned(),
        role: Role::Supplier,
        school_id: None,
        supplier_id: Some(*id),
        unit: None,
    }));
    let accounts = wanted.iter().map(|one| NewAccount {
        id: account_id(&one.username),
        username: &one.username,
        display_name: &one.display_name,
        password: password_of(one.role).to_owned(),
        one_time: false,
        role: one.role,
        school_id: one.school_id,
        supplier_id: one.supplier_id,
        reporting_unit_code: one.unit.clone(),
    });
    create_accounts(ctx, accounts.collect(), Cost::Light).await?;
    consent(ctx, cast, suppliers).await
}

/// The households' consents to their agents.
async fn consent(ctx: &Ctx, cast: &Cast, suppliers: &[(SupplierId, &str, &str)]) -> Result<(), ApiError> {
    let agents = cast.0.iter().filter(|row| row.role == Role::Agent);
    let ids: Vec<AccountId> = agents.clone().map(|row| account_id(&row.username)).collect();
    // A name taken under another id keeps what it holds.
    let there = account::Entity::find().filter(account::Column::Id.is_in(ids)).all(ctx.store.primary()).await?;
    let mut consents = Vec::new();
    for row in agents.filter(|row| there.iter().any(|account| account.id == account_id(&row.username))) {
        let household = suppliers.iter().find(|(_, code, _)| row.supplier_code.as_deref() == Some(*code));
        consents.extend(household.map(|(id, code, _)| household_consent::Model {
            id: derived_id("consent", code),
            account_id: account_id(&row.username),
            supplier_id: *id,
            from_on: CONSENT_FROM,
            to_on: None,
            proof_number: "WT-2014-0001".to_owned(),
            recorded_at: ctx.clock.now(),
            withdrawn_at: None,
            version: 1,
        }));
    }
    let txn = ctx.store.begin().await?;
    bulk::insert_with(&txn, &consents, "on conflict do nothing").await?;
    txn.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{access::password, http::Check};

    #[test]
    fn the_published_passwords_are_ones_the_service_would_take() {
        let bundle = Bundle::built_in().expect("reads");
        for login in logins(&bundle).expect("reads") {
            let mut check = Check::default();
            password::check(&mut check, "/new", login.password, &login.username, bundle.place_words());
            assert!(check.is_clean(), "{}", login.username);
        }
    }
}
