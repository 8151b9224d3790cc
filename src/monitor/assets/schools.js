// The schools of a place one by one: off course, not reported, exempt, in the order asked for.

import { html, useEffect, useState } from "./vendor/htm-preact-3.1.1.js";
import { get, query } from "./api.js";
import { Badge, Downloads } from "./parts.js";
import { address, days } from "./state.js";
import { grouped, percent, signed, t } from "./words.js";

const VIEWS = {
  everyone: {},
  off_course: { below_target: true },
  missing: { state: "missing" },
  exempt: { state: "exempt" },
  moved: { state: "moved" },
};
const ORDERS = { share: "lowest", "-share": "highest", "-amount": "largest", "-still_needed": "most_needed", change: "fallen" };

function Row({ place, row }) {
  return html`<tr>
    <td><a href=${address({ ...place, kind: "school", code: row.school_id })}>${row.name}</a> <small>${t(row.stage)}</small></td>
    <td class="number">${percent(row.amount.percent)}</td>
    <td class="number">${percent(row.weight.percent)}</td>
    <td>${row.state === "reported" || row.amount.percent != null ? html`<${Badge} meets=${row.meets_target} />` : null}</td>
    <td class="number">${signed(row.change)}</td>
    <td class="number">${grouped(row.amount.denominator)}</td>
    <td class="number">${row.meets_target === false && row.still_needed != null ? grouped(row.still_needed) : "—"}</td>
    <td>${t(row.state)}${row.fed_by === "shared" ? html` <small>${t("shared")}</small>` : null}</td>
  </tr>`;
}

export function Schools({ place }) {
  const [view, setView] = useState("off_course");
  const [sort, setSort] = useState("share");
  const [found, setFound] = useState({ path: null, items: [], next: null, failure: null });
  const tree = place.kind === "unit" ? "reporting" : "geography";
  const path = `/shares/schools?${query({ place: place.code, tree, ...days(place), ...VIEWS[view], sort })}`;
  const load = (cursor) => get(`${path}&limit=20${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
  useEffect(() => {
    let wanted = true;
    load(null).then(
      (page) => wanted && setFound({ path, items: page.items, next: page.next_cursor, failure: null }),
      (failure) => wanted && setFound({ path, items: [], next: null, failure: failure.message }),
    );
    return () => { wanted = false; };
  }, [path]);
  const more = async () => {
    try {
      const page = await load(found.next);
      setFound({ ...found, items: [...found.items, ...page.items], next: page.next_cursor });
    } catch (failure) {
      setFound({ ...found, failure: failure.message });
    }
  };
  return html`<section class="schools">
    <h2>${t("schools")} <${Downloads} path=${path} name=${`${place.code}-${view}-${place.from}-${place.to}`} /></h2>
    <div class="filters">
      <span class="choices" role="group">${Object.keys(VIEWS).map((name) => html`
        <button data-view=${name} aria-pressed=${view === name} onClick=${() => setView(name)}>${t(name)}</button>`)}</span>
      <label>${t("sort")} <select value=${sort} onChange=${(event) => setSort(event.target.value)}>
        ${Object.entries(ORDERS).map(([value, word]) => html`<option value=${value}>${t(word)}</option>`)}</select></label>
    </div>
    ${found.failure && html`<p class="failure" role="alert">${found.failure}</p>`}
    <div class="wide ${found.path === path ? "" : "stale"}"><table class="ranking">
      <thead><tr><th>${t("name")}</th><th>${t("share_by_amount")}</th><th>${t("share_by_weight")}</th><th>${t("target")}</th>
        <th>${t("change")}</th><th>${t("amount")}</th><th>${t("still_needed")}</th><th>${t("state")}</th></tr></thead>
      <tbody>${found.items.map((row) => html`<${Row} key=${row.school_id} place=${place} row=${row} />`)}</tbody>
    </table></div>
    ${found.path === path && !found.items.length && !found.failure && html`<p class="waiting">${t("none_here")}</p>`}
    ${found.next && html`<p><button onClick=${more}>${t("more")}</button></p>`}
  </section>`;
}
