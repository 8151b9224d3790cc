-- Only a school's own share tells the channels apart, and that is read from its totals by category.
alter table school_total rename to school_total_past;
drop index school_total_unit;
create table school_total (
  county_code text not null,
  month integer not null,
  school_id uuid not null,
  reporting_unit_code text not null,
  class integer not null,
  amount_fen bigint not null,
  weight_gram bigint not null,
  unknown_weight_fen bigint not null,
  unknown_weight_lines bigint not null,
  line_count bigint not null,
  primary key (county_code, month, school_id, reporting_unit_code, class)
);
insert into school_total
select county_code, month, school_id, reporting_unit_code, class,
  sum(amount_fen), sum(weight_gram), sum(unknown_weight_fen), sum(unknown_weight_lines), sum(line_count)
from school_total_past group by county_code, month, school_id, reporting_unit_code, class order by county_code, month, school_id, reporting_unit_code, class;
drop table school_total_past;
create index school_total_unit on school_total (reporting_unit_code, month);

alter table area_total rename to area_total_past;
drop index area_total_unit;
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
from area_total_past group by county_code, month, reporting_unit_code, class order by county_code, month, reporting_unit_code, class;
drop table area_total_past;
create index area_total_unit on area_total (reporting_unit_code, month);
create index area_total_month on area_total (month);

alter table area_category_total rename to area_category_total_past;
drop index area_category_total_unit;
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
from area_category_total_past group by county_code, month, reporting_unit_code, category_code, class order by county_code, month, reporting_unit_code, category_code, class;
drop table area_category_total_past;
create index area_category_total_unit on area_category_total (reporting_unit_code, month);
create index area_category_total_month on area_category_total (month);
