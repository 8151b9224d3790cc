//! One list, three orders: by distance where a place is named, else by relevance where something was typed, else by id.

use super::{
    filter::Filter,
    near::{Among, Near, near_filter},
    place::{FEW, Within},
    search::{Search, few_of, query_words},
    subject::Subject,
    words::Words,
};
use crate::http::{ApiError, PageQuery};
use entity::search_name::SubjectKind;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

/// What of a query every list of subjects reads alike.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// Part of the name, its pinyin or its initials, or the beginning of the code.
    pub q: Option<&'a str>,
    /// A division by its code, checked by the caller.
    pub division: Option<&'a str>,
    /// A place, `latitude,longitude`.
    pub near: Option<&'a str>,
    /// How far from it.
    pub within_km: Option<i64>,
}

/// The same, read.
pub struct Wanted {
    words: Option<Words>,
    near: Option<Near>,
    within: Option<Within>,
}

/// A row of a list.
#[derive(Clone, Debug)]
pub struct Hit<S> {
    /// Cursor behind it.
    pub cursor: String,
    /// Metres from the place named; none where none was.
    pub metres: Option<i64>,
    /// The row.
    pub row: S,
}

impl Asked<'_> {
    /// # Errors
    /// 400 for words too long, a place that is none, a distance out of range.
    pub async fn read(self, db: &impl ConnectionTrait, kind: SubjectKind) -> Result<Wanted, ApiError> {
        let words = query_words(self.q)?;
        let near = near_filter(self.near, self.within_km)?;
        let within = match self.division.filter(|code| !code.is_empty()) {
            Some(code) => Some(Within::of(db, code, kind).await?),
            None => None,
        };
        Ok(Wanted { words, near, within })
    }
}

impl Wanted {
    /// Whether being found tells something of a row: its name or where it stands.
    #[must_use]
    pub fn tells(&self) -> bool {
        self.words.is_some() || self.near.is_some()
    }

    /// A page and one row more of the rows of `filter`, which holds the scope.
    ///
    /// # Errors
    /// 400 for a cursor that is none of this list's; when the database does not answer.
    pub async fn list<S: Subject>(
        &self,
        db: &impl ConnectionTrait,
        filter: &Filter,
        paging: &PageQuery,
    ) -> Result<Vec<Hit<S>>, ApiError> {
        let limit = paging.limit()?;
        let within = self.within.as_ref();
        if let Some(near) = self.near {
            let among = Among { words: self.words.as_ref(), filter, within };
            let rows = near.page::<S>(db, &among, paging, limit).await?;
            let hit =
                |near: super::near::Nearby<S>| Hit { cursor: near.cursor(), metres: Some(near.metres), row: near.row };
            return Ok(rows.into_iter().map(hit).collect());
        }
        if let Some(words) = &self.words {
            let search = Search::<S>::new(words, filter).within(within);
            let rows = search.page(db, paging, limit).await?;
            return Ok(rows
                .into_iter()
                .map(|found| Hit { cursor: found.cursor(), metres: None, row: found.row })
                .collect());
        }
        let mut rows = S::Entity::find().filter(filter.of_row()).order_by_asc(S::ID).limit(limit + 1);
        if let Some(within) = within {
            // Few rows are put in order; of many the first come by themselves.
            rows = rows.filter(if within.holds_at_most(FEW) {
                few_of::<S>(Condition::all().add(within.holds(S::DIVISION)), FEW)
            } else {
                within.keeps(S::DIVISION)
            });
        }
        if let Some(after) = paging.after_id()? {
            rows = rows.filter(S::ID.gt(after));
        }
        let hit = |row: S| Hit { cursor: row.subject_id().to_string(), metres: None, row };
        Ok(rows.all(db).await?.into_iter().map(hit).collect())
    }
}
