create table declared_purchase (
  id uuid not null primary key, -- id:DeclaredPurchaseId
  school_id uuid not null references school (id), -- school that bought
  canteen_id uuid not null references canteen (id), -- kitchen that bought
  purchased_on date not null, -- day of the purchase
  seller_name text not null, -- as on the voucher
  supplier_id uuid references supplier (id), -- the seller, where it is registered here
  invoice_number text, -- voucher number; none for a market purchase without one
  external_id text, -- the school's own number of the purchase, unique per school
  amount_fen bigint not null check (amount_fen >= 0), -- sum of its lines
  declared_by uuid not null references account (id), -- id:AccountId
  declared_at bigint not null, -- when
  import_id uuid -- id:ImportId
);
create index declared_purchase_school on declared_purchase (school_id, id);
create unique index declared_purchase_external on declared_purchase (school_id, external_id) where external_id is not null;

create table import_run (
  id uuid not null primary key, -- id:ImportId
  kind text not null check (kind in ('declared_purchases')), -- level:ImportKind
  school_id uuid not null references school (id), -- whose purchases
  file_hash text not null, -- SHA-256 of the file, in hex
  rows bigint not null, -- data rows in the file
  created_by uuid not null references account (id), -- id:AccountId
  created_at bigint not null -- when
);
create index import_run_school on import_run (school_id, id);

create table purchase_line (
  id uuid not null primary key, -- id:PurchaseLineId
  county_code text not null references division (code), -- county of the school that day
  reporting_unit_code text not null references reporting_unit (code), -- unit the school reported to that day
  school_id uuid not null references school (id), -- school it counts for (S12)
  canteen_id uuid not null references canteen (id), -- kitchen
  purchased_on date not null, -- day received or bought
  month integer not null check (month between 190001 and 299912), -- year * 100 + month of that day
  channel text not null check (channel in ('marketplace', 'declared')), -- level:Channel
  receipt_line_id uuid unique references receipt_line (id), -- the weighed line behind it
  declared_purchase_id uuid references declared_purchase (id), -- the declaration behind it
  corrects_line_id uuid references purchase_line (id), -- id:PurchaseLineId
  supplier_id uuid references supplier (id), -- seller, where registered
  product_code text references product (code), -- product, where known
  category_code text not null references category (code), -- category
  amount_fen bigint not null, -- accepted amount; negative in a correction
  weight_gram bigint, -- accepted weight; none when unknown (S7)
  class integer not null, -- level:PurchaseClassCode
  origin_division_code text references division (code), -- origin that day; none when not stated
  origin_lists text not null, -- codes of the county lists the origin stood on that day, joined by |
  producer_household_id uuid references household (id), -- household that grew it
  producer_status text, -- that household's status that day
  linked_households integer not null, -- households linked to the seller that day (H3)
  evidence text, -- kinds of the documents that prove the origin, joined by |; none = unverified (S6)
  recorded_at bigint not null, -- when the line was written
  check ((channel = 'marketplace') = (receipt_line_id is not null) or corrects_line_id is not null),
  check ((channel = 'declared') = (declared_purchase_id is not null) or corrects_line_id is not null)
);
create index purchase_line_school on purchase_line (school_id, purchased_on, id);
create index purchase_line_supplier on purchase_line (supplier_id, purchased_on, id);
create index purchase_line_declared on purchase_line (declared_purchase_id);

create table declared_certificate (
  id uuid not null primary key, -- id:CertificateId
  purchase_line_id uuid not null references purchase_line (id), -- declared line it covers
  kind text not null check (kind in ('commitment_certificate', 'animal_quarantine_certificate', 'meat_inspection_certificate', 'production_licence', 'batch_report', 'county_certificate')), -- level:CertificateKind
  number text not null, -- its number
  issued_on date not null, -- its date
  issuer text not null, -- committing or certifying party
  origin_division_code text references division (code) -- origin it states; none when it states none
);
create index declared_certificate_line on declared_certificate (purchase_line_id);
