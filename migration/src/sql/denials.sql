create table sale_denial (
  id uuid not null primary key, -- id:SaleDenialId
  purchase_line_id uuid not null references purchase_line (id), -- the sale
  school_id uuid not null references school (id), -- who bought
  supplier_id uuid references supplier (id), -- who denies it: the seller, or the household named as producer that sells itself
  household_id uuid references household (id), -- the household named as producer, for which its county opened the case
  division_code text not null references division (code), -- place whose authority decides
  reason text not null, -- in own words
  denied_by uuid not null references account (id), -- account that opened the case
  consent_id uuid references household_consent (id), -- on which an agent acted (H5)
  denied_at bigint not null, -- when
  outcome text check (outcome in ('upheld', 'rejected')), -- level:DenialOutcome
  finding text, -- what the authority found
  decided_by uuid references account (id), -- who decided
  decided_at bigint, -- when
  version bigint not null, -- optimistic lock
  check ((supplier_id is null) <> (household_id is null)),
  check ((decided_at is null) = (outcome is null) and (decided_at is null) = (finding is null))
);
create index sale_denial_line on sale_denial (purchase_line_id);
create unique index sale_denial_open on sale_denial (purchase_line_id) where decided_at is null;
create index sale_denial_supplier on sale_denial (supplier_id, id);
create index sale_denial_division on sale_denial (division_code, id);
create index purchase_line_producer on purchase_line (producer_household_id, purchased_on, id) where producer_household_id is not null;
