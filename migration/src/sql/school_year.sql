create table school_year (
  school_id uuid not null, -- the school
  year integer not null,
  county_code text not null, -- county it lay in
  reporting_unit_code text not null, -- unit it reported to
  months integer not null, -- those it has lines of: 1 is January, 2 February, 4 March and so on, added up
  primary key (school_id, year, county_code, reporting_unit_code)
);

insert into school_year
select school_id, month / 100, county_code, reporting_unit_code, sum(distinct 1 << (month % 100 - 1))
from school_total group by school_id, month / 100, county_code, reporting_unit_code;
