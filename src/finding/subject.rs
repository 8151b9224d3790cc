//! What can be found: schools and suppliers.

use super::traits;
use entity::{school, search_name::SubjectKind, supplier};
use sea_orm::{EntityTrait, FromQueryResult};
use uuid::Uuid;

/// A row that is found by its name, its code and its place.
pub trait Subject: FromQueryResult + Clone + Send + Sync {
    /// Its table.
    type Entity: EntityTrait<Model = Self>;
    /// What it is.
    const KIND: SubjectKind;
    /// The column of ids.
    const ID: <Self::Entity as EntityTrait>::Column;
    /// The column of names.
    const NAME: <Self::Entity as EntityTrait>::Column;
    /// The column of codes.
    const CODE: <Self::Entity as EntityTrait>::Column;
    /// The column of divisions.
    const DIVISION: <Self::Entity as EntityTrait>::Column;
    /// The traits of a row named `s`, in SQL.
    const TRAITS: &'static str;

    /// Its id.
    fn subject_id(&self) -> Uuid;
    /// Its name, code and division.
    fn sought_by(&self) -> [&str; 3];
    /// What else lists choose it by.
    fn traits(&self) -> String;
}

impl Subject for school::Model {
    type Entity = school::Entity;
    const KIND: SubjectKind = SubjectKind::School;
    const ID: school::Column = school::Column::Id;
    const NAME: school::Column = school::Column::Name;
    const CODE: school::Column = school::Column::Code;
    const DIVISION: school::Column = school::Column::DivisionCode;
    const TRAITS: &'static str = traits::OF_SCHOOL;

    fn subject_id(&self) -> Uuid {
        self.id.0
    }

    fn sought_by(&self) -> [&str; 3] {
        [&self.name, &self.code, &self.division_code]
    }

    fn traits(&self) -> String {
        traits::of_school(self)
    }
}

impl Subject for supplier::Model {
    type Entity = supplier::Entity;
    const KIND: SubjectKind = SubjectKind::Supplier;
    const ID: supplier::Column = supplier::Column::Id;
    const NAME: supplier::Column = supplier::Column::Name;
    const CODE: supplier::Column = supplier::Column::Code;
    const DIVISION: supplier::Column = supplier::Column::DivisionCode;
    const TRAITS: &'static str = traits::OF_SUPPLIER;

    fn subject_id(&self) -> Uuid {
        self.id.0
    }

    fn sought_by(&self) -> [&str; 3] {
        [&self.name, &self.code, &self.division_code]
    }

    fn traits(&self) -> String {
        traits::of_supplier(self)
    }
}

/// The name of a subject's table.
#[must_use]
pub fn table_of<S: Subject>() -> &'static str {
    table_of_kind(S::KIND)
}

pub(super) fn table_of_kind(kind: SubjectKind) -> &'static str {
    match kind {
        SubjectKind::School => "school",
        SubjectKind::Supplier => "supplier",
    }
}
