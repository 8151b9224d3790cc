create table data_key (
  purpose text not null check (purpose in ('seal', 'index')), -- what it is for: sealing, or keying the hashes
  version bigint not null, -- counts up from 1
  wrapped text not null, -- the key, encrypted under the master key
  created_at bigint not null, -- when it was made
  retired_at bigint, -- since when it seals nothing new
  primary key (purpose, version)
);

-- Sealed: "v", version of the data key, ".", base64 of nonce and ciphertext. Hash: HMAC-SHA256 in hex.
alter table household add column id_number_sealed text;
alter table household add column id_number_hash text;
alter table household add column phone_sealed text;
alter table household add column phone_hash text;
alter table household add column bank_account_sealed text;
alter table household add column bank_account_hash text;
create unique index household_id_number on household (id_number_hash);
create index household_phone on household (phone_hash);
create index household_bank_account on household (bank_account_hash);
create index household_county on household (county_code, id);
