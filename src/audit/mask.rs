//! Personal data never stands in the trail in clear (P1, P2): the one list of fields that are masked.

use serde_json::Value;

/// How much of a value is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    /// Nothing.
    Nothing,
    /// The family name: 张*.
    FamilyName,
    /// The first three and the last four: 138****1234.
    Phone,
    /// The region and the last four, without the birth date.
    IdNumber,
    /// The last four.
    LastFour,
}

/// Fields masked wherever they stand, also inside lists and before/after pairs.
const FIELDS: [(&str, Left); 24] = [
    ("password", Left::Nothing),
    ("password_hash", Left::Nothing),
    ("token", Left::Nothing),
    ("access_token", Left::Nothing),
    ("refresh_token", Left::Nothing),
    ("refresh_hash", Left::Nothing),
    ("secret", Left::Nothing),
    ("person_name", Left::FamilyName),
    ("household_name", Left::FamilyName),
    ("head_name", Left::FamilyName),
    ("holder_name", Left::FamilyName),
    ("contact_name", Left::FamilyName),
    ("contact", Left::FamilyName),
    ("display_name", Left::FamilyName),
    ("seller_name", Left::FamilyName),
    ("phone", Left::Phone),
    ("mobile", Left::Phone),
    ("contact_phone", Left::Phone),
    ("id_number", Left::IdNumber),
    ("id_card", Left::IdNumber),
    ("bank_account", Left::LastFour),
    ("account_number", Left::LastFour),
    ("street_address", Left::Nothing),
    ("home_address", Left::Nothing),
];

/// Things whose `name` and `address` are a person's.
const PEOPLE: [&str; 4] = ["household", "account", "person", "supplier"];
const OF_PEOPLE: [(&str, Left); 2] = [("name", Left::FamilyName), ("address", Left::Nothing)];

/// Masks every personal field of the facts told about a `resource`.
pub fn mask(resource: &str, facts: &mut Value) {
    match facts {
        Value::Object(fields) => {
            for (name, value) in fields {
                let listed = FIELDS.iter().find(|(field, _)| field == name);
                let listed =
                    listed.or_else(|| OF_PEOPLE.iter().find(|(field, _)| PEOPLE.contains(&resource) && field == name));
                match listed {
                    Some((_, left)) => hide(value, *left),
                    None => mask(resource, value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| mask(resource, item)),
        _ => {}
    }
}

/// Masks everything below a listed field, whatever its shape; that there was nothing stays visible.
fn hide(value: &mut Value, left: Left) {
    match value {
        Value::Null => {}
        Value::Object(fields) => fields.values_mut().for_each(|field| hide(field, left)),
        Value::Array(items) => items.iter_mut().for_each(|item| hide(item, left)),
        Value::String(text) => *text = shorten(text, left),
        Value::Number(_) | Value::Bool(_) => *value = Value::from("***"),
    }
}

fn shorten(text: &str, left: Left) -> String {
    let characters: Vec<char> = text.chars().collect();
    let (head, tail) = match left {
        Left::Nothing => (0, 0),
        Left::FamilyName => (1, 0),
        Left::Phone => (3, 4),
        Left::IdNumber => (6, 4),
        Left::LastFour => (0, 4),
    };
    let star = if left == Left::FamilyName { "*" } else { "****" };
    // What is shorter than what would be left, and a little more, is hidden whole.
    if characters.len() < head + tail + 1 + tail / 2 {
        return star.to_owned();
    }
    let first: String = characters[..head].iter().collect();
    let last: String = characters[characters.len() - tail..].iter().collect();
    format!("{first}{star}{last}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn personal_fields_are_masked_wherever_they_stand() {
        let mut facts = json!({
            "name": "张三", "id_number": "910526198001011234", "phone": "13800001234",
            "changes": {
                "bank_account": {"before": "6222000011112222", "after": null},
                "password_hash": {"before": "$argon2id$abc", "after": "$argon2id$def"},
            },
            "people": [{"contact_name": "李四", "mobile": "12"}],
            "id_card": 520_526, "school_id": "s", "status": {"before": "placed", "after": "confirmed"},
        });
        mask("household", &mut facts);
        assert_eq!(
            facts,
            json!({
                "name": "张*", "id_number": "910526****1234", "phone": "138****1234",
                "changes": {
                    "bank_account": {"before": "****2222", "after": null},
                    "password_hash": {"before": "****", "after": "****"},
                },
                "people": [{"contact_name": "李*", "mobile": "****"}],
                "id_card": "***", "school_id": "s", "status": {"before": "placed", "after": "confirmed"},
            })
        );
    }

    #[test]
    fn no_listed_field_lets_its_value_through() {
        let value = "王小明13812345678";
        for (field, _) in FIELDS {
            let mut facts = json!({ field: value, "changes": { field: {"before": value, "after": [value]} } });
            mask("order", &mut facts);
            assert!(!facts.to_string().contains(value), "{field}: {facts}");
        }
    }

    #[test]
    fn the_name_of_a_place_stays() {
        let mut facts = json!({"name": "雨农小学"});
        mask("school", &mut facts);
        assert_eq!(facts["name"], "雨农小学");
    }
}
