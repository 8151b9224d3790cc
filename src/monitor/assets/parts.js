// Small pieces that every page is made of.

import { html, useEffect, useRef, useState } from "./vendor/htm-preact-3.1.1.js";
import { Failure, download, get } from "./api.js";
import { percent, t } from "./words.js";

// What a path answers; asked again when the path changes. What was there stays until the new is, so nothing jumps.
export function useAnswer(path) {
  const [answer, setAnswer] = useState({ path: null, data: null, failure: null });
  const [tries, setTries] = useState(0);
  useEffect(() => {
    if (!path) return undefined;
    let wanted = true;
    get(path).then(
      (data) => wanted && setAnswer({ path, data, failure: null }),
      (failure) => wanted && setAnswer({ path, data: null, failure }),
    );
    return () => { wanted = false; };
  }, [path, tries]);
  return { ...answer, stale: answer.path !== path, again: () => setTries(tries + 1) };
}

export function Waiting({ answer }) {
  if (answer.failure) {
    return html`<p class="failure" role="alert">${answer.failure.message}
      ${answer.failure.status === 0 && html` <button onClick=${answer.again}>${t("retry")}</button>`}</p>`;
  }
  return html`<p class="waiting" role="status">${t("loading")}</p>`;
}

export const verdict = (reading) =>
  reading?.meets_target === true ? "reached" : reading?.meets_target === false ? "below" : "undefined";

// In words as well as in colour.
export function Badge({ meets }) {
  const word = meets === true ? "reached" : meets === false ? "below" : "undefined";
  return html`<span class="badge ${word}">${t(word)}</span>`;
}

// A share as a bar with the target marked on it.
export function Bar({ share, target, meets }) {
  const word = meets === true ? "reached" : meets === false ? "below" : "undefined";
  const width = Math.max(0, Math.min(100, Number(share ?? 0)));
  return html`<div class="bar ${word}" role="img" aria-label=${percent(share)}>
    <i style=${{ width: `${width}%` }}></i>
    ${target && html`<b style=${{ left: `${Number(target)}%` }}></b>`}
  </div>`;
}

export function Downloads({ path, name }) {
  const [failure, setFailure] = useState(null);
  const fetchAs = (format) => {
    setFailure(null);
    download(path, format, name).catch((error) => setFailure(error instanceof Failure ? error.message : String(error)));
  };
  return html`<span class="downloads">
    <button onClick=${() => fetchAs("csv")}>${t("download_csv")}</button>
    <button onClick=${() => fetchAs("xlsx")}>${t("download_xlsx")}</button>
    ${failure && html`<em class="failure" role="alert">${failure}</em>`}
  </span>`;
}

// A chart on a canvas of its own; drawn anew when its figures change.
export function Chart({ config, label, height }) {
  const canvas = useRef(null);
  const key = JSON.stringify(config.data);
  useEffect(() => {
    const chart = new window.Chart(canvas.current, config);
    return () => chart.destroy();
  }, [key]);
  return html`<div class="chart" style=${{ height: `${height ?? 260}px` }}>
    <canvas ref=${canvas} role="img" aria-label=${label}></canvas></div>`;
}
