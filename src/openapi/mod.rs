//! Completes the document the routes generate: title, rooms, log-in, headers, the problems every operation can answer,
//! and an example for each body.
//!
//! Refuses to repeat what a route says itself: paths, parameters, bodies and first answers come from the handlers.

mod examples;
mod headers;
mod problems;

use crate::exports;
use utoipa::openapi::{
    Info, OpenApi, Paths,
    path::{Operation, PathItem},
    security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    tag::Tag,
};

/// The rooms as readers of the document see them, in the order of the way of the goods.
const TAGS: [(&str, &str); 14] = [
    ("access", "登录、令牌与本人账号 · Log-in, tokens, one's own account"),
    ("accounts", "账号、角色、农户委托与代办 · Accounts, roles, households' consents to agents"),
    ("registry", "区划、填报单位、名单、学校、食堂 · Divisions, reporting units, county lists, schools, canteens"),
    ("documents", "证明材料：照片与 PDF · Documents: photos and PDFs that prove something"),
    ("suppliers", "供货主体 · Households, cooperatives and other suppliers"),
    ("catalogue", "品类、商品、单位、供货信息 · Categories, products, units, offers"),
    ("ordering", "采购单与订单 · Baskets and orders"),
    ("delivery", "发货、联检、过磅、验收 · Consignments, joint inspection, weighing, receipt"),
    ("ledger", "台账与自行采购申报 · The ledger, declared purchases"),
    ("share", "采购占比 · The share bought from poverty areas"),
    ("statements", "月结单：结账、证明、重新开放 · Months closed, proven, opened again"),
    ("imports", "批量导入：模板 · Files that come in: templates"),
    ("notifications", "通知 · Messages to one's own account"),
    ("audit", "审计日志 · The audit trail: changes and refusals, hash-chained and signed by day"),
];

const DESCRIPTION: &str = "校农结合采购服务：学校食堂向贫困地区和贫困户采购，按验收入账，计算占比。\n\n\
Money is a decimal string in yuan with two places, weight a decimal string in kilograms with three; a share is a \
percentage rounded down to two places beside its exact numerator and denominator, and null where nothing was bought. \
Instants are RFC 3339 in UTC, days are ISO dates in China (Asia/Shanghai). Lists are read by keyset pages: pass \
`next_cursor` as `cursor`. Unknown fields and parameters are refused. Every problem is `application/problem+json` \
(RFC 9457) with a stable `code`, in Chinese unless `Accept-Language` asks for English; a method a path does not list is one of 405 with `Allow`. \
Requests are limited by account and by address: `RateLimit-Policy` and `RateLimit` tell by how much, and 429 when to come back.";

/// Fills in what is the same for every operation.
pub fn complete(document: &mut OpenApi) {
    let lists = exports::lists_of(document);
    document.info = Info::new("Xiaonong 校农", env!("CARGO_PKG_VERSION"));
    document.info.description = Some(DESCRIPTION.to_owned());
    let tag = |(name, description): (&str, &str)| {
        let mut tag = Tag::new(name);
        tag.description = Some(description.to_owned());
        tag
    };
    document.tags = Some(TAGS.map(tag).to_vec());
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
    let bearer = bearer.description(Some("`access_token` of POST /api/v1/auth/login"));
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer.build()));
    headers::describe(components);
    problems::describe(components);
    let examples = examples::Examples::new(&*components);
    for (path, method, operation) in operations(&mut document.paths) {
        if operation.operation_id.as_ref().is_some_and(|id| lists.contains(id)) {
            exports::describe(operation);
        }
        let call = Call::of(path, method, operation);
        headers::add(operation, &call);
        problems::add(operation, &call);
        examples.add(operation);
    }
}

/// Operations that take something secret and say whether it is right.
const PROVING: [&str; 6] =
    ["login", "change_password", "start_totp", "confirm_totp", "renew_recovery_codes", "disable_totp"];

/// What an operation is, as far as its headers and problems depend on it.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each read by its name")]
struct Call {
    reads: bool,
    proves: bool,
    public: bool,
    secured: bool,
    names_one: bool,
    has_query: bool,
    has_body: bool,
    changes: bool,
    takes_key: bool,
    needs_key: bool,
    takes_version: bool,
}

impl Call {
    fn of(path: &str, method: &str, operation: &Operation) -> Self {
        let id = operation.operation_id.as_deref().unwrap_or_default();
        let reads = method == "get";
        let is_access = operation.tags.iter().flatten().any(|tag| tag == "access");
        Self {
            reads,
            proves: PROVING.contains(&id),
            public: ["jwks", "list_public_notices"].contains(&id),
            secured: operation.security.is_some(),
            names_one: path.contains('{')
                || headers::query_names(operation).any(|name| name.ends_with("_id") || name == "place"),
            has_query: headers::query_names(operation).next().is_some(),
            has_body: operation.request_body.is_some(),
            changes: !reads && !is_access,
            takes_key: !reads && (!is_access || id == "change_password") && headers::takes_key(id),
            needs_key: headers::needs_key(id),
            takes_version: headers::takes_version(id),
        }
    }
}

fn operations(paths: &mut Paths) -> impl Iterator<Item = (&String, &'static str, &mut Operation)> {
    paths.paths.iter_mut().flat_map(|(path, item)| {
        let PathItem { get, put, post, delete, patch, .. } = item;
        [("get", get), ("put", put), ("post", post), ("delete", delete), ("patch", patch)]
            .into_iter()
            .filter_map(move |(method, operation)| operation.as_mut().map(|operation| (path, method, operation)))
    })
}
