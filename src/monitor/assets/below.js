// What lies directly below a place: tiles to see at a glance who is below the target, and the same as a table.

import { html, useState } from "./vendor/htm-preact-3.1.1.js";
import { Downloads } from "./parts.js";
import { difference } from "./cards.js";
import { address } from "./state.js";
import { grouped, percent, signed, t } from "./words.js";

const ID = /^[0-9a-f]{8}-/;

const COLUMNS = {
  name: (part) => part.name,
  share_by_amount: (part) => Number(part.figures.headline?.amount.percent ?? -1),
  share_by_weight: (part) => Number(part.figures.headline?.weight.percent ?? -1),
  change: (part) => Number(change(part) ?? -1000),
  amount: (part) => Number(part.figures.headline?.amount.denominator ?? 0),
  coverage: (part) => (part.coverage?.should_report ? part.coverage.reported / part.coverage.should_report : 2),
};

const change = (part) => difference(part.figures.headline?.amount.percent, part.before?.amount.percent);

// The shade tells how far below the target; the badge and the number tell it in words.
function shade(part) {
  const reading = part.figures.headline;
  if (reading?.meets_target == null) return "undefined";
  if (reading.meets_target) return "reached";
  const share = Number(reading[reading.basis].percent);
  return Number(reading.target) - share > 10 ? "far" : "below";
}

export function Below({ place, view, path }) {
  const [order, setOrder] = useState({ by: "share_by_amount", down: false });
  const key = COLUMNS[order.by];
  const parts = [...view.parts].sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    const compared = typeof x === "string" ? x.localeCompare(y, "zh-CN") : x - y;
    return order.down ? -compared : compared;
  });
  const target = (part) => (ID.test(part.key) ? { ...place, kind: "school", code: part.key } : { ...place, code: part.key });
  // Schools that report straight to this very unit: they are among the schools below.
  const link = (part, content, name) => (part.key === place.code
    ? html`<span class=${name}>${content}</span>`
    : html`<a class=${name} href=${address(target(part))}>${content}</a>`);
  const head = (name) => html`<th aria-sort=${order.by === name ? (order.down ? "descending" : "ascending") : "none"}>
    <button onClick=${() => setOrder({ by: name, down: order.by === name ? !order.down : name === "amount" })}>${t(name)}</button></th>`;
  if (!parts.length) return null;
  return html`<section>
    <h2>${t("by_place")} <${Downloads} path=${path} name=${`${place.code}-${place.from}-${place.to}`} /></h2>
    <div class="tiles">${parts.map((part) => link(part, html`
      <b>${part.name}</b><span>${percent(part.figures.headline?.amount.percent)}</span>
      <small>${part.coverage?.reported} / ${part.coverage?.should_report}</small>`, `tile ${shade(part)}`))}</div>
    <div class="wide"><table class="ranking">
      <thead><tr>${Object.keys(COLUMNS).map(head)}</tr></thead>
      <tbody>${parts.map((part) => html`<tr>
        <td>${link(part, part.name, "")}</td>
        <td class="number ${shade(part)}">${percent(part.figures.headline?.amount.percent)}</td>
        <td class="number">${percent(part.figures.headline?.weight.percent)}</td>
        <td class="number">${signed(change(part))}</td>
        <td class="number">${grouped(part.figures.headline?.amount.denominator ?? "")}</td>
        <td class="number">${part.coverage?.reported} / ${part.coverage?.should_report}</td>
      </tr>`)}</tbody>
    </table></div>
  </section>`;
}
