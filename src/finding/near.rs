//! The nearest of what is found: circles around a place, each as wide as the one before lets hope for, until there are
//! enough. Who stands in a circle is read of the index alone; what they are is looked up the nearest first, and of no row
//! twice.

use super::{
    distance::Spot,
    filter::Filter,
    place::{FEW, Within},
    search::Search,
    subject::Subject,
    words::{AS_THEY_STAND, Words},
};
use crate::{
    http::{ApiError, FieldError, PageQuery, Text, bad_cursor},
    store::among_ids,
};
use entity::{position, search_name, search_term};
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QueryResult, QuerySelect,
    Value,
    sea_query::{ArrayType, Expr, Query},
};
use std::collections::HashMap;
use uuid::Uuid;

/// Radius of the first circle, metres.
const FIRST: i64 = 2_000;
/// Kilometres looked around unless said otherwise, and at most.
const USUAL_KM: i64 = 50;
const MOST_KM: i64 = 500;
/// Millionths of a degree to a band of latitude, by which the index begins.
const BAND: i64 = 100_000;
/// Of names, so many for each that is wanted hold what was typed often enough, it is hoped: one in eight does, and half as
/// many again, so that chance seldom leaves too few.
const NAMED_SO: usize = 12;
/// Rows looked at with one statement.
const LEAST_AT_ONCE: usize = 32;
const MOST_AT_ONCE: usize = 2_048;
/// One name in so many seen at least, and a word is too common for all of its name to be few.
const COMMON: usize = 100;

/// Around which place, and how far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Near {
    spot: Spot,
    metres: i64,
}

/// `near=26.868,104.244&within_km=50` of a query.
///
/// # Errors
/// 400 for what is no place on earth, a distance outside 1..=500, or a distance from nowhere.
pub fn near_filter(near: Option<&str>, within_km: Option<i64>) -> Result<Option<Near>, ApiError> {
    let refuse = |name: &str, code, detail| Err(ApiError::Malformed(FieldError::new(name, code, detail)));
    let Some(near) = near.filter(|near| !near.is_empty()) else {
        if within_km.is_some() {
            let detail = Text::new("within_km 须与 near 一同给出。", "within_km needs near beside it.");
            return refuse("?within_km", "near_missing", detail);
        }
        return Ok(None);
    };
    let Some(spot) = Spot::parse(near) else {
        let detail = Text::new(
            "near 须为“纬度,经度”，十进制度数，最多六位小数，如 26.868,104.244。",
            "near is latitude,longitude in degrees with up to six decimals, such as 26.868,104.244.",
        );
        return refuse("?near", "place_malformed", detail);
    };
    let kilometres = within_km.unwrap_or(USUAL_KM);
    if !(1..=MOST_KM).contains(&kilometres) {
        let detail = Text::new("within_km 须在 1 至 500 之间。", "within_km must be between 1 and 500.");
        return refuse("?within_km", "distance_out_of_range", detail);
    }
    Ok(Some(Near { spot, metres: kilometres * 1_000 }))
}

/// A row and how far away it is.
#[derive(Clone, Debug)]
pub struct Nearby<S> {
    /// Metres over the ground.
    pub metres: i64,
    /// The row.
    pub row: S,
}

impl<S: Subject> Nearby<S> {
    /// The cursor behind this row.
    #[must_use]
    pub fn cursor(&self) -> String {
        format!("{}~{}", self.metres, self.row.subject_id())
    }
}

/// Which rows: those of a scope, and of what else was asked.
#[derive(Clone)]
pub struct Among<'a> {
    /// What was typed.
    pub words: Option<&'a Words>,
    /// The scope, and conditions on the row itself.
    pub filter: &'a Filter,
    /// Divisions.
    pub within: Option<&'a Within>,
}

impl Among<'_> {
    /// So many rows for each that is wanted are hoped to hold it: where something was typed most are called otherwise.
    fn share(&self) -> usize {
        if self.words.is_some() { NAMED_SO } else { 1 }
    }

    /// Those of these rows that are among them: of what was typed their names tell, without their rows.
    async fn passing<S: Subject>(
        &self,
        db: &impl ConnectionTrait,
        ids: impl Iterator<Item = Uuid>,
    ) -> Result<HashMap<Uuid, Option<S>>, DbErr> {
        let Some(words) = self.words else {
            return Ok(self.rows_of(db, ids).await?.into_iter().map(|(id, row)| (id, Some(row))).collect());
        };
        let names = self.names_of::<S>(db, ids).await?;
        let passes = |(_, name, code): &(Uuid, String, String)| words.find(name, code);
        Ok(names.into_iter().filter(passes).map(|(id, ..)| (id, None)).collect())
    }

    /// Those of these names that are of rows among them, of what was typed as far as the database can tell.
    async fn names_of<S: Subject>(
        &self,
        db: &impl ConnectionTrait,
        ids: impl Iterator<Item = Uuid>,
    ) -> Result<Vec<(Uuid, String, String)>, DbErr> {
        use search_term::Column::{DivisionCode, SubjectId};
        let listed = among_ids(db.get_database_backend(), Expr::col(SubjectId.as_column_ref()), ids);
        let kind = Expr::col((search_term::Entity, search_name::Column::SubjectKind));
        // A name carries what its terms do: under their name what is said of them holds for it.
        let mut names = Query::select()
            .columns([search_name::Column::SubjectId, search_name::Column::Name, search_name::Column::Code])
            .from_as(search_name::Entity, search_term::Entity)
            .and_where(sea_orm::sea_query::ExprTrait::eq(kind, S::KIND.to_value()))
            .and_where(listed)
            .cond_where(self.filter.of_terms::<S>())
            .take();
        if let Some(within) = self.within {
            names.and_where(within.holds(DivisionCode));
        }
        if let Some(text) = self.words.and_then(Words::as_written) {
            names.and_where(may_hold(db.get_database_backend(), &text));
        }
        let name = |row: QueryResult| Ok((row.try_get_by(0)?, row.try_get_by(1)?, row.try_get_by(2)?));
        db.query_all(&names).await?.into_iter().map(name).collect()
    }

    /// Those of these rows that are among them, but for what was typed.
    async fn rows_of<S: Subject>(
        &self,
        db: &impl ConnectionTrait,
        ids: impl Iterator<Item = Uuid>,
    ) -> Result<HashMap<Uuid, S>, DbErr> {
        let listed = among_ids(db.get_database_backend(), Expr::col(S::ID.as_column_ref()), ids);
        let mut rows = S::Entity::find().filter(listed).filter(self.filter.of_row());
        if let Some(within) = self.within {
            rows = rows.filter(within.keeps(S::DIVISION));
        }
        Ok(rows.all(db).await?.into_iter().map(|row| (row.subject_id(), row)).collect())
    }
}

impl Near {
    /// A page and one row more, the nearest first, with the cursor of the page before. Rows without a position are not
    /// found.
    ///
    /// # Errors
    /// 400 for a cursor that is none of ours; when the database does not answer.
    pub async fn page<S: Subject>(
        self,
        db: &impl ConnectionTrait,
        among: &Among<'_>,
        paging: &PageQuery,
        limit: u64,
    ) -> Result<Vec<Nearby<S>>, ApiError> {
        let after = after(paging)?;
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
        let enough = wanted.saturating_mul(among.share());
        let first = if among.words.is_some() { 8 * FIRST } else { FIRST };
        let most = MOST_KM * 1_000;
        let mut radius = after.map_or(first, |(metres, _)| metres.saturating_mul(3) / 2).clamp(first, most);
        let mut judged = Judged { to: after, looked_at: 0, found: Vec::new() };
        let mut rare_words = among.words;
        loop {
            radius = radius.min(self.metres);
            let mut there = self.standing::<S>(db, radius).await?;
            there.retain(|one| one.0 <= radius && judged.to.as_ref().is_none_or(|to| one > to));
            // To see who stands there costs little, to see what they are costs more: not before there may be enough.
            if judged.looked_at == 0 && there.len() < enough && radius < self.metres {
                radius = wider(radius, there.len(), enough);
                continue;
            }
            there.sort_unstable();
            let (far, whole) = (radius >= self.metres, judged.judge(db, among, &there, wanted, rare_words).await?);
            if judged.found.len() == wanted || whole && far {
                return Ok(rows_of(db, judged.found).await?);
            }
            // Many rows there, few of that name: those of that name may be few altogether.
            if let Some(words) = rare_words.take_if(|_| judged.is_rare())
                && let Some(mut all) = self.named::<S>(db, among, words).await?
            {
                all.retain(|one| one.0 <= self.metres && after.as_ref().is_none_or(|after| one > after));
                all.sort_unstable();
                all.truncate(wanted);
                return Ok(rows_of(db, all.into_iter().map(|(metres, id)| (metres, id, None)).collect()).await?);
            }
            if whole {
                judged.to = Some((radius, Uuid::max()));
                radius = wider(radius, judged.found.len(), wanted);
            }
        }
    }

    /// How far away everything in the box around the circle is: read of the index alone.
    async fn standing<S: Subject>(self, db: &impl ConnectionTrait, radius: i64) -> Result<Vec<(i64, Uuid)>, DbErr> {
        use position::Column::{Latitude, Longitude, SubjectKind};
        let backend = db.get_database_backend();
        let [south, north, west, east] = self.spot.around(radius);
        // Hundreds of rows as one text: to hand each over takes longer than to find it.
        let all = Expr::cust(if backend == DbBackend::Postgres {
            "string_agg(subject_id || ' ' || latitude || ' ' || longitude, ',')"
        } else {
            "group_concat(hex(subject_id) || ' ' || latitude || ' ' || longitude, ',')"
        });
        let found: Option<Option<String>> = position::Entity::find()
            .select_only()
            .expr(all)
            .filter(SubjectKind.eq(S::KIND))
            .filter(in_bands(backend, south, north))
            .filter(Latitude.between(south, north))
            .filter(Longitude.between(west, east))
            .into_tuple()
            .one(db)
            .await?;
        let far = |one: &str| {
            let mut parts = one.split(' ');
            let id = Uuid::parse_str(parts.next()?).ok()?;
            let spot = Spot { latitude: parts.next()?.parse().ok()?, longitude: parts.next()?.parse().ok()? };
            Some((self.spot.metres_to(spot), id))
        };
        let found = found.flatten().unwrap_or_default();
        let there =
            found.split_terminator(',').map(|one| far(one).ok_or_else(|| DbErr::Type(format!("{one} is no position"))));
        there.collect()
    }

    /// How far everything of that name is; none where there is much of it.
    async fn named<S: Subject>(
        self,
        db: &impl ConnectionTrait,
        among: &Among<'_>,
        words: &Words,
    ) -> Result<Option<Vec<(i64, Uuid)>>, DbErr> {
        let few = usize::try_from(FEW).unwrap_or(usize::MAX);
        let search = Search::<S>::new(words, among.filter).within(among.within);
        let found = search.walk(db, None, few + 1).await?;
        if found.len() > few {
            return Ok(None);
        }
        let ids = found.iter().map(|found| found.row.subject_id());
        let positions = position::Entity::find()
            .filter(position::Column::SubjectKind.eq(S::KIND))
            .filter(position::Column::SubjectId.is_in(ids))
            .all(db)
            .await?;
        let far = |one: position::Model| {
            let spot = Spot { latitude: one.latitude, longitude: one.longitude };
            (self.spot.metres_to(spot), one.subject_id)
        };
        Ok(Some(positions.into_iter().map(far).collect()))
    }
}

/// The next circle: one that would hold what is wanted and a quarter more, were they spread evenly.
fn wider(radius: i64, found: usize, wanted: usize) -> i64 {
    let ratio = |found: usize| i64::try_from(wanted.saturating_mul(100) / found).unwrap_or(i64::MAX);
    let most = radius.saturating_mul(4);
    match found {
        0 => most,
        // A circle's area goes with the square of its radius.
        _ => (radius * ratio(found).min(10_000).isqrt() / 8).clamp(radius.saturating_mul(3) / 2, most),
    }
}

/// Positions of the bands that a box touches: with a value for each the index leads to its longitudes alone.
fn in_bands(backend: DbBackend, south: i64, north: i64) -> Expr {
    let bands = south / BAND..=north / BAND;
    if backend == DbBackend::Postgres {
        let bands = bands.map(Value::from).collect();
        let bands = Value::Array(ArrayType::BigInt, Some(Box::new(bands)));
        Expr::cust_with_exprs(format!("position.latitude / {BAND} = any($1)"), [Expr::val(bands)])
    } else {
        let bands = serde_json::json!(bands.collect::<Vec<_>>()).to_string();
        let listed = format!("position.latitude / {BAND} in (select value from json_each(?))");
        Expr::cust_with_exprs(listed, [Expr::val(bands)])
    }
}

/// Names that hold a text of Chinese characters, and all that are not compared as they stand.
fn may_hold(backend: DbBackend, text: &str) -> Expr {
    let (holds, begins) = (Expr::val(format!("%{text}%")), Expr::val(format!("{text}%")));
    if backend == DbBackend::Postgres {
        let other = format!("name collate \"C\" ~ '[^{AS_THEY_STAND}]'");
        Expr::cust_with_exprs(format!("(name like $1 or code like $2 or {other})"), [holds, begins])
    } else {
        let other = format!("name glob '*[^{AS_THEY_STAND}]*'");
        Expr::cust_with_exprs(format!("(name like ? or code like ? or {other})"), [holds, begins])
    }
}

/// What was looked at so far, the nearest first.
struct Judged<S> {
    /// The last one looked at.
    to: Option<(i64, Uuid)>,
    looked_at: usize,
    /// With their rows where these were read.
    found: Vec<(i64, Uuid, Option<S>)>,
}

impl<S: Subject> Judged<S> {
    /// Whether little of much was found.
    fn is_rare(&self) -> bool {
        u64::try_from(self.looked_at).is_ok_and(|seen| seen > FEW) && self.found.len() * COMMON < self.looked_at
    }

    /// Looks at those standing `there`, the nearest first, until as many as are wanted are found; answers whether that
    /// was all. Stops before where `rare` words turn out to be so.
    async fn judge(
        &mut self,
        db: &impl ConnectionTrait,
        among: &Among<'_>,
        there: &[(i64, Uuid)],
        wanted: usize,
        rare: Option<&Words>,
    ) -> Result<bool, DbErr> {
        let mut rest = there;
        let mut at_once = wanted.saturating_mul(among.share()).clamp(LEAST_AT_ONCE, MOST_AT_ONCE);
        while !rest.is_empty() {
            if self.found.len() == wanted || rare.is_some() && self.is_rare() {
                return Ok(false);
            }
            let (some, others) = rest.split_at(at_once.min(rest.len()));
            let mut passing = among.passing::<S>(db, some.iter().map(|(_, id)| *id)).await?;
            let passed = some.iter().filter_map(|(metres, id)| passing.remove(id).map(|row| (*metres, *id, row)));
            let left = wanted - self.found.len();
            self.found.extend(passed.take(left));
            self.looked_at += some.len();
            self.to = some.last().copied();
            rest = others;
            at_once = at_once.saturating_mul(2).min(MOST_AT_ONCE);
        }
        Ok(true)
    }
}

fn after(paging: &PageQuery) -> Result<Option<(i64, Uuid)>, ApiError> {
    let Some([metres, id]) = paging.after::<2>()? else { return Ok(None) };
    let metres = metres.parse().ok().filter(|metres| (0..=MOST_KM * 1_000).contains(metres)).ok_or_else(bad_cursor)?;
    Ok(Some((metres, Uuid::parse_str(&id).map_err(|_| bad_cursor())?)))
}

/// The rows behind ids, in the order given; those not read yet are read.
async fn rows_of<S: Subject>(
    db: &impl ConnectionTrait,
    found: Vec<(i64, Uuid, Option<S>)>,
) -> Result<Vec<Nearby<S>>, DbErr> {
    let mut rows = HashMap::new();
    let unread: Vec<Uuid> = found.iter().filter(|(.., row)| row.is_none()).map(|(_, id, _)| *id).collect();
    if !unread.is_empty() {
        let listed = among_ids(db.get_database_backend(), Expr::col(S::ID.as_column_ref()), unread.into_iter());
        let read = S::Entity::find().filter(listed).all(db).await?;
        rows.extend(read.into_iter().map(|row: S| (row.subject_id(), row)));
    }
    let near =
        |(metres, id, row): (i64, Uuid, Option<S>)| row.or_else(|| rows.remove(&id)).map(|row| Nearby { metres, row });
    Ok(found.into_iter().filter_map(near).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_circle_is_as_wide_as_what_was_found_lets_hope_for() {
        assert_eq!(wider(2_000, 0, 21), 8_000, "nothing there: four times as wide");
        assert_eq!(wider(8_000, 5, 21), 20_000, "two and a half times, with a quarter more");
        assert_eq!(wider(8_000, 20, 21), 12_000, "half as wide again at least");
        assert_eq!(wider(8_000, 1, 201), 32_000);
    }
}
