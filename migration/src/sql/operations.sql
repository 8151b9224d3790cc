create table audit_entry (
  id uuid not null primary key, -- id:AuditEntryId
  at bigint not null, -- when
  account_id uuid, -- who; none for the system itself
  action text not null, -- what was done, e.g. order.place
  resource text not null, -- kind of thing it was done to
  resource_id text not null, -- which one
  request_id text not null, -- the request it came in
  detail text not null -- changed facts as JSON, no personal data
);
create index audit_entry_resource on audit_entry (resource, resource_id);
create index audit_entry_at on audit_entry (at);

create table outbox (
  id uuid not null primary key, -- id:OutboxId
  topic text not null, -- what happened, e.g. order.placed
  payload text not null, -- the facts as JSON
  created_at bigint not null, -- when
  delivered_at bigint -- when the runner passed it on
);
create index outbox_waiting on outbox (id) where delivered_at is null;

create table notification (
  id uuid not null primary key, -- id:NotificationId
  account_id uuid not null references account (id), -- for whom
  topic text not null, -- what happened
  subject_id text not null, -- the order, consignment or receipt it is about
  created_at bigint not null, -- when it happened
  read_at bigint -- when the account marked it as read
);
create index notification_account on notification (account_id, id);
create unique index notification_once on notification (account_id, topic, subject_id);

create table idempotency (
  account_id uuid not null, -- who sent the request
  key text not null, -- the Idempotency-Key header
  body_hash text not null, -- SHA-256 over method, path and body, in hex
  status integer not null, -- status of the first answer
  response text not null, -- body of the first answer
  created_at bigint not null, -- when
  primary key (account_id, key)
);
create index idempotency_created on idempotency (created_at);

create table bundle (
  name text not null primary key, -- which data set
  digest text not null, -- SHA-256 of its files, in hex
  loaded_at bigint not null -- when it was loaded
);
