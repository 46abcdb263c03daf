//! Which flag or subcommand helps: the library does not know of any.

use per_entity::Error;
use per_entity::error::{InputError, SpecError, StoreError};
use per_entity::schema::Role;

/// What to type after an error, where that can be told.
pub fn hint(error: &Error) -> Option<String> {
    match error {
        Error::Input(error) => of_input(error),
        Error::Spec(error) => of_spec(error),
        Error::Store(error) => of_store(error),
        Error::NullKey { .. } => Some("--unknown null".into()),
        _ => None,
    }
}

fn of_input(error: &InputError) -> Option<String> {
    Some(match error {
        InputError::Nothing | InputError::NoSuchFile { .. } => "--input FILE".into(),
        InputError::UnknownFormat { .. } => "--format csv".into(),
        InputError::Ragged { .. } => "leave out --strict".into(),
        InputError::NotANumber { column, value, .. } => {
            format!("--categorical {column}, or --missing '{value}'")
        }
        _ => return None,
    })
}

fn of_spec(error: &SpecError) -> Option<String> {
    Some(match error {
        SpecError::NoKey => "--key COLUMN".into(),
        SpecError::NoTarget => "--target COLUMN".into(),
        SpecError::UnknownColumn { role, .. } => flag(*role).into(),
        SpecError::NamedTwice { role, .. } => flag(*role).into(),
        SpecError::TwoRoles { first, second, .. } => {
            format!("{}, {}", flag(*first), flag(*second))
        }
        SpecError::UnsupportedType { column, role, .. } if *role != Role::Target => {
            format!("--ignore {column}")
        }
        SpecError::ColumnNamedTwice(_) => "--columns".into(),
        SpecError::Separator(_) => "--separator".into(),
        SpecError::Filter { .. } => "--where".into(),
        SpecError::HoldoutShare(_) => "--holdout 0.2".into(),
        SpecError::Difference { name, .. } => format!("--{}", name.replace('_', "-")),
        SpecError::MemoryLimit { .. } => "--memory-limit".into(),
        SpecError::PooledExceedsMemory => "leave out --pooled, or raise --memory-limit".into(),
        SpecError::NotAlike { .. } => {
            "leave out --vanished keep, --keep-better and --max-regression".into()
        }
        SpecError::NoPooledModel => "per-entity train --pooled".into(),
        SpecError::UnknownClass { .. } | SpecError::NoPositiveClass { .. } => {
            "--positive CLASS".into()
        }
        _ => return None,
    })
}

fn of_store(error: &StoreError) -> Option<String> {
    Some(match error {
        StoreError::Missing { .. } => "per-entity train --output-dir DIRECTORY".into(),
        StoreError::Foreign { .. } => "--output-dir DIRECTORY".into(),
        StoreError::UnknownGeneration { .. } => "per-entity history lists them".into(),
        StoreError::UnknownEntity { .. } => "per-entity inspect lists them".into(),
        _ => return None,
    })
}

/// The flag that gives a column a role.
fn flag(role: Role) -> &'static str {
    match role {
        Role::Key => "--key",
        Role::Target => "--target",
        Role::Weight => "--weight",
        Role::Feature => "--features",
        Role::NumericFeature => "--numeric",
        Role::CategoricalFeature => "--categorical",
        Role::Ignored => "--ignore",
        Role::Group => "--group-by, or --holdout-by",
        Role::Filter => "--where",
    }
}
