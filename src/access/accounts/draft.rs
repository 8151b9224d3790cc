//! A role to be given, checked against what the giver holds.

use super::places::{Places, Wanted};
use crate::{
    access::{
        Actor,
        granting::{Target, grantable},
        scope::Scope,
    },
    http::{Check, Text},
};
use chrono::NaiveDate;
use entity::{
    id::{AccountId, MembershipId, SchoolId, SupplierId},
    membership::{self, Role},
};
use serde::Deserialize;
use utoipa::ToSchema;

/// A role and where and when it is to hold. An administrator's holds everywhere; a principal, canteen manager and
/// inspector need a school; an owner and a clerk a supplier; everybody else a reporting unit.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "role": "inspector", "school_id": "01990000-0000-7000-8000-000000000001", "from_on": "2026-09-01",
    "to_on": "2027-07-31",
}))]
pub struct MembershipRequest {
    /// The role.
    pub role: Role,
    /// The school.
    pub school_id: Option<SchoolId>,
    /// The supplier.
    pub supplier_id: Option<SupplierId>,
    /// The reporting unit.
    #[schema(example = "910526")]
    pub reporting_unit_code: Option<String>,
    /// First day, not in the past; today unless given.
    pub from_on: Option<NaiveDate>,
    /// Last day; none while it shall hold.
    pub to_on: Option<NaiveDate>,
}

/// What the fields of a place are called where it was typed.
#[derive(Clone, Copy, Debug)]
pub struct Names {
    /// The school.
    pub school: &'static str,
    /// The supplier.
    pub supplier: &'static str,
    /// The reporting unit.
    pub unit: &'static str,
}

impl Names {
    /// In JSON.
    pub const JSON: Self = Self { school: "school_id", supplier: "supplier_id", unit: "reporting_unit_code" };
    /// In a file.
    pub const CSV: Self = Self { school: "school_code", supplier: "supplier_code", unit: "reporting_unit_code" };
    /// On the command line.
    pub const FLAGS: Self = Self { school: "school", supplier: "supplier", unit: "unit" };
}

/// Who gives, how far, and when.
#[derive(Clone, Copy)]
pub(super) struct Giver<'a> {
    pub actor: &'a Actor,
    pub scope: &'a Scope,
    pub today: NaiveDate,
}

/// The places that these requests name.
pub(super) fn wanted<'a>(requests: impl Iterator<Item = &'a MembershipRequest> + Clone) -> Wanted {
    Wanted {
        schools: requests.clone().filter_map(|request| request.school_id).collect(),
        suppliers: requests.clone().filter_map(|request| request.supplier_id).collect(),
        units: requests.filter_map(|request| request.reporting_unit_code.clone()).collect(),
    }
}

/// Which of the places a role needs.
fn needs(role: Role) -> [bool; 3] {
    match role {
        Role::Administrator => [false, false, false],
        Role::SchoolPrincipal | Role::CanteenManager | Role::Inspector => [true, false, false],
        Role::Supplier | Role::SupplierClerk => [false, true, false],
        Role::AuthorityManager | Role::AuthorityOfficer | Role::Auditor | Role::Agent => [false, false, true],
    }
}

impl Giver<'_> {
    /// The membership asked for, where nothing is wrong with it. A place outside the giver's reach looks like none.
    pub(super) fn membership(
        &self,
        check: &mut Check,
        (pointer, names): (&str, Names),
        request: &MembershipRequest,
        places: &Places,
        (id, account_id): (MembershipId, AccountId),
    ) -> Option<membership::Model> {
        let from_on = request.from_on.unwrap_or(self.today);
        self.days(check, pointer, from_on, request.to_on);
        let target = self.target(check, pointer, names, request, places)?;
        if !grantable(self.actor.grants(), request.role, &target) {
            check.refuse(
                format!("{pointer}/role"),
                "role_not_grantable",
                Text::new("您无权在此授予该角色。", "You cannot give this role there."),
            );
            return None;
        }
        Some(membership::Model {
            id,
            account_id,
            role: request.role,
            school_id: request.school_id,
            supplier_id: request.supplier_id,
            reporting_unit_code: request.reporting_unit_code.clone(),
            from_on,
            to_on: request.to_on,
        })
    }

    fn target(
        &self,
        check: &mut Check,
        pointer: &str,
        names: Names,
        request: &MembershipRequest,
        places: &Places,
    ) -> Option<Target> {
        let given = [request.school_id.is_some(), request.supplier_id.is_some(), request.reporting_unit_code.is_some()];
        let fields = [names.school, names.supplier, names.unit];
        let mut fits = true;
        for ((field, given), needed) in fields.into_iter().zip(given).zip(needs(request.role)) {
            if given == needed {
                continue;
            }
            fits = false;
            let (code, detail) = if needed {
                ("required", Text::new("该角色须填写此项。", "This role needs it."))
            } else {
                ("place_not_for_role", Text::new("该角色不能填写此项。", "This role does not take it."))
            };
            check.refuse(format!("{pointer}/{field}"), code, detail);
        }
        if !fits {
            return None;
        }
        let mut unknown = |field: &str, code: &'static str, zh: &'static str, en: &'static str| {
            check.refuse(format!("{pointer}/{field}"), code, Text::new(zh, en));
            None
        };
        if let Some(id) = request.school_id {
            let school = places.school(id).filter(|school| self.scope.covers_school(school));
            let target = school.map(|school| Target::School { id, unit: school.reporting_unit_code.clone() });
            return target.or_else(|| {
                unknown(names.school, "school_unknown", "您的权限范围内没有这所学校。", "No such school in your reach.")
            });
        }
        if let Some(id) = request.supplier_id {
            let found = places.supplier(id).filter(|(_, division)| self.scope.covers_registered(id, division));
            let target = found.map(|(_, division)| Target::Supplier { id, division: division.clone() });
            return target.or_else(|| {
                let zh = "您的权限范围内没有这个供货主体。";
                unknown(names.supplier, "supplier_unknown", zh, "No such supplier in your reach.")
            });
        }
        let Some(code) = &request.reporting_unit_code else { return Some(Target::Everywhere) };
        if places.has_unit(code) && self.scope.covers_unit(code) {
            return Some(Target::Unit(code.clone()));
        }
        let zh = "您的权限范围内没有这个填报单位。";
        unknown(names.unit, "reporting_unit_unknown", zh, "No such reporting unit in your reach.")
    }

    /// A role begins today at the earliest: what somebody could do in the past is not rewritten.
    pub(super) fn days(&self, check: &mut Check, pointer: &str, from_on: NaiveDate, to_on: Option<NaiveDate>) {
        check.day(&format!("{pointer}/from_on"), from_on);
        check.that(
            from_on >= self.today,
            format!("{pointer}/from_on"),
            "from_on_past",
            Text::new("不能早于今天。", "Must not lie in the past."),
        );
        if let Some(to_on) = to_on {
            check.day(&format!("{pointer}/to_on"), to_on);
            check.that(
                to_on >= from_on,
                format!("{pointer}/to_on"),
                "dates_reversed",
                Text::new("不能早于首日。", "Must not lie before the first day."),
            );
        }
    }
}

/// Notes what is wrong with the last day of something that began before: history stays, so it is yesterday at the
/// earliest, which ends it at once.
pub(super) fn check_end(check: &mut Check, to_on: NaiveDate, present: Option<NaiveDate>, today: NaiveDate) {
    check.day("/to_on", to_on);
    check.that(
        today.pred_opt().is_some_and(|yesterday| to_on >= yesterday),
        "/to_on",
        "to_on_past",
        Text::new("最早填昨天（即刻终止）。", "Yesterday at the earliest, which ends it at once."),
    );
    check.that(
        present.is_none_or(|present| to_on <= present),
        "/to_on",
        "to_on_later",
        Text::new("不能晚于现有的截止日。", "Must not lie after the present last day."),
    );
}
