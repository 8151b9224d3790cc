//! A statement on paper.

use super::{
    body::{Body, ClassSums},
    view::{body_of, in_scope},
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Language, Path, language_of},
    ledger::{OriginClass, ProducerClass, PurchaseClass},
    share::Percent,
};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{Html, IntoResponse, Response},
};
use entity::{id::StatementId, indicator::Basis, money::Fen, statement, weight::Gram};
use maud::{DOCTYPE, Markup, html};

/// Nothing of the page runs or is fetched; it brings its style along.
const CONTENT: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

const STYLE: &str = "body{font:14px/1.6 'Noto Serif CJK SC','Songti SC',serif;max-width:52em;margin:2em auto;padding:0 1em}\
h1{font-size:1.4em;text-align:center}table{border-collapse:collapse;width:100%;margin:1em 0}\
td,th{border:1px solid #888;padding:.3em .6em;text-align:left}td.n{text-align:right;font-variant-numeric:tabular-nums}\
code{overflow-wrap:anywhere;font-size:.85em}.void{color:#a4262c;border:2px solid;padding:.4em 1em}\
@media print{body{margin:0;max-width:none}}";

/// Print a statement
///
/// As a page of HTML in the caller's language: the share against the target, the totals by class, the coverage, the
/// adjustments, and what proves it.
#[utoipa::path(
    get, path = "/statements/{id}/print", operation_id = "print_statement", tag = "statements",
    security(("bearer" = [])),
    params(("id" = StatementId, Path, description = "The statement")),
    responses((
        status = 200, body = String, content_type = "text/html", description = "The page", example = "<!DOCTYPE html>…"
    ))
)]
pub async fn print_statement(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<StatementId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Statement)?;
    let row = in_scope(&ctx.store.read, &scope, id).await?;
    let page = page(&row, &body_of(&row)?, language_of(&headers));
    let content = [(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT))];
    Ok((content, Html(page.into_string())).into_response())
}

fn page(row: &statement::Model, body: &Body, language: Language) -> Markup {
    let is_zh = language == Language::Chinese;
    let say = |zh: &'static str, en: &'static str| if is_zh { zh } else { en };
    let (amount, weight, reached) = body.share();
    let shown = |share: Option<Percent>| share.map_or_else(|| "—".to_owned(), |share| format!("{share}%"));
    let verdict = match reached {
        Some(true) => say("达标", "reached"),
        Some(false) => say("未达标", "not reached"),
        None => "—",
    };
    html! {
        (DOCTYPE)
        html lang=(say("zh-CN", "en")) {
            head {
                meta charset="utf-8";
                title { (body.unit_name) " " (body.month) }
                style { (maud::PreEscaped(STYLE)) }
            }
            body {
                h1 { (say("校农结合采购月结单", "School-farm purchases: monthly statement")) }
                @if row.reopened_at.is_some() {
                    p class="void" {
                        (say("本月已重新开放，本版不再有效。原因：", "The month was opened again; this version no longer stands. Reason: "))
                        (row.reopen_reason.as_deref().unwrap_or_default())
                    }
                }
                table {
                    tr { th { (say("填报单位", "Reporting unit")) } td { (body.unit_name) " (" (body.unit) ")" } }
                    tr { th { (say("月份", "Month")) } td { (body.month) " · " (say("第", "version ")) (body.version) (say("版", "")) } }
                    tr { th { (say("结账时间", "Closed at")) } td { (body.closed_at) } }
                    tr { th { (say("填报情况", "Coverage")) } td {
                        (say("应填报 ", "should report ")) (body.coverage.should_report)
                        (say("，已填报 ", ", reported ")) (body.coverage.reported)
                        (say("，免填报 ", ", exempt ")) (body.coverage.exempt)
                    } }
                    @if let Some(stated) = &body.indicator {
                        tr { th { (say("指标", "Indicator")) } td {
                            (if is_zh { &stated.name_zh } else { &stated.name_en })
                            @if let Some(target) = stated.target_bp {
                                (say("，目标 ", ", target ")) (Percent(i64::from(target))) "% "
                                (match stated.basis { Basis::Amount => say("（按金额）", "(by amount)"), Basis::Weight => say("（按重量）", "(by weight)") })
                            }
                        } }
                    }
                    tr { th { (say("按金额占比", "Share by amount")) } td {
                        (shown(amount.percent)) " = " (amount.numerator) " / " (amount.denominator) (say(" 元", " yuan"))
                    } }
                    tr { th { (say("按重量占比", "Share by weight")) } td {
                        (shown(weight.percent)) " = " (weight.numerator) " / " (weight.denominator) (say(" 千克", " kg"))
                    } }
                    tr { th { (say("是否达标", "Target")) } td { (verdict) } }
                }
                h2 { (say("分类合计", "Totals by class")) }
                (sums(&body.whole, body, is_zh))
                @if !body.adjustments.is_empty() {
                    h2 { (say("对以前月份的调整", "Adjustments to earlier months")) }
                    p { (say(
                        "以下为所列版本之后入账的台账行；该月再次结账后，由其新版本包含。",
                        "Lines written after the version named; once that month is closed again, its new version holds them.",
                    )) }
                    @for one in &body.adjustments {
                        p { (one.month) " " (say("第", "version ")) (one.version) (say("版：", ": ")) (one.lines.count) (say(" 笔", " lines")) }
                        (sums(&one.sums, body, is_zh))
                    }
                }
                @if !body.below.is_empty() {
                    h2 { (say("所含下级月结单", "Statements taken in")) }
                    table {
                        @for one in &body.below { tr { td { (one.unit) } td { (one.version) } td { code { (one.hash) } } } }
                    }
                }
                h2 { (say("证明", "Proof")) }
                table {
                    tr { th { (say("台账明细", "Own ledger lines")) } td { (body.lines.count) " · SHA-256 " code { (body.lines.sha256) } } }
                    tr { th { (say("上一份", "Statement before")) } td { code { (body.previous.as_deref().unwrap_or("—")) } } }
                    tr { th { (say("本份哈希", "Hash of this one")) } td { code { (row.hash) } } }
                    tr { th { (say("签名（Ed25519）", "Signature (Ed25519)")) } td { code { (row.signature) } } }
                    tr { th { (say("公钥", "Public key")) } td { (row.key_id) " " code { (row.public_key) } } }
                }
            }
        }
    }
}

fn sums(rows: &[ClassSums], body: &Body, is_zh: bool) -> Markup {
    let say = |zh: &'static str, en: &'static str| if is_zh { zh } else { en };
    let counts = |class: i32| body.indicator.as_ref().is_some_and(|stated| stated.classes.contains(&class));
    html! {
        table {
            tr {
                th { (say("产地", "Origin")) } th { (say("生产者", "Producer")) } th { (say("佐证", "Evidence")) }
                th { (say("计入", "Counts")) } th { (say("金额（元）", "Amount (yuan)")) }
                th { (say("重量（千克）", "Weight (kg)")) } th { (say("笔数", "Lines")) }
            }
            @for row in rows {
                @let class = PurchaseClass::from_code(row.class);
                tr {
                    td { (class.map_or("—", |class| origin(class.origin, is_zh))) }
                    td { (class.map_or("—", |class| producer(class.producer, is_zh))) }
                    td { (if class.is_some_and(|class| class.evidence) { say("有", "yes") } else { say("无", "no") }) }
                    td { (if counts(row.class) { say("是", "yes") } else { say("否", "no") }) }
                    td class="n" { (Fen(row.amount_fen)) }
                    td class="n" { (Gram(row.weight_gram)) }
                    td class="n" { (row.lines) }
                }
            }
        }
    }
}

fn origin(class: OriginClass, is_zh: bool) -> &'static str {
    let (zh, en) = match class {
        OriginClass::Unknown => ("不明", "unknown"),
        OriginClass::OtherProvince => ("外省", "another province"),
        OriginClass::OtherProvinceListed => ("外省贫困县", "listed county of another province"),
        OriginClass::InProvince => ("省内其他", "elsewhere in the province"),
        OriginClass::ListedCounty => ("贫困县", "listed county"),
        OriginClass::KeyCounty => ("重点帮扶县", "key county"),
        OriginClass::DeepPovertyCounty => ("深度贫困县", "deep-poverty county"),
        OriginClass::DeepPovertyKeyCounty => ("深度贫困且重点帮扶县", "deep-poverty and key county"),
    };
    if is_zh { zh } else { en }
}

fn producer(class: ProducerClass, is_zh: bool) -> &'static str {
    let (zh, en) = match class {
        ProducerClass::None => ("无", "none"),
        ProducerClass::RegisteredHousehold => ("建档立卡贫困户", "registered household"),
        ProducerClass::LiftedHousehold => ("脱贫户", "lifted household"),
        ProducerClass::MonitoredHousehold => ("监测户", "monitored household"),
        ProducerClass::LinkedHouseholds => ("联农带农主体", "seller with linked households"),
    };
    if is_zh { zh } else { en }
}
