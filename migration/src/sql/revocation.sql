create table supplier_revocation (
  id uuid not null primary key, -- id:RevocationId
  supplier_id uuid not null references supplier (id), -- who lost its approval
  verification_id uuid not null references verification (id), -- the approval
  effective_from date not null, -- first day on which what it sold counts for nothing
  ended_on date, -- day of the next approval
  revoked_at bigint not null, -- when
  lines bigint not null check (lines >= 0), -- ledger lines that counted for something when it was revoked
  corrected bigint not null check (corrected >= 0), -- how many are corrected so far
  reached_on date, -- day of the last line corrected
  reached_id uuid, -- id:PurchaseLineId of the last line corrected
  finished_at bigint, -- when the last was corrected
  check (ended_on is null or effective_from <= ended_on)
);
create index supplier_revocation_supplier on supplier_revocation (supplier_id, effective_from);
create index supplier_revocation_under_way on supplier_revocation (id) where finished_at is null;
create unique index purchase_line_corrects on purchase_line (corrects_line_id, (case when amount_fen < 0 or coalesce(weight_gram, 0) < 0 then -1 else 1 end)) where corrects_line_id is not null;
create index verification_expires on verification (expires_on) where state in ('approved', 'suspended');
create index verification_reminder on verification (expires_on) where state = 'approved' and reminded_on is null;
