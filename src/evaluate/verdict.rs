//! What a comparison comes to.

use super::strategies::{Gain, Scores, Strategies};
use super::way::Way;
use crate::metrics::DifferenceInterval;

/// The way to prefer: the simplest that no more elaborate one is better than. What is better is so
/// by an interval that does not include 0. Nothing where a difference is not defined.
pub(super) fn winner(overall: &Strategies, gains: &[Gain]) -> Option<Way> {
    let mut compared = Way::ALL
        .iter()
        .filter(|way| overall.scores(**way).is_some());
    let ways = compared.clone().count();
    if gains.len() < ways * (ways - 1) / 2 {
        return None;
    }
    let is_beaten = |way| {
        gains
            .iter()
            .any(|gain| gain.over == way && gain.interval.low > 0.0)
    };
    compared.find(|way| !is_beaten(**way)).copied()
}

/// It in a sentence.
pub(super) fn verdict(overall: &Strategies, gains: &[Gain], winner: Option<Way>) -> String {
    let Some(winner) = winner else {
        return "No verdict: the errors on these rows are too few or too large to tell the models apart.".into();
    };
    let simpler = gains.iter().filter(|gain| gain.way == winner);
    let simpler = simpler.map(|gain| {
        let difference = difference(overall, gain);
        format!("{difference} against {}", gain.over.description())
    });
    let others = gains.iter().filter(|gain| gain.over == winner);
    let others = others.map(|gain| {
        let difference = difference(overall, gain);
        format!("{} ({difference})", gain.way.description())
    });
    let (simpler, others): (Vec<_>, Vec<_>) = (simpler.collect(), others.collect());
    let mut sentence = match winner {
        Way::Pooled => "One model for all is enough, one pooled tree".to_owned(),
        Way::Unknown => "One model for all is enough, a boosted one".into(),
        Way::PerEntity => "Training per entity pays here".into(),
        Way::Shared => "A shared model pays here".into(),
    };
    if !simpler.is_empty() {
        sentence += &format!(": {}", simpler.join(", "));
    }
    if !others.is_empty() {
        sentence += &format!("; no gain over it is shown by {}", others.join(" or "));
    }
    sentence + "."
}

fn difference(overall: &Strategies, gain: &Gain) -> String {
    match overall.scores(gain.over) {
        Some(Scores::Regression {
            root_mean_squared_error,
            ..
        }) => share_of_error(&gain.interval, root_mean_squared_error),
        _ => points_of_accuracy(&gain.interval),
    }
}

fn points_of_accuracy(gain: &DifferenceInterval) -> String {
    let points = |share: f64| format!("{:+.2}", share * 100.0);
    format!(
        "{} percentage points of accuracy, 95 % interval {} to {}",
        points(gain.difference),
        points(gain.low),
        points(gain.high)
    )
}

/// `whole` is the root mean squared error of the other way. What is less error is a gain, and it is
/// said as what becomes of the error.
fn share_of_error(gain: &DifferenceInterval, whole: Option<f64>) -> String {
    let whole = whole.map_or(0.0, |error| error * error);
    let change = |gain: f64| match whole > 0.0 {
        true => format!("{:+.2} %", 0.0 - gain / whole * 100.0),
        false => format!("{:+e}", 0.0 - gain),
    };
    format!(
        "{} mean squared error, 95 % interval {} to {}",
        change(gain.difference),
        change(gain.high),
        change(gain.low)
    )
}
