//! What an indicator measures, as somebody proposes it.

use crate::{
    http::{ApiError, Check, Text},
    ledger::PurchaseClass,
    registry,
    share::reading::Rule,
};
use chrono::NaiveDate;
use entity::{
    id::IndicatorId,
    indicator::{self, Basis},
    reporting_unit,
    school::SchoolStage,
};
use sea_orm::{ActiveEnum, ConnectionTrait, EntityTrait};
use serde::Deserialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;

use super::version::Indicator;

/// What is measured: which purchases, of which schools, by what, against what.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IndicatorMeasure {
    /// Which purchases qualify, by name; given instead of `classes`.
    pub rule: Option<Rule>,
    /// Codes of the purchase classes that qualify, each with evidence (S6); given instead of `rule`.
    #[schema(example = json!(null))]
    pub classes: Option<Vec<i32>>,
    /// What the target is measured by (S2).
    pub basis: Basis,
    /// Target in percent with up to two decimals; absent where it is only reported.
    #[schema(example = "50.00")]
    pub target: Option<String>,
    /// Stages of the schools measured; all unless given.
    #[serde(default)]
    #[schema(example = json!([]))]
    pub stages: Vec<SchoolStage>,
    /// Rural schools only.
    #[serde(default)]
    #[schema(example = false)]
    pub rural_only: bool,
    /// Schools of this division only.
    #[schema(example = "910500")]
    pub scope_division_code: Option<String>,
    /// Schools of this reporting unit and all below it only.
    #[schema(example = json!(null))]
    pub scope_unit_code: Option<String>,
}

/// Name, validity and source of an indicator, beside what it measures.
pub(super) struct Label {
    pub id: IndicatorId,
    pub code: String,
    pub name_zh: String,
    pub name_en: String,
    pub headline: bool,
    pub valid_from: NaiveDate,
    pub valid_to: Option<NaiveDate>,
    pub source: String,
}

impl IndicatorMeasure {
    /// The indicator it would be; what is wrong with it is noted under `at`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(super) async fn indicator(
        &self,
        db: &impl ConnectionTrait,
        check: &mut Check,
        at: &str,
        label: Label,
    ) -> Result<Indicator, ApiError> {
        let classes = self.qualifying(check, at);
        let target_bp = self.target.as_deref().and_then(|text| check.percent(&format!("{at}/target"), text));
        if let Some(code) = &self.scope_division_code
            && registry::find_division(db, code).await?.is_none_or(|division| division.code != *code)
        {
            check.refuse(
                format!("{at}/scope_division_code"),
                "division_unknown",
                Text::new("没有此行政区划。", "There is no such division."),
            );
        }
        if let Some(code) = &self.scope_unit_code
            && reporting_unit::Entity::find_by_id(code.as_str()).one(db).await?.is_none()
        {
            check.refuse(
                format!("{at}/scope_unit_code"),
                "unit_unknown",
                Text::new("没有此报告单位。", "There is no such reporting unit."),
            );
        }
        let stages: BTreeSet<String> = self.stages.iter().map(ActiveEnum::to_value).collect();
        let version = indicator::Model {
            id: label.id,
            code: label.code,
            name_zh: label.name_zh,
            name_en: label.name_en,
            headline: label.headline,
            basis: self.basis,
            target_bp,
            scope_division_code: self.scope_division_code.clone(),
            rural_only: self.rural_only,
            stages: Vec::from_iter(stages).join("|"),
            valid_from: label.valid_from,
            valid_to: label.valid_to,
            source: label.source,
            scope_unit_code: self.scope_unit_code.clone(),
        };
        Ok(Indicator::new(version, classes))
    }

    fn qualifying(&self, check: &mut Check, at: &str) -> BTreeSet<i32> {
        let classes = match (self.rule, &self.classes) {
            (Some(rule), None) => return rule.classes().into_iter().collect(),
            (None, Some(classes)) => classes,
            _ => {
                check.refuse(
                    format!("{at}/rule"),
                    "rule_or_classes",
                    Text::new("rule 与 classes 须给出其中一项。", "Give either rule or classes."),
                );
                return BTreeSet::new();
            }
        };
        check.lines(&format!("{at}/classes"), classes, PurchaseClass::all().count());
        for (place, code) in classes.iter().enumerate() {
            let pointer = format!("{at}/classes/{place}");
            match PurchaseClass::from_code(*code) {
                None => check.refuse(
                    pointer,
                    "class_unknown",
                    Text::new("没有此采购类别。", "There is no such purchase class."),
                ),
                Some(class) if !class.evidence => check.refuse(
                    pointer,
                    "class_without_evidence",
                    Text::new("无产地证明的采购不得计入。", "Purchases without proof of origin never qualify."),
                ),
                Some(_) => {}
            }
        }
        classes.iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_read_exactly_or_refused() {
        let read = |text: &str| Check::default().percent("/target", text);
        assert_eq!(
            (read("50"), read("49.9"), read("0.01"), read("100.00")),
            (Some(5_000), Some(4_990), Some(1), Some(10_000))
        );
        for wrong in ["", "100.01", "50.001", "-1", "+5", "5e1", "50.", ".5", "½"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
