create table purchase_order (
  id uuid not null primary key, -- id:OrderId
  basket_id uuid not null, -- id:BasketId
  canteen_id uuid not null references canteen (id), -- for which kitchen
  school_id uuid not null references school (id), -- school whose share it counts for (S12)
  supplier_id uuid not null references supplier (id), -- from whom
  status text not null check (status in ('placed', 'confirmed', 'declined', 'cancelled', 'shipped', 'received')), -- level:OrderStatus
  deliver_on date not null, -- day of delivery asked for
  amount_fen bigint not null check (amount_fen >= 0), -- sum of its lines as ordered
  placed_by uuid not null references account (id), -- id:AccountId
  placed_at bigint not null, -- when
  answered_at bigint, -- when the supplier confirmed or declined, or the canteen cancelled
  reason text, -- why it was declined or cancelled
  version bigint not null -- optimistic lock
);
create index purchase_order_school on purchase_order (school_id, id);
create index purchase_order_supplier on purchase_order (supplier_id, id);

create table order_line (
  id uuid not null primary key, -- id:OrderLineId
  order_id uuid not null references purchase_order (id), -- its order
  line_no integer not null, -- place in the order, from 1
  listing_id uuid not null references listing (id), -- offer it was ordered from
  product_code text not null references product (code), -- what
  origin_division_code text not null references division (code), -- origin as listed
  producer_household_id uuid references household (id), -- producing household as listed
  unit_code text not null references unit (code), -- unit the buyer typed
  unit_base bigint not null check (unit_base > 0), -- level:BaseQuantity
  quantity_base bigint not null check (quantity_base > 0), -- ordered, in grams or pieces
  confirmed_base bigint check (confirmed_base >= 0), -- confirmed by the supplier; none before
  price_fen bigint not null, -- price frozen at ordering, per price_base
  price_unit_code text not null references unit (code), -- unit the price is quoted in
  price_base bigint not null check (price_base > 0), -- level:BaseQuantity
  amount_fen bigint not null, -- ordered quantity at that price, rounded half up once (O2)
  unique (order_id, line_no)
);
create index order_line_listing on order_line (listing_id);
