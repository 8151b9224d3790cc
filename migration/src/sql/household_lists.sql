-- A status is never deleted. One that was entered wrongly is annulled: the row stays, and reads pass over it.
alter table household_status add column recorded_at bigint; -- when it was entered; none before this was kept
alter table household_status add column recorded_by uuid; -- id:AccountId
alter table household_status add column list_id uuid; -- id:HouseholdListId
alter table household_status add column annulled_at bigint; -- when it was annulled; none while it stands
alter table household_status add column annulled_by uuid; -- id:AccountId
alter table household_status add column annul_reason text check ((annul_reason is null) = (annulled_at is null)); -- why
drop index household_status_period;
create unique index household_status_period on household_status (household_id, history, from_on) where annulled_at is null;

create table household_list (
  id uuid not null primary key, -- id:HouseholdListId
  kind text not null check (kind in ('registration', 'monitoring')), -- level:StatusHistory
  county_code text not null references division (code), -- county the list is of
  listed_on date not null, -- day the office drew it up for
  file_hash text not null, -- keyed hash of the file
  digest text not null, -- SHA-256 over the register of the county it was compared with; empty while it is read
  state text not null check (state in ('reading', 'ready', 'applied')), -- level:HouseholdListState
  rows bigint not null, -- data rows in the file
  new_rows bigint not null, -- households the register does not have
  changed_rows bigint not null, -- households whose name, place, number or status differs
  ended_rows bigint not null, -- households whose status held that day and that are not in the list
  unknown_rows bigint not null, -- rows that name nobody who can be told
  duplicate_rows bigint not null, -- rows of a person who is there already
  same_rows bigint not null, -- rows the register says the same of
  holders bigint not null, -- households whose status of this kind held that day
  created_by uuid references account (id), -- id:AccountId
  created_at bigint not null, -- when it was compared
  applied_by uuid references account (id), -- id:AccountId
  applied_at bigint, -- when it was applied; none before
  shrink_reason text, -- why so many may end
  check ((state = 'applied') = (applied_at is not null))
);
create index household_list_county on household_list (county_code, id);
create index household_list_left on household_list (created_at) where state <> 'applied';

create table household_list_row (
  list_id uuid not null references household_list (id), -- the list
  line bigint not null, -- line of the file; households that end are counted on from its last
  outcome text not null check (outcome in ('new', 'changed', 'ended', 'unknown', 'duplicate')), -- level:ListOutcome
  reason text check (reason in ('id_missing', 'certificate_missing', 'id_malformed', 'id_date', 'id_checksum', 'id_child', 'twice_in_list', 'code_twice', 'other_code', 'other_county', 'code_of_another', 'text_malformed', 'place_elsewhere', 'status_malformed', 'date_malformed', 'status_period', 'period_overlaps')), -- level:ListReason
  changes text not null, -- what differs: name, place, id_number, status, joined by |
  household_id uuid, -- household it is or becomes
  household_version bigint, -- version it was compared with; none for a new one
  code text not null, -- number of the handbook or certificate, as listed
  name text not null, -- name, as listed
  division_code text not null, -- place, as listed
  status text check (status in ('registered_poor', 'lifted', 'unstable_lifted', 'marginal_at_risk', 'sudden_hardship', 'risk_cleared')), -- level:HouseholdStatusKind
  from_on date, -- first day of the status that begins
  to_on date, -- its last day, where it has one
  proof_number text not null, -- document that proves it
  begins_status_id uuid, -- the status that begins
  ends_status_id uuid, -- the status that ends
  ends_on date, -- its last day
  id_number_masked text, -- ID number without the day of birth
  id_number_sealed text, -- sealed for the household it is or becomes
  id_number_hash text, -- its keyed hash
  fingerprint text, -- keyed hash of what the work list remembers it by
  primary key (list_id, line)
);
create index household_list_row_outcome on household_list_row (list_id, outcome, line);

create table household_discrepancy (
  id uuid not null primary key, -- id:DiscrepancyId
  kind text not null check (kind in ('certificate_without_person', 'person_without_certificate', 'duplicate_person', 'invalid_id')), -- level:DiscrepancyKind
  county_code text not null references division (code), -- county whose list it stood in
  list_id uuid not null references household_list (id), -- the list
  line bigint not null, -- line of the file
  reason text not null, -- level:ListReason
  household_id uuid references household (id), -- household of the county it may concern
  code text not null, -- number of the handbook or certificate, as listed
  name text not null, -- name, as listed
  id_number_masked text, -- ID number without the day of birth
  fingerprint text not null unique, -- keyed hash: the same fault of the same row is listed once
  found_at bigint not null, -- when the list was applied
  resolved_at bigint, -- when it was settled; none while it waits
  resolved_by uuid references account (id), -- id:AccountId
  note text, -- how it was settled
  version bigint not null, -- optimistic lock
  check ((resolved_at is null) = (note is null))
);
create index household_discrepancy_county on household_discrepancy (county_code, id);
create index household_discrepancy_open on household_discrepancy (county_code, id) where resolved_at is null;
