//! The nearest of what is found: circles around a place, each as wide as the one before lets hope for, until there are
//! enough. Who stands in a circle is read of the index alone; what they are is looked up the nearest first, and of no row
//! twice.

use super::{
    distance::Spot,
    place::Within,
    search::{FEW, Search},
    subject::Subject,
    words::Words,
};
use crate::{
    http::{ApiError, FieldError, PageQuery, Text, bad_cursor},
    store::among_ids,
};
use entity::position;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QuerySelect, Value,
    sea_query::{ArrayType, Expr},
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
/// One name in so many is hoped to hold what was typed.
const NAMED_SO: usize = 8;
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
    pub filter: Condition,
    /// Divisions.
    pub within: Option<&'a Within>,
}

impl Among<'_> {
    /// One row in so many is hoped to be among them: where something was typed most are called otherwise.
    fn share(&self) -> usize {
        if self.words.is_some() { NAMED_SO } else { 1 }
    }

    /// Those of these rows that are among them, but for what was typed.
    async fn rows_of<S: Subject>(
        &self,
        db: &impl ConnectionTrait,
        ids: impl Iterator<Item = Uuid>,
    ) -> Result<HashMap<Uuid, S>, DbErr> {
        let listed = among_ids(db.get_database_backend(), Expr::col(S::ID.as_column_ref()), ids);
        let mut rows = S::Entity::find().filter(listed).filter(self.filter.clone());
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
        let first = if among.words.is_some() { 4 * FIRST } else { FIRST };
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
                return Ok(judged.found);
            }
            // Many rows there, few of that name: those of that name may be few altogether.
            if let Some(words) = rare_words.take_if(|_| judged.is_rare())
                && let Some(mut all) = self.named::<S>(db, among, words).await?
            {
                all.retain(|one| one.0 <= self.metres && after.as_ref().is_none_or(|after| one > after));
                all.sort_unstable();
                all.truncate(wanted);
                return Ok(rows_of(db, all).await?);
            }
            if whole {
                judged.to = Some((radius, Uuid::max()));
                radius = wider(radius, judged.found.len(), wanted);
            }
        }
    }

    /// How far away everything in the box around the circle is: read of the index alone.
    async fn standing<S: Subject>(self, db: &impl ConnectionTrait, radius: i64) -> Result<Vec<(i64, Uuid)>, DbErr> {
        use position::Column::{Latitude, Longitude, SubjectId, SubjectKind};
        let [south, north, west, east] = self.spot.around(radius);
        let rows: Vec<(Uuid, i64, i64)> = position::Entity::find()
            .select_only()
            .columns([SubjectId, Latitude, Longitude])
            .filter(SubjectKind.eq(S::KIND))
            .filter(in_bands(db.get_database_backend(), south, north))
            .filter(Latitude.between(south, north))
            .filter(Longitude.between(west, east))
            .into_tuple()
            .all(db)
            .await?;
        let far = |(id, latitude, longitude)| (self.spot.metres_to(Spot { latitude, longitude }), id);
        Ok(rows.into_iter().map(far).collect())
    }

    /// How far everything of that name is; none where there is much of it.
    async fn named<S: Subject>(
        self,
        db: &impl ConnectionTrait,
        among: &Among<'_>,
        words: &Words,
    ) -> Result<Option<Vec<(i64, Uuid)>>, DbErr> {
        let few = usize::try_from(FEW).unwrap_or(usize::MAX);
        let search = Search::<S>::new(words, among.filter.clone()).within(among.within);
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

/// What was looked at so far, the nearest first.
struct Judged<S> {
    /// The last one looked at.
    to: Option<(i64, Uuid)>,
    looked_at: usize,
    found: Vec<Nearby<S>>,
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
            let mut rows = among.rows_of::<S>(db, some.iter().map(|(_, id)| *id)).await?;
            for (metres, id) in some {
                let Some(row) = rows.remove(id) else { continue };
                let [name, code, _] = row.sought_by();
                if self.found.len() < wanted && among.words.is_none_or(|words| words.find(name, code)) {
                    self.found.push(Nearby { metres: *metres, row });
                }
            }
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

/// The rows behind ids, in the order given.
async fn rows_of<S: Subject>(db: &impl ConnectionTrait, found: Vec<(i64, Uuid)>) -> Result<Vec<Nearby<S>>, DbErr> {
    let rows = S::Entity::find().filter(S::ID.is_in(found.iter().map(|(_, id)| *id))).all(db).await?;
    let mut rows: HashMap<Uuid, S> = rows.into_iter().map(|row| (row.subject_id(), row)).collect();
    Ok(found.into_iter().filter_map(|(metres, id)| rows.remove(&id).map(|row| Nearby { metres, row })).collect())
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
