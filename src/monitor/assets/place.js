// A unit or a division: its share against the target, over the months, by category, by what lies below, by school.

import { html, useEffect, useState } from "./vendor/htm-preact-3.1.1.js";
import { get, query } from "./api.js";
import { Cards } from "./cards.js";
import { Categories, Trend } from "./charts.js";
import { Below } from "./below.js";
import { Schools } from "./schools.js";
import { unitsByCode } from "./names.js";
import { Waiting, useAnswer } from "./parts.js";
import { addMonths, address, days, firstDay, go } from "./state.js";
import { t } from "./words.js";

const figures = (place, values) =>
  `/shares/${place.kind === "unit" ? "reporting-units" : "divisions"}/${encodeURIComponent(place.code)}?${query(values)}`;

// The units from the top of the tree down to this one, or the divisions around it.
function useWay(place, setTop) {
  const [way, setWay] = useState([]);
  useEffect(() => {
    let wanted = true;
    const find = async () => {
      const found = [];
      if (place.kind === "unit") {
        const by = await unitsByCode();
        if (!place.code) {
          setTop([...by.values()].find((unit) => !unit.parent_code)?.code);
          return;
        }
        for (let unit = by.get(place.code); unit; unit = by.get(unit.parent_code)) found.unshift(unit);
      } else {
        for (let code = place.code; code;) {
          const division = await get(`/divisions/${encodeURIComponent(code)}`);
          found.unshift(division);
          code = division.parent_code;
        }
      }
      if (wanted) setWay(found);
    };
    find().catch(() => {});
    return () => { wanted = false; };
  }, [place.kind, place.code]);
  return way;
}

function Way({ place, way, top }) {
  const here = way.at(-1);
  // A unit that stands for a division can be looked at either way.
  const other = place.kind === "unit"
    ? here?.division_code && { ...place, kind: "division", code: here.division_code }
    : { ...place, kind: "unit" };
  // An officer sees nothing above the account's own unit.
  const start = Math.max(0, way.findIndex((one) => one.code === top));
  return html`<div class="way">
    <ol>${way.slice(start).map((one, at, all) => html`<li>${at === all.length - 1
      ? html`<strong>${one.name}</strong>`
      : html`<a href=${address({ ...place, code: one.code })}>${one.name}</a>`}</li>`)}</ol>
    <span class="choices" role="group">
      <button aria-pressed=${place.kind === "unit"} disabled=${place.kind !== "unit" && here?.level === "township"}
        onClick=${() => other && place.kind !== "unit" && go(other)}>${t("reporting")}</button>
      <button aria-pressed=${place.kind === "division"} disabled=${place.kind === "unit" && !other}
        onClick=${() => other && place.kind !== "division" && go(other)}>${t("geography")}</button>
    </span>
    <p class="small">${t(place.kind === "unit" ? "reporting_means" : "geography_means")}</p>
  </div>`;
}

export function Place({ state, top }) {
  const [found, setFound] = useState(null);
  const place = { ...state, code: state.code ?? found };
  const way = useWay(state.code ? place : { ...place, code: found }, setFound);
  const now = days(place);
  const ready = Boolean(place.code);
  const whole = useAnswer(ready ? figures(place, { ...now, by: "child", before: true }) : null);
  // A year of months at least, so that a single month is seen in its course.
  const year = addMonths(place.to, -11);
  const since = year < place.from ? year : place.from;
  const months = useAnswer(ready ? figures(place, { from: firstDay(since), to: now.to, by: "month" }) : null);
  const categories = useAnswer(ready ? figures(place, { ...now, by: "category" }) : null);
  if (!whole.data) return html`<${Waiting} answer=${whole} />`;
  return html`<div class=${whole.stale ? "stale" : ""}>
    <${Way} place=${place} way=${way} top=${top} />
    <${Cards} view=${whole.data} />
    <section class="pair">
      <article><h2>${t("trend")}</h2>
        ${months.data ? html`<${Trend} view=${months.data} />` : html`<${Waiting} answer=${months} />`}</article>
      <article><h2>${t("by_category")}</h2>
        ${categories.data ? html`<${Categories} view=${categories.data} />` : html`<${Waiting} answer=${categories} />`}</article>
    </section>
    <${Below} place=${place} view=${whole.data} path=${figures(place, { ...now, by: "child", before: true })} />
    <${Schools} place=${place} />
  </div>`;
}
