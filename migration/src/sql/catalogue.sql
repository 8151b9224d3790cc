create table category (
  code text not null primary key, -- code of the product taxonomy
  name_zh text not null, -- Chinese name
  name_en text not null, -- English name
  safety_documents text not null -- documents the law asks for, in Chinese (F4)
);

create table unit (
  code text not null primary key, -- unit code used in requests
  name_zh text not null, -- Chinese name
  name_en text not null, -- English name
  kind text not null check (kind in ('mass', 'volume', 'count', 'package')), -- level:UnitKind
  grams bigint check (grams > 0), -- grams in one unit, mass units only (O1)
  check ((kind = 'mass') = (grams is not null))
);

create table product (
  code text not null primary key, -- product code
  name_zh text not null, -- Chinese name
  name_en text not null, -- English name
  category_code text not null references category (code), -- its category
  measure text not null check (measure in ('mass', 'count')), -- level:Measure
  default_unit text not null references unit (code), -- unit people usually order in
  grams_per_piece bigint check (grams_per_piece > 0), -- average weight of a piece; none when unknown (S7)
  check (measure = 'count' or grams_per_piece is null)
);
create index product_category on product (category_code);

create table product_unit (
  product_code text not null references product (code), -- the product
  unit_code text not null references unit (code), -- a unit this product is sold in besides the mass units
  base_quantity bigint not null check (base_quantity > 0), -- level:BaseQuantity
  primary key (product_code, unit_code)
);

create table listing (
  id uuid not null primary key, -- id:ListingId
  supplier_id uuid not null references supplier (id), -- who sells
  product_code text not null references product (code), -- what
  origin_division_code text not null references division (code), -- where it is grown or made (S4)
  origin_county_code text references division (code), -- county of the origin; none when only the province is known
  producer_household_id uuid references household (id), -- household that grew it, where one is named
  unit_code text not null references unit (code), -- unit the price is quoted in
  unit_base bigint not null check (unit_base > 0), -- level:BaseQuantity
  price_fen bigint not null check (price_fen > 0), -- price of one such unit
  stock_base bigint not null check (stock_base >= 0), -- grams or pieces still free to order
  delivery_area text, -- prefecture or county codes delivered to, joined by |; none = the whole province
  deliver_from_on date not null, -- first day of delivery
  deliver_to_on date not null, -- last day of delivery
  status text not null check (status in ('active', 'withdrawn')), -- level:ListingStatus
  version bigint not null, -- optimistic lock; stock moves do not count
  check (deliver_from_on <= deliver_to_on)
);
create index listing_product on listing (product_code, status, price_fen);
create index listing_supplier on listing (supplier_id, id);
create index listing_price on listing (status, price_fen, id);
