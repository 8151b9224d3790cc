create table school_affiliation (
  school_id uuid not null references school (id), -- the school
  from_on date not null, -- first day it belonged there
  to_on date, -- last day; none while it does
  division_code text not null references division (code), -- township (or county) it lay in
  county_code text not null references division (code), -- county it lay in, for the geographic roll-up
  reporting_unit_code text not null references reporting_unit (code), -- unit it reported to (S10)
  primary key (school_id, from_on),
  check (to_on is null or from_on <= to_on)
);
create index school_affiliation_county on school_affiliation (county_code, school_id);
create index school_affiliation_unit on school_affiliation (reporting_unit_code, school_id);
create index school_affiliation_division on school_affiliation (division_code, school_id);
create index school_affiliation_from on school_affiliation (from_on);
create index school_affiliation_ended on school_affiliation (to_on) where to_on is not null;
insert into school_affiliation (school_id, from_on, to_on, division_code, county_code, reporting_unit_code)
  select id, opened_on, null, division_code, county_code, reporting_unit_code from school;

create table school_merger (
  school_id uuid not null primary key references school (id), -- school that is no more
  into_school_id uuid not null references school (id), -- school it became part of
  merged_on date not null, -- first day it is no more
  check (school_id <> into_school_id)
);
create index school_merger_into on school_merger (into_school_id);

create table school_diners (
  school_id uuid not null references school (id), -- the school
  month integer not null check (month between 190001 and 299912 and month % 100 between 1 and 12), -- year * 100 + month
  diners bigint not null check (diners >= 0), -- people fed on a school day of that month
  recorded_at bigint not null, -- when it was entered last
  version bigint not null, -- optimistic lock
  primary key (school_id, month)
);

create table canteen_term (
  canteen_id uuid not null references canteen (id), -- the kitchen
  from_on date not null, -- first day it was run so
  to_on date, -- last day; none while it is
  school_id uuid not null references school (id), -- school whose pupils eat there
  kind text not null check (kind in ('own', 'contracted', 'shared', 'none')), -- level:CanteenKind
  run_by_school_id uuid references school (id), -- school that ran a shared kitchen (S12)
  primary key (canteen_id, from_on),
  check (to_on is null or from_on <= to_on),
  check ((kind = 'shared') = (run_by_school_id is not null))
);
create index canteen_term_school on canteen_term (school_id, kind);
create index canteen_run_by on canteen (run_by_school_id) where run_by_school_id is not null;
insert into canteen_term (canteen_id, from_on, to_on, school_id, kind, run_by_school_id)
  select c.id, s.opened_on, null, c.school_id, c.kind, c.run_by_school_id from canteen c join school s on s.id = c.school_id;
