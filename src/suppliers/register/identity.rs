//! Who a supplier is by law, and what its kind asks for (H2): a social credit code, a person's ID, or a household.

use super::credit_code::SocialCreditCode;
use crate::{
    access::Scope,
    http::{ApiError, Check, Text},
    registry::{county_of, find_division},
    suppliers::store::find_household,
};
use entity::{
    division::DivisionLevel,
    household,
    id::{HouseholdId, SupplierId},
    supplier::{self, SupplierKind},
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};

/// Characters a name may have.
pub(super) const LONGEST_NAME: usize = 100;
/// Characters a village with its group may have.
const LONGEST_VILLAGE: usize = 60;

/// The county of a township or county within `scope`, or another province; a place out of reach is refused like one that
/// is nowhere.
pub(super) async fn county_in_reach(
    db: &impl ConnectionTrait,
    scope: &Scope,
    check: &mut Check,
    code: &str,
) -> Result<Option<String>, ApiError> {
    let division = find_division(db, code).await?.filter(|division| scope.covers_division(division));
    let county = division.and_then(|one| match one.level {
        DivisionLevel::OtherProvince => Some(one.code),
        _ => county_of(one.level, &one.code, one.parent_code.as_deref()),
    });
    check.that(
        county.is_some(),
        "/division_code",
        "division_unknown",
        Text::new(
            "须为本单位范围内的县级或乡级行政区划代码；外省主体由省级登记，填所在省的代码。",
            "Must be the code of a county or township within your reach; who is of another province is entered by the \
             province's authority, under that province's code.",
        ),
    );
    Ok(county)
}

/// A village as it is typed; empty stands for none.
pub(super) fn village(check: &mut Check, text: &str) -> Option<String> {
    if text.trim().is_empty() {
        return None;
    }
    Some(check.text("/village", text, LONGEST_VILLAGE))
}

/// The code of an organisation, where its kind has one and it is right; a family farm may be registered or not.
pub(super) fn credit_code(check: &mut Check, kind: SupplierKind, text: Option<&str>) -> Option<SocialCreditCode> {
    const AT: &str = "/social_credit_code";
    match (kind, text) {
        (SupplierKind::Household, Some(_)) => {
            check.refuse(AT, "not_of_this_kind", not_of_this_kind());
            None
        }
        (SupplierKind::Household | SupplierKind::FamilyFarm, None) => None,
        (_, None) => {
            check.refuse(AT, "required", Text::new("须填统一社会信用代码。", "The social credit code is needed."));
            None
        }
        (_, Some(text)) => {
            let code = SocialCreditCode::parse(text).and_then(|code| code.fits(kind).map(|()| code));
            code.map_err(|error| check.refuse(AT, error.code(), error.text())).ok()
        }
    }
}

/// What the numbers of a person have to do with the kind: a family farm is its farmer's, a household's are its own.
pub(super) fn person(check: &mut Check, kind: SupplierKind, id_number: bool, phone: bool) {
    match kind {
        SupplierKind::FamilyFarm => check.that(
            id_number,
            "/id_number",
            "required",
            Text::new("家庭农场须填经营者身份证号码。", "A family farm needs the ID number of whoever runs it."),
        ),
        SupplierKind::Household => {
            for (given, pointer) in [(id_number, "/id_number"), (phone, "/phone")] {
                check.that(!given, pointer, "with_the_household", with_the_household());
            }
        }
        _ => check.that(!id_number, "/id_number", "not_of_this_kind", not_of_this_kind()),
    }
}

/// Where the numbers of a household that sells are entered.
pub(super) fn with_the_household() -> Text {
    Text::new(
        "农户的号码登记在农户名下，请在农户个人信息中填写。",
        "A household's numbers are entered with the household, under its personal data.",
    )
}

pub(super) fn not_of_this_kind() -> Text {
    Text::new("该类供货主体没有此项，请留空。", "A supplier of this kind has none: leave it out.")
}

/// The household a supplier is: of the caller's counties, with an ID number (H2), living in the supplier's county, and not
/// entered as a supplier before.
pub(super) async fn household(
    db: &impl ConnectionTrait,
    households: &Scope,
    check: &mut Check,
    (kind, county): (SupplierKind, Option<&str>),
    id: Option<HouseholdId>,
) -> Result<Option<household::Model>, ApiError> {
    const AT: &str = "/household_id";
    let Some(id) = id else {
        let needed = kind == SupplierKind::Household;
        check.that(!needed, AT, "required", Text::new("须填所属农户。", "The household is needed."));
        return Ok(None);
    };
    if kind != SupplierKind::Household {
        check.refuse(AT, "not_of_this_kind", not_of_this_kind());
        return Ok(None);
    }
    let Some(found) = find_household(db, households, id).await? else {
        let unknown = Text::new("您的权限范围内没有该农户。", "There is no such household within your reach.");
        check.refuse(AT, "household_unknown", unknown);
        return Ok(None);
    };
    check.that(
        found.id_number_hash.is_some(),
        AT,
        "household_without_id",
        Text::new(
            "该农户尚无身份证号码，有证无人不予认定（H2）。",
            "The household has no ID number: a certificate without a person is not recognised (H2).",
        ),
    );
    lives_in(check, &found, county);
    Ok(Some(found))
}

/// A household sells where it lives.
pub(super) fn lives_in(check: &mut Check, household: &household::Model, county: Option<&str>) {
    check.that(
        county.is_none_or(|county| county == household.county_code),
        "/division_code",
        "place_elsewhere",
        Text::new("须在该农户所在的县。", "Must lie in the county the household lives in."),
    );
}

/// Why a supplier cannot be entered: what only one of them may have is another's.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn taken(db: &impl ConnectionTrait, row: &supplier::Model) -> Result<Option<ApiError>, DbErr> {
    let columns = supplier::COLUMN;
    let others = || supplier::Entity::find().filter(columns.id.ne::<SupplierId>(row.id));
    if others().filter(columns.code.eq(row.code.as_str())).one(db).await?.is_some() {
        let text = Text::new("供货主体代码已被使用。", "The supplier code is taken.");
        return Ok(Some(ApiError::conflict("supplier_code_taken", text)));
    }
    if let Some(code) = &row.social_credit_code
        && others().filter(supplier::Column::SocialCreditCode.eq(code.as_str())).one(db).await?.is_some()
    {
        let text = Text::new(
            "该统一社会信用代码已登记为另一供货主体。",
            "Another supplier is entered under this social credit code.",
        );
        return Ok(Some(ApiError::conflict("credit_code_taken", text)));
    }
    if let Some(household) = row.household_id
        && others().filter(supplier::Column::HouseholdId.eq(household)).one(db).await?.is_some()
    {
        let text = Text::new("该农户已登记为供货主体。", "The household is entered as a supplier already.");
        return Ok(Some(ApiError::conflict("household_taken", text)));
    }
    Ok(None)
}

/// What another request was faster with.
pub(super) fn taken_just_now() -> ApiError {
    ApiError::conflict(
        "supplier_taken",
        Text::new(
            "同一编号、代码、农户或身份证号码的供货主体刚刚登记。",
            "A supplier of the same id, code, household or ID number was entered just now.",
        ),
    )
}

/// The person behind a family farm runs another one.
pub(super) fn id_number_taken() -> ApiError {
    ApiError::conflict(
        "id_number_taken",
        Text::new("该身份证号码已登记在另一供货主体名下。", "Another supplier is entered under this ID number."),
    )
}
