create table school_month_total (
  county_code text not null, -- leads the key: a county reads one range
  school_id uuid not null references school (id), -- the school
  month integer not null, -- year * 100 + month
  reporting_unit_code text not null, -- unit the school reported to
  category_code text not null, -- product category
  channel text not null, -- level:Channel
  class integer not null, -- level:PurchaseClassCode
  amount_fen bigint not null, -- sum of amounts
  weight_gram bigint not null, -- sum of known weights
  unknown_weight_fen bigint not null, -- amount of the lines whose weight is unknown (S7)
  unknown_weight_lines bigint not null, -- how many those are
  line_count bigint not null, -- lines behind the total
  primary key (county_code, school_id, month, reporting_unit_code, category_code, channel, class)
);
create index school_month_total_unit on school_month_total (reporting_unit_code, month);

create table indicator (
  id uuid not null primary key, -- id:IndicatorId
  code text not null, -- stable name; versions share it
  name_zh text not null, -- Chinese name
  name_en text not null, -- English name
  headline boolean not null, -- the reading shown first (S5)
  basis text not null check (basis in ('amount', 'weight')), -- level:Basis
  target_bp integer check (target_bp between 0 and 10000), -- target in basis points; none = reported only
  scope_division_code text references division (code), -- where it applies; none = the whole province
  rural_only boolean not null, -- counts rural schools only
  stages text not null, -- school stages it covers, joined by |; empty = all
  valid_from date not null, -- first day
  valid_to date, -- last day; none while it holds
  source text not null, -- where the target was published
  unique (code, valid_from),
  check (valid_to is null or valid_from <= valid_to)
);

create table indicator_class (
  indicator_id uuid not null references indicator (id), -- the indicator version
  class integer not null, -- level:PurchaseClassCode
  primary key (indicator_id, class)
);
