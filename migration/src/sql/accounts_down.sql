-- The five roles of before have no place for the others' memberships: those go, their accounts stay.
drop table household_consent;
create table membership_narrow (
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
insert into membership_narrow (id, account_id, role, school_id, supplier_id, reporting_unit_code, from_on, to_on)
  select id, account_id, role, school_id, supplier_id, reporting_unit_code, from_on, to_on from membership
  where role in ('administrator', 'authority_officer', 'canteen_manager', 'inspector', 'supplier');
drop table membership;
alter table membership_narrow rename to membership;
create index membership_account on membership (account_id);
create index membership_school on membership (school_id);
create index membership_supplier on membership (supplier_id);
