-- What is not folded yet is in the totals of schools already.
drop table school_total;
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
insert into school_total
select county_code, month, school_id, reporting_unit_code, channel, class,
  sum(amount_fen), sum(weight_gram), sum(unknown_weight_fen), sum(unknown_weight_lines), sum(line_count)
from (
  select county_code, month, school_id, reporting_unit_code, channel, class, amount_fen, weight_gram, unknown_weight_fen, unknown_weight_lines, line_count from school_month_total
  union all select county_code, month, school_id, reporting_unit_code, channel, class, -amount_fen, -weight_gram, -unknown_weight_fen, -unknown_weight_lines, -line_count from total_change
) as folded group by county_code, month, school_id, reporting_unit_code, channel, class;

drop table area_total;
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
insert into area_total
select county_code, month, reporting_unit_code, channel, class,
  sum(amount_fen), sum(weight_gram), sum(unknown_weight_fen), sum(unknown_weight_lines), sum(line_count)
from (
  select county_code, month, reporting_unit_code, channel, class, amount_fen, weight_gram, unknown_weight_fen, unknown_weight_lines, line_count from school_month_total
  union all select county_code, month, reporting_unit_code, channel, class, -amount_fen, -weight_gram, -unknown_weight_fen, -unknown_weight_lines, -line_count from total_change
) as folded group by county_code, month, reporting_unit_code, channel, class;

drop table area_category_total;
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
insert into area_category_total
select county_code, month, reporting_unit_code, category_code, channel, class,
  sum(amount_fen), sum(weight_gram), sum(unknown_weight_fen), sum(unknown_weight_lines), sum(line_count)
from (
  select county_code, month, reporting_unit_code, category_code, channel, class, amount_fen, weight_gram, unknown_weight_fen, unknown_weight_lines, line_count from school_month_total
  union all select county_code, month, reporting_unit_code, category_code, channel, class, -amount_fen, -weight_gram, -unknown_weight_fen, -unknown_weight_lines, -line_count from total_change
) as folded group by county_code, month, reporting_unit_code, category_code, channel, class;
