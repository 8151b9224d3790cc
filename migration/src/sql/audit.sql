alter table audit_entry add column outcome text not null default 'done' check (outcome in ('done', 'refused')); -- level:Outcome
alter table audit_entry add column on_behalf_of text; -- for whom, where somebody acts for another: supplier:<id>
alter table audit_entry add column address text; -- where the request came from
alter table audit_entry add column school_id uuid; -- the school it concerns
alter table audit_entry add column supplier_id uuid; -- the supplier it concerns
alter table audit_entry add column reporting_unit_code text; -- the unit it concerns, where it is no school's
-- Ids begin with their instant, so a range of days is a range of the primary key.
drop index audit_entry_at;
create index audit_entry_school on audit_entry (school_id, id) where school_id is not null;
create index audit_entry_account on audit_entry (account_id, id) where account_id is not null;
-- Few rows, and none that anybody waits for.
create index audit_entry_refused on audit_entry (id) where outcome = 'refused';

create table audit_seal (
  seq bigint not null primary key, -- place in the chain, from 1 without gaps
  day date not null, -- business day whose chain the row is in
  entry_id uuid not null unique, -- id:AuditEntryId
  row_hash text not null, -- SHA-256 of the row, in hex
  hash text not null -- SHA-256 over the hash before, the place, the day and the row, in hex
);
create index audit_seal_day on audit_seal (day, seq);

create table audit_day (
  day date not null primary key, -- a business day that is over
  first_seq bigint not null, -- its first place in the chain
  last_seq bigint not null, -- its last
  head text not null, -- hash at the last place
  key_id text not null, -- key that signed the head
  signature text not null, -- Ed25519 over day, last place and head, in hex
  signed_at bigint not null -- when
);
