create table search_name (
  subject_kind text not null check (subject_kind in ('school', 'supplier')), -- level:SubjectKind
  subject_id uuid not null, -- the school or supplier
  name text not null, -- name its terms were made of
  code text not null, -- code its terms were made of
  division_code text not null, -- division its terms carry
  primary key (subject_kind, subject_id)
);

create table search_term (
  term text /*bytes*/ not null, -- whose it is and where it stands, then what stands there, written or read
  subject_id uuid not null, -- the school or supplier
  division_code text not null, -- division it lies in, so that a search within one reads no other
  primary key (term, subject_id)
) /*kept*/;

create table position (
  subject_kind text not null check (subject_kind in ('school', 'supplier')), -- level:SubjectKind
  subject_id uuid not null, -- the school or supplier
  latitude bigint not null check (latitude between -90000000 and 90000000), -- degrees north in millionths
  longitude bigint not null check (longitude between -180000000 and 180000000), -- degrees east in millionths
  version bigint not null, -- optimistic lock
  primary key (subject_kind, subject_id)
);
create index position_place on position (subject_kind, latitude, longitude, subject_id);

create index school_place on school (division_code, id);
create index school_stage on school (stage, id);
create index supplier_place on supplier (division_code, id);
create index supplier_kind on supplier (kind, id);
create index supplier_status on supplier (status, id);
