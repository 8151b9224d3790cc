create table division (
  code text not null primary key, -- GB/T 2260 county code or nine-digit township code (National Bureau of Statistics, 2023)
  name text not null, -- Chinese name
  parent_code text references division (code), -- the division above; none for provinces
  level text not null check (level in ('province', 'prefecture', 'county', 'township', 'other_province', 'other_county')), -- level:DivisionLevel
  valid_from date, -- first day the code held; none when it held before the programme
  valid_to date, -- last day the code held; none while it holds
  check (valid_to is null or valid_from is null or valid_from <= valid_to)
);
create index division_parent on division (parent_code, code);

create table division_change (
  id bigint not null primary key, -- running number of the change in its bundle
  effective_on date not null, -- day the change took effect
  old_code text, -- code before; none for a division newly set up
  old_name text, -- name before
  new_code text not null, -- code after
  new_name text not null, -- name after
  kind text not null -- what happened, in Chinese
);
create index division_change_old on division_change (old_code);

create table county_list (
  code text not null primary key, -- stable name of the list
  kind text not null check (kind in ('poverty_county', 'deep_poverty_county', 'key_county', 'extreme_poverty_township', 'other_province_listed')), -- level:CountyListKind
  name_zh text not null, -- Chinese name
  name_en text not null, -- English name
  source text not null -- where the list was published
);

create table county_list_member (
  list_code text not null references county_list (code), -- the list
  division_code text not null references division (code), -- the county or township on it
  valid_from date not null, -- first day on the list
  valid_to date, -- last day on the list; none while it stands (S11)
  source text not null, -- where this membership comes from
  primary key (list_code, division_code, valid_from),
  check (valid_to is null or valid_from <= valid_to)
);
create index county_list_member_division on county_list_member (division_code);

create table reporting_unit (
  code text not null primary key, -- division code, or an internal code where no division matches (S10)
  name text not null, -- Chinese name
  kind text not null check (kind in ('province', 'prefecture_bureau', 'county_bureau', 'new_area_bureau', 'province_direct_county', 'province_direct_schools')), -- level:ReportingUnitKind
  parent_code text references reporting_unit (code), -- the unit it reports to; none for the province
  division_code text references division (code) -- the division it stands for; none for internal codes
);
create index reporting_unit_parent on reporting_unit (parent_code, code);

create table school (
  id uuid not null primary key, -- id:SchoolId
  code text not null unique, -- school code used in imports and reports
  name text not null, -- Chinese name
  stage text not null check (stage in ('kindergarten', 'primary', 'junior', 'senior', 'vocational', 'university')), -- level:SchoolStage
  division_code text not null references division (code), -- township (or county) it lies in
  county_code text not null references division (code), -- county it lies in, for the geographic roll-up
  reporting_unit_code text not null references reporting_unit (code), -- unit it reports to (S10)
  rural boolean not null, -- counted as a rural school
  nutrition_program boolean not null, -- takes part in the nutrition programme
  diners bigint not null check (diners >= 0), -- people fed on a school day
  opened_on date not null, -- first day it should report
  closed_on date, -- last day it should report; none while open
  version bigint not null -- optimistic lock
);
create index school_county on school (county_code, id);
create index school_unit on school (reporting_unit_code, id);

create table canteen (
  id uuid not null primary key, -- id:CanteenId
  school_id uuid not null references school (id), -- school whose pupils eat here
  name text not null, -- Chinese name
  kind text not null check (kind in ('own', 'contracted', 'shared', 'none')), -- level:CanteenKind
  run_by_school_id uuid references school (id), -- school that runs a shared kitchen and reports for it (S12)
  version bigint not null, -- optimistic lock
  check ((kind = 'shared') = (run_by_school_id is not null))
);
create index canteen_school on canteen (school_id);
