//! Adult's columns.

use FieldKind::{Cents, Int16, Int32, Text};

use super::income::INCOMES;
use super::row::Row;
use super::tables::household::{MARITAL_STATUSES, RELATIONSHIPS};
use super::tables::person::{COUNTRIES, EDUCATIONS, RACES, SEXES};
use super::tables::work::{OCCUPATIONS, WORKCLASSES};
use crate::schema::Task;

/// The name of the column of entities.
pub(super) const ENTITY: &str = "entity";

/// One of Adult's columns: its name, and how to get at its values.
pub(super) struct Field {
    pub name: &'static str,
    pub kind: FieldKind,
}

pub(super) enum FieldKind {
    Int16(fn(&Row) -> i16),
    Int32(fn(&Row) -> i32),
    /// An amount of money in cents, written in dollars with two decimals.
    Cents(fn(&Row) -> u64),
    /// A row's category, and the text of a category, which is none from the last one on.
    Text(fn(&Row) -> u8, fn(usize) -> Option<&'static str>),
}

/// In Adult's order.
#[rustfmt::skip]
pub(super) static FEATURES: [Field; 14] = [
    Field { name: "age", kind: Int16(|row| row.age) },
    Field { name: "workclass", kind: Text(|row| row.workclass, |code| WORKCLASSES.get(code).map(|workclass| workclass.name)) },
    Field { name: "fnlwgt", kind: Int32(|row| row.final_weight) },
    Field { name: "education", kind: Text(|row| row.education, |code| EDUCATIONS.get(code).map(|education| education.0)) },
    Field { name: "education-num", kind: Int16(|row| i16::from(row.education) + 1) },
    Field { name: "marital-status", kind: Text(|row| row.marital_status, |code| MARITAL_STATUSES.get(code).map(|status| status.name)) },
    Field { name: "occupation", kind: Text(|row| row.occupation, |code| OCCUPATIONS.get(code).map(|occupation| occupation.name)) },
    Field { name: "relationship", kind: Text(|row| row.relationship, |code| RELATIONSHIPS.get(code).map(|relationship| relationship.0)) },
    Field { name: "race", kind: Text(|row| row.race, |code| RACES.get(code).map(|race| race.0)) },
    Field { name: "sex", kind: Text(|row| row.sex, |code| SEXES.get(code).copied()) },
    Field { name: "capital-gain", kind: Int32(|row| row.capital_gain) },
    Field { name: "capital-loss", kind: Int32(|row| row.capital_loss) },
    Field { name: "hours-per-week", kind: Int16(|row| row.hours) },
    Field { name: "native-country", kind: Text(|row| row.country, |code| COUNTRIES.get(code).map(|country| country.0)) },
];

static INCOME_CLASS: Field = Field {
    name: "income",
    kind: Text(|row| row.income, |code| INCOMES.get(code).copied()),
};

static INCOME: Field = Field {
    name: "income",
    kind: Cents(|row| row.cents),
};

/// All fields of a row: the features, and last the target.
pub(super) fn fields(task: Task) -> impl Iterator<Item = &'static Field> {
    let target = match task {
        Task::Classification => &INCOME_CLASS,
        Task::Regression => &INCOME,
    };
    FEATURES.iter().chain([target])
}
