create table total_change (
  id uuid not null primary key, -- id:PurchaseLineId
  county_code text not null, -- county of the school that day
  school_id uuid not null, -- the school
  month integer not null, -- year * 100 + month
  reporting_unit_code text not null, -- unit the school reported to
  category_code text not null, -- product category
  channel text not null, -- level:Channel
  class integer not null, -- level:PurchaseClassCode
  amount_fen bigint not null,
  weight_gram bigint not null,
  unknown_weight_fen bigint not null,
  unknown_weight_lines bigint not null,
  line_count bigint not null
);

create table school_total (
  county_code text not null,
  month integer not null,
  school_id uuid not null,
  reporting_unit_code text not null,
  channel text not null,
  class integer not null,
  amount_fen bigint not null,
  weight_gram bigint not null,
  unknown_weight_fen bigint not null,
  unknown_weight_lines bigint not null,
  line_count bigint not null,
  primary key (county_code, month, school_id, reporting_unit_code, channel, class)
);
create index school_total_unit on school_total (reporting_unit_code, month);

create table area_total (
  county_code text not null,
  month integer not null,
  reporting_unit_code text not null,
  channel text not null,
  class integer not null,
  amount_fen bigint not null,
  weight_gram bigint not null,
  unknown_weight_fen bigint not null,
  unknown_weight_lines bigint not null,
  line_count bigint not null,
  primary key (county_code, month, reporting_unit_code, channel, class)
);
create index area_total_unit on area_total (reporting_unit_code, month);

create table area_category_total (
  county_code text not null,
  month integer not null,
  reporting_unit_code text not null,
  category_code text not null,
  channel text not null,
  class integer not null,
  amount_fen bigint not null,
  weight_gram bigint not null,
  unknown_weight_fen bigint not null,
  unknown_weight_lines bigint not null,
  line_count bigint not null,
  primary key (county_code, month, reporting_unit_code, category_code, channel, class)
);
create index area_category_total_unit on area_category_total (reporting_unit_code, month);

-- The roll-ups of units are read from the folded totals from now on.
drop index school_month_total_unit;

insert into school_total
select county_code, month, school_id, reporting_unit_code, channel, class,
  sum(amount_fen), sum(weight_gram), sum(unknown_weight_fen), sum(unknown_weight_lines), sum(line_count)
from school_month_total group by county_code, month, school_id, reporting_unit_code, channel, class;

insert into area_category_total
select county_code, month, reporting_unit_code, category_code, channel, class,
  sum(amount_fen), sum(weight_gram), sum(unknown_weight_fen), sum(unknown_weight_lines), sum(line_count)
from school_month_total group by county_code, month, reporting_unit_code, category_code, channel, class;

insert into area_total
select county_code, month, reporting_unit_code, channel, class,
  sum(amount_fen), sum(weight_gram), sum(unknown_weight_fen), sum(unknown_weight_lines), sum(line_count)
from area_category_total group by county_code, month, reporting_unit_code, channel, class;
