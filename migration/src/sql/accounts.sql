-- Neither database widens a check in place alike, so the table is made anew with its rows.
create table membership_wide (
  id uuid not null primary key, -- id:MembershipId
  account_id uuid not null references account (id), -- whose
  role text not null check (role in ('administrator', 'authority_manager', 'authority_officer', 'auditor', 'school_principal',
    'canteen_manager', 'inspector', 'supplier', 'supplier_clerk', 'agent')), -- level:Role
  school_id uuid references school (id), -- where a principal, canteen manager or inspector acts
  supplier_id uuid references supplier (id), -- for whom a supplier's account acts
  reporting_unit_code text references reporting_unit (code), -- top of an officer's subtree; unit an agent is registered with
  from_on date not null, -- first day it holds
  to_on date, -- last day; none while it holds
  check (
    (role = 'administrator' and school_id is null and supplier_id is null and reporting_unit_code is null)
    or (role in ('authority_manager', 'authority_officer', 'auditor', 'agent') and reporting_unit_code is not null and school_id is null and supplier_id is null)
    or (role in ('school_principal', 'canteen_manager', 'inspector') and school_id is not null and supplier_id is null and reporting_unit_code is null)
    or (role in ('supplier', 'supplier_clerk') and supplier_id is not null and school_id is null and reporting_unit_code is null)
  )
);
insert into membership_wide (id, account_id, role, school_id, supplier_id, reporting_unit_code, from_on, to_on)
  select id, account_id, role, school_id, supplier_id, reporting_unit_code, from_on, to_on from membership;
drop table membership;
alter table membership_wide rename to membership;
create index membership_account on membership (account_id);
create index membership_school on membership (school_id);
create index membership_supplier on membership (supplier_id);
create index membership_unit on membership (reporting_unit_code);

create table household_consent (
  id uuid not null primary key, -- id:ConsentId
  account_id uuid not null references account (id), -- agent who may act
  supplier_id uuid not null references supplier (id), -- household that sells, for whom (H5)
  from_on date not null, -- first day of the consent
  to_on date, -- last day; none while it holds
  proof_number text not null, -- number of the signed paper
  recorded_at bigint not null, -- when it was recorded
  withdrawn_at bigint, -- when it was taken back; none where it runs out by itself
  version bigint not null -- optimistic lock
);
create index household_consent_account on household_consent (account_id);
create index household_consent_supplier on household_consent (supplier_id);
