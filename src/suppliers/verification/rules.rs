//! The way in as a state machine: every state carries its facts, every step is taken or refused (H4). Pure.

use chrono::NaiveDate;
use entity::{id::AccountId, time::Timestamp, verification::VerificationState};

/// What is done to a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The supplier or its agent applies.
    Apply,
    /// A county's list of those it had let in brings it.
    List {
        /// Last day.
        expires_on: NaiveDate,
    },
    /// The county recommends it.
    Recommend,
    /// Somebody else looks through it.
    Review,
    /// It goes into the public notice.
    Publish {
        /// First day.
        from: NaiveDate,
        /// Last day.
        until: NaiveDate,
    },
    /// It may sell.
    Approve {
        /// Last day.
        expires_on: NaiveDate,
        /// What was said against it.
        objections: Objections,
    },
    /// It is turned down.
    Refuse,
    /// The applicant takes it back.
    Withdraw,
    /// It may take no new orders for now.
    Suspend,
    /// It may again.
    Reinstate,
    /// The approval ran out.
    Expire,
    /// The approval is taken back.
    Revoke {
        /// First day on which what it sold counts for nothing.
        effective_from: NaiveDate,
    },
    /// A later approval takes its place.
    Renew,
}

/// Objections to a public notice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Objections {
    /// Not answered yet.
    pub unanswered: u64,
    /// Found to be right.
    pub upheld: u64,
}

/// Who did it, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deed {
    /// The account; none for a list that came in and for the clock.
    pub by: Option<AccountId>,
    /// When.
    pub at: Timestamp,
}

/// Where a verification stands, with the facts of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Waits for the county's recommendation.
    Applied(Deed),
    /// Waits for the review.
    Recommended(Deed),
    /// Waits for the public notice.
    Reviewed(Deed),
    /// In the public notice, or waiting for the approval after it.
    Noticed {
        /// First day.
        from: NaiveDate,
        /// Last day.
        until: NaiveDate,
    },
    /// May sell.
    Approved {
        /// By whom, and when.
        deed: Deed,
        /// Last day.
        expires_on: NaiveDate,
    },
    /// May take no new orders for now.
    Suspended {
        /// By whom, and when.
        deed: Deed,
        /// Last day of the approval, which goes on running.
        expires_on: NaiveDate,
    },
    /// The approval ran out.
    Expired {
        /// Its last day.
        on: NaiveDate,
    },
    /// The approval was taken back.
    Revoked {
        /// By whom, and when.
        deed: Deed,
        /// First day on which what it sold counts for nothing.
        effective_from: NaiveDate,
    },
    /// Turned down.
    Refused(Deed),
    /// Taken back by the applicant.
    Withdrawn(Deed),
    /// A later approval took its place.
    Renewed(Deed),
}

/// Why a step is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not in this state.
    WrongState(VerificationState),
    /// By the person who entered, applied or recommended: four eyes see it.
    OwnWork,
    /// The notice still runs.
    NoticeRuns {
        /// Its last day.
        until: NaiveDate,
    },
    /// Objections wait for an answer.
    Unanswered(u64),
    /// An objection was right.
    Upheld,
    /// The approval has not run out yet.
    StillHolds {
        /// Its last day.
        until: NaiveDate,
    },
}

/// A supplier's verification: where it stands and whose hands it went through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Where it stands.
    pub stage: Stage,
    /// Who entered the supplier, applied or recommended: these may not decide.
    hands: Vec<AccountId>,
}

impl Verification {
    /// The first step; any other than applying or being listed is refused.
    ///
    /// # Errors
    /// [`Refusal::WrongState`] for a step that begins nothing.
    pub fn begin(step: &Step, deed: Deed) -> Result<Self, Refusal> {
        let stage = match step {
            Step::Apply => Stage::Applied(deed),
            Step::List { expires_on } => Stage::Approved { deed, expires_on: *expires_on },
            _ => return Err(Refusal::WrongState(VerificationState::Applied)),
        };
        Ok(Self { stage, hands: deed.by.into_iter().collect() })
    }

    /// The same, entered by `account`, who lets it in nowhere.
    #[must_use]
    pub fn entered_by(mut self, account: Option<AccountId>) -> Self {
        self.hands.extend(account);
        self
    }

    /// Takes a step.
    ///
    /// # Errors
    /// [`Refusal`] where the state, the person, the days or the objections do not allow it.
    pub fn take(mut self, step: &Step, deed: Deed) -> Result<Self, Refusal> {
        let today = deed.at.business_day();
        self.stage = match (self.stage, step) {
            (Stage::Applied(_), Step::Recommend) => {
                self.four_eyes(deed)?;
                self.hands.extend(deed.by);
                Stage::Recommended(deed)
            }
            (Stage::Recommended(_), Step::Review) => {
                self.four_eyes(deed)?;
                Stage::Reviewed(deed)
            }
            (Stage::Reviewed(_), Step::Publish { from, until }) => Stage::Noticed { from: *from, until: *until },
            (Stage::Noticed { until, .. }, Step::Approve { expires_on, objections }) => {
                self.four_eyes(deed)?;
                if today <= until {
                    return Err(Refusal::NoticeRuns { until });
                }
                match objections {
                    Objections { unanswered: 1.., .. } => return Err(Refusal::Unanswered(objections.unanswered)),
                    Objections { upheld: 1.., .. } => return Err(Refusal::Upheld),
                    Objections { .. } => Stage::Approved { deed, expires_on: *expires_on },
                }
            }
            (Stage::Applied(_) | Stage::Recommended(_) | Stage::Reviewed(_) | Stage::Noticed { .. }, Step::Refuse) => {
                // Who applied takes it back; who recommended may find out better.
                if deed.by.is_some() && deed.by == self.hands.first().copied() {
                    return Err(Refusal::OwnWork);
                }
                Stage::Refused(deed)
            }
            (
                Stage::Applied(_) | Stage::Recommended(_) | Stage::Reviewed(_) | Stage::Noticed { .. },
                Step::Withdraw,
            ) => Stage::Withdrawn(deed),
            (Stage::Approved { expires_on, .. }, Step::Suspend) => Stage::Suspended { deed, expires_on },
            (Stage::Suspended { expires_on, .. }, Step::Reinstate) => {
                self.four_eyes(deed)?;
                Stage::Approved { deed, expires_on }
            }
            (Stage::Approved { expires_on, .. } | Stage::Suspended { expires_on, .. }, Step::Expire) => {
                if today <= expires_on {
                    return Err(Refusal::StillHolds { until: expires_on });
                }
                Stage::Expired { on: expires_on }
            }
            (
                Stage::Approved { .. } | Stage::Suspended { .. } | Stage::Expired { .. },
                Step::Revoke { effective_from },
            ) => Stage::Revoked { deed, effective_from: *effective_from },
            (Stage::Approved { .. }, Step::Renew) => Stage::Renewed(deed),
            _ => return Err(Refusal::WrongState(self.state())),
        };
        Ok(self)
    }

    /// The state's name.
    #[must_use]
    pub fn state(&self) -> VerificationState {
        match self.stage {
            Stage::Applied(_) => VerificationState::Applied,
            Stage::Recommended(_) => VerificationState::Recommended,
            Stage::Reviewed(_) => VerificationState::Reviewed,
            Stage::Noticed { .. } => VerificationState::Noticed,
            Stage::Approved { .. } => VerificationState::Approved,
            Stage::Suspended { .. } => VerificationState::Suspended,
            Stage::Expired { .. } => VerificationState::Expired,
            Stage::Revoked { .. } => VerificationState::Revoked,
            Stage::Refused(_) => VerificationState::Refused,
            Stage::Withdrawn(_) => VerificationState::Withdrawn,
            Stage::Renewed(_) => VerificationState::Renewed,
        }
    }

    /// Nobody decides what they entered, applied for or recommended. An agent's acts are the agent's.
    ///
    /// # Errors
    /// [`Refusal::OwnWork`] where they do.
    pub fn four_eyes(&self, deed: Deed) -> Result<(), Refusal> {
        match deed.by {
            Some(by) if self.hands.contains(&by) => Err(Refusal::OwnWork),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const DAY: i64 = 24 * 3600 * 1000;

    fn deed(who: u128, day: i64) -> Deed {
        Deed { by: Some(AccountId(Uuid::from_u128(who))), at: Timestamp(1_772_445_600_000 + day * DAY) }
    }

    fn date(day: i64) -> NaiveDate {
        deed(1, day).at.business_day()
    }

    fn approve() -> Step {
        Step::Approve { expires_on: date(365), objections: Objections::default() }
    }

    fn publish() -> Step {
        Step::Publish { from: date(0), until: date(6) }
    }

    fn noticed() -> Verification {
        let mut it = Verification::begin(&Step::Apply, deed(1, 0)).expect("begins").entered_by(None);
        for (step, who) in [(Step::Recommend, 2), (Step::Review, 3), (publish(), 3)] {
            it = it.take(&step, deed(who, 0)).expect("goes on");
        }
        it
    }

    #[test]
    fn the_way_in_is_walked_in_order_only() {
        let steps = [Step::Recommend, Step::Review, publish(), approve(), Step::Suspend, Step::Reinstate, Step::Renew];
        let mut it = Verification::begin(&Step::Apply, deed(1, 0)).expect("begins");
        for (place, step) in steps.iter().enumerate() {
            let who = u128::try_from(place).expect("small") + 2;
            for other in &steps {
                let state = it.state();
                // An approval can be suspended and renewed at any time.
                let open = state == VerificationState::Approved && matches!(other, Step::Suspend | Step::Renew);
                if other != step && !open {
                    assert_eq!(it.clone().take(other, deed(9, 7)), Err(Refusal::WrongState(state)), "{other:?}");
                }
            }
            it = it.take(step, deed(who, 7)).expect("the next step");
        }
        assert_eq!(it.state(), VerificationState::Renewed);
        for step in steps.iter().chain([&Step::Refuse, &Step::Withdraw, &Step::Expire]) {
            assert!(it.clone().take(step, deed(9, 999)).is_err(), "{step:?} after the end");
        }
    }

    #[test]
    fn nobody_decides_what_they_brought() {
        let applied = Verification::begin(&Step::Apply, deed(1, 0)).expect("begins");
        let entered = applied.clone().entered_by(deed(7, 0).by);
        assert_eq!(applied.clone().take(&Step::Recommend, deed(1, 0)), Err(Refusal::OwnWork));
        assert_eq!(entered.take(&Step::Recommend, deed(7, 0)), Err(Refusal::OwnWork));
        let recommended = applied.take(&Step::Recommend, deed(2, 0)).expect("recommended");
        for who in [1, 2] {
            assert_eq!(recommended.clone().take(&Step::Review, deed(who, 0)), Err(Refusal::OwnWork));
            assert_eq!(noticed().take(&approve(), deed(who, 7)), Err(Refusal::OwnWork));
        }
        assert!(noticed().take(&approve(), deed(3, 7)).is_ok(), "who reviewed has decided once");
    }

    #[test]
    fn days_and_objections_stand_before_an_approval() {
        assert_eq!(noticed().take(&approve(), deed(4, 6)), Err(Refusal::NoticeRuns { until: date(6) }));
        let with =
            |unanswered, upheld| Step::Approve { expires_on: date(365), objections: Objections { unanswered, upheld } };
        assert_eq!(noticed().take(&with(2, 1), deed(4, 7)), Err(Refusal::Unanswered(2)));
        assert_eq!(noticed().take(&with(0, 1), deed(4, 7)), Err(Refusal::Upheld));
        assert!(noticed().take(&with(0, 0), deed(4, 7)).is_ok());
    }

    #[test]
    fn an_approval_ends_once_and_not_before_its_last_day() {
        let approved = noticed().take(&approve(), deed(4, 7)).expect("approved");
        assert_eq!(approved.clone().take(&Step::Expire, deed(4, 365)), Err(Refusal::StillHolds { until: date(365) }));
        let expired = approved.clone().take(&Step::Expire, deed(4, 366)).expect("expired");
        assert_eq!(expired.stage, Stage::Expired { on: date(365) });
        let revoked = Step::Revoke { effective_from: date(3) };
        for held in [approved.clone(), approved.take(&Step::Suspend, deed(4, 8)).expect("suspended"), expired] {
            let state = held.take(&revoked, deed(4, 400)).expect("revoked");
            assert!(matches!(state.stage, Stage::Revoked { effective_from, .. } if effective_from == date(3)));
            assert!(state.take(&revoked, deed(4, 401)).is_err());
        }
        assert!(noticed().take(&revoked, deed(4, 8)).is_err());
    }
}
