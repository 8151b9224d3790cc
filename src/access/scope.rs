//! How far a permission reaches: the value that every query of a domain's store must hold.

use crate::store::among_codes;
use entity::{
    division::{self, DivisionLevel},
    document_link, household_consent,
    id::{SchoolId, SupplierId},
    membership, school, supplier,
};
use sea_orm::{
    ColumnTrait, Condition, DbBackend, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, SelectStatement},
};
use std::{collections::BTreeSet, sync::Arc};

/// How far an allowed action reaches for this caller. Without one no query of a domain's store can be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    pub(super) everything: bool,
    pub(super) schools: Vec<SchoolId>,
    pub(super) suppliers: Vec<SupplierId>,
    pub(super) tops: Vec<String>,
    pub(super) units: Vec<Arc<[String]>>,
    pub(super) divisions: Vec<Arc<[String]>>,
}

impl Scope {
    /// Whether the scope has no bounds.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.everything
    }

    /// Whether the households behind this school's purchases may be shown with their status: to its authorities, not to
    /// the market's other side (P1), and not to somebody who holds an authority's role elsewhere.
    #[must_use]
    pub fn shows_households_of(&self, school: &school::Model) -> bool {
        self.shows_households_under(&school.reporting_unit_code)
    }

    /// The same of a school that reports to `unit`.
    #[must_use]
    pub fn shows_households_under(&self, unit: &str) -> bool {
        self.everything || self.holds_unit(unit)
    }

    /// Whether this school lies within.
    #[must_use]
    pub fn covers_school(&self, school: &school::Model) -> bool {
        self.holds_school(school.id, &school.reporting_unit_code)
    }

    /// The same of the school with this id, which reports to `unit`.
    #[must_use]
    pub fn holds_school(&self, id: SchoolId, unit: &str) -> bool {
        self.everything || self.schools.contains(&id) || self.holds_unit(unit)
    }

    /// Whether this supplier lies within.
    #[must_use]
    pub fn covers_supplier(&self, id: SupplierId) -> bool {
        self.everything || self.suppliers.contains(&id)
    }

    /// Whether it reaches over schools from above: everything, or the subtree of a unit.
    #[must_use]
    pub fn is_authority(&self) -> bool {
        self.everything || !self.units.is_empty()
    }

    /// Whether schools lie within, and not only suppliers.
    #[must_use]
    pub fn sees_schools(&self) -> bool {
        self.everything || !self.schools.is_empty() || !self.units.is_empty()
    }

    /// Whether the caller holds a role for this very supplier.
    #[must_use]
    pub fn holds_supplier(&self, id: SupplierId) -> bool {
        self.suppliers.contains(&id)
    }

    /// Whether the place with this code is a division that the scope's units stand for, or a township of one: its code
    /// begins with its county's.
    #[must_use]
    pub fn covers_place(&self, code: &str) -> bool {
        let mut held = self.divisions.iter().flat_map(|held| held.iter());
        self.everything || held.any(|held| code.starts_with(held.as_str()))
    }

    /// Rows of suppliers the caller holds a role for.
    pub fn held_suppliers(&self, supplier: impl ColumnTrait) -> Condition {
        Condition::all().add(supplier.is_in(self.suppliers.iter().copied()))
    }

    /// Suppliers the caller holds a role for, and those registered in its divisions; `supplier` and `place` are the row's
    /// columns.
    pub fn on_registered(&self, supplier: impl ColumnTrait, place: impl ColumnTrait) -> Condition {
        if self.everything {
            return Condition::all();
        }
        Condition::any().add(supplier.is_in(self.suppliers.iter().copied())).add(self.registered(place))
    }

    /// The same for rows that something else leads to: the places are one value on `backend`, since a statement with a
    /// value for each of a province's counties takes longer to write and to plan than a page to read.
    pub fn keeps_registered(
        &self,
        backend: DbBackend,
        supplier: impl ColumnTrait,
        place: impl ColumnTrait,
    ) -> Condition {
        if self.everything {
            return Condition::all();
        }
        let held = || self.divisions.iter().flat_map(|held| held.iter()).map(String::as_str);
        let townships = division::Entity::find()
            .select_only()
            .column(division::Column::Code)
            .filter(division::Column::Level.eq(DivisionLevel::Township))
            .filter(among_codes(backend, Expr::col(division::Column::ParentCode.as_column_ref()), held()))
            .into_query();
        Condition::any()
            .add(supplier.is_in(self.suppliers.iter().copied()))
            .add(among_codes(backend, Expr::col(place.as_column_ref()), held()))
            .add(place.in_subquery(townships))
    }

    /// Whether this supplier lies within, or is registered in a division of the subtree; `division` is its place.
    #[must_use]
    pub fn covers_registered(&self, id: SupplierId, division: &division::Model) -> bool {
        self.covers_supplier(id) || self.covers_division(division)
    }

    /// Whether this reporting unit lies within.
    #[must_use]
    pub fn covers_unit(&self, code: &str) -> bool {
        self.everything || self.holds_unit(code)
    }

    fn holds_unit(&self, code: &str) -> bool {
        self.unit_codes().any(|unit| unit == code)
    }

    fn unit_codes(&self) -> impl Iterator<Item = &String> {
        self.units.iter().flat_map(|units| units.iter())
    }

    /// Whether this division is one the scope's units stand for, or a township of such a county. A county that reports
    /// straight to the province is not its prefecture's, though it lies in it (S10).
    #[must_use]
    pub fn covers_division(&self, division: &division::Model) -> bool {
        let held = |code: &str| self.divisions.iter().flat_map(|held| held.iter()).any(|held| held == code);
        self.everything
            || held(&division.code)
            || division.level == DivisionLevel::Township && division.parent_code.as_deref().is_some_and(held)
    }

    /// Codes of the divisions and of the units within; of no use for a scope of everything.
    #[must_use]
    pub fn held_places(&self) -> [Vec<String>; 2] {
        let all =
            |held: &mut dyn Iterator<Item = &String>| held.cloned().collect::<BTreeSet<_>>().into_iter().collect();
        [all(&mut self.divisions.iter().flat_map(|held| held.iter())), all(&mut self.unit_codes())]
    }

    /// The one supplier this scope is limited to, where it is one.
    #[must_use]
    pub fn only_supplier(&self) -> Option<SupplierId> {
        match (self.everything, self.suppliers.as_slice()) {
            (false, [one]) => Some(*one),
            _ => None,
        }
    }

    /// Rows of these schools and suppliers: `school` and `supplier` are the row's columns.
    pub fn rows<S, P>(&self, school: Option<S>, supplier: Option<P>) -> Condition
    where
        S: ColumnTrait,
        P: ColumnTrait,
    {
        if self.everything {
            return Condition::all();
        }
        // Nothing held, nothing seen.
        let mut any = Condition::any().add(Expr::val(1).eq(0));
        if let Some(column) = school {
            if !self.schools.is_empty() {
                any = any.add(column.is_in(self.schools.iter().copied()));
            }
            if !self.units.is_empty() {
                any = any.add(column.in_subquery(self.schools_of_units()));
            }
        }
        if let Some(column) = supplier
            && !self.suppliers.is_empty()
        {
            any = any.add(column.is_in(self.suppliers.iter().copied()));
        }
        any
    }

    /// Rows of these schools, suppliers and reporting units, and of the suppliers registered in their divisions: for rows
    /// that belong to a unit or a supplier where they are no school's.
    pub fn rows_of_units<S, P, U>(&self, school: S, supplier: P, unit: U) -> Condition
    where
        S: ColumnTrait,
        P: ColumnTrait,
        U: ColumnTrait,
    {
        let rows = self.rows(Some(school), Some(supplier));
        if self.everything || self.units.is_empty() {
            return rows;
        }
        rows.add(unit.is_in(self.unit_codes().cloned())).add(supplier.in_subquery(self.suppliers_of_divisions()))
    }

    /// Schools of this scope, for queries on the school table itself.
    #[must_use]
    pub fn on_school(&self) -> Condition {
        if self.everything {
            return Condition::all();
        }
        Condition::any()
            .add(school::COLUMN.id.is_in(self.schools.iter().copied()))
            .add(school::COLUMN.reporting_unit_code.is_in(self.unit_codes().cloned()))
    }

    /// Rows of this scope's reporting units.
    #[must_use]
    pub fn on_unit(&self, column: impl ColumnTrait) -> Condition {
        if self.everything {
            return Condition::all();
        }
        Condition::all().add(column.is_in(self.unit_codes().cloned()))
    }

    /// Rows of the counties this scope's units stand for.
    #[must_use]
    pub fn on_county(&self, column: impl ColumnTrait) -> Condition {
        if self.everything {
            return Condition::all();
        }
        Condition::all().add(column.is_in(self.divisions.iter().flat_map(|held| held.iter()).cloned()))
    }

    /// Memberships of this scope: those in its units, in their schools, and for suppliers registered in their divisions.
    #[must_use]
    pub fn on_membership(&self) -> Condition {
        use membership::Column;
        let rows = self.rows(Some(Column::SchoolId), Some(Column::SupplierId));
        if self.everything || self.units.is_empty() {
            return rows;
        }
        rows.add(Column::ReportingUnitCode.is_in(self.unit_codes().cloned()))
            .add(Column::SupplierId.in_subquery(self.suppliers_of_divisions()))
    }

    /// Consents of this scope: of its suppliers, and of those registered in its divisions.
    #[must_use]
    pub fn on_consent(&self) -> Condition {
        use household_consent::Column;
        let rows = self.rows(None::<Column>, Some(Column::SupplierId));
        if self.everything || self.units.is_empty() {
            return rows;
        }
        rows.add(Column::SupplierId.in_subquery(self.suppliers_of_divisions()))
    }

    /// Documents that prove something of this scope: of its schools and suppliers, of the suppliers registered in its
    /// divisions, and of its counties' households.
    #[must_use]
    pub fn on_document_link(&self) -> Condition {
        use document_link::Column;
        let rows = self.rows(Some(Column::SchoolId), Some(Column::SupplierId));
        if self.everything || self.units.is_empty() {
            return rows;
        }
        rows.add(Column::SupplierId.in_subquery(self.suppliers_of_divisions())).add(self.on_county(Column::CountyCode))
    }

    /// As [`Self::covers_division`] says it of one.
    fn suppliers_of_divisions(&self) -> SelectStatement {
        let registered = self.registered(supplier::Column::DivisionCode);
        supplier::Entity::find().select_only().column(supplier::Column::Id).filter(registered).into_query()
    }

    fn registered(&self, place: impl ColumnTrait) -> Condition {
        let held = || self.divisions.iter().flat_map(|held| held.iter()).cloned();
        let townships = division::Entity::find()
            .select_only()
            .column(division::Column::Code)
            .filter(division::Column::Level.eq(DivisionLevel::Township))
            .filter(division::Column::ParentCode.is_in(held()))
            .into_query();
        Condition::any().add(place.is_in(held())).add(place.in_subquery(townships))
    }

    fn schools_of_units(&self) -> SelectStatement {
        school::Entity::find()
            .select_only()
            .column(school::Column::Id)
            .filter(school::COLUMN.reporting_unit_code.is_in(self.unit_codes().cloned()))
            .into_query()
    }

    /// Text that differs between scopes that see different rows, for keys of kept answers. A subtree goes by its top.
    #[must_use]
    pub fn key(&self) -> String {
        if self.everything { "*".to_owned() } else { format!("{:?}{:?}{:?}", self.schools, self.suppliers, self.tops) }
    }
}
