create table supplier_entry (
  supplier_id uuid not null primary key references supplier (id), -- who came in
  account_id uuid not null references account (id), -- who entered it, and therefore lets it in nowhere (H4)
  entered_at bigint not null -- when
);

create table verification (
  id uuid not null primary key, -- id:VerificationId
  supplier_id uuid not null references supplier (id), -- who is verified
  state text not null check (state in ('applied', 'recommended', 'reviewed', 'noticed', 'approved', 'suspended', 'expired', 'revoked', 'refused', 'withdrawn', 'renewed')), -- level:VerificationState
  notice_from_on date, -- first day of the public notice
  notice_until_on date, -- last day of it
  expires_on date, -- last day of the approval
  reminded_on date, -- day somebody was told that the notice is over or the approval runs out
  version bigint not null, -- optimistic lock
  check (notice_from_on is null or notice_from_on <= notice_until_on)
);
create index verification_supplier on verification (supplier_id, id);
create index verification_state on verification (state, id);
create unique index verification_under_way on verification (supplier_id) where state in ('applied', 'recommended', 'reviewed', 'noticed');
create unique index verification_holds on verification (supplier_id) where state in ('approved', 'suspended');

create table verification_step (
  verification_id uuid not null references verification (id), -- whose
  number integer not null check (number > 0), -- place in the history
  step text not null check (step in ('apply', 'list', 'recommend', 'review', 'publish', 'approve', 'refuse', 'withdraw', 'suspend', 'reinstate', 'expire', 'revoke', 'renew')), -- level:VerificationStepKind
  account_id uuid references account (id), -- who; none for a list that came in and for the clock
  consent_id uuid references household_consent (id), -- on which an agent acted (H5)
  at bigint not null, -- when
  from_on date, -- first day of the notice, or of the revocation's effect
  until_on date, -- last day of the notice or of the approval
  reason text, -- why, or a remark
  primary key (verification_id, number)
);

create table objection (
  id uuid not null primary key, -- id:ObjectionId
  verification_id uuid not null references verification (id), -- against whom
  account_id uuid references account (id), -- who, where logged in
  contact_sealed text, -- name and phone of who is not, sealed
  statement text not null, -- what is said against it
  raised_at bigint not null, -- when
  answer text, -- what the authority found
  answered_by uuid references account (id), -- who answered
  answered_at bigint, -- when
  outcome text check (outcome in ('upheld', 'dismissed')), -- level:ObjectionOutcome
  version bigint not null, -- optimistic lock
  check ((account_id is null) = (contact_sealed is not null)),
  check ((answered_at is null) = (answer is null) and (answered_at is null) = (outcome is null))
);
create index objection_verification on objection (verification_id, id);
