-- Units whose schools the indicator measures, that unit and all below it; none = every authority's.
alter table indicator add column scope_unit_code text;
create index indicator_code on indicator (code, valid_from);
