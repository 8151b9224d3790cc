-- Folded totals, without what still waits to be folded.
drop table school_class_sums;
drop table area_class_sums;
drop table area_category_class_sums;

create table area_total (
  county_code text not null,
  month integer not null,
  reporting_unit_code text not null,
  class integer not null,
  amount_fen bigint not null,
  weight_gram bigint not null,
  unknown_weight_fen bigint not null,
  unknown_weight_lines bigint not null,
  line_count bigint not null,
  primary key (county_code, month, reporting_unit_code, class)
);
insert into area_total
select county_code, month, reporting_unit_code, class,
  sum(amount_fen), sum(weight_gram), sum(unknown_weight_fen), sum(unknown_weight_lines), sum(line_count)
from (
  select county_code, month, reporting_unit_code, class, amount_fen, weight_gram, unknown_weight_fen, unknown_weight_lines, line_count from school_month_total
  union all select county_code, month, reporting_unit_code, class, -amount_fen, -weight_gram, -unknown_weight_fen, -unknown_weight_lines, -line_count from total_change
) as folded group by county_code, month, reporting_unit_code, class;
create index area_total_unit on area_total (reporting_unit_code, month);
create index area_total_month on area_total (month);

create table area_category_total (
  county_code text not null,
  month integer not null,
  reporting_unit_code text not null,
  category_code text not null,
  class integer not null,
  amount_fen bigint not null,
  weight_gram bigint not null,
  unknown_weight_fen bigint not null,
  unknown_weight_lines bigint not null,
  line_count bigint not null,
  primary key (county_code, month, reporting_unit_code, category_code, class)
);
insert into area_category_total
select county_code, month, reporting_unit_code, category_code, class,
  sum(amount_fen), sum(weight_gram), sum(unknown_weight_fen), sum(unknown_weight_lines), sum(line_count)
from (
  select county_code, month, reporting_unit_code, category_code, class, amount_fen, weight_gram, unknown_weight_fen, unknown_weight_lines, line_count from school_month_total
  union all select county_code, month, reporting_unit_code, category_code, class, -amount_fen, -weight_gram, -unknown_weight_fen, -unknown_weight_lines, -line_count from total_change
) as folded group by county_code, month, reporting_unit_code, category_code, class;
create index area_category_total_unit on area_category_total (reporting_unit_code, month);
create index area_category_total_month on area_category_total (month);
