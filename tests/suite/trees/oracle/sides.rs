//! All ways of parting the rows of a node.

use per_entity::schema::FeatureKind;
use per_entity::tree::{CategorySplits, DecisionTreeValidParams, RegressionCriterion};

use super::measure::Measure;
use super::sample::Target;

/// The rows on the left and on the right of a split.
pub type Sides = [Vec<usize>; 2];

/// All splits of some rows that are looked for, whatever they leave on either side.
pub fn all_sides(
    measure: &Measure,
    params: &DecisionTreeValidParams,
    rows: &[usize],
) -> Vec<Sides> {
    let features = 0..measure.sample.columns.len();
    features
        .flat_map(|feature| sides_of(measure, params, feature, rows))
        .collect()
}

fn sides_of(
    measure: &Measure,
    params: &DecisionTreeValidParams,
    feature: usize,
    rows: &[usize],
) -> Vec<Sides> {
    let codes = measure.sample.codes(feature, rows);
    let lefts = match (
        measure.sample.columns[feature].kind,
        params.category_splits(),
    ) {
        _ if codes.len() < 2 => Vec::new(),
        (FeatureKind::Numeric, _) => thresholds(measure, feature, rows),
        (FeatureKind::Categorical, CategorySplits::One) => {
            codes.iter().map(|&code| vec![code]).collect()
        }
        (FeatureKind::Categorical, CategorySplits::Set) => {
            // What is promised is the best of all sets, and not of those that leave enough.
            let is_limited = params.min_samples_leaf() > 1 || params.min_weight_leaf() > 0.0;
            match orders(measure) {
                None if !is_limited => all_sets(&codes),
                orders => fronts_in_orders(measure, orders.unwrap_or(1), feature, rows, &codes),
            }
        }
    };
    let codes = &measure.sample.columns[feature].codes;
    let parted = lefts.iter().map(|left| {
        let (left, right) = rows.iter().partition(|&&row| left.contains(&codes[row]));
        [left, right]
    });
    parted.collect()
}

/// Codes on the left: below every threshold, with the missing ones on either side, or all but these.
fn thresholds(measure: &Measure, feature: usize, rows: &[usize]) -> Vec<Vec<u32>> {
    let column = &measure.sample.columns[feature];
    let (missing, present): (Vec<usize>, Vec<usize>) =
        rows.iter().partition(|&&row| column.is_missing(row));
    let codes = measure.sample.codes(feature, &present);
    let mut lefts: Vec<Vec<u32>> = (1..codes.len()).map(|end| codes[..end].to_vec()).collect();
    if let Some(&row) = missing.first() {
        let with_missing = lefts.clone().into_iter().map(|mut left| {
            left.push(column.codes[row]);
            left
        });
        lefts.extend(with_missing.collect::<Vec<_>>());
        lefts.push(codes);
    }
    lefts
}

/// In how many orders sets are looked for; nothing where the best of all sets is promised.
fn orders(measure: &Measure) -> Option<usize> {
    let is_absolute = measure.regression_criterion == RegressionCriterion::AbsoluteError;
    match measure.sample.target {
        Target::Classes { count, .. } => (count > 2).then_some(count),
        Target::Numbers(_) => is_absolute.then_some(1),
    }
}

/// The categories in front of every cut, in every order: by mean, or by the share of a class.
fn fronts_in_orders(
    measure: &Measure,
    orders: usize,
    feature: usize,
    rows: &[usize],
    codes: &[u32],
) -> Vec<Vec<u32>> {
    let of_code = |code: u32| -> Vec<usize> {
        let rows = rows.iter().copied();
        rows.filter(|&row| measure.sample.columns[feature].codes[row] == code)
            .collect()
    };
    let rank = |order: usize, code: u32| match measure.sample.target {
        Target::Numbers(_) => measure.mean(&of_code(code)),
        Target::Classes { .. } => {
            let counts = measure.counts(&of_code(code));
            let class = if counts.len() == 2 { 1 } else { order };
            counts[class] / counts.iter().sum::<f64>()
        }
    };
    let in_order = |order: usize| {
        let ranks: Vec<(f64, u32)> = codes
            .iter()
            .map(|&code| (rank(order, code), code))
            .collect();
        fronts(ranks)
    };
    (0..orders).flat_map(in_order).collect()
}

/// All sets of categories; of a set and its complement the one without the last category.
fn all_sets(codes: &[u32]) -> Vec<Vec<u32>> {
    let members = |set: usize| {
        let places = (0..codes.len()).filter(|place| set >> place & 1 == 1);
        places.map(|place| codes[place]).collect()
    };
    (1..1 << (codes.len() - 1)).map(members).collect()
}

/// The categories in front of every cut between different ranks: they are the same whatever the
/// order of equal ones.
fn fronts(mut ranks: Vec<(f64, u32)>) -> Vec<Vec<u32>> {
    ranks.sort_by(|one, other| one.0.total_cmp(&other.0));
    let slack = 1e-9 * (ranks[ranks.len() - 1].0 - ranks[0].0);
    let cuts = (1..ranks.len()).filter(|&cut| ranks[cut].0 - ranks[cut - 1].0 > slack);
    cuts.map(|cut| ranks[..cut].iter().map(|&(_, code)| code).collect())
        .collect()
}

/// Whether a split may be taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Admission {
    Yes,
    No,
    /// It hangs on the last digits of a sum.
    Either,
}

/// Whether the limits and the criterion admit a split.
pub fn admission(measure: &Measure, params: &DecisionTreeValidParams, sides: &Sides) -> Admission {
    let sample = measure.sample;
    let [left, right] = sides;
    if left.len().min(right.len()) < params.min_samples_leaf() {
        return Admission::No;
    }
    let weights = [left, right].map(|side| sample.weight_of(side));
    let mut slack = match sample.weights {
        None => 0.0,
        Some(_) => 1e-12 * (weights[0] + weights[1]),
    };
    let lightest = weights[0].min(weights[1]);
    let mut admission = at_least(lightest, params.min_weight_leaf(), slack);
    if lightest <= slack {
        admission = Admission::Either;
    }
    if measure.is_poisson() && admission != Admission::No {
        let sums = [left, right].map(|side| {
            let numbers = measure.numbers(side);
            numbers
                .iter()
                .map(|(number, weight)| number * weight)
                .sum::<f64>()
        });
        if sums[0].min(sums[1]) == 0.0 {
            return Admission::No;
        }
        slack = 1e-12 * (sums[0] + sums[1]);
        if sums[0].min(sums[1]) <= slack {
            admission = Admission::Either;
        }
    }
    admission
}

/// Whether a number is as large as it has to be.
pub fn at_least(number: f64, least: f64, slack: f64) -> Admission {
    if least <= 0.0 || number > least + slack || (slack == 0.0 && number >= least) {
        Admission::Yes
    } else if number < least - slack {
        Admission::No
    } else {
        Admission::Either
    }
}
