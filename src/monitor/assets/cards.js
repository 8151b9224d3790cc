// The figures of a place at a glance.

import { html } from "./vendor/htm-preact-3.1.1.js";
import { Badge, Bar } from "./parts.js";
import { kilograms, percent, signed, t, yuan } from "./words.js";

// Points between two shares that are shown with two places; only their hundredths are subtracted.
export function difference(now, before) {
  if (now == null || before == null) return null;
  const hundredths = (share) => Math.round(Number(share) * 100);
  return ((hundredths(now) - hundredths(before)) / 100).toFixed(2);
}

function Change({ now, before }) {
  const points = difference(now, before);
  if (points == null) return null;
  return html`<p class="change">${t("against_before")} <b class=${Number(points) < 0 ? "fell" : "rose"}>${signed(points)}</b> ${t("points")}</p>`;
}

function Share({ word, reading, basis, before }) {
  const share = reading?.[basis]?.percent;
  const measured = reading?.basis === basis;
  return html`<article class="card">
    <h2>${t(word)} ${measured && html`<${Badge} meets=${reading.meets_target} />`}</h2>
    <p class="big" data-share=${basis}>${percent(share)}</p>
    <${Bar} share=${share} target=${reading?.target} meets=${measured ? reading.meets_target : null} />
    <p class="small">${t("target")} ${percent(reading?.target)}</p>
    <${Change} now=${share} before=${before?.[basis]?.percent} />
  </article>`;
}

export function Cards({ view, before = view.before }) {
  const { figures, coverage } = view;
  const reading = figures.headline;
  const whole = reading?.amount;
  return html`<section class="cards">
    <${Share} word="share_by_amount" reading=${reading} basis="amount" before=${before} />
    <${Share} word="share_by_weight" reading=${reading} basis="weight" before=${before} />
    <article class="card">
      <h2>${t("purchases")}</h2>
      <p class="big">${whole ? yuan(whole.denominator) : "—"}</p>
      <p class="small">${t("qualifying")} ${whole ? yuan(whole.numerator) : "—"}</p>
      <p class="small">${t("weight")} ${reading ? kilograms(reading.weight.denominator) : "—"}</p>
      ${reading?.meets_target === false && reading.still_needed != null && html`
        <p class="change">${t("still_needed")} <b class="fell">${yuan(reading.still_needed)}</b></p>`}
    </article>
    ${coverage && html`<article class="card">
      <h2>${t("coverage")}</h2>
      <p class="big" data-coverage>${coverage.reported} / ${coverage.should_report}</p>
      <${Bar} share=${coverage.should_report ? (100 * coverage.reported) / coverage.should_report : 0} meets=${null} />
      <p class="small">${t("reported_of")}</p>
      <p class="small">${t("exempt")} ${coverage.exempt}</p>
    </article>`}
    <article class="card">
      <h2>${t("unverified")}</h2>
      <p class="big">${percent(figures.unverified.percent)}</p>
      <p class="small">${yuan(figures.unverified.numerator)}</p>
      <p class="small">${t("range")} ${percent(reading?.amount_if_proven?.percent)}</p>
      ${figures.unknown_weight.lines > 0 && html`
        <p class="small">${t("unknown_weight")} ${figures.unknown_weight.lines} · ${yuan(figures.unknown_weight.amount)}</p>`}
    </article>
  </section>`;
}
