-- One row for all classes, for each month, quarter and half-year.
create table school_class_sums (
  span integer not null,
  county_code text not null,
  school_id uuid not null,
  reporting_unit_code text not null,
  sums /*bytes*/ not null,
  primary key (span, county_code, school_id, reporting_unit_code)
);
insert into school_class_sums (span, county_code, school_id, reporting_unit_code, sums)
select span, county_code, school_id, reporting_unit_code, /*pack*/ from (
  select case kinds.kind when 1 then month when 2 then month / 100 * 100 + 20 + (month % 100 + 2) / 3
    else month / 100 * 100 + 30 + (month % 100 + 5) / 6 end as span, county_code, school_id, reporting_unit_code, class, cast(sum(amount_fen) as bigint) as amount_fen, cast(sum(weight_gram) as bigint) as weight_gram, cast(sum(unknown_weight_fen) as bigint) as unknown_weight_fen, cast(sum(unknown_weight_lines) as bigint) as unknown_weight_lines, cast(sum(line_count) as bigint) as line_count
  from school_total cross join (select 1 as kind union all select 2 union all select 3) as kinds
  group by 1, county_code, school_id, reporting_unit_code, class having sum(amount_fen) <> 0 or sum(weight_gram) <> 0 or sum(unknown_weight_fen) <> 0 or sum(unknown_weight_lines) <> 0 or sum(line_count) <> 0
) as classes group by span, county_code, school_id, reporting_unit_code;
create index school_class_sums_unit on school_class_sums (reporting_unit_code, span);

create table area_class_sums (
  span integer not null,
  county_code text not null,
  reporting_unit_code text not null,
  sums /*bytes*/ not null,
  primary key (span, county_code, reporting_unit_code)
);
insert into area_class_sums (span, county_code, reporting_unit_code, sums)
select span, county_code, reporting_unit_code, /*pack*/ from (
  select case kinds.kind when 1 then month when 2 then month / 100 * 100 + 20 + (month % 100 + 2) / 3
    else month / 100 * 100 + 30 + (month % 100 + 5) / 6 end as span, county_code, reporting_unit_code, class, cast(sum(amount_fen) as bigint) as amount_fen, cast(sum(weight_gram) as bigint) as weight_gram, cast(sum(unknown_weight_fen) as bigint) as unknown_weight_fen, cast(sum(unknown_weight_lines) as bigint) as unknown_weight_lines, cast(sum(line_count) as bigint) as line_count
  from area_total cross join (select 1 as kind union all select 2 union all select 3) as kinds
  group by 1, county_code, reporting_unit_code, class having sum(amount_fen) <> 0 or sum(weight_gram) <> 0 or sum(unknown_weight_fen) <> 0 or sum(unknown_weight_lines) <> 0 or sum(line_count) <> 0
) as classes group by span, county_code, reporting_unit_code;
create index area_class_sums_unit on area_class_sums (reporting_unit_code, span);

create table area_category_class_sums (
  span integer not null,
  county_code text not null,
  reporting_unit_code text not null,
  category_code text not null,
  sums /*bytes*/ not null,
  primary key (span, county_code, reporting_unit_code, category_code)
);
insert into area_category_class_sums (span, county_code, reporting_unit_code, category_code, sums)
select span, county_code, reporting_unit_code, category_code, /*pack*/ from (
  select case kinds.kind when 1 then month when 2 then month / 100 * 100 + 20 + (month % 100 + 2) / 3
    else month / 100 * 100 + 30 + (month % 100 + 5) / 6 end as span, county_code, reporting_unit_code, category_code, class, cast(sum(amount_fen) as bigint) as amount_fen, cast(sum(weight_gram) as bigint) as weight_gram, cast(sum(unknown_weight_fen) as bigint) as unknown_weight_fen, cast(sum(unknown_weight_lines) as bigint) as unknown_weight_lines, cast(sum(line_count) as bigint) as line_count
  from area_category_total cross join (select 1 as kind union all select 2 union all select 3) as kinds
  group by 1, county_code, reporting_unit_code, category_code, class having sum(amount_fen) <> 0 or sum(weight_gram) <> 0 or sum(unknown_weight_fen) <> 0 or sum(unknown_weight_lines) <> 0 or sum(line_count) <> 0
) as classes group by span, county_code, reporting_unit_code, category_code;
create index area_category_class_sums_unit on area_category_class_sums (reporting_unit_code, span);

drop table area_total;
drop table area_category_total;
