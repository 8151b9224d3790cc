create table account (
  id uuid not null primary key, -- id:AccountId
  username text not null unique, -- log-in name, lower case
  display_name text not null, -- name shown to others
  password_hash text not null, -- argon2id in PHC form
  must_change_password boolean not null, -- true until a one-time password is replaced
  disabled_at bigint, -- when the account was closed
  created_at bigint not null, -- when it was made
  version bigint not null -- optimistic lock
);

create table membership (
  id uuid not null primary key, -- id:MembershipId
  account_id uuid not null references account (id), -- whose
  role text not null check (role in ('administrator', 'authority_officer', 'canteen_manager', 'inspector', 'supplier')), -- level:Role
  school_id uuid references school (id), -- where a canteen manager or inspector acts
  supplier_id uuid references supplier (id), -- for whom a supplier's account acts
  reporting_unit_code text references reporting_unit (code), -- top of an officer's subtree
  from_on date not null, -- first day it holds
  to_on date, -- last day; none while it holds
  check (
    (role = 'administrator' and school_id is null and supplier_id is null and reporting_unit_code is null)
    or (role = 'authority_officer' and reporting_unit_code is not null and school_id is null and supplier_id is null)
    or (role in ('canteen_manager', 'inspector') and school_id is not null and supplier_id is null and reporting_unit_code is null)
    or (role = 'supplier' and supplier_id is not null and school_id is null and reporting_unit_code is null)
  )
);
create index membership_account on membership (account_id);
create index membership_school on membership (school_id);
create index membership_supplier on membership (supplier_id);

create table session (
  id uuid not null primary key, -- id:SessionId
  account_id uuid not null references account (id), -- whose
  refresh_hash text not null unique, -- SHA-256 of the refresh token now valid, in hex
  previous_hash text unique, -- hash of the token before it: seeing that one again ends the session
  created_at bigint not null, -- log-in
  expires_at bigint not null, -- no refresh after this
  ended_at bigint -- logged out or ended
);
create index session_account on session (account_id);
