create table statement (
  id uuid not null primary key, -- id:StatementId
  reporting_unit_code text not null references reporting_unit (code), -- unit that closed the month
  month integer not null, -- year * 100 + month
  version integer not null, -- 1, and one more each time the month was opened and closed again
  seq integer not null, -- place in the unit's chain, from 1 without gaps
  body text not null, -- the statement itself, as JSON: the very bytes that are hashed and signed
  hash text not null, -- SHA-256 of the body, in hex
  key_id text not null, -- key that signed it
  public_key text not null, -- that key's public half, in hex, for when it is retired
  signature text not null, -- Ed25519 over the body, in hex
  closed_by uuid references account (id), -- who closed it; none where it was the system
  closed_at bigint not null, -- when
  reopened_by uuid references account (id), -- who opened the month again
  reopened_at bigint, -- when
  reopen_reason text, -- why
  check (month between 200001 and 299912 and month % 100 between 1 and 12),
  check ((reopened_at is null) = (reopen_reason is null))
);
create unique index statement_version on statement (reporting_unit_code, month, version);
create unique index statement_seq on statement (reporting_unit_code, seq);
create unique index statement_closed on statement (reporting_unit_code, month) where reopened_at is null;
create table late_line (
  purchase_line_id uuid not null primary key references purchase_line (id), -- line written after a statement of its month
  statement_id uuid not null references statement (id), -- the last statement at that time
  shown_in_id uuid references statement (id) -- statement that shows it as an adjustment, or that holds it
);
create index late_line_statement on late_line (statement_id);
create index late_line_shown on late_line (shown_in_id) where shown_in_id is not null;
create table line_correction (
  purchase_line_id uuid not null primary key references purchase_line (id), -- line that takes another back
  reason text not null, -- in own words
  corrected_by uuid not null references account (id), -- who
  corrected_at bigint not null -- when
);
