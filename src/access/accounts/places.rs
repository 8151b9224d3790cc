//! The schools, suppliers and units that memberships hold in, found together.

use crate::access::granting::Target;
use entity::{
    division,
    id::{SchoolId, SupplierId},
    membership, reporting_unit, school, supplier,
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use std::collections::{BTreeSet, HashMap};

/// Places by id or code.
#[derive(Default)]
pub struct Places {
    schools: HashMap<SchoolId, school::Model>,
    suppliers: HashMap<SupplierId, supplier::Model>,
    divisions: HashMap<String, division::Model>,
    units: HashMap<String, reporting_unit::Model>,
}

/// What is looked for.
#[derive(Default)]
pub struct Wanted {
    pub schools: BTreeSet<SchoolId>,
    pub suppliers: BTreeSet<SupplierId>,
    pub units: BTreeSet<String>,
}

impl Places {
    /// Finds them in at most four statements; what is not there is absent.
    pub async fn find(db: &impl ConnectionTrait, wanted: Wanted) -> Result<Self, DbErr> {
        let mut places = Self::default();
        if !wanted.schools.is_empty() {
            let found = school::Entity::find().filter(school::Column::Id.is_in(wanted.schools)).all(db).await?;
            places.schools = found.into_iter().map(|school| (school.id, school)).collect();
        }
        if !wanted.suppliers.is_empty() {
            let found = supplier::Entity::find().filter(supplier::Column::Id.is_in(wanted.suppliers)).all(db).await?;
            let codes: BTreeSet<String> = found.iter().map(|supplier| supplier.division_code.clone()).collect();
            let divisions = division::Entity::find().filter(division::Column::Code.is_in(codes)).all(db).await?;
            places.suppliers = found.into_iter().map(|supplier| (supplier.id, supplier)).collect();
            places.divisions = divisions.into_iter().map(|division| (division.code.clone(), division)).collect();
        }
        if !wanted.units.is_empty() {
            let units = reporting_unit::Entity::find();
            let found = units.filter(reporting_unit::Column::Code.is_in(wanted.units)).all(db).await?;
            places.units = found.into_iter().map(|unit| (unit.code.clone(), unit)).collect();
        }
        Ok(places)
    }

    /// The places of memberships.
    pub async fn of(db: &impl ConnectionTrait, held: &[membership::Model]) -> Result<Self, DbErr> {
        let wanted = Wanted {
            schools: held.iter().filter_map(|held| held.school_id).collect(),
            suppliers: held.iter().filter_map(|held| held.supplier_id).collect(),
            units: held.iter().filter_map(|held| held.reporting_unit_code.clone()).collect(),
        };
        Self::find(db, wanted).await
    }

    /// The school.
    pub fn school(&self, id: SchoolId) -> Option<&school::Model> {
        self.schools.get(&id)
    }

    /// The supplier and its registered place.
    pub fn supplier(&self, id: SupplierId) -> Option<(&supplier::Model, &division::Model)> {
        let supplier = self.suppliers.get(&id)?;
        Some((supplier, self.divisions.get(&supplier.division_code)?))
    }

    /// Whether there is such a reporting unit.
    pub fn has_unit(&self, code: &str) -> bool {
        self.units.contains_key(code)
    }

    /// Where a membership holds, as the rule of giving needs it.
    pub fn target(&self, held: &membership::Model) -> Option<Target> {
        if let Some(id) = held.school_id {
            return self.school(id).map(|school| Target::School { id, unit: school.reporting_unit_code.clone() });
        }
        if let Some(id) = held.supplier_id {
            return self.supplier(id).map(|(_, division)| Target::Supplier { id, division: division.clone() });
        }
        Some(held.reporting_unit_code.clone().map_or(Target::Everywhere, Target::Unit))
    }

    /// Name of the school, supplier or unit.
    pub fn name(&self, held: &membership::Model) -> Option<String> {
        let school = held.school_id.and_then(|id| self.schools.get(&id)).map(|school| &school.name);
        let supplier = || held.supplier_id.and_then(|id| self.suppliers.get(&id)).map(|supplier| &supplier.name);
        let unit = || held.reporting_unit_code.as_ref().and_then(|code| self.units.get(code)).map(|unit| &unit.name);
        school.or_else(supplier).or_else(unit).cloned()
    }
}
