create table file_import (
  id uuid not null primary key, -- id:FileImportId
  kind text not null check (kind in ('schools', 'suppliers', 'households', 'links')), -- level:FileImportKind
  state text not null check (state in ('checking', 'checked', 'applying', 'applied', 'discarded')), -- level:FileImportState
  account_id uuid not null references account (id), -- who brought it
  everywhere boolean not null, -- whether its rows may lie anywhere
  divisions text not null, -- divisions its rows may lie in, joined by |
  units text not null, -- units its schools may report to, joined by |
  file_hash text not null, -- SHA-256 of the file
  created_at bigint not null, -- when it came
  finished_at bigint, -- when it was applied or discarded
  row_count bigint not null, -- rows of the file
  parts integer not null, -- parts it was cut into
  parts_done integer not null, -- parts looked at, or applied
  new_rows bigint not null, -- rows that bring something new
  known_rows bigint not null, -- rows that are in the register already
  refused_rows bigint not null, -- rows that cannot be taken
  written bigint not null, -- records written
  version bigint not null -- optimistic lock
);
create index file_import_account on file_import (account_id, id);
create index file_import_under_way on file_import (id) where state in ('checking', 'applying');

create table file_import_part (
  import_id uuid not null references file_import (id), -- the import
  number integer not null, -- from 1
  rows_sealed text not null, -- its rows, sealed: they may hold somebody's numbers
  primary key (import_id, number)
);

create table file_import_refusal (
  import_id uuid not null references file_import (id), -- the import
  line bigint not null, -- line in the file
  place integer not null, -- which of the line's refusals
  column_name text not null, -- column by its English name; empty for the whole row
  code text not null, -- stable code
  external_id text not null, -- what the row is called by who made the file
  reason_zh text not null, -- why, in Chinese
  reason_en text not null, -- why, in English
  primary key (import_id, line, place)
);
