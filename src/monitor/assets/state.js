// What is looked at is in the address, so that it can be sent to a colleague: #/unit/910200?from=2026-01&to=2026-11

const pad = (number) => String(number).padStart(2, "0");
export const monthOf = (date) => `${date.getFullYear()}-${pad(date.getMonth() + 1)}`;

// Today's month in China, where the business day is.
function chinaNow() {
  const parts = new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Shanghai", year: "numeric", month: "2-digit" });
  const [year, month] = parts.format(new Date()).split("-");
  return { year: Number(year), month: Number(month) };
}

export function addMonths(month, count) {
  const [year, number] = month.split("-").map(Number);
  const months = year * 12 + number - 1 + count;
  return `${Math.floor(months / 12)}-${pad((months % 12) + 1)}`;
}

export const firstDay = (month) => `${month}-01`;
export function lastDay(month) {
  const [year, number] = month.split("-").map(Number);
  return `${month}-${pad(new Date(Date.UTC(year, number, 0)).getUTCDate())}`;
}

export const days = (state) => ({ from: firstDay(state.from), to: lastDay(state.to) });

export function periods() {
  const { year, month } = chinaNow();
  const now = `${year}-${pad(month)}`;
  // Terms begin in September and in March; the winter's ends in January.
  const term = month >= 9 ? `${year}-09` : month >= 3 ? `${year}-03` : `${year - 1}-09`;
  return {
    this_month: [now, now],
    last_month: [addMonths(now, -1), addMonths(now, -1)],
    this_term: [term, now],
    this_year: [`${year}-01`, now],
  };
}

// The last month of the term that a running period lies in, for what is still to come; none where it is over.
export function termEnd({ to }) {
  const { year, month } = chinaNow();
  if (to !== `${year}-${pad(month)}`) return null;
  if (month >= 9) return `${year + 1}-01`;
  return month >= 3 && month < 7 ? `${year}-07` : to;
}

const MONTH = /^\d{4}-(0[1-9]|1[0-2])$/;

export function readState() {
  const [path, search] = location.hash.replace(/^#\/?/, "").split("?");
  const [kind, code] = path.split("/");
  const values = new URLSearchParams(search);
  const [from, to] = periods().this_year;
  const month = (value, otherwise) => (MONTH.test(value ?? "") ? value : otherwise);
  return {
    kind: ["unit", "division", "school"].includes(kind) ? kind : null,
    code: code ? decodeURIComponent(code) : null,
    from: month(values.get("from"), from),
    to: month(values.get("to"), to),
  };
}

export function address({ kind, code, from, to }) {
  return `#/${kind}/${encodeURIComponent(code)}?from=${from}&to=${to}`;
}
export const go = (state) => { location.hash = address(state); };
