//! Makes a row of the trail out of what was done: where it belongs, for whom it was done, what changed, nothing personal.

use super::mask::mask;
use crate::{
    access::{Actor, Caller, Place},
    context::Ctx,
};
use entity::{
    audit_entry::{self, Outcome},
    id::{SchoolId, SupplierId},
    time::Timestamp,
};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// What was done, or asked for and refused.
#[derive(Clone, Debug)]
pub struct Deed<'a> {
    /// What, such as `order.place`; of a refusal the route.
    pub action: &'a str,
    /// Kind of thing.
    pub resource: &'a str,
    /// Which one.
    pub resource_id: String,
    /// Done or refused.
    pub outcome: Outcome,
    /// Facts. A `school_id`, `supplier_id` or `reporting_unit_code` among them says where the row belongs; without
    /// any, it belongs where the actor does.
    pub facts: Value,
}

/// A row for what `caller` did or was refused.
#[must_use]
pub fn line(ctx: &Ctx, caller: &Caller, at: Timestamp, deed: Deed<'_>) -> audit_entry::Model {
    let Deed { action, resource, resource_id, outcome, mut facts } = deed;
    mask(resource, &mut facts);
    let told = Where::told(&facts);
    let concerns = told.is_some();
    let place = told.unwrap_or_else(|| Where::held(&caller.actor));
    let on_behalf_of = on_behalf_of(&caller.actor, &place, concerns);
    audit_entry::Model {
        id: ctx.ids.next(),
        at,
        account_id: caller.actor.recorded_account(),
        action: action.to_owned(),
        resource: resource.to_owned(),
        resource_id,
        request_id: caller.request_id.clone(),
        detail: caller.told(&facts),
        outcome,
        on_behalf_of,
        address: caller.address.clone(),
        school_id: place.school,
        supplier_id: place.supplier,
        reporting_unit_code: place.unit,
    }
}

/// A row for what was done at the machine itself, by nobody with an account.
#[must_use]
pub fn machine_line(ctx: &Ctx, action: &str, resource: &str, request_id: &str, mut facts: Value) -> audit_entry::Model {
    mask(resource, &mut facts);
    let place = Where::told(&facts).unwrap_or_default();
    audit_entry::Model {
        id: ctx.ids.next(),
        at: ctx.clock.now(),
        account_id: None,
        action: action.to_owned(),
        resource: resource.to_owned(),
        resource_id: String::new(),
        request_id: request_id.to_owned(),
        detail: facts.to_string(),
        outcome: Outcome::Done,
        on_behalf_of: None,
        address: None,
        school_id: place.school,
        supplier_id: place.supplier,
        reporting_unit_code: place.unit,
    }
}

/// Fields that differ, each with its value before and after; `null` for a thing that was not there.
#[must_use]
pub fn changes(before: &impl Serialize, after: &impl Serialize) -> Value {
    let fields = |value: Result<Value, serde_json::Error>| match value {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let mut before = fields(serde_json::to_value(before));
    let after = fields(serde_json::to_value(after));
    let mut changed = Map::new();
    for (name, after) in after {
        let before = before.remove(&name).unwrap_or_default();
        if before != after {
            changed.insert(name, json!({ "before": before, "after": after }));
        }
    }
    changed.extend(before.into_iter().map(|(name, before)| (name, json!({ "before": before, "after": null }))));
    Value::Object(changed)
}

/// Where a row belongs.
#[derive(Default)]
struct Where {
    school: Option<SchoolId>,
    supplier: Option<SupplierId>,
    unit: Option<String>,
}

impl Where {
    fn told(facts: &Value) -> Option<Self> {
        let text = |name: &str| facts.get(name).and_then(Value::as_str);
        let place = Self {
            school: text("school_id").and_then(|id| id.parse().ok()),
            supplier: text("supplier_id").and_then(|id| id.parse().ok()),
            unit: text("reporting_unit_code").map(str::to_owned),
        };
        let somewhere = place.school.is_some() || place.supplier.is_some() || place.unit.is_some();
        somewhere.then_some(place)
    }

    /// The one place the actor acts in; nowhere when there are several, for then none is right.
    fn held(actor: &Actor) -> Self {
        let mut grants = actor.grants().iter().map(|grant| &grant.place);
        let Some(first) = grants.next() else { return Self::default() };
        if grants.any(|place| place != first) {
            return Self::default();
        }
        match first {
            Place::Everywhere => Self::default(),
            Place::School(id) => Self { school: Some(*id), ..Self::default() },
            Place::Supplier(id) | Place::Household { supplier: id, .. } => {
                Self { supplier: Some(*id), ..Self::default() }
            }
            Place::Subtree { top, .. } => Self { unit: Some(top.clone()), ..Self::default() },
        }
    }
}

/// The supplier an account acts for, where the row is its. An agent acts for a household in what concerns that household
/// only, not in its own log-ins and mistakes.
fn on_behalf_of(actor: &Actor, place: &Where, concerns: bool) -> Option<String> {
    let supplier = place.supplier?;
    let acts = actor.grants().iter().any(|grant| match grant.place {
        Place::Supplier(held) => held == supplier,
        Place::Household { supplier: held, .. } => concerns && held == supplier,
        _ => false,
    });
    acts.then(|| format!("supplier:{supplier}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_told() {
        let before = json!({"status": "placed", "amount": "1.00", "reason": null, "gone": 1});
        let after = json!({"status": "confirmed", "amount": "1.00", "reason": null, "new": [1]});
        assert_eq!(
            changes(&before, &after),
            json!({
                "status": {"before": "placed", "after": "confirmed"},
                "new": {"before": null, "after": [1]},
                "gone": {"before": 1, "after": null},
            })
        );
        assert_eq!(changes(&Value::Null, &json!({"a": 1})), json!({"a": {"before": null, "after": 1}}));
        assert_eq!(changes(&before, &before), json!({}));
    }
}
