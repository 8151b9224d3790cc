create table consignment (
  id uuid not null primary key, -- id:ConsignmentId
  order_id uuid not null references purchase_order (id), -- the order it serves
  school_id uuid not null references school (id), -- where it goes
  supplier_id uuid not null references supplier (id), -- who sent it
  status text not null check (status in ('sent', 'received')), -- level:ConsignmentStatus
  sent_at bigint not null, -- when it left
  vehicle text, -- number plate or courier, as written on the delivery note
  version bigint not null -- optimistic lock
);
create index consignment_order on consignment (order_id);
create index consignment_school on consignment (school_id, id);

create table consignment_line (
  id uuid not null primary key, -- id:ConsignmentLineId
  consignment_id uuid not null references consignment (id), -- its consignment
  order_line_id uuid not null references order_line (id), -- the ordered line it serves
  line_no integer not null, -- place in the consignment, from 1
  sent_base bigint not null check (sent_base > 0), -- sent, in grams or pieces
  batch_number text not null, -- producer's batch, for recall (F2)
  produced_on date, -- production or harvest date
  shelf_life_days integer check (shelf_life_days > 0), -- none where the law asks for none
  origin_division_code text not null references division (code), -- origin of this batch (S4)
  producer_household_id uuid references household (id), -- household that grew this batch
  unique (consignment_id, line_no)
);
create index consignment_line_order on consignment_line (order_line_id);
create index consignment_line_batch on consignment_line (batch_number);

create table certificate (
  id uuid not null primary key, -- id:CertificateId
  consignment_line_id uuid not null references consignment_line (id), -- the batch it covers
  kind text not null check (kind in ('commitment_certificate', 'animal_quarantine_certificate', 'meat_inspection_certificate', 'production_licence', 'batch_report', 'county_certificate')), -- level:CertificateKind
  number text not null, -- its number
  issued_on date not null, -- its date
  issuer text not null, -- committing or certifying party
  origin_division_code text references division (code) -- origin it states; none when it states none
);
create index certificate_line on certificate (consignment_line_id);
create index certificate_number on certificate (kind, number);

create table receipt (
  id uuid not null primary key, -- id:ReceiptId
  consignment_id uuid not null unique references consignment (id), -- a consignment is received once
  order_id uuid not null references purchase_order (id), -- the order behind it
  school_id uuid not null references school (id), -- school that received
  canteen_id uuid not null references canteen (id), -- kitchen that received
  supplier_id uuid not null references supplier (id), -- who is to be paid
  received_on date not null, -- business day in China
  received_at bigint not null, -- when
  received_by uuid not null references account (id), -- id:AccountId
  amount_fen bigint not null check (amount_fen >= 0), -- accepted goods at the frozen prices
  note text -- remark of the inspectors
);
create index receipt_school on receipt (school_id, id);

create table receipt_inspector (
  receipt_id uuid not null references receipt (id), -- the receipt
  account_id uuid not null references account (id), -- one of its two or more inspectors (F3)
  primary key (receipt_id, account_id)
);

create table receipt_line (
  id uuid not null primary key, -- id:ReceiptLineId
  receipt_id uuid not null references receipt (id), -- its receipt
  consignment_line_id uuid not null unique references consignment_line (id), -- what was sent
  gross_base bigint not null check (gross_base >= 0), -- on the scale, grams or pieces
  tare_base bigint not null check (tare_base >= 0), -- packaging
  deduction_base bigint not null check (deduction_base >= 0), -- dirt, water, ice (F1)
  deduction_reason text, -- why it was deducted
  rejected_base bigint not null check (rejected_base >= 0), -- refused goods
  reject_reason text, -- why they were refused
  reject_action text check (reject_action in ('returned', 'destroyed')), -- level:RejectAction
  accepted_base bigint not null check (accepted_base >= 0), -- gross - tare - deduction - rejected
  weight_gram bigint check (weight_gram >= 0), -- accepted weight; none when unknown (S7)
  amount_fen bigint not null check (amount_fen >= 0), -- accepted quantity at the frozen price
  check (gross_base - tare_base - deduction_base - rejected_base = accepted_base),
  check (deduction_base = 0 or deduction_reason is not null),
  check ((rejected_base = 0) = (reject_reason is null)),
  check ((rejected_base = 0) = (reject_action is null))
);
create index receipt_line_receipt on receipt_line (receipt_id);
