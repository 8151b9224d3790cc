create table goods_return (
  id uuid not null primary key, -- id:GoodsReturnId
  receipt_id uuid not null references receipt (id), -- receipt the goods came with
  reason text not null, -- in own words
  returned_by uuid not null references account (id), -- who gave them back
  returned_at bigint not null -- when
);
create index goods_return_receipt on goods_return (receipt_id);
create table goods_return_line (
  goods_return_id uuid not null references goods_return (id), -- its return
  receipt_line_id uuid not null references receipt_line (id), -- line the goods were accepted with
  quantity_base bigint not null, -- given back, grams or pieces
  weight_gram bigint, -- by how much the accepted weight falls; none when unknown
  amount_fen bigint not null, -- by how much less is to be paid
  reversing_line_id uuid not null references purchase_line (id), -- line of the ledger that takes back what stood for it
  primary key (goods_return_id, receipt_line_id),
  check (quantity_base > 0),
  check (amount_fen >= 0),
  check (weight_gram is null or weight_gram >= 0)
);
create index goods_return_line_receipt_line on goods_return_line (receipt_line_id);
create unique index goods_return_line_reversing on goods_return_line (reversing_line_id);
