//! What the term came to, for reading on a terminal: province, prefectures, counties, schools; then the readings side by
//! side, and who was heard of. The figures are the share's own; only orders are counted here.

use crate::{
    context::Ctx,
    http::ApiError,
    share::{self, By, Coverage, Figures, PartView, Percent, ReadingView, RollUpView, roll_up},
};
use chrono::{Datelike, Days, NaiveDate};
use comfy_table::{Cell, CellAlignment, Table, presets::UTF8_FULL_CONDENSED};
use entity::purchase_order;
use sea_orm::{ColumnTrait, EntityTrait, QuerySelect};
use std::collections::HashMap;

/// The four readings of "poverty areas and poor households" (S5) and the indicators that hold them.
const READINGS: &[(&str, &str)] = &[
    ("a or b", "poverty_share"),
    ("a", "poverty_share_listed"),
    ("b", "poverty_share_household"),
    ("a and b", "poverty_share_both"),
];

/// A line of the table.
struct Line {
    depth: usize,
    name: String,
    orders: i64,
    figures: Figures,
}

/// The whole report as text.
///
/// # Errors
/// When the database does not answer.
pub async fn report(ctx: &Ctx) -> Result<String, ApiError> {
    let days = whole_months(super::span());
    let top = division(ctx, &ctx.settings.province.manifest.code, days).await?;
    let orders = orders(ctx).await?;
    let lines = lines(ctx, &top, days, &orders).await?;
    let Coverage { should_report, reported, exempt } = top.coverage;
    Ok(format!(
        "{}\n\n{}\n覆盖 Coverage: {reported} / {should_report} 所应报学校已报 schools reported, {exempt} 所无自办食堂免报 \
         exempt; {} 行台账 ledger lines\n",
        table(&lines),
        readings(&top.figures),
        top.figures.lines
    ))
}

/// From the first of the first month to the last of the last one, as roll-ups are kept.
fn whole_months((from, to): (NaiveDate, NaiveDate)) -> (NaiveDate, NaiveDate) {
    let first = from.with_day(1).unwrap_or(from);
    let next = (to.with_day(1).unwrap_or(to) + Days::new(31)).with_day(1).unwrap_or(to);
    (first, next.pred_opt().unwrap_or(to))
}

async fn division(ctx: &Ctx, code: &str, days: (NaiveDate, NaiveDate)) -> Result<RollUpView, ApiError> {
    let (_, node) = share::division_node(ctx, code, days).await?;
    roll_up(ctx, &node, days, Some(By::Child), false).await
}

async fn orders(ctx: &Ctx) -> Result<HashMap<String, i64>, ApiError> {
    let counted: Vec<(entity::id::SchoolId, i64)> = purchase_order::Entity::find()
        .select_only()
        .column(purchase_order::Column::SchoolId)
        .column_as(purchase_order::Column::Id.count(), "orders")
        .group_by(purchase_order::Column::SchoolId)
        .into_tuple()
        .all(&ctx.store.read)
        .await?;
    Ok(counted.into_iter().map(|(school, orders)| (school.to_string(), orders)).collect())
}

/// The geographic tree depth first. A place counts the orders of its schools, which are known only once they are
/// visited: it is pushed first and completed on the way back.
async fn lines(
    ctx: &Ctx,
    top: &RollUpView,
    days: (NaiveDate, NaiveDate),
    orders: &HashMap<String, i64>,
) -> Result<Vec<Line>, ApiError> {
    let mut lines = vec![line(0, top.name.clone(), &top.figures)];
    for prefecture in with_schools(&top.parts) {
        let place = lines.len();
        lines.push(line(1, prefecture.name.clone(), &prefecture.figures));
        for county in with_schools(&division(ctx, &prefecture.key, days).await?.parts) {
            let place = lines.len();
            lines.push(line(2, county.name.clone(), &county.figures));
            for school in &division(ctx, &county.key, days).await?.parts {
                let mut line = line(3, school.name.clone(), &school.figures);
                line.orders = orders.get(&school.key).copied().unwrap_or_default();
                lines.push(line);
            }
            sum_orders(&mut lines, place);
        }
        sum_orders(&mut lines, place);
    }
    sum_orders(&mut lines, 0);
    Ok(lines)
}

fn with_schools(parts: &[PartView]) -> impl Iterator<Item = &PartView> {
    let known = |part: &&PartView| part.coverage.is_some_and(|it| it.should_report + it.exempt > 0);
    parts.iter().filter(known)
}

fn line(depth: usize, name: String, figures: &Figures) -> Line {
    Line { depth, name, orders: 0, figures: figures.clone() }
}

fn sum_orders(lines: &mut [Line], place: usize) {
    let below = lines[place + 1..].iter().filter(|line| line.depth == 3).map(|line| line.orders).sum();
    lines[place].orders = below;
}

fn table(lines: &[Line]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header([
        "地区与学校\nPlace",
        "订单\nOrders",
        "吨\nTonnes",
        "万元\n10k yuan",
        "金额占比\nBy amount",
        "重量占比\nBy weight",
        "达标 ≥50%\nOn target",
    ]);
    for line in lines {
        let Some(headline) = &line.figures.headline else { continue };
        let name = Cell::new(format!("{}{}", "  ".repeat(line.depth), line.name));
        let number = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
        let cells = [
            name,
            number(line.orders.to_string()),
            number(tonnes(headline.weight.denominator.0)),
            number(ten_thousand_yuan(headline.amount.denominator.0)),
            number(percent(headline.amount.percent)),
            number(percent(headline.weight.percent)),
            Cell::new(mark(headline)).set_alignment(CellAlignment::Center),
        ];
        table.add_row(cells);
    }
    table
}

fn mark(headline: &ReadingView) -> &'static str {
    match headline.meets_target {
        Some(true) => "✓",
        Some(false) => "✗",
        None => "–",
    }
}

fn readings(figures: &Figures) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(["全省口径\nReading, whole province", "金额占比\nBy amount", "重量占比\nBy weight"]);
    let all: Vec<&ReadingView> = figures.headline.iter().chain(&figures.readings).collect();
    for (rule, indicator) in READINGS {
        let Some(reading) = all.iter().find(|reading| *reading.indicator == **indicator) else { continue };
        table.add_row([
            Cell::new(format!("{}\n{} ({rule})", reading.name_zh, reading.name_en)),
            Cell::new(percent(reading.amount.percent)).set_alignment(CellAlignment::Right),
            Cell::new(percent(reading.weight.percent)).set_alignment(CellAlignment::Right),
        ]);
    }
    let unverified = percent(figures.unverified.percent);
    format!("{table}\n产地无凭证 Origin not proven: {unverified} (计入分母，不计入分子 in the denominator only)")
}

fn percent(share: Option<Percent>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{share} %"))
}

/// Tonnes with one place, rounded down.
fn tonnes(grams: i64) -> String {
    let tenths = grams / 100_000;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// Ten thousand yuan with two places, rounded down.
fn ten_thousand_yuan(fen: i64) -> String {
    let hundredths = fen / 10_000;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_term_is_reported_in_whole_months() {
        let (from, to) = whole_months(super::super::span());
        assert_eq!((from.to_string().as_str(), to.to_string().as_str()), ("2026-03-01", "2026-07-31"));
    }

    #[test]
    fn figures_are_cut_not_rounded() {
        assert_eq!(tonnes(1_999_999), "1.9");
        assert_eq!(ten_thousand_yuan(1_239_999), "1.23");
    }
}
