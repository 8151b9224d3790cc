//! One statement reads on from a place in the order of terms: through all the ranges of what was typed, of each so many
//! entries at most, until so many fit; only these lead to their rows.

use super::subject::Subject;
use entity::search_term::{
    self,
    Column::{DivisionCode, SubjectId, Term, Traits},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, Iterable,
    sea_query::{Alias, Asterisk, Expr, ExprTrait, Order, Query, SelectStatement, UnionType},
};
use uuid::Uuid;

/// A place in the order of answers: a term and whose it is.
pub(super) type Place = (String, Uuid);

/// How much is read at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// Entries that fit, at most.
    pub fitting: u64,
    /// Entries of a range, at most.
    pub read: u64,
}

/// What a step came upon.
pub(super) enum Stop<S> {
    /// An entry that fits, and its row; a row that is no more has none.
    Entry(Place, Option<S>),
    /// The last entry that was to be read of a range: there may be more behind it.
    Tired(Place),
}

/// Reads on behind `after`.
pub(super) async fn step<S: Subject>(
    db: &impl ConnectionTrait,
    ranges: &[(String, String)],
    filter: &Condition,
    after: Option<&Place>,
    step: Step,
) -> Result<Vec<Stop<S>>, DbErr> {
    let parts = ranges.iter().filter(|(_, to)| after.is_none_or(|(term, _)| term < to));
    let mut parts = parts.flat_map(|range| {
        let entries = entries(range, after);
        let read = with_mark(entries.clone().limit(step.read).take(), "0");
        let tired = with_mark(entries.clone().limit(1).offset(step.read - 1).take(), "1");
        [read, tired]
    });
    let Some(mut all) = parts.next() else { return Ok(Vec::new()) };
    // One part is read after the other, and none once enough fits.
    all.unions(parts.map(|part| (UnionType::All, part)));
    let (mark, fitting) = (Alias::new("mark"), Alias::new("fitting"));
    let found = Query::select()
        .columns([Term, SubjectId])
        .column(mark.clone())
        .from_subquery(all, search_term::Entity)
        .cond_where(Condition::any().add(Expr::col(mark.clone()).eq(Expr::cust("1"))).add(filter.clone()))
        .limit(step.fitting)
        .take();
    let of = |column: search_term::Column| (fitting.clone(), column);
    let rows = Query::select()
        .expr_as(Expr::col(of(Term)), Alias::new("found_term"))
        .expr_as(Expr::col(of(SubjectId)), Alias::new("found_id"))
        .column((fitting.clone(), mark.clone()))
        .columns(<S::Entity as EntityTrait>::Column::iter().map(|column| column.as_column_ref()))
        .from_subquery(found, fitting.clone())
        // SQLite begins at the side that is kept whole.
        .left_join(S::Entity::default(), Expr::col(of(SubjectId)).eq(Expr::col(S::ID.as_column_ref())))
        .order_by(of(Term), Order::Asc)
        .order_by(of(SubjectId), Order::Asc)
        .order_by((fitting.clone(), mark), Order::Asc)
        .take();
    let read = |row: sea_orm::QueryResult| {
        let place = (row.try_get("", "found_term")?, row.try_get("", "found_id")?);
        let tired = row.try_get::<i32>("", "mark")? == 1;
        Ok(if tired { Stop::Tired(place) } else { Stop::Entry(place, S::from_query_result_optional(&row, "")?) })
    };
    db.query_all(&rows).await?.into_iter().map(read).collect()
}

/// The entries of a range behind `after`, in their order.
fn entries((from, to): &(String, String), after: Option<&Place>) -> SelectStatement {
    let mut entries = Query::select()
        .columns([Term, SubjectId, DivisionCode, Traits])
        .from(search_term::Entity)
        .and_where(Term.lt(to))
        .order_by(Term, Order::Asc)
        .order_by(SubjectId, Order::Asc)
        .take();
    match after.filter(|(term, _)| term >= from) {
        Some((term, id)) => {
            let here = Expr::tuple([Expr::col(Term), Expr::col(SubjectId)]);
            entries.and_where(here.gt(Expr::tuple([Expr::val(term.as_str()), Expr::val(*id)])))
        }
        None => entries.and_where(Term.gte(from)),
    };
    entries
}

fn with_mark(entries: SelectStatement, mark: &'static str) -> SelectStatement {
    let (part, name) = (Alias::new("part"), Alias::new("mark"));
    Query::select().column(Asterisk).expr_as(Expr::cust(mark), name).from_subquery(entries, part).take()
}
