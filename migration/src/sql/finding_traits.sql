create table search_name (
  subject_kind text not null check (subject_kind in ('school', 'supplier')), -- level:SubjectKind
  subject_id uuid not null, -- the school or supplier
  name text not null, -- name its terms were made of
  code text not null, -- code its terms were made of
  division_code text not null, -- division its terms carry
  traits text not null default '', -- what else they carry
  primary key (subject_kind, subject_id)
) /*kept*/;

create table search_term (
  term text /*bytes*/ not null, -- whose it is and where it stands, then what stands there, written or read
  subject_id uuid not null, -- the school or supplier
  division_code text not null, -- division it lies in, so that a search within one reads no other
  traits text not null default '', -- what else lists choose by, a letter each: of a supplier kind and status, of a school stage
  primary key (term, subject_id) /*carried*/
) /*kept*/;
