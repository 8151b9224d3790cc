create table document_content (
  sha256 text not null primary key, -- hash of the content in hex; its name in the store of files
  unused_since bigint -- since when no document has it; none while one does
);
create index document_content_unused on document_content (unused_since);

create table document (
  id uuid not null primary key, -- id:DocumentId
  sha256 text not null references document_content (sha256), -- its content
  bytes bigint not null check (bytes > 0), -- size
  media_type text not null check (media_type in ('image/jpeg', 'image/png', 'image/webp', 'image/heic', 'application/pdf')), -- what the content is, by its first bytes
  file_name text not null, -- as on the uploader's device
  kind text not null check (kind in ('certificate', 'licence', 'contract', 'consent', 'receipt', 'photo', 'handbook', 'identity', 'bank_card', 'other')), -- level:DocumentKind
  uploaded_by uuid not null references account (id), -- id:AccountId
  uploaded_at bigint not null, -- when
  linked_at bigint -- since when it proves something; none while it waits
);
create unique index document_waiting on document (uploaded_by, sha256, kind) where linked_at is null;
create index document_unlinked on document (uploaded_at) where linked_at is null;
create index document_sha256 on document (sha256);

create table document_link (
  document_id uuid not null references document (id), -- the document
  subject text not null check (subject in ('supplier', 'licence', 'beneficiary_link', 'consent', 'verification', 'household', 'household_status', 'school', 'certificate', 'receipt', 'declared_purchase', 'declared_certificate')), -- level:DocumentSubject
  subject_id uuid not null, -- what it proves
  school_id uuid references school (id), -- whose it is: this school's,
  supplier_id uuid references supplier (id), -- this supplier's,
  county_code text references division (code), -- or this county's
  open_to_buyers boolean not null, -- whether every school may see it, as with a supplier's licence
  keep_until date, -- last day it must be kept (F2); none while what it proves has no end
  linked_by uuid not null references account (id), -- id:AccountId
  linked_at bigint not null, -- when
  primary key (document_id, subject, subject_id)
);
create index document_link_subject on document_link (subject, subject_id, document_id);
create index document_link_keep on document_link (keep_until);
create index document_link_school on document_link (school_id);
create index document_link_supplier on document_link (supplier_id);
