//! What a refused step is told as.

use super::rules::Refusal;
use crate::http::{ApiError, Text};
use sea_orm::ActiveEnum;

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let (code, detail) = match refusal {
            Refusal::WrongState(state) => {
                let name = state.to_value();
                (
                    "verification_state",
                    Text::new(
                        format!("该审核当前状态为 {name}，不能进行此操作。"),
                        format!("The verification is {name}; this cannot be done now."),
                    ),
                )
            }
            Refusal::OwnWork => {
                return Self::refused(
                    "own_work",
                    Text::new(
                        "本人录入、申请或推荐的主体须由他人审核（四眼原则）。",
                        "Whoever entered, applied or recommended it does not decide on it; somebody else must.",
                    ),
                );
            }
            Refusal::NoticeRuns { until } => (
                "notice_runs",
                Text::new(
                    format!("公示至 {until} 结束，次日起方可批准。"),
                    format!("The public notice runs until {until}; it can be approved from the day after."),
                ),
            ),
            Refusal::Unanswered(count) => (
                "objections_unanswered",
                Text::new(
                    format!("还有 {count} 条异议未答复。"),
                    format!("{count} objections have not been answered."),
                ),
            ),
            Refusal::Upheld => (
                "objection_upheld",
                Text::new(
                    "公示期间的异议经查属实，只能不予通过。",
                    "An objection was found to be right; the application can only be refused.",
                ),
            ),
            Refusal::StillHolds { until } => (
                "approval_holds",
                Text::new(format!("批准有效至 {until}。"), format!("The approval holds until {until}.")),
            ),
        };
        Self::conflict(code, detail)
    }
}
