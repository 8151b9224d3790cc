//! Walks the terms of names in their order, or looks through the few rows another condition leaves.

use super::{
    filter::Filter,
    place::{FEW, Within},
    subject::Subject,
    walk::{self, Place, Step, Stop},
    words::Words,
};
use crate::http::{ApiError, FieldError, PageQuery, Text, bad_cursor, hex, unhex};
use entity::search_term;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{Asterisk, Expr, ExprTrait, Query},
};
use std::{collections::HashMap, marker::PhantomData};
use uuid::Uuid;

/// Characters somebody may look for.
const LONGEST: usize = 20;
/// Rows asked for at once, at most.
const MOST_AT_ONCE: u64 = 512;
/// Entries of a range read at first: of common words in a county more fit than make a page.
const READ_FIRST: u64 = 8_192;
/// Rows of divisions that are looked through at once: of more than these a page of common words stands among those entries.
const LOOKED_THROUGH: u64 = 250;
/// Where so many entries were read and make no page, so many rows behind an index are looked through instead.
const RATHER_LOOKED_THROUGH: u64 = 4_000;

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
    filter: &'a Filter,
    within: Option<&'a Within>,
    subject: PhantomData<S>,
}

pub(super) type After = Option<Place>;

impl<'a, S: Subject> Search<'a, S> {
    /// Among all rows of `filter`, which holds the scope.
    #[must_use]
    pub fn new(words: &'a Words, filter: &'a Filter) -> Self {
        Self { words, filter, within: None, subject: PhantomData }
    }

    /// Only within these divisions.
    #[must_use]
    pub fn within(mut self, within: Option<&'a Within>) -> Self {
        self.within = within;
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
        if let Some(few) = self.few(db).await? {
            return Ok(self.look_through(db, few, FEW, after, wanted).await?);
        }
        Ok(self.walk(db, after, wanted).await?)
    }

    /// The few rows that the caller's own scope or the divisions leave, where that is so.
    async fn few(&self, db: &impl ConnectionTrait) -> Result<Option<Condition>, DbErr> {
        if let Some(within) = self.within.filter(|within| within.holds_at_most(LOOKED_THROUGH)) {
            return Ok(Some(Condition::all().add(within.holds(S::DIVISION))));
        }
        match self.filter.own_part() {
            Some(own) if is_few::<S>(db, own.clone(), FEW).await? => Ok(Some(own)),
            _ => Ok(None),
        }
    }

    /// Rows that some condition with an index leaves, where they are not too many to look through.
    async fn led(&self, db: &impl ConnectionTrait) -> Result<Option<Condition>, DbErr> {
        // One alone: SQLite, which keeps no figures on what a condition leaves, might begin at the wrong one of two.
        let led = self.within.map(|within| within.holds(S::DIVISION)).or_else(|| self.filter.leading_part());
        let Some(led) = led.map(|led| Condition::all().add(led)) else { return Ok(None) };
        Ok(is_few::<S>(db, led.clone(), RATHER_LOOKED_THROUGH).await?.then_some(led))
    }

    async fn look_through(
        &self,
        db: &impl ConnectionTrait,
        led: Condition,
        most: u64,
        after: After,
        wanted: usize,
    ) -> Result<Vec<Found<S>>, DbErr> {
        // Cut off before anything else is asked of them: beside another condition SQLite might take that one's index.
        let few = S::Entity::find().filter(led).limit(most + 1).into_query();
        let rows = Query::select()
            .columns([S::ID, S::NAME, S::CODE].map(|column| column.as_column_ref()))
            .from_subquery(few, S::Entity::default())
            .cond_where(self.of_rows())
            .take();
        let mut found: Vec<Place> = Vec::new();
        for row in db.query_all(&rows).await? {
            let (id, name, code): (Uuid, String, String) = (row.try_get_by(0)?, row.try_get_by(1)?, row.try_get_by(2)?);
            found.extend(self.words.first_term(S::KIND, &name, &code).map(|term| (term, id)));
        }
        found.retain(|one| after.as_ref().is_none_or(|after| one > after));
        found.sort_unstable();
        found.truncate(wanted);
        rows_of(db, found).await
    }

    fn of_rows(&self) -> Condition {
        self.filter.of_row().add_option(self.within.map(|within| within.keeps(S::DIVISION)))
    }

    /// Up to `wanted` rows, as many as there are behind `after`.
    pub(super) async fn walk(
        &self,
        db: &impl ConnectionTrait,
        after: After,
        wanted: usize,
    ) -> Result<Vec<Found<S>>, DbErr> {
        let ranges = self.words.ranges(S::KIND);
        let within = self.within.map(|within| within.holds(search_term::Column::DivisionCode));
        // The division first: it leaves least, and SQLite looks at one after the other.
        let fits = Condition::all().add_option(within).add(self.filter.of_terms::<S>());
        let mut found: Vec<Found<S>> = Vec::with_capacity(wanted);
        let mut to = after.clone();
        // A name may hold what was typed twice: one or two rows more than are wanted.
        let mut step = Step { fitting: u64::try_from(wanted).unwrap_or(MOST_AT_ONCE) + 2, read: READ_FIRST };
        loop {
            let stops = walk::step::<S>(db, &ranges, &fits, to.as_ref(), step).await?;
            let (mut tired, more) = (false, u64::try_from(stops.len()).unwrap_or_default() == step.fitting);
            for stop in stops {
                let (place, row) = match stop {
                    Stop::Entry(place, row) => (place, row),
                    Stop::Tired(place) => {
                        (to, tired) = (Some(place), true);
                        break;
                    }
                };
                to = Some(place.clone());
                let Some(row) = row else { continue };
                let [name, code, _] = row.sought_by();
                if self.words.first_term(S::KIND, name, code).as_ref() == Some(&place.0) {
                    found.push(Found { term: place.0, row });
                }
                if found.len() == wanted {
                    return Ok(found);
                }
            }
            if !tired && !more {
                return Ok(found);
            }
            if tired {
                if step.read == READ_FIRST
                    && let Some(led) = self.led(db).await?
                {
                    return self.look_through(db, led, RATHER_LOOKED_THROUGH, after, wanted).await;
                }
                step.read *= 4;
            }
            step.fitting = std::cmp::min(MOST_AT_ONCE, step.fitting * 2);
        }
    }
}

fn after(paging: &PageQuery) -> Result<After, ApiError> {
    let Some([term, id]) = paging.after::<2>()? else { return Ok(None) };
    let term = unhex(&term).and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(bad_cursor)?;
    let id = Uuid::parse_str(&id).map_err(|_| bad_cursor())?;
    // PostgreSQL has no U+0000.
    if term.chars().any(char::is_control) { Err(bad_cursor()) } else { Ok(Some((term, id))) }
}

/// Whether an index leads to no more than `most` rows.
pub(super) async fn is_few<S: Subject>(db: &impl ConnectionTrait, led: Condition, most: u64) -> Result<bool, DbErr> {
    let rows = S::Entity::find().select_only().column(S::ID).filter(led).limit(most + 1).into_query();
    let count = Query::select().expr(Expr::col(Asterisk).count()).from_subquery(rows, "few").take();
    let row = db.query_one(&count).await?.ok_or_else(|| DbErr::Custom("a count answers".to_owned()))?;
    let count: i64 = row.try_get_by_index(0)?;
    Ok(u64::try_from(count).is_ok_and(|count| count <= most))
}

/// The few rows an index leads to, by their ids: beside another condition SQLite might take that one's index instead.
pub(super) fn few_of<S: Subject>(led: Condition, most: u64) -> Expr {
    S::ID.in_subquery(S::Entity::find().select_only().column(S::ID).filter(led).limit(most + 1).into_query())
}

/// The rows behind ids, in the order given.
async fn rows_of<S: Subject>(db: &impl ConnectionTrait, found: Vec<(String, Uuid)>) -> Result<Vec<Found<S>>, DbErr> {
    let rows = S::Entity::find().filter(S::ID.is_in(found.iter().map(|(_, id)| *id))).all(db).await?;
    let mut rows: HashMap<Uuid, S> = rows.into_iter().map(|row| (row.subject_id(), row)).collect();
    Ok(found.into_iter().filter_map(|(term, id)| rows.remove(&id).map(|row| Found { term, row })).collect())
}
