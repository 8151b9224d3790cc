//! Walks the terms of names in their order, or looks through the few rows another condition leaves.

use super::{place::Within, subject::Subject, words::Words};
use crate::http::{ApiError, FieldError, PageQuery, Text, bad_cursor, hex, unhex};
use entity::search_term;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
    sea_query::{Asterisk, Expr, ExprTrait, Query},
};
use std::{collections::HashMap, marker::PhantomData};
use uuid::Uuid;

/// Characters somebody may look for.
const LONGEST: usize = 20;
/// Rows that are looked through one by one rather than by their terms.
pub(super) const FEW: u64 = 500;
/// Terms read at once, at most.
const MOST_AT_ONCE: u64 = 512;

/// What somebody typed into `q`, empty meaning absent.
///
/// # Errors
/// 400 for more than 20 characters or a control character.
pub fn query_words(value: Option<&str>) -> Result<Option<Words>, ApiError> {
    let text = value.unwrap_or_default().trim();
    let refuse = |code, detail| Err(ApiError::Malformed(FieldError::new("?q", code, detail)));
    if text.chars().count() > LONGEST {
        return refuse("too_long", Text::new("最多 20 个字符。", "At most 20 characters."));
    }
    if text.chars().any(char::is_control) {
        return refuse("control_character", Text::new("含有控制字符。", "Contains control characters."));
    }
    Ok(Words::of(text))
}

/// A row that was found, and the term it was found by: its place in the order.
#[derive(Clone, Debug)]
pub struct Found<S> {
    /// The term.
    pub term: String,
    /// The row.
    pub row: S,
}

impl<S: Subject> Found<S> {
    /// The cursor behind this row.
    #[must_use]
    pub fn cursor(&self) -> String {
        format!("{}~{}", hex(self.term.as_bytes()), self.row.subject_id())
    }
}

/// A search for `words` among the rows of `filter`.
pub struct Search<'a, S> {
    words: &'a Words,
    filter: Condition,
    within: Option<&'a Within>,
    indexed: Option<Condition>,
    subject: PhantomData<S>,
}

pub(super) type After = Option<(String, Uuid)>;

impl<'a, S: Subject> Search<'a, S> {
    /// Among all rows of `filter`, which holds the scope.
    #[must_use]
    pub fn new(words: &'a Words, filter: Condition) -> Self {
        Self { words, filter, within: None, indexed: None, subject: PhantomData }
    }

    /// Only within these divisions.
    #[must_use]
    pub fn within(mut self, within: Option<&'a Within>) -> Self {
        self.within = within;
        self
    }

    /// Names the part of the filter that an index leads to: where it leaves few rows, these are looked through.
    #[must_use]
    pub fn indexed(mut self, condition: Option<Condition>) -> Self {
        self.indexed = condition;
        self
    }

    /// A page and one row more, in the order of relevance, with the cursor of the page before.
    ///
    /// # Errors
    /// 400 for a cursor that is none of ours; when the database does not answer.
    pub async fn page(
        &self,
        db: &impl ConnectionTrait,
        paging: &PageQuery,
        limit: u64,
    ) -> Result<Vec<Found<S>>, ApiError> {
        let after = after(paging)?;
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
        let led = self.led();
        if let Some(led) = &led
            && is_few::<S>(db, led.clone()).await?
        {
            return Ok(self.look_through(db, led, after, wanted).await?);
        }
        Ok(self.walk(db, after, wanted).await?)
    }

    /// The conditions that indexes lead to, where there are any.
    fn led(&self) -> Option<Condition> {
        let within = self.within.map(|within| within.holds(S::DIVISION));
        match (self.indexed.clone(), within) {
            (None, None) => None,
            (Some(indexed), None) => Some(indexed),
            (indexed, Some(within)) => Some(Condition::all().add(within).add_option(indexed)),
        }
    }

    async fn look_through(
        &self,
        db: &impl ConnectionTrait,
        led: &Condition,
        after: After,
        wanted: usize,
    ) -> Result<Vec<Found<S>>, DbErr> {
        let rows: Vec<(Uuid, String, String)> = S::Entity::find()
            .select_only()
            .columns([S::ID, S::NAME, S::CODE])
            .filter(few_of::<S>(led.clone()))
            .filter(self.filter.clone())
            .into_tuple()
            .all(db)
            .await?;
        let term = |(id, name, code): (Uuid, String, String)| {
            self.words.first_term(S::KIND, &name, &code).map(|term| (term, id))
        };
        let mut found: Vec<(String, Uuid)> = rows.into_iter().filter_map(term).collect();
        found.retain(|one| after.as_ref().is_none_or(|after| one > after));
        found.sort_unstable();
        found.truncate(wanted);
        rows_of(db, found).await
    }

    /// Up to `wanted` rows, as many as there are behind `after`.
    pub(super) async fn walk(
        &self,
        db: &impl ConnectionTrait,
        after: After,
        wanted: usize,
    ) -> Result<Vec<Found<S>>, DbErr> {
        let mut found: Vec<Found<S>> = Vec::with_capacity(wanted);
        let mut after = after;
        for (from, to) in self.words.ranges(S::KIND) {
            if after.as_ref().is_some_and(|(term, _)| *term >= to) {
                continue;
            }
            // A name may hold what was typed twice: one or two rows more than are wanted.
            let mut at_once = u64::try_from(wanted - found.len()).unwrap_or(MOST_AT_ONCE) + 2;
            loop {
                let terms = self.terms(db, (&from, &to), after.as_ref(), at_once).await?;
                let more = u64::try_from(terms.len()).unwrap_or_default() == at_once;
                for (term, row) in terms {
                    let [name, code, _] = row.sought_by();
                    let first = self.words.first_term(S::KIND, name, code);
                    after = Some((term, row.subject_id()));
                    if let Some((term, _)) = after.as_ref().filter(|(term, _)| Some(term) == first.as_ref()) {
                        found.push(Found { term: term.clone(), row });
                    }
                    if found.len() == wanted {
                        return Ok(found);
                    }
                }
                if !more {
                    break;
                }
                at_once = std::cmp::min(MOST_AT_ONCE, at_once * 2);
            }
        }
        Ok(found)
    }

    async fn terms(
        &self,
        db: &impl ConnectionTrait,
        (from, to): (&str, &str),
        after: Option<&(String, Uuid)>,
        limit: u64,
    ) -> Result<Vec<(String, S)>, DbErr> {
        use search_term::Column::{DivisionCode, SubjectId, Term};
        let row = search_term::Entity::belongs_to(S::Entity::default()).from(SubjectId).to(S::ID);
        let mut terms = search_term::Entity::find()
            .join(JoinType::CrossJoin, row.into())
            .select_also(S::Entity::default())
            .filter(is_subject::<S>(SubjectId))
            .filter(Term.lt(to))
            .filter(self.filter.clone())
            .order_by_asc(Term)
            .order_by_asc(SubjectId)
            .limit(limit);
        if let Some(within) = self.within {
            terms = terms.filter(within.keeps(DivisionCode));
        }
        terms = match after.filter(|(term, _)| term.as_str() >= from) {
            Some((term, id)) => terms
                .filter(Term.gte(term.as_str()))
                .filter(Condition::any().add(Term.gt(term.as_str())).add(SubjectId.gt(*id))),
            None => terms.filter(Term.gte(from)),
        };
        let rows = terms.all(db).await?;
        Ok(rows.into_iter().filter_map(|(term, row)| row.map(|row| (term.term, row))).collect())
    }
}

/// The subject behind a row. SQLite, which keeps no figures on what a condition leaves, might begin at the subjects; across
/// a cross join it begins at the table before it.
fn is_subject<S: Subject>(id: impl ColumnTrait) -> Expr {
    Expr::col(id.as_column_ref()).eq(Expr::col(S::ID.as_column_ref()))
}

fn after(paging: &PageQuery) -> Result<After, ApiError> {
    let Some([term, id]) = paging.after::<2>()? else { return Ok(None) };
    let term = unhex(&term).and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(bad_cursor)?;
    let id = Uuid::parse_str(&id).map_err(|_| bad_cursor())?;
    // PostgreSQL has no U+0000.
    if term.chars().any(char::is_control) { Err(bad_cursor()) } else { Ok(Some((term, id))) }
}

/// Whether an index leads to few rows only.
pub(super) async fn is_few<S: Subject>(db: &impl ConnectionTrait, led: Condition) -> Result<bool, DbErr> {
    let rows = S::Entity::find().select_only().column(S::ID).filter(led).limit(FEW + 1).into_query();
    let count = Query::select().expr(Expr::col(Asterisk).count()).from_subquery(rows, "few").take();
    let row = db.query_one(&count).await?.ok_or_else(|| DbErr::Custom("a count answers".to_owned()))?;
    let count: i64 = row.try_get_by_index(0)?;
    Ok(u64::try_from(count).is_ok_and(|count| count <= FEW))
}

/// The few rows an index leads to, by their ids: beside another condition SQLite might take that one's index instead.
pub(super) fn few_of<S: Subject>(led: Condition) -> Expr {
    S::ID.in_subquery(S::Entity::find().select_only().column(S::ID).filter(led).limit(FEW + 1).into_query())
}

/// The rows behind ids, in the order given.
async fn rows_of<S: Subject>(db: &impl ConnectionTrait, found: Vec<(String, Uuid)>) -> Result<Vec<Found<S>>, DbErr> {
    let rows = S::Entity::find().filter(S::ID.is_in(found.iter().map(|(_, id)| *id))).all(db).await?;
    let mut rows: HashMap<Uuid, S> = rows.into_iter().map(|row| (row.subject_id(), row)).collect();
    Ok(found.into_iter().filter_map(|(term, id)| rows.remove(&id).map(|row| Found { term, row })).collect())
}
