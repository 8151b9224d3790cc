// The same API as every other client's. Tokens live in this tab; an expired one is renewed once and the call repeated.

import { acceptLanguage, t } from "./words.js";

const BASE = "/api/v1";
const KEPT = "xiaonong-session";

let session = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
let renewing = null;
let onEnd = () => {};

export const currentSession = () => session;
export const whenEnded = (then) => { onEnd = then; };

function keep(next) {
  session = next;
  if (next) sessionStorage.setItem(KEPT, JSON.stringify(next));
  else sessionStorage.removeItem(KEPT);
}

// A problem of the service, or of the way to it, as a sentence.
export class Failure extends Error {
  constructor(status, problem) {
    const first = problem?.errors?.[0]?.detail;
    super(first ?? problem?.detail ?? problem?.title ?? t("offline"));
    this.status = status;
    this.code = problem?.errors?.[0]?.code ?? problem?.code;
  }
}

async function send(method, path, { body, accept = "application/json" } = {}) {
  const headers = { "accept-language": acceptLanguage(), accept };
  if (session) headers.authorization = `Bearer ${session.access_token}`;
  if (body) headers["content-type"] = "application/json";
  let response;
  try {
    response = await fetch(BASE + path, { method, headers, body: body && JSON.stringify(body), cache: "no-cache" });
  } catch {
    throw new Failure(0, null);
  }
  if (response.ok) return response;
  let problem = null;
  try { problem = await response.json(); } catch { /* the sentence of the status will do */ }
  throw new Failure(response.status, problem);
}

// One renewal for all calls that find the token expired at once: a refresh token serves once.
function renew() {
  renewing ??= (async () => {
    try {
      const response = await send("POST", "/auth/refresh", { body: { refresh_token: session.refresh_token } });
      keep(await response.json());
    } finally {
      renewing = null;
    }
  })();
  return renewing;
}

async function call(method, path, options) {
  try {
    return await send(method, path, options);
  } catch (failure) {
    if (failure.status !== 401 || !session) throw failure;
  }
  try {
    await renew();
  } catch (failure) {
    if (failure.status === 0) throw failure;
    keep(null);
    onEnd();
    throw failure;
  }
  return send(method, path, options);
}

export const get = async (path) => (await call("GET", path)).json();

export async function logIn(username, password, code) {
  keep(null);
  const body = { username, password };
  if (code) body.code = code;
  keep(await (await send("POST", "/auth/login", { body })).json());
  return session;
}

export async function changePassword(current, next) {
  await call("POST", "/me/password", { body: { current, new: next } });
  session.account.must_change_password = false;
  keep(session);
}

export async function logOut() {
  const old = session;
  try {
    if (old) await send("POST", "/auth/logout");
  } catch { /* it ends here all the same */ }
  keep(null);
  onEnd();
}

// A whole list as a file, under a name of ours.
export async function download(path, format, name) {
  const joined = path + (path.includes("?") ? "&" : "?") + `format=${format}`;
  const blob = await (await call("GET", joined, { accept: "*/*" })).blob();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${name}.${format}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function query(values) {
  const pairs = Object.entries(values).filter(([, value]) => value != null && value !== "");
  return new URLSearchParams(pairs).toString();
}
