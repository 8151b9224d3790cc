create table household (
  id uuid not null primary key, -- id:HouseholdId
  code text not null unique, -- number of the poverty-relief handbook or of the county certificate (H2)
  name text not null, -- name of the head of the household
  division_code text not null references division (code), -- township it lives in
  county_code text not null references division (code), -- county it lives in
  version bigint not null -- optimistic lock
);

create table household_status (
  id uuid not null primary key, -- id:HouseholdStatusId
  household_id uuid not null references household (id), -- the household
  history text not null check (history in ('registration', 'monitoring')), -- level:StatusHistory
  status text not null check (status in ('registered_poor', 'lifted', 'unstable_lifted', 'marginal_at_risk', 'sudden_hardship', 'risk_cleared')), -- level:HouseholdStatusKind
  from_on date not null, -- first day of the status
  to_on date, -- last day; none while it holds
  proof_number text not null, -- number of the document that proves it (H2)
  check (to_on is null or from_on <= to_on)
);
create unique index household_status_period on household_status (household_id, history, from_on);

create table supplier (
  id uuid not null primary key, -- id:SupplierId
  code text not null unique, -- supplier code used in imports and reports
  name text not null, -- registered name
  kind text not null check (kind in ('household', 'cooperative', 'processor', 'family_farm', 'distributor')), -- level:SupplierKind
  division_code text not null references division (code), -- registered place; never decides the share (S4)
  household_id uuid references household (id), -- the household, where the supplier is one
  status text not null check (status in ('pending', 'approved', 'suspended', 'expired', 'revoked')), -- level:SupplierStatus
  version bigint not null, -- optimistic lock
  check ((kind = 'household') = (household_id is not null))
);
create index supplier_division on supplier (division_code);

create table beneficiary_link (
  id uuid not null primary key, -- id:BeneficiaryLinkId
  supplier_id uuid not null references supplier (id), -- supplier that leads the household to income (H3)
  household_id uuid not null references household (id), -- household behind it
  kind text not null check (kind in ('contract', 'labour', 'dividend', 'purchase')), -- level:BeneficiaryLinkKind
  from_on date not null, -- first day of the link
  to_on date, -- last day; none while it holds
  proof_number text not null, -- number of the contract or certificate
  check (to_on is null or from_on <= to_on)
);
create unique index beneficiary_link_period on beneficiary_link (supplier_id, household_id, kind, from_on);
create index beneficiary_link_household on beneficiary_link (household_id);
