//! How often each value occurs, and on what that depends.

pub(super) mod household;
pub(super) mod person;
pub(super) mod work;

use std::sync::LazyLock;

use rand_distr::weighted::WeightedAliasIndex;

use household::{MARITAL_STATUSES, RELATIONSHIPS};
use person::{COUNTRIES, EDUCATIONS, RACES, age_weights};
use work::{OCCUPATIONS, WORKCLASSES, hours_weights};

/// The weighted choices, made ready for drawing in constant time.
pub(super) struct Tables {
    pub age: Choice,
    /// By schooling stage.
    pub education: Vec<Choice>,
    pub race: Choice,
    /// By origin.
    pub country: Vec<Choice>,
    /// By life stage and sex.
    pub marital_status: Vec<Vec<Choice>>,
    /// By household.
    pub relationship: Vec<Choice>,
    /// By schooling level and sex.
    pub occupation: Vec<Vec<Choice>>,
    /// By the occupation's kind of employer.
    pub workclass: Vec<Choice>,
    /// By kind of week.
    pub hours: Vec<Choice>,
}

type Choice = WeightedAliasIndex<f64>;

pub(super) static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables {
    age: choice(age_weights()),
    education: choices(3, |stage| EDUCATIONS.iter().map(move |row| row.1[stage])),
    race: choice(RACES.iter().map(|row| row.1)),
    country: choices(2, |origin| COUNTRIES.iter().map(move |row| row.1[origin])),
    marital_status: (0..5)
        .map(|stage| {
            choices(2, |sex| {
                MARITAL_STATUSES
                    .iter()
                    .map(move |row| row.weights[sex][stage])
            })
        })
        .collect(),
    relationship: choices(4, |household| {
        RELATIONSHIPS.iter().map(move |row| row.1[household])
    }),
    occupation: (0..4)
        .map(|level| {
            choices(2, |sex| {
                OCCUPATIONS
                    .iter()
                    .map(move |row| row.by_schooling[level] * row.by_sex[sex])
            })
        })
        .collect(),
    workclass: choices(4, |employer| {
        WORKCLASSES.iter().map(move |row| row.weights[employer])
    }),
    hours: choices(3, hours_weights),
});

/// One choice for each of `count` conditions.
fn choices<Weights: IntoIterator<Item = f64>>(
    count: usize,
    weights: impl Fn(usize) -> Weights,
) -> Vec<Choice> {
    (0..count)
        .map(|condition| choice(weights(condition)))
        .collect()
}

fn choice(weights: impl IntoIterator<Item = f64>) -> Choice {
    Choice::new(weights.into_iter().collect()).expect("a table has a positive weight")
}
