alter table account add column disabled_by uuid; -- id:AccountId who closed it; none from the command line
alter table account add column disabled_rank text check (disabled_rank in ('administrator', 'authority', 'place')); -- level:ClosingRank
alter table account add column disabled_unit text; -- top of the subtree of the authority that closed it

create table stated_producer (
  purchase_line_id uuid not null primary key references purchase_line (id), -- a declared line
  code text not null, -- handbook number as it was stated, of no household known that day
  stated_at bigint not null -- when
);

create table receipt_denial (
  receipt_id uuid not null references receipt (id), -- the receipt
  account_id uuid not null references account (id), -- named as an inspector of it, and says otherwise (F3)
  reason text not null, -- in own words
  denied_at bigint not null, -- when
  primary key (receipt_id, account_id)
);
create index receipt_supplier on receipt (supplier_id, id);
