-- A check cannot be widened in place on SQLite: the table is made anew.
create table beneficiary_link_wider (
  id uuid not null primary key, -- id:BeneficiaryLinkId
  supplier_id uuid not null references supplier (id), -- supplier that leads the household to income (H3)
  household_id uuid not null references household (id), -- household behind it
  kind text not null check (kind in ('member', 'contract', 'labour', 'dividend', 'purchase')), -- level:BeneficiaryLinkKind
  from_on date not null, -- first day of the link
  to_on date, -- last day; none while it holds
  proof_number text not null, -- number of the contract or certificate
  share_bp integer check (share_bp between 0 and 10000), -- the household's share in basis points, where one is agreed
  check (to_on is null or from_on <= to_on)
);
insert into beneficiary_link_wider
select id, supplier_id, household_id, kind, from_on, to_on, proof_number, null from beneficiary_link;
drop table beneficiary_link;
alter table beneficiary_link_wider rename to beneficiary_link;
create unique index beneficiary_link_period on beneficiary_link (supplier_id, household_id, kind, from_on);
create index beneficiary_link_household on beneficiary_link (household_id);

create table licence (
  id uuid not null primary key, -- id:LicenceId
  supplier_id uuid not null references supplier (id), -- whose
  kind text not null check (kind in ('business', 'food_business', 'food_production', 'small_workshop', 'animal_epidemic_prevention', 'slaughter', 'breeding', 'other')), -- level:LicenceKind
  number text not null, -- its number
  issuer text not null, -- who issued it
  scope text not null, -- what it allows, in its own words
  categories text not null, -- categories it covers, joined by |; empty = all
  valid_from date not null, -- first day
  valid_to date, -- last day; none = without end
  recorded_at bigint not null, -- when it was entered
  recorded_by uuid, -- id:AccountId
  reminded_on date, -- day its end was spoken of
  check (valid_to is null or valid_from <= valid_to)
);
create unique index licence_number on licence (supplier_id, kind, number, valid_from);
create index licence_ends on licence (valid_to, id) where valid_to is not null;

create table capacity (
  id uuid not null primary key, -- id:CapacityId
  supplier_id uuid not null references supplier (id), -- who can yield it
  product_code text not null references product (code), -- what
  from_on date not null, -- first day of the season
  to_on date not null, -- last day of the season
  area_sqm bigint check (area_sqm > 0), -- land, in square metres
  heads bigint check (heads > 0), -- animals
  yield_gram bigint not null check (yield_gram > 0), -- what the season yields
  recorded_at bigint not null, -- when it was stated
  recorded_by uuid, -- id:AccountId
  confirmed_at bigint, -- when the county confirmed it
  confirmed_by uuid, -- id:AccountId
  sold_gram bigint not null, -- sold of it when last looked at
  unknown_weight_lines bigint not null, -- sales of unknown weight when last looked at
  checked_at bigint, -- when that was
  check (from_on <= to_on)
);
create unique index capacity_season on capacity (supplier_id, product_code, from_on);
create index capacity_overrun on capacity (id) where sold_gram > yield_gram;

create table supply_base (
  id uuid not null primary key, -- id:SupplyBaseId
  supplier_id uuid not null references supplier (id), -- who farms it
  kind text not null check (kind in ('plots', 'county_base', 'university_base', 'school_base_household')), -- level:SupplyBaseKind
  name text not null, -- its name
  division_code text not null references division (code), -- where it lies
  area_sqm bigint check (area_sqm > 0), -- land, in square metres
  products text not null, -- codes of what grows there, joined by |
  from_on date not null, -- first day
  to_on date, -- last day; none while it is farmed
  proof_number text not null, -- number of the contract or decision
  recorded_at bigint not null, -- when it was entered
  recorded_by uuid, -- id:AccountId
  check (to_on is null or from_on <= to_on)
);
create index supply_base_supplier on supply_base (supplier_id, id);

create table supply_base_party (
  base_id uuid not null references supply_base (id), -- the base
  party text not null check (party in ('school', 'household')), -- level:BasePartyKind
  party_id uuid not null, -- the school or the household
  from_on date not null, -- first day
  to_on date, -- last day; none while it takes part
  primary key (base_id, party, party_id, from_on)
);
create index supply_base_party_of on supply_base_party (party_id);
