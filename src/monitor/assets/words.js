// Words in both languages, and how figures are written. Shares come rounded down from the service and are shown as they
// are; only sums are shortened here.

const WORDS = {
  title: ["校农结合 · 采购占比监测", "School-farm purchases: the share monitor"],
  sign_in: ["登录", "Log in"],
  sign_out: ["退出", "Log out"],
  username: ["用户名", "User name"],
  password: ["口令", "Password"],
  new_password: ["新口令", "New password"],
  change_password: ["首次登录请先修改口令", "Choose your own password first"],
  save: ["保存", "Save"],
  code: ["动态验证码（如已启用）", "Authenticator code, if you use one"],
  no_place: ["该账号没有可监测的单位或学校。", "This account has no unit or school to look at."],
  enrol_first: ["该账号须先启用两步验证，请在客户端完成。", "This account needs a second factor first; enrol in the client."],
  other_language: ["English", "中文"],
  from: ["起始月", "From"],
  to: ["截止月", "To"],
  this_month: ["本月", "This month"],
  last_month: ["上月", "Last month"],
  this_term: ["本学期", "This term"],
  this_year: ["本年", "This year"],
  reporting: ["填报体系", "Reporting tree"],
  geography: ["行政区划", "Geography"],
  reporting_means: [
    "由本单位汇总的学校：直报上级的县和学校，不计入所在地的单位。",
    "Schools that report here: what reports straight to a unit further up is not part of the place it lies in.",
  ],
  geography_means: ["位于此地的学校，不论向谁填报。", "Schools that lie here, whomever they report to."],
  share_by_amount: ["按金额占比", "Share by amount"],
  share_by_weight: ["按重量占比", "Share by weight"],
  target: ["目标", "Target"],
  reached: ["达标", "On target"],
  below: ["未达标", "Below target"],
  undefined: ["无采购", "No purchases"],
  purchases: ["采购总额", "All purchases"],
  qualifying: ["其中计入", "Of these counted"],
  weight: ["采购总量", "Weight"],
  coverage: ["填报情况", "Coverage"],
  reported_of: ["已填报 / 应填报", "reported / should report"],
  exempt: ["免填报", "Exempt"],
  missing: ["未填报", "Not reported"],
  off_course: ["未达标", "Off course"],
  moved: ["已迁出", "Moved"],
  everyone: ["全部", "All"],
  range: ["若未核实部分均获证明", "If all unverified were proven"],
  unverified: ["产地未核实", "Origin unverified"],
  unknown_weight: ["重量未知", "Weight unknown"],
  against_before: ["较上期", "against the period before"],
  points: ["个百分点", "points"],
  still_needed: ["达标尚需采购", "Still needed for the target"],
  trend: ["各月走势", "By month"],
  by_category: ["各品类占比", "By category"],
  by_place: ["下级情况", "By place"],
  schools: ["学校排名", "Schools"],
  name: ["名称", "Name"],
  month: ["月份", "Month"],
  change: ["较上期", "Change"],
  amount: ["金额（元）", "Amount (yuan)"],
  weight_kg: ["重量（千克）", "Weight (kg)"],
  lines: ["笔数", "Lines"],
  state: ["填报", "Report"],
  reported: ["已填报", "Reported"],
  sort: ["排序", "Order"],
  lowest: ["占比从低到高", "Lowest share"],
  highest: ["占比从高到低", "Highest share"],
  largest: ["采购额从大到小", "Largest purchases"],
  most_needed: ["缺口从大到小", "Most still needed"],
  fallen: ["降幅从大到小", "Fell most"],
  more: ["显示更多", "Show more"],
  none_here: ["没有符合条件的记录。", "Nothing to show."],
  download_csv: ["下载 CSV", "CSV"],
  download_xlsx: ["下载 Excel", "Excel"],
  loading: ["载入中…", "Loading…"],
  retry: ["重试", "Try again"],
  offline: ["无法连接服务，请检查网络。", "The service cannot be reached. Is the network there?"],
  as_table: ["以表格显示", "As a table"],
  ledger: ["台账明细", "Ledger lines"],
  date: ["日期", "Date"],
  product: ["商品", "Product"],
  origin: ["产地", "Origin"],
  evidence: ["佐证", "Evidence"],
  channel: ["渠道", "Channel"],
  marketplace: ["平台采购", "Marketplace"],
  declared: ["自行采购", "Declared"],
  classes: ["构成", "What it is made of"],
  counts: ["计入", "Counts"],
  yes: ["是", "Yes"],
  no: ["否", "No"],
  correction: ["更正", "Correction"],
  details: ["详情", "Details"],
  receipt: ["验收单", "Receipt"],
  order: ["订单", "Order"],
  batch: ["批次", "Batch"],
  producer: ["生产者", "Producer"],
  lists: ["产地所在名单", "Lists of the origin"],
  certificates: ["证明", "Certificates"],
  recorded_at: ["入账时间", "Recorded"],
  supplier: ["供货主体", "Supplier"],
  fed_by: ["供餐方式", "Fed by"],
  shared: ["他校供餐", "Another school's kitchen"],
  updated: ["数据实时更新", "Live figures"],
  readings: ["各项指标", "All readings"],
  indicator: ["指标", "Indicator"],
  outlook: ["走势与所需", "Outlook"],
  outlook_method: ["按最近四周的周均采购外推至学期末。", "If every week to the end of the term is like the last four."],
  projected: ["期末预计占比", "Projected share"],
  needed_per_week: ["达标每周须采购（计入部分）", "Needed a week for the target"],
  counted_per_week: ["近四周每周计入", "Counted a week, of late"],
  bought_per_week: ["近四周每周采购", "Bought a week, of late"],
  weeks_left: ["剩余周数", "Weeks left"],
  parts: ["细分", "Breakdown"],
  by_supplier_kind: ["供货主体类型", "Kind of seller"],
  by_supplier: ["供货主体", "Seller"],
  by_month: ["月份", "Month"],
  unregistered: ["未登记或其他", "Not registered, and the rest"],
  level_of_school: ["学段", "Stage"],
};

const ENUMS = {
  deep_poverty_key_county: ["深度贫困且重点帮扶县", "Deep-poverty and key county"],
  deep_poverty_county: ["深度贫困县", "Deep-poverty county"],
  key_county: ["重点帮扶县", "Key county"],
  listed_county: ["贫困县", "Listed county"],
  in_province: ["省内其他", "Elsewhere in the province"],
  other_province: ["外省", "Another province"],
  other_province_listed: ["外省贫困县", "Listed county of another province"],
  unknown: ["不明", "Unknown"],
  registered_household: ["建档立卡贫困户", "Registered household"],
  lifted_household: ["脱贫户", "Lifted household"],
  monitored_household: ["监测户", "Monitored household"],
  linked_households: ["联农带农主体", "Seller with linked households"],
  none: ["无", "None"],
  commitment_certificate: ["承诺达标合格证", "Commitment certificate"],
  county_certificate: ["县级产地证明", "County certificate"],
  production_licence: ["食品生产许可证", "Production licence"],
  animal_quarantine_certificate: ["动物检疫合格证明", "Animal quarantine certificate"],
  meat_inspection_certificate: ["肉品品质检验合格证", "Meat inspection certificate"],
  batch_report: ["批次检验报告", "Batch report"],
  household: ["农户", "Household"], cooperative: ["合作社", "Cooperative"], processor: ["加工企业", "Processor"],
  family_farm: ["家庭农场", "Family farm"], distributor: ["配送企业", "Distributor"],
  kindergarten: ["幼儿园", "Kindergarten"], primary: ["小学", "Primary"], junior: ["初中", "Junior"],
  senior: ["高中", "Senior"], vocational: ["中职", "Vocational"], university: ["高校", "University"],
};

let language = localStorage.getItem("language") === "en" ? 1 : 0;

export const isEnglish = () => language === 1;
export const acceptLanguage = () => (language ? "en" : "zh-CN");

export function setEnglish(english) {
  language = english ? 1 : 0;
  localStorage.setItem("language", english ? "en" : "zh");
  document.documentElement.lang = english ? "en" : "zh-CN";
  document.title = t("title");
}

export const t = (word) => WORDS[word]?.[language] ?? ENUMS[word]?.[language] ?? word;

// A decimal string with its digits in groups.
export function grouped(decimal) {
  const [whole, rest] = String(decimal).split(".");
  const digits = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return rest ? `${digits}.${rest}` : digits;
}

const short = (value, steps) => {
  const fits = steps.find(([size]) => Math.abs(value) >= size);
  return fits ? `${grouped((value / fits[0]).toFixed(2))} ${fits[1]}` : null;
};

// Yuan and kilograms, shortened to be read at a glance; the tables show them whole.
export const yuan = (decimal) =>
  short(Number(decimal), language ? [[1e9, "bn yuan"], [1e6, "m yuan"]] : [[1e8, "亿元"], [1e4, "万元"]])
  ?? `${grouped(decimal)} ${language ? "yuan" : "元"}`;
export const kilograms = (decimal) =>
  short(Number(decimal), language ? [[1e3, "t"]] : [[1e7, "万吨"], [1e3, "吨"]])
  ?? `${grouped(decimal)} ${language ? "kg" : "千克"}`;
export const percent = (share) => (share == null ? "—" : `${share}%`);
export const signed = (points) => (points == null ? "—" : Number(points) > 0 ? `+${points}` : points);
export const monthName = (month) => `${Math.floor(month / 100)}-${String(month % 100).padStart(2, "0")}`;
