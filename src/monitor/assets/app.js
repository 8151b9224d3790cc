// The department's monitor: one page over the API. Who logs in sees the places the account's roles reach.

import { html, render, useEffect, useState } from "./vendor/htm-preact-3.1.1.js";
import { currentSession, logOut, whenEnded } from "./api.js";
import { Login, NewPassword } from "./login.js";
import { Place } from "./place.js";
import { School } from "./school.js";
import { go, periods, readState } from "./state.js";
import { isEnglish, setEnglish, t } from "./words.js";

// Where an account begins: its unit, the province for who oversees everything, its school.
function home(account) {
  const held = account.memberships;
  const unit = held.find((one) => one.reporting_unit_code);
  if (unit) return { kind: "unit", code: unit.reporting_unit_code };
  if (held.some((one) => one.role === "administrator")) return { kind: "unit", code: null };
  const school = held.find((one) => one.school_id);
  return school ? { kind: "school", code: school.school_id } : null;
}

function Periods({ state }) {
  const choices = periods();
  const set = (from, to) => go({ ...state, from, to: to < from ? from : to });
  return html`<div class="periods">
    <span class="choices" role="group">
      ${Object.entries(choices).map(([name, [from, to]]) => html`
        <button aria-pressed=${state.from === from && state.to === to} onClick=${() => set(from, to)}>${t(name)}</button>`)}
    </span>
    <label>${t("from")} <input type="month" value=${state.from} required
      onChange=${(event) => event.target.value && set(event.target.value, state.to)} /></label>
    <label>${t("to")} <input type="month" value=${state.to} min=${state.from} required
      onChange=${(event) => event.target.value && set(state.from, event.target.value)} /></label>
  </div>`;
}

function Header({ session, english, toggle }) {
  return html`<header>
    <a class="brand" href="#/"><img src="/monitor/icon.svg" alt="" width="28" height="28" /><h1>${t("title")}</h1></a>
    <nav>
      ${session && html`<span class="who">${session.account.display_name}</span>`}
      <button class="language" onClick=${() => toggle(!english)}>${t("other_language")}</button>
      ${session && html`<button class="leave" onClick=${logOut}>${t("sign_out")}</button>`}
    </nav>
  </header>`;
}

function Shown({ session, state, refresh }) {
  const account = session.account;
  if (account.must_change_password) return html`<${NewPassword} done=${refresh} />`;
  if (account.must_enrol_second_factor) return html`<p class="failure">${t("enrol_first")}</p>`;
  const start = home(account);
  if (!state.kind && !start) return html`<p class="failure">${t("no_place")}</p>`;
  const place = state.kind ? state : { ...state, ...start };
  return html`
    <${Periods} state=${place} />
    ${place.kind === "school"
      ? html`<${School} key=${place.code} state=${place} top=${start?.kind !== "school"} />`
      : html`<${Place} key=${`${place.kind} ${place.code}`} state=${place} top=${start?.code} />`}`;
}

function App() {
  const [session, setSession] = useState(currentSession());
  const [state, setState] = useState(readState());
  const [english, setLanguage] = useState(isEnglish());
  const [, setTurn] = useState(0);
  whenEnded(() => setSession(null));
  useEffect(() => {
    const read = () => { setState(readState()); window.scrollTo(0, 0); };
    window.addEventListener("hashchange", read);
    return () => window.removeEventListener("hashchange", read);
  }, []);
  const toggle = (next) => { setEnglish(next); setLanguage(next); };
  return html`
    <${Header} session=${session} english=${english} toggle=${toggle} />
    <main key=${english}>
      ${session
        ? html`<${Shown} session=${session} state=${state} refresh=${() => setTurn((turn) => turn + 1)} />`
        : html`<${Login} done=${setSession} />`}
    </main>`;
}

setEnglish(isEnglish());
const root = document.getElementById("app");
root.textContent = "";
render(html`<${App} />`, root);
