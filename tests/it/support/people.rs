//! Accounts with any role, and the ids of people and papers.

use super::app::{App, PASSWORD};
use entity::{account, household_consent, id::AccountId, membership, membership::Role, school, supplier};
use sea_orm::{EntityTrait, QueryFilter};
use serde_json::{Value, json};
use xiaonong::access::{NewAccount, create_accounts, password::Cost};

/// Where a role holds, by code.
#[derive(Clone, Copy, Debug)]
pub enum At<'a> {
    Everywhere,
    School(&'a str),
    Supplier(&'a str),
    Unit(&'a str),
}

impl App {
    /// Makes an account with [`PASSWORD`] and one role.
    pub async fn member(&self, username: &str, role: Role, at: At<'_>) -> AccountId {
        let id = self.ctx.ids.next();
        let account = NewAccount {
            id,
            username,
            display_name: username,
            password: PASSWORD.to_owned(),
            one_time: false,
            role,
            school_id: if let At::School(code) = at { Some(self.school(code).await.id) } else { None },
            supplier_id: if let At::Supplier(code) = at { Some(self.supplier(code).await.id) } else { None },
            reporting_unit_code: if let At::Unit(code) = at { Some(code.to_owned()) } else { None },
        };
        create_accounts(&self.ctx, vec![account], Cost::Light).await.expect("the account is made");
        id
    }

    pub async fn school(&self, code: &str) -> school::Model {
        let found = school::Entity::find().filter(school::COLUMN.code.eq(code)).one(self.ctx.store.primary()).await;
        found.expect("reads").expect("a school")
    }

    pub async fn supplier(&self, code: &str) -> supplier::Model {
        let found = supplier::Entity::find().filter(supplier::COLUMN.code.eq(code)).one(self.ctx.store.primary()).await;
        found.expect("reads").expect("a supplier")
    }

    /// Id of the account with this log-in name.
    pub async fn account_id(&self, username: &str) -> String {
        let found = account::Entity::find().filter(account::COLUMN.username.eq(username));
        found.one(self.ctx.store.primary()).await.expect("reads").expect("an account").id.to_string()
    }

    /// A role as a request names it.
    pub async fn role(&self, role: Role, at: At<'_>) -> Value {
        let mut asked = json!({ "role": role });
        match at {
            At::Everywhere => {}
            At::School(code) => asked["school_id"] = json!(self.school(code).await.id),
            At::Supplier(code) => asked["supplier_id"] = json!(self.supplier(code).await.id),
            At::Unit(code) => asked["reporting_unit_code"] = json!(code),
        }
        asked
    }

    /// Logs in with any password and answers with the access token.
    pub async fn login_with(&self, username: &str, password: &str) -> String {
        let session = self.post("/auth/login", json!({"username": username, "password": password})).await.ok();
        session["access_token"].as_str().expect("a token").to_owned()
    }
}

/// What exists in every test's database, by name.
pub struct People {
    accounts: Vec<account::Model>,
    memberships: Vec<membership::Model>,
    /// The demonstration's consent and its household.
    pub consent: String,
    pub household: String,
}

impl People {
    pub async fn of(app: &App) -> Self {
        let db = app.ctx.store.primary();
        let consent = household_consent::Entity::find().one(db).await.expect("reads").expect("a consent");
        Self {
            accounts: account::Entity::find().all(db).await.expect("reads"),
            memberships: membership::Entity::find().all(db).await.expect("reads"),
            consent: consent.id.to_string(),
            household: consent.supplier_id.to_string(),
        }
    }

    fn find(&self, username: &str) -> &account::Model {
        self.accounts.iter().find(|account| account.username == username).expect("an account")
    }

    pub fn account(&self, username: &str) -> String {
        self.find(username).id.to_string()
    }

    /// The first role of an account.
    pub fn membership(&self, username: &str) -> String {
        let id = self.find(username).id;
        self.memberships.iter().find(|held| held.account_id == id).expect("a role").id.to_string()
    }
}
