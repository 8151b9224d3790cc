// The two charts, each with its figures as a table for who cannot see it.

import { html } from "./vendor/htm-preact-3.1.1.js";
import { Chart } from "./parts.js";
import { grouped, isEnglish, monthName, percent, t, yuan } from "./words.js";

const GREEN = "#1c6b4a";
const BLUE = "#2f6fb2";
const AMBER = "#b45309";
const GREY = "#8a949c";

const shareOf = (part, basis) => {
  const share = part.figures.headline?.[basis]?.percent;
  return share == null ? null : Number(share);
};

const scale = { min: 0, max: 100, ticks: { callback: (value) => `${value}%` } };
const shown = { callbacks: { label: (item) => `${item.dataset.label}: ${item.formattedValue}%` } };

export function Trend({ view }) {
  const months = view.parts;
  if (!months.length) return html`<p class="waiting">${t("none_here")}</p>`;
  const labels = months.map((part) => monthName(part.month));
  const target = Number(view.figures.headline?.target ?? 0);
  const line = (label, data, color, more) => ({ label, data, borderColor: color, backgroundColor: color, tension: 0.2, ...more });
  const config = {
    type: "line",
    data: {
      labels,
      datasets: [
        line(t("share_by_amount"), months.map((part) => shareOf(part, "amount")), GREEN),
        line(t("share_by_weight"), months.map((part) => shareOf(part, "weight")), BLUE),
        line(t("target"), labels.map(() => target), AMBER, { borderDash: [6, 4], pointRadius: 0 }),
      ],
    },
    options: {
      animation: false, maintainAspectRatio: false, scales: { y: scale },
      plugins: { tooltip: shown, legend: { position: "bottom" } },
    },
  };
  return html`<${Chart} config=${config} label=${t("trend")} />
    <details><summary>${t("as_table")}</summary><div class="wide"><table>
      <thead><tr><th>${t("month")}</th><th>${t("share_by_amount")}</th><th>${t("share_by_weight")}</th><th>${t("amount")}</th></tr></thead>
      <tbody>${months.map((part) => html`<tr><td>${monthName(part.month)}</td>
        <td class="number">${percent(part.figures.headline?.amount.percent)}</td>
        <td class="number">${percent(part.figures.headline?.weight.percent)}</td>
        <td class="number">${grouped(part.figures.headline?.amount.denominator ?? "")}</td></tr>`)}</tbody>
    </table></div></details>`;
}

const nameOf = (part) => (isEnglish() ? part.name_en ?? part.name : part.name);

export function Categories({ view }) {
  const bought = view.parts.filter((part) => Number(part.figures.headline?.amount.denominator ?? 0) > 0);
  bought.sort((a, b) => Number(b.figures.headline.amount.denominator) - Number(a.figures.headline.amount.denominator));
  if (!bought.length) return html`<p class="waiting">${t("none_here")}</p>`;
  const target = Number(view.figures.headline?.target ?? 0);
  const config = {
    type: "bar",
    data: {
      labels: bought.map(nameOf),
      datasets: [{
        label: t("share_by_amount"), data: bought.map((part) => shareOf(part, "amount")),
        backgroundColor: bought.map((part) => (shareOf(part, "amount") >= target ? GREEN : GREY)),
      }],
    },
    options: {
      animation: false, maintainAspectRatio: false, indexAxis: "y", scales: { x: scale },
      plugins: { tooltip: { callbacks: { label: (item) => `${item.formattedValue}%` } }, legend: { display: false } },
    },
  };
  return html`<${Chart} config=${config} label=${t("by_category")} height=${Math.max(200, 30 * bought.length + 40)} />
    <details><summary>${t("as_table")}</summary><div class="wide"><table>
      <thead><tr><th>${t("name")}</th><th>${t("share_by_amount")}</th><th>${t("purchases")}</th></tr></thead>
      <tbody>${bought.map((part) => html`<tr><td>${nameOf(part)}</td>
        <td class="number">${percent(part.figures.headline.amount.percent)}</td>
        <td class="number">${yuan(part.figures.headline.amount.denominator)}</td></tr>`)}</tbody>
    </table></div></details>`;
}
