//! The same two changes as our service makes, one transaction each, for the ceilings: what is read to decide, what is
//! written, in SQL that both databases read.
//!
//! `<<Kind variable plus>>` in a statement stands for an id, `<<variable>>` for a number as text. pgbench computes them
//! in the statement from its variables, the SQLite loop binds them.

use crate::seed::{BUYERS, Kind, LINES, Market, OFFERS_EACH, SUPPLIERS, manager_account, number};

/// The variables a statement may name.
pub const VARIABLES: [char; 6] = ['o', 'l', 's', 'f', 'b', 'a'];
/// Rows that the ceilings make are numbered from here, beyond those that were there before.
const NEW: u64 = 1_000_000_000;

/// A piece of a statement.
pub enum Piece<'a> {
    /// As it stands.
    Sql(&'a str),
    /// The id numbered `constant` plus the variable.
    Id { constant: u64, variable: char },
    /// The variable as text.
    Text(char),
}

/// The values of [`VARIABLES`] for the `o`th transaction between a buyer and a supplier.
pub fn values(o: u64, supplier: u64, buyer: u64) -> [u64; VARIABLES.len()] {
    [o, o * LINES, supplier, supplier * OFFERS_EACH, buyer, manager_account(buyer)]
}

/// The same for pgbench, where `o`, `s` and `b` are set.
pub fn pgbench_variables() -> String {
    format!("\\set l :o * {LINES}\n\\set f :s * {OFFERS_EACH}\n\\set a 1 + 2 * :b\n")
}

/// Random sides for pgbench.
pub fn pgbench_sides() -> String {
    format!("\\set s random(0, {})\n\\set b random(0, {})\n", SUPPLIERS - 1, BUYERS - 1)
}

fn kind(name: &str) -> Kind {
    match name {
        "School" => Kind::School,
        "Canteen" => Kind::Canteen,
        "Account" => Kind::Account,
        "Supplier" => Kind::Supplier,
        "Listing" => Kind::Listing,
        "Order" => Kind::Order,
        "OrderLine" => Kind::OrderLine,
        "Consignment" => Kind::Consignment,
        "ConsignmentLine" => Kind::ConsignmentLine,
        "Purchase" => Kind::Purchase,
        "Basket" => Kind::Basket,
        "Receipt" => Kind::Receipt,
        "ReceiptLine" => Kind::ReceiptLine,
        "Audit" => Kind::Audit,
        "Event" => Kind::Event,
        other => panic!("no kind {other}"),
    }
}

/// Takes a statement apart.
pub fn pieces(statement: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    for (index, part) in statement.split("<<").enumerate() {
        let Some((token, rest)) = part.split_once(">>").filter(|_| index > 0) else {
            pieces.push(Piece::Sql(part));
            continue;
        };
        let words: Vec<&str> = token.split(' ').collect();
        let variable = |word: &str| word.chars().next().unwrap_or('o');
        pieces.push(match words[..] {
            [name, of, plus] => {
                let plus = plus.parse().expect("a number behind the variable");
                Piece::Id { constant: number(kind(name), plus), variable: variable(of) }
            }
            _ => Piece::Text(variable(token)),
        });
        pieces.push(Piece::Sql(rest));
    }
    pieces
}

fn each(line: impl Fn(u64) -> String) -> String {
    (0..LINES).map(line).collect::<Vec<_>>().join(", ")
}

/// An answer of our own service as a literal of the same length; a colon would be a variable to pgbench.
fn literal(body: &str) -> String {
    body.replace('\'', "''").replace(':', ";")
}

fn tail(action: &str, resource: &str, new: u64, of: char, body: &str) -> [String; 3] {
    let facts = format!(
        "{{\"{resource}_id\"; \"00000000-0000-7000-8000-000000000001\", \"school_id\"; \"00000000-0000-7000-8000-000000000001\", \"supplier_id\"; \"00000000-0000-7000-8000-000000000001\", \"amount\"; \"200.00\"}}"
    );
    let hash = "5".repeat(64);
    [
        format!(
            "insert into audit_entry (id, at, account_id, action, resource, resource_id, request_id, detail) values \
             (<<Audit {of} {new}>>, 1790000000000, <<Account a 0>>, '{action}', '{resource}', <<{of}>>, \
             '00000000-0000-7000-8000-000000000001', '{facts}')"
        ),
        // Passed on already: the relay is ours and would work during the ceiling's turn.
        format!(
            "insert into outbox (id, topic, payload, created_at, delivered_at) values \
             (<<Event {of} {new}>>, '{action}d', '{facts}', 1790000000000, 1790000000000)"
        ),
        format!(
            "insert into idempotency (account_id, key, body_hash, status, response, created_at) values \
             (<<Account a 0>>, '{action}-' || <<{of}>>, '{hash}', 201, '{}', 1790000000000)",
            literal(body)
        ),
    ]
}

/// Placing an order of ten lines. `for_update` is what locks on PostgreSQL.
pub fn order(market: &Market, body: &str, for_update: &str) -> Vec<String> {
    let listings = each(|line| format!("<<Listing f {line}>>"));
    let today = market.today;
    let lines = each(|line| {
        let product = &market.listings[usize::try_from(line).unwrap_or(0)].product_code;
        let county = &market.counties[usize::try_from(line).unwrap_or(0)];
        format!(
            "(<<OrderLine l {}>>, <<Order o {NEW}>>, {}, <<Listing f {line}>>, '{product}', '{county}', null, 'jin', \
             500, 10000, null, 1000, 'jin', 500, 20000)",
            NEW + line,
            line + 1
        )
    });
    let mut statements = vec![
        "select * from idempotency where account_id = <<Account a 0>> and key = 'order.place-' || <<o>>".to_owned(),
        "select c.kind, d.parent_code, s.* from canteen c join school s on s.id = c.school_id \
         join division d on d.code = s.county_code where c.id = <<Canteen b 0>>"
            .to_owned(),
        format!(
            "select l.*, s.status as supplier_status from listing l join supplier s on s.id = l.supplier_id \
             where l.id in ({listings}) order by l.id{for_update}"
        ),
        format!("update listing set stock_base = stock_base - 10000 where id in ({listings}) and stock_base >= 10000"),
        format!(
            "insert into purchase_order (id, basket_id, canteen_id, school_id, supplier_id, status, deliver_on, amount_fen, \
             placed_by, placed_at, answered_at, reason, version) values (<<Order o {NEW}>>, <<Basket o {NEW}>>, \
             <<Canteen b 0>>, <<School b 0>>, <<Supplier s 0>>, 'placed', '{today}', 200000, <<Account a 0>>, \
             1790000000000, null, null, 1)"
        ),
        format!(
            "insert into order_line (id, order_id, line_no, listing_id, product_code, origin_division_code, \
             producer_household_id, unit_code, unit_base, quantity_base, confirmed_base, price_fen, price_unit_code, \
             price_base, amount_fen) values {lines}"
        ),
    ];
    statements.extend(tail("order.place", "order", NEW, 'o', body));
    statements
}

/// Receiving a consignment of ten lines; here `o` is the number of the consignment.
pub fn receipt(market: &Market, body: &str) -> Vec<String> {
    let batches = each(|line| format!("<<ConsignmentLine l {line}>>"));
    let today = market.today;
    let month = entity::time::month_of(today);
    let of_supplier = |line: u64| &market.listings[usize::try_from(line).unwrap_or(0)];
    let products = each(|line| format!("'{}'", of_supplier(line).product_code));
    let places = each(|line| format!("'{}'", of_supplier(line).origin_division_code));
    let county = &market.schools[0].county_code;
    let unit = &market.schools[0].reporting_unit_code;
    let weighed = each(|line| {
        format!(
            "(<<ReceiptLine l {line}>>, <<Receipt o 0>>, <<ConsignmentLine l {line}>>, 10300, 300, 0, null, 0, null, \
             null, 10000, 10000, 20000)"
        )
    });
    let category = |line: u64| {
        let code = &of_supplier(line).product_code;
        market.products.iter().find(|product| product.code == *code).map_or("", |product| &product.category_code)
    };
    let booked = each(|line| {
        format!(
            "(<<Purchase l {}>>, '{county}', '{unit}', <<School b 0>>, <<Canteen b 0>>, '{today}', {month}, \
             'marketplace', <<ReceiptLine l {line}>>, null, null, <<Supplier s 0>>, '{}', '{}', 20000, 10000, {}, \
             '{}', '', null, null, 0, 'commitment_certificate', 1790000000000)",
            NEW + line,
            of_supplier(line).product_code,
            category(line),
            501 + 100 * (line % 3),
            of_supplier(line).origin_division_code,
        )
    });
    let mut keys: Vec<(&str, u64)> = (0..LINES).map(|line| (category(line), 501 + 100 * (line % 3))).collect();
    keys.sort_unstable();
    keys.dedup();
    let totals: Vec<String> = keys
        .iter()
        .map(|(category, class)| {
            format!("('{county}', <<School b 0>>, {month}, '{unit}', '{category}', 'marketplace', {class}, 20000, 10000, 0, 0, 1)")
        })
        .collect();
    let totals = totals.join(", ");
    let mut statements = vec![
        "select * from idempotency where account_id = <<Account a 0>> and key = 'consignment.receive-' || <<o>>".to_owned(),
        "select * from consignment where id = <<Consignment o 0>>".to_owned(),
        "select * from purchase_order where id = <<Order o 0>>".to_owned(),
        "select * from consignment_line where consignment_id = <<Consignment o 0>> order by line_no".to_owned(),
        format!("select * from certificate where consignment_line_id in ({batches}) order by id"),
        "select * from order_line where order_id = <<Order o 0>> order by line_no".to_owned(),
        "select a.id, a.username from account a join membership m on m.account_id = a.id where m.school_id = <<School b 0>>"
            .to_owned(),
        format!("select * from product where code in ({products})"),
        format!("select * from product_unit where product_code in ({products})"),
        "select * from unit order by grams, code".to_owned(),
        "update consignment set status = 'received', version = 2 where id = <<Consignment o 0>> and version = 1".to_owned(),
        "select id from consignment where order_id = <<Order o 0>> and status = 'sent'".to_owned(),
        "update purchase_order set status = 'received', version = 4 where id = <<Order o 0>> and version = 3".to_owned(),
        format!(
            "insert into receipt (id, consignment_id, order_id, school_id, canteen_id, supplier_id, received_on, \
             received_at, received_by, amount_fen, note) values (<<Receipt o 0>>, <<Consignment o 0>>, <<Order o 0>>, \
             <<School b 0>>, <<Canteen b 0>>, <<Supplier s 0>>, '{today}', 1790000000000, <<Account a 0>>, 200000, null)"
        ),
        "insert into receipt_inspector (receipt_id, account_id) values (<<Receipt o 0>>, <<Account a 0>>), \
         (<<Receipt o 0>>, <<Account a 1>>)"
            .to_owned(),
        format!(
            "insert into receipt_line (id, receipt_id, consignment_line_id, gross_base, tare_base, deduction_base, \
             deduction_reason, rejected_base, reject_reason, reject_action, accepted_base, weight_gram, amount_fen) \
             values {weighed}"
        ),
        "select * from school where id = <<School b 0>>".to_owned(),
        format!(
            "select d.code, d.level, d.parent_code, m.list_code from division d left join county_list_member m \
             on m.division_code = d.code where d.code in ({places})"
        ),
        "select count(distinct household_id) from beneficiary_link where supplier_id = <<Supplier s 0>>".to_owned(),
        format!(
            "insert into purchase_line (id, county_code, reporting_unit_code, school_id, canteen_id, purchased_on, month, \
             channel, receipt_line_id, declared_purchase_id, corrects_line_id, supplier_id, product_code, category_code, \
             amount_fen, weight_gram, class, origin_division_code, origin_lists, producer_household_id, producer_status, \
             linked_households, evidence, recorded_at) values {booked}"
        ),
        format!(
            "insert into school_month_total (county_code, school_id, month, reporting_unit_code, category_code, channel, \
             class, amount_fen, weight_gram, unknown_weight_fen, unknown_weight_lines, line_count) values {totals} \
             on conflict (county_code, school_id, month, reporting_unit_code, category_code, channel, class) do update \
             set amount_fen = school_month_total.amount_fen + excluded.amount_fen, \
             weight_gram = school_month_total.weight_gram + excluded.weight_gram, \
             line_count = school_month_total.line_count + excluded.line_count"
        ),
    ];
    statements.extend(tail("consignment.receive", "receipt", NEW * 1_000, 'o', body));
    statements
}
