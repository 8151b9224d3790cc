//! The demonstration's log-ins. Their passwords are published: they are worth nothing, and neither is what they guard.

use crate::{
    access::{NewAccount, create_accounts, password::Cost},
    context::Ctx,
    http::ApiError,
    registry::derived_id,
    store::bulk,
};
use chrono::NaiveDate;
use entity::{
    account, household_consent,
    id::{AccountId, SchoolId, SupplierId},
    membership::Role,
};
use sea_orm::EntityTrait;

/// Password of the administrator.
pub const SYSTEM_PASSWORD: &str = "demo-system-2026";
/// Password of every officer, manager and auditor.
pub const AUTHORITY_PASSWORD: &str = "demo-authority-2026";
/// Password of every principal, canteen manager and inspector.
pub const CANTEEN_PASSWORD: &str = "demo-canteen-2026";
/// Password of every supplier, clerk and agent.
pub const SUPPLIER_PASSWORD: &str = "demo-supplier-2026";

/// The school and the supplier with log-ins of their own.
const SCHOOL: &str = "demo-yunong";
const SUPPLIER: &str = "weining-potato-coop";
/// The supplier's clerk.
const CLERK: &str = "weining-potato-coop-2";
/// The agent, and the household that consented to be acted for.
const AGENT: &str = "demo-agent";
const HOUSEHOLD: &str = "hh-weining-01";
/// The consent stands all the time, like the offers.
const CONSENT_FROM: NaiveDate = NaiveDate::from_ymd_opt(2014, 1, 1).expect("a date");

/// A log-in to be shown to a newcomer.
pub struct Login {
    /// Whose, in Chinese and English.
    pub who: [&'static str; 2],
    /// Log-in name.
    pub username: &'static str,
    /// Password.
    pub password: &'static str,
}

/// One log-in a role.
#[must_use]
pub fn logins() -> [Login; 12] {
    let login = |zh, en, username, password| Login { who: [zh, en], username, password };
    [
        login("管理员", "administrator", "demo-admin", SYSTEM_PASSWORD),
        login("省教育厅", "province officer", "demo-province", AUTHORITY_PASSWORD),
        login("毕节市教育局", "prefecture officer", "demo-bijie", AUTHORITY_PASSWORD),
        login("威宁县教育局", "county officer", "demo-weining", AUTHORITY_PASSWORD),
        login("毕节市教育局管理员", "prefecture manager", "demo-bijie-manager", AUTHORITY_PASSWORD),
        login("审计", "auditor", "demo-auditor", AUTHORITY_PASSWORD),
        login("雨农小学校长", "principal", "yunong-principal", CANTEEN_PASSWORD),
        login("雨农小学食堂", "canteen manager", "yunong", CANTEEN_PASSWORD),
        login("雨农小学验收员", "inspector", "yunong-2", CANTEEN_PASSWORD),
        login("高原云薯合作社", "supplier", SUPPLIER, SUPPLIER_PASSWORD),
        login("高原云薯合作社经办人", "supplier's clerk", CLERK, SUPPLIER_PASSWORD),
        login("迤那镇代办员", "agent for a household", AGENT, SUPPLIER_PASSWORD),
    ]
}

/// Id of the account with this log-in name.
pub fn account_id(username: &str) -> AccountId {
    derived_id("account", username)
}

/// Log-in names of a school: its manager, then its inspectors.
pub fn school_usernames(school_code: &str) -> Vec<String> {
    if school_code == SCHOOL {
        return vec!["yunong".to_owned(), "yunong-2".to_owned(), "yunong-3".to_owned()];
    }
    vec![school_code.to_owned(), format!("{school_code}-2")]
}

struct Wanted {
    username: String,
    display_name: String,
    password: &'static str,
    role: Role,
    school_id: Option<SchoolId>,
    supplier_id: Option<SupplierId>,
    unit: Option<&'static str>,
}

/// Makes every account that is not there yet. `schools` and `suppliers` are their ids, codes and names.
pub async fn create(
    ctx: &Ctx,
    schools: &[(SchoolId, &str, &str)],
    suppliers: &[(SupplierId, &str, &str)],
) -> Result<(), ApiError> {
    let mut wanted = Vec::new();
    let office = |username: &str, display_name: &str, unit: Option<&'static str>| Wanted {
        username: username.to_owned(),
        display_name: display_name.to_owned(),
        password: if unit.is_some() { AUTHORITY_PASSWORD } else { SYSTEM_PASSWORD },
        role: if unit.is_some() { Role::AuthorityOfficer } else { Role::Administrator },
        school_id: None,
        supplier_id: None,
        unit,
    };
    wanted.push(office("demo-admin", "演示管理员", None));
    wanted.push(office("demo-province", "省教育厅校农结合专班", Some("520000")));
    wanted.push(office("demo-bijie", "毕节市教育局", Some("520500")));
    wanted.push(office("demo-weining", "威宁县教育科技局", Some("520526")));
    wanted.push(Wanted {
        role: Role::AuthorityManager,
        ..office("demo-bijie-manager", "毕节市教育局管理员", Some("520500"))
    });
    wanted.push(Wanted { role: Role::Auditor, ..office("demo-auditor", "省审计厅", Some("520000")) });
    wanted.push(Wanted {
        role: Role::Agent,
        password: SUPPLIER_PASSWORD,
        ..office(AGENT, "迤那镇代办员", Some("520526"))
    });
    for (id, code, name) in schools {
        for (index, username) in school_usernames(code).into_iter().enumerate() {
            let (role, title) =
                if index == 0 { (Role::CanteenManager, "食堂") } else { (Role::Inspector, "验收员") };
            wanted.push(Wanted {
                username,
                display_name: format!("{name}{title}"),
                password: CANTEEN_PASSWORD,
                role,
                school_id: Some(*id),
                supplier_id: None,
                unit: None,
            });
        }
    }
    wanted.extend(suppliers.iter().map(|(id, code, name)| Wanted {
        username: (*code).to_owned(),
        display_name: (*name).to_owned(),
        password: SUPPLIER_PASSWORD,
        role: Role::Supplier,
        school_id: None,
        supplier_id: Some(*id),
        unit: None,
    }));
    for (id, _, name) in schools.iter().filter(|(_, code, _)| *code == SCHOOL) {
        wanted.push(Wanted {
            username: "yunong-principal".to_owned(),
            display_name: format!("{name}校长"),
            password: CANTEEN_PASSWORD,
            role: Role::SchoolPrincipal,
            school_id: Some(*id),
            supplier_id: None,
            unit: None,
        });
    }
    for (id, _, name) in suppliers.iter().filter(|(_, code, _)| *code == SUPPLIER) {
        wanted.push(Wanted {
            username: CLERK.to_owned(),
            display_name: format!("{name}经办人"),
            password: SUPPLIER_PASSWORD,
            role: Role::SupplierClerk,
            school_id: None,
            supplier_id: Some(*id),
            unit: None,
        });
    }
    let accounts = wanted.iter().map(|one| NewAccount {
        id: account_id(&one.username),
        username: &one.username,
        display_name: &one.display_name,
        password: one.password.to_owned(),
        one_time: false,
        role: one.role,
        school_id: one.school_id,
        supplier_id: one.supplier_id,
        reporting_unit_code: one.unit.map(str::to_owned),
    });
    create_accounts(ctx, accounts.collect(), Cost::Light).await?;
    consent(ctx, suppliers).await
}

/// The household's consent to its agent.
async fn consent(ctx: &Ctx, suppliers: &[(SupplierId, &str, &str)]) -> Result<(), ApiError> {
    // A name taken under another id keeps what it holds.
    if account::Entity::find_by_id(account_id(AGENT)).one(ctx.store.primary()).await?.is_none() {
        return Ok(());
    }
    let households = suppliers.iter().filter(|(_, code, _)| *code == HOUSEHOLD);
    let consents: Vec<household_consent::Model> = households
        .map(|(id, code, _)| household_consent::Model {
            id: derived_id("consent", code),
            account_id: account_id(AGENT),
            supplier_id: *id,
            from_on: CONSENT_FROM,
            to_on: None,
            proof_number: "WT-2014-0001".to_owned(),
            recorded_at: ctx.clock.now(),
            withdrawn_at: None,
            version: 1,
        })
        .collect();
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
        for login in logins() {
            let mut check = Check::default();
            password::check(&mut check, "/new", login.password, login.username);
            assert!(check.is_clean(), "{}", login.username);
        }
    }
}
