//! What a comparison comes to.

use super::strategies::{Gain, Scores, Strategies};
use super::way::Way;
use crate::metrics::DifferenceInterval;

/// The way to prefer: the simplest that no more elaborate one is better than and that is itself one
/// model for all or better than these. What is better is so by an interval that does not include 0.
/// Nothing where a difference is not defined.
pub(super) fn winner(overall: &Strategies, gains: &[Gain]) -> Option<Way> {
    let compared = Way::ALL.into_iter();
    let compared = compared.filter(|way| overall.scores(*way).is_some());
    let ways = compared.clone().count();
    if gains.len() < ways * (ways - 1) / 2 {
        return None;
    }
    let is_gain = |gain: &Gain| gain.interval.low > 0.0;
    let of = |way| gains.iter().filter(move |gain| gain.way == way);
    let pays = |way: Way| of(way).all(|gain| !gain.over.is_for_all() || is_gain(gain));
    let is_beaten = |way| gains.iter().any(|gain| gain.over == way && is_gain(gain));
    let mut unbeaten = compared.filter(|way| !is_beaten(*way));
    let first = unbeaten.clone().next();
    unbeaten
        .find(|way| way.is_for_all() || pays(*way))
        .or(first)
}

/// It in a sentence.
pub(super) fn verdict(overall: &Strategies, gains: &[Gain], winner: Option<Way>) -> String {
    let Some(winner) = winner else {
        return "No verdict: the errors on these rows are too few or too large to tell the models apart.".into();
    };
    let simpler = gains.iter().filter(|gain| gain.way == winner);
    let others = gains.iter().filter(|gain| gain.over == winner);
    // The first difference tells what all of them are.
    let mut is_first = true;
    let mut difference = |gain| difference(overall, gain, std::mem::take(&mut is_first));
    let simpler = simpler.map(|gain| {
        let against = gain.over.description();
        format!("{} against {against}", difference(gain))
    });
    let simpler: Vec<String> = simpler.collect();
    let others = others.map(|gain| format!("{} ({})", gain.way.description(), difference(gain)));
    let others: Vec<String> = others.collect();
    let mut sentence = match winner {
        Way::Pooled => "One model for all is enough, one pooled tree".to_owned(),
        Way::Unknown => "One model for all is enough, a boosted one".into(),
        Way::PerEntity => "Training per entity pays here".into(),
        Way::Shared => "A shared model pays here".into(),
    };
    if !simpler.is_empty() {
        sentence += &format!(": {}", listed(&simpler, "and"));
    }
    if !others.is_empty() {
        sentence += &format!("; no gain over it is shown by {}", listed(&others, "or"));
    }
    sentence + "."
}

/// All but the last two with commas between them.
fn listed(parts: &[String], word: &str) -> String {
    match parts {
        [first @ .., second, last] => {
            let first = first.iter().map(|part| format!("{part}, "));
            format!("{}{second} {word} {last}", first.collect::<String>())
        }
        _ => parts.concat(),
    }
}

/// How much better a way is than another; in full, with what is told and how sure it is.
fn difference(overall: &Strategies, gain: &Gain, in_full: bool) -> String {
    let interval = &gain.interval;
    let (what, [difference, low, high]) = match overall.scores(gain.over) {
        Some(Scores::Regression {
            root_mean_squared_error,
            ..
        }) => (
            " mean squared error",
            shares_of_error(interval, root_mean_squared_error),
        ),
        _ => (" percentage points of accuracy", points(interval)),
    };
    match in_full {
        true => format!("{difference}{what}, 95 % interval {low} to {high}"),
        false => format!("{difference} [{low} to {high}]"),
    }
}

/// Percentage points.
fn points(gain: &DifferenceInterval) -> [String; 3] {
    [gain.difference, gain.low, gain.high].map(|share| format!("{:+.2}", share * 100.0))
}

/// `whole` is the root mean squared error of the other way. What is less error is a gain, and it is
/// said as what becomes of the error.
fn shares_of_error(gain: &DifferenceInterval, whole: Option<f64>) -> [String; 3] {
    let whole = whole.map_or(0.0, |error| error * error);
    [gain.difference, gain.high, gain.low].map(|gain| match whole > 0.0 {
        true => format!("{:+.2} %", 0.0 - gain / whole * 100.0),
        false => format!("{:+e}", 0.0 - gain),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCORES: Scores = Scores::Classification {
        accuracy: Some(0.5),
        f1: None,
    };

    /// Every two ways a draw, but for these, of which the first is better than the second.
    fn winner_where(better: &[(Way, Way)]) -> Option<Way> {
        let overall = Strategies {
            baseline: SCORES,
            pooled: SCORES,
            unknown: Some(SCORES),
            per_entity: SCORES,
            shared: Some(SCORES),
            gain: None,
            shared_gain: None,
        };
        let pairs = Way::ALL
            .into_iter()
            .flat_map(|way| Way::ALL.map(|over| (way, over)));
        let pairs = pairs.filter(|(way, over)| over < way);
        let gains: Vec<Gain> = pairs
            .map(|(way, over)| Gain {
                way,
                over,
                interval: DifferenceInterval {
                    difference: 0.1,
                    low: if better.contains(&(way, over)) {
                        0.05
                    } else {
                        -0.05
                    },
                    high: 0.2,
                },
            })
            .collect();
        winner(&overall, &gains)
    }

    #[test]
    fn what_is_more_elaborate_has_to_be_better() {
        use Way::{PerEntity, Pooled, Shared, Unknown};
        let shared_pays = [(Shared, Pooled), (Shared, Unknown)];
        let both_pay = [
            &shared_pays[..],
            &[(PerEntity, Pooled), (PerEntity, Unknown)],
        ]
        .concat();
        let shared_is_best = [&both_pay[..], &[(Shared, PerEntity)]].concat();
        for (better, wanted) in [
            (&[][..], Pooled),
            (&[(PerEntity, Unknown)], Pooled),
            (&[(Unknown, Pooled)], Unknown),
            // A tree of each entity is no worse, but not shown to be better than one for all.
            (&shared_pays, Shared),
            (&both_pay, PerEntity),
            (&shared_is_best, Shared),
            // That it is better than one model for all is not shown of every such model.
            (&[(Shared, Pooled)], Unknown),
        ] {
            assert_eq!(winner_where(better), Some(wanted), "{better:?}");
        }
    }
}
