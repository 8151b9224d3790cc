alter table session add column rotated_at bigint; -- when the refresh token was last replaced
alter table session add column successor_nonce text; -- from it and the token before, the present token is made again
alter table session add column last_used_at bigint not null default 0; -- log-in or last renewal
alter table session add column address text not null default ''; -- where from, at log-in or last renewal
alter table session add column user_agent text not null default ''; -- what program, cut
update session set last_used_at = created_at;
create index session_expires on session (expires_at);

create table totp (
  account_id uuid not null primary key references account (id), -- whose
  sealed_secret text not null, -- the shared secret, sealed
  created_at bigint not null, -- when the secret was made
  confirmed_at bigint, -- when a code first proved it; none while it is not asked for
  last_step bigint not null -- 30-second step of the last code taken: no code is taken twice
);

create table recovery_code (
  account_id uuid not null references account (id), -- whose
  code_hash text not null, -- keyed hash
  used_at bigint, -- good for one log-in
  primary key (account_id, code_hash)
);

create table access_change (
  id uuid not null primary key, -- id:AccessChangeId
  at bigint not null, -- when
  account_id uuid not null -- whose sessions, standing or memberships changed
);
create index access_change_at on access_change (at);
