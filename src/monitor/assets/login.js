import { html, useState } from "./vendor/htm-preact-3.1.1.js";
import { changePassword, logIn } from "./api.js";
import { t } from "./words.js";

function Field({ name, type, complete, value, set, required = true }) {
  return html`<label>${t(name)}<input name=${name} type=${type} autocomplete=${complete} required=${required}
    value=${value} onInput=${(event) => set(event.target.value)} /></label>`;
}

function useSending(send) {
  const [failure, setFailure] = useState(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setFailure(null);
    try {
      await send();
    } catch (error) {
      setFailure(error.message);
    }
    setBusy(false);
  };
  return { failure, busy, submit };
}

export function Login({ done }) {
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const { failure, busy, submit } = useSending(async () => done(await logIn(username, password, code.trim())));
  return html`<form class="login" onSubmit=${submit}>
    <h2>${t("sign_in")}</h2>
    <${Field} name="username" type="text" complete="username" value=${username} set=${setUsername} />
    <${Field} name="password" type="password" complete="current-password" value=${password} set=${setPassword} />
    <${Field} name="code" type="text" complete="one-time-code" value=${code} set=${setCode} required=${false} />
    ${failure && html`<p class="failure" role="alert">${failure}</p>`}
    <button class="primary" disabled=${busy}>${t("sign_in")}</button>
  </form>`;
}

export function NewPassword({ done }) {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const { failure, busy, submit } = useSending(async () => { await changePassword(current, next); done(); });
  return html`<form class="login" onSubmit=${submit}>
    <h2>${t("change_password")}</h2>
    <${Field} name="password" type="password" complete="current-password" value=${current} set=${setCurrent} />
    <${Field} name="new_password" type="password" complete="new-password" value=${next} set=${setNext} />
    ${failure && html`<p class="failure" role="alert">${failure}</p>`}
    <button class="primary" disabled=${busy}>${t("save")}</button>
  </form>`;
}
