//! Where schools and suppliers stand.

use super::{distance::Spot, subject::Subject};
use crate::http::{ApiError, Check, IfMatch, Text};
use entity::position;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, sea_query::Expr};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A place on the map, in degrees (CGCS2000) with up to six decimals: a metre is about the fifth.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PositionRequest {
    /// Degrees north.
    #[schema(example = "26.868000")]
    pub latitude: String,
    /// Degrees east.
    #[schema(example = "104.244000")]
    pub longitude: String,
}

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct PositionResponse {
    /// Degrees north.
    #[schema(example = "26.868000")]
    pub latitude: String,
    /// Degrees east.
    #[schema(example = "104.244000")]
    pub longitude: String,
    /// Version of the position.
    #[schema(example = 1)]
    pub version: i64,
}

impl PositionRequest {
    /// # Errors
    /// 422 for what is no place on earth.
    pub fn spot(&self) -> Result<Spot, ApiError> {
        let latitude = Spot::parse(&format!("{},0", self.latitude)).map(|spot| spot.latitude);
        let longitude = Spot::parse(&format!("0,{}", self.longitude)).map(|spot| spot.longitude);
        let mut check = Check::default();
        for (pointer, read) in [("/latitude", latitude), ("/longitude", longitude)] {
            check.that(
                read.is_some(),
                pointer,
                "place_malformed",
                Text::new("须为十进制度数，最多六位小数。", "Must be degrees with up to six decimals."),
            );
        }
        check.finish()?;
        Ok(Spot { latitude: latitude.unwrap_or_default(), longitude: longitude.unwrap_or_default() })
    }
}

impl From<&position::Model> for PositionResponse {
    fn from(row: &position::Model) -> Self {
        Self { latitude: degrees(row.latitude), longitude: degrees(row.longitude), version: row.version }
    }
}

fn degrees(micro: i64) -> String {
    let sign = if micro < 0 { "-" } else { "" };
    let micro = micro.unsigned_abs();
    format!("{sign}{}.{:06}", micro / 1_000_000, micro % 1_000_000)
}

/// Where a subject stands; none where nobody said.
///
/// # Errors
/// When the database does not answer.
pub async fn find_position<S: Subject>(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<position::Model>, DbErr> {
    position::Entity::find_by_id((S::KIND, id)).one(db).await
}

/// Says where a subject stands; answers the position before and the one now.
///
/// # Errors
/// 412 when the position there is has another version than `wanted`.
pub async fn put_position<S: Subject>(
    db: &impl ConnectionTrait,
    id: Uuid,
    spot: Spot,
    wanted: &IfMatch,
) -> Result<(Option<position::Model>, position::Model), ApiError> {
    use position::Column::{Latitude, Longitude, SubjectId, SubjectKind, Version};
    let before = find_position::<S>(db, id).await?;
    let version = before.as_ref().map_or(0, |before| before.version);
    wanted.check(version)?;
    let now = position::Model {
        subject_kind: S::KIND,
        subject_id: id,
        latitude: spot.latitude,
        longitude: spot.longitude,
        version: version + 1,
    };
    if before.is_none() {
        position::Entity::insert(position::ActiveModel::from(now.clone())).exec_without_returning(db).await?;
        return Ok((None, now));
    }
    let changed = position::Entity::update_many()
        .col_expr(Latitude, Expr::val(now.latitude))
        .col_expr(Longitude, Expr::val(now.longitude))
        .col_expr(Version, Expr::val(now.version))
        .filter(SubjectKind.eq(S::KIND))
        .filter(SubjectId.eq(id))
        .filter(Version.eq(version))
        .exec(db)
        .await?;
    if changed.rows_affected == 0 {
        return Err(ApiError::Stale { version: version + 1 });
    }
    Ok((before, now))
}
