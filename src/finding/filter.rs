//! Which rows a list holds, said of the rows themselves and, as far as these tell it, of their terms.

use super::subject::Subject;
use entity::search_term;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, SelectStatement, SubQueryStatement},
};

/// What a list chooses by, the scope with it.
#[derive(Clone, Debug)]
pub struct Filter {
    row: Condition,
    terms: Condition,
    untold: Option<Condition>,
    own: Option<Condition>,
    lead: Option<Expr>,
}

impl Default for Filter {
    fn default() -> Self {
        Self { row: Condition::all(), terms: Condition::all(), untold: None, own: None, lead: None }
    }
}

impl Filter {
    /// Only rows of this; their terms do not tell it.
    #[must_use]
    pub fn and(mut self, row: Condition) -> Self {
        self.row = self.row.add(row.clone());
        self.untold = Some(self.untold.unwrap_or_else(Condition::all).add(row));
        self
    }

    /// Only rows of this, of which `terms` says the same by the columns of `search_term`.
    #[must_use]
    pub fn and_told(mut self, row: Condition, terms: Condition) -> Self {
        self.row = self.row.add(row);
        self.terms = self.terms.add(terms);
        self
    }

    /// Only rows of these traits, a pattern.
    #[must_use]
    pub fn and_traits(self, row: Condition, pattern: String) -> Self {
        self.and_told(row, Condition::all().add(search_term::Column::Traits.like(pattern)))
    }

    /// Names the part of it that is the caller's own: an index leads to it, and most often to few rows.
    #[must_use]
    pub fn own(mut self, own: Option<Condition>) -> Self {
        self.own = own;
        self
    }

    /// Names another part that an index leads to.
    #[must_use]
    pub fn lead(mut self, lead: Option<Expr>) -> Self {
        self.lead = lead;
        self
    }

    pub(super) fn of_row(&self) -> Condition {
        self.row.clone()
    }

    pub(super) fn own_part(&self) -> Option<Condition> {
        self.own.clone()
    }

    pub(super) fn leading_part(&self) -> Option<Expr> {
        self.lead.clone()
    }

    /// The same of a term, named `search_term`.
    pub(super) fn of_terms<S: Subject>(&self) -> Condition {
        let Some(untold) = &self.untold else { return self.terms.clone() };
        let id = Expr::col(search_term::Column::SubjectId.as_column_ref());
        let row: SelectStatement = S::Entity::find()
            .select_only()
            .expr(Expr::cust("1"))
            .filter(Expr::col(S::ID.as_column_ref()).eq(id))
            .filter(untold.clone())
            .into_query();
        // One look-up for each term the rest leaves: of "exists" PostgreSQL might make a list of all such rows first.
        let fits = Expr::SubQuery(None, Box::new(SubQueryStatement::from(row)));
        self.terms.clone().add(fits.eq(Expr::cust("1")))
    }
}
