alter table supplier add column social_credit_code text check (social_credit_code is null or (length(social_credit_code) = 18 and kind <> 'household' and (kind <> 'cooperative') = (social_credit_code not like '93%'))); -- GB 32100; a cooperative's begins with 93, and no other's (H2)
alter table supplier add column village text; -- village and group, below the division
create unique index supplier_social_credit_code on supplier (social_credit_code);
create unique index supplier_household on supplier (household_id);

create table supplier_contact (
  supplier_id uuid not null primary key references supplier (id), -- the supplier; of a household that sells, the household has the numbers
  id_number_sealed text, -- resident identity number of whoever runs a family farm, sealed
  id_number_hash text unique, -- its keyed hash
  phone_sealed text, -- phone number, sealed
  bank_account_sealed text -- bank account or card, sealed
);
