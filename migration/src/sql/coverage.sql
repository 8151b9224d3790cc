create table coverage_change (
  id uuid not null primary key, -- any
  school_id uuid not null -- school of which something changed that coverage depends on, until it is counted anew
);
create index coverage_change_school on coverage_change (school_id);

create table coverage_span (
  school_id uuid not null, -- the school
  from_on date not null, -- first day of some on which it was open, in one place, and ran a kitchen or did not
  to_on date not null, -- last of them; 9999-12-31 while they last
  division_code text not null, -- township (or county) it lay in
  county_code text not null, -- county it lay in
  reporting_unit_code text not null, -- unit it reported to
  runs boolean not null, -- it ran a kitchen of its own or by contract (S12)
  opens boolean not null, -- it opened on the first of the days
  closes boolean not null, -- it closed on the last of them
  primary key (school_id, from_on)
);
create index coverage_span_county on coverage_span (county_code, school_id);
create index coverage_span_unit on coverage_span (reporting_unit_code, school_id);
create index coverage_span_division on coverage_span (division_code, school_id);

create table coverage_year (
  school_id uuid not null, -- the school
  year integer not null,
  months integer not null, -- those it bought in: 1 is January, 2 February, up to 1 << 23, December of the next year
  primary key (school_id, year)
);

create table coverage_count (
  year integer not null, -- 0 for all spans; otherwise only those of schools with a kitchen that bought in it or the next
  county_code text not null,
  reporting_unit_code text not null,
  runs boolean not null,
  from_on date not null,
  to_on date not null,
  opens boolean not null,
  closes boolean not null,
  months integer not null, -- those the schools bought in, as in coverage_year; 0 for all spans
  schools bigint not null, -- how many there are
  primary key (year, county_code, reporting_unit_code, runs, from_on, to_on, opens, closes, months)
);
create index coverage_count_unit on coverage_count (reporting_unit_code, year);
create index coverage_count_none on coverage_count (year) where schools = 0;
