create table double_count (
  id uuid not null primary key, -- id:DoubleCountId
  school_id uuid not null references school (id), -- school of both
  declared_purchase_id uuid not null references declared_purchase (id), -- what was declared
  receipt_id uuid not null references receipt (id), -- what was received here and may be the same goods
  certain boolean not null, -- same seller, same amount, within three days
  found_at bigint not null, -- when the pair was found
  outcome text check (outcome in ('same_goods', 'different_goods')), -- level:DoubleCountOutcome
  note text, -- what the school found
  decided_by uuid references account (id), -- who decided
  decided_at bigint, -- when
  version bigint not null, -- optimistic lock
  check ((decided_at is null) = (outcome is null))
);
create unique index double_count_pair on double_count (declared_purchase_id, receipt_id);
create index double_count_school on double_count (school_id, id);
create index declared_purchase_day on declared_purchase (school_id, purchased_on);
create index receipt_day on receipt (received_on);
