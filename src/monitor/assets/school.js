// A school: its share, what it is made of, and every line behind it down to receipt, batch and certificate.

import { html, useEffect, useState } from "./vendor/htm-preact-3.1.1.js";
import { get, query } from "./api.js";
import { Cards } from "./cards.js";
import { categoryNames, productNames, unitsByCode } from "./names.js";
import { Badge, Downloads, Waiting, useAnswer } from "./parts.js";
import { address, days, lastDay, termEnd } from "./state.js";
import { grouped, percent, t, yuan } from "./words.js";

function Readings({ figures }) {
  const all = [figures.headline, ...figures.readings].filter(Boolean);
  return html`<article><h2>${t("readings")}</h2><div class="wide"><table>
    <thead><tr><th>${t("indicator")}</th><th>${t("share_by_amount")}</th><th>${t("share_by_weight")}</th><th>${t("target")}</th></tr></thead>
    <tbody>${all.map((reading) => html`<tr><td>${document.documentElement.lang === "en" ? reading.name_en : reading.name_zh}</td>
      <td class="number">${percent(reading.amount.percent)}</td><td class="number">${percent(reading.weight.percent)}</td>
      <td>${reading.target ? html`${percent(reading.target)} <${Badge} meets=${reading.meets_target} />` : "—"}</td></tr>`)}</tbody>
  </table></div></article>`;
}

function Classes({ view }) {
  // A school is not told the producers apart, nor what follows from them.
  const whole = view.classes.some((one) => one.qualifies != null);
  return html`<article><h2>${t("classes")}</h2><div class="wide"><table>
    <thead><tr><th>${t("origin")}</th>${whole && html`<th>${t("producer")}</th>`}<th>${t("evidence")}</th>${whole && html`<th>${t("counts")}</th>`}
      <th>${t("amount")}</th><th>${t("weight_kg")}</th></tr></thead>
    <tbody>${view.classes.map((one) => html`<tr><td>${t(one.origin ?? "unknown")}</td>${whole && html`<td>${one.producer ? t(one.producer) : "—"}</td>`}
      <td>${t(one.evidence ? "yes" : "no")}</td>${whole && html`<td>${one.qualifies == null ? "—" : t(one.qualifies ? "yes" : "no")}</td>`}
      <td class="number">${grouped(one.amount)}</td><td class="number">${grouped(one.weight)}</td></tr>`)}</tbody>
  </table></div></article>`;
}

function useNames(names) {
  const [found, setFound] = useState(new Map());
  useEffect(() => { names().then(setFound, () => {}); }, []);
  return found;
}

// What to do from here to the end of the term: only while the period is not over.
function Outlook({ state }) {
  const end = termEnd(state);
  const path = end && `/shares/schools/${state.code}?${query({ from: days(state).from, to: lastDay(end), outlook: true })}`;
  const outlook = useAnswer(path).data?.outlook;
  if (!path || !outlook) return null;
  const fact = (word, value) => (value == null ? null : html`<tr><td>${t(word)}</td><td class="number">${value}</td></tr>`);
  return html`<article><h2>${t("outlook")}</h2><div class="wide"><table><tbody>
    ${fact("projected", percent(outlook.projected))}
    ${fact("needed_per_week", outlook.needed_per_week && yuan(outlook.needed_per_week))}
    ${fact("counted_per_week", yuan(outlook.counted_per_week))}
    ${fact("bought_per_week", yuan(outlook.bought_per_week))}
    ${fact("weeks_left", outlook.weeks_left)}
  </tbody></table></div><p class="small">${t("outlook_method")}</p></article>`;
}

const BREAKDOWNS = ["supplier_kind", "supplier", "category", "month"];

function Parts({ state }) {
  const [by, setBy] = useState("supplier_kind");
  const answer = useAnswer(`/shares/schools/${state.code}?${query({ ...days(state), by })}`);
  const categories = useNames(categoryNames);
  const named = (part) => part.name ?? categories.get(part.key) ?? (part.key ? t(part.key) : t("unregistered"));
  return html`<article><h2>${t("parts")}</h2>
    <span class="choices" role="group">${BREAKDOWNS.map((name) => html`
      <button aria-pressed=${by === name} onClick=${() => setBy(name)}>${t(`by_${name}`)}</button>`)}</span>
    ${answer.data ? html`<div class="wide"><table>
      <thead><tr><th>${t("name")}</th><th>${t("amount")}</th><th>${t("share_by_amount")}</th><th>${t("lines")}</th></tr></thead>
      <tbody>${answer.data.parts.map((part) => html`<tr><td>${named(part)}</td>
        <td class="number">${grouped(part.figures.headline?.amount.denominator ?? "")}</td>
        <td class="number">${percent(part.figures.headline?.amount.percent)}</td>
        <td class="number">${part.figures.lines}</td></tr>`)}</tbody></table></div>` : html`<${Waiting} answer=${answer} />`}
  </article>`;
}

function Line({ line, products }) {
  const [open, setOpen] = useState(false);
  const fact = (word, value) => (value && value.length ? html`<dt>${t(word)}</dt><dd>${value}</dd>` : null);
  return html`
    <tr>
      <td>${line.purchased_on}</td>
      <td>${products.get(line.product_code) ?? line.product_code ?? line.category_code}${line.corrects_line_id && html` <small>${t("correction")}</small>`}</td>
      <td class="number">${grouped(line.amount)}</td>
      <td class="number">${line.weight == null ? "—" : grouped(line.weight)}</td>
      <td>${line.origin_name ?? line.origin_division_code ?? "—"} <small>${t(line.origin_class ?? "unknown")}</small></td>
      <td>${line.evidence.length ? line.evidence.map(t).join("、") : html`<span class="badge below">${t("unverified")}</span>`}</td>
      <td><button aria-expanded=${open} onClick=${() => setOpen(!open)}>${t("details")}</button></td>
    </tr>
    ${open && html`<tr class="facts"><td colspan="7"><dl>
      ${fact("channel", t(line.channel))}
      ${fact("order", line.delivery?.order_id)}
      ${fact("receipt", line.delivery?.receipt_id)}
      ${fact("batch", line.delivery && [line.delivery.batch_number, line.delivery.produced_on].filter(Boolean).join(" · "))}
      ${fact("declared", line.declared_purchase_id)}
      ${fact("supplier", [line.supplier_name, line.supplier_id].filter(Boolean).join(" · "))}
      ${fact("producer", [line.producer_class && t(line.producer_class), line.producer_household_id].filter(Boolean).join(" · "))}
      ${fact("lists", line.origin_lists.join("、"))}
      ${fact("certificates", line.certificates.map((one) => `${t(one.kind)} ${one.number} · ${one.issuer} · ${one.issued_on}`).join("；"))}
      ${fact("correction", line.corrects_line_id)}
      ${fact("recorded_at", line.recorded_at)}
    </dl></td></tr>`}`;
}

function Ledger({ state }) {
  const products = useNames(productNames);
  const path = `/ledger?${query({ school_id: state.code, ...days(state) })}`;
  const [found, setFound] = useState({ path: null, items: [], next: null, failure: null });
  const load = (cursor) => get(`${path}&limit=50${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
  useEffect(() => {
    let wanted = true;
    load(null).then(
      (page) => wanted && setFound({ path, items: page.items, next: page.next_cursor, failure: null }),
      (failure) => wanted && setFound({ path, items: [], next: null, failure: failure.message }),
    );
    return () => { wanted = false; };
  }, [path]);
  const more = () => load(found.next).then(
    (page) => setFound({ ...found, items: [...found.items, ...page.items], next: page.next_cursor }),
    (failure) => setFound({ ...found, failure: failure.message }),
  );
  return html`<section class="ledger">
    <h2>${t("ledger")} <${Downloads} path=${path} name=${`ledger-${state.from}-${state.to}`} /></h2>
    ${found.failure && html`<p class="failure" role="alert">${found.failure}</p>`}
    <div class="wide"><table>
      <thead><tr><th>${t("date")}</th><th>${t("product")}</th><th>${t("amount")}</th><th>${t("weight_kg")}</th>
        <th>${t("origin")}</th><th>${t("evidence")}</th><th></th></tr></thead>
      <tbody>${found.items.map((line) => html`<${Line} key=${line.id} line=${line} products=${products} />`)}</tbody>
    </table></div>
    ${found.path === path && !found.items.length && !found.failure && html`<p class="waiting">${t("none_here")}</p>`}
    ${found.next && html`<p><button onClick=${more}>${t("more")}</button></p>`}
  </section>`;
}

export function School({ state, top }) {
  const units = useNames(unitsByCode);
  const share = useAnswer(`/shares/schools/${state.code}?${query(days(state))}`);
  if (!share.data) return html`<${Waiting} answer=${share} />`;
  const view = share.data;
  const unit = units.get(view.reporting_unit_code)?.name ?? view.reporting_unit_code;
  return html`<div class=${share.stale ? "stale" : ""}>
    <div class="way"><ol><li>${top
      ? html`<a href=${address({ ...state, kind: "unit", code: view.reporting_unit_code })}>${unit}</a>`
      : html`<span>${unit}</span>`}</li>
      <li><strong>${view.school_name}</strong></li></ol></div>
    <${Cards} view=${view} />
    <section class="pair"><${Readings} figures=${view.figures} /><${Outlook} state=${state} />
      <${Classes} view=${view} /><${Parts} state=${state} /></section>
    <${Ledger} state=${state} />
  </div>`;
}
