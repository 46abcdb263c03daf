//! Classes: the weight of each is summed up.

use super::Criterion;
use super::criterion::{Score, Side};
use super::statistic::{NodeRows, Statistic};

/// Classes of rows that all count the same.
pub(super) struct Labels;

/// Classes of rows with sample weights.
pub(super) struct WeightedLabels;

/// With more classes than this, sets of categories are looked for only by the first ones.
const MOST_ORDERS: usize = 32;

macro_rules! labels {
    ($name:ident, $slot:ty, $weighted:expr, |$weight:ident| $added:expr, |$slots:ident| $rows:expr) => {
        impl Statistic for $name {
            type Criterion = Criterion;
            type Outcome = u32;
            type Unit = ();
            type Slot = $slot;
            type Sum = f64;
            type Score = Score;
            type Sides = ();

            const WEIGHTED: bool = $weighted;
            const WHOLE: bool = !$weighted;

            #[inline(always)]
            fn add(slots: &mut [$slot], start: usize, label: u32, $weight: f64) {
                slots[start + label as usize] += $added;
            }

            #[inline(always)]
            fn sum(slot: $slot) -> f64 {
                slot.into()
            }

            #[inline(always)]
            fn rows($slots: &[$slot]) -> usize {
                $rows
            }

            #[inline(always)]
            fn label(label: u32) -> Option<u32> {
                (!$weighted).then_some(label)
            }

            #[inline(always)]
            fn of_label(label: u32) -> Option<u32> {
                Some(label)
            }

            fn is_pure_in_sum(totals: &[f64]) -> bool {
                totals.iter().filter(|&&total| total > 0.0).count() < 2
            }

            fn is_pure(node: &NodeRows<Self>) -> bool {
                Self::is_pure_in_sum(node.totals)
            }

            #[inline(always)]
            fn score(
                criterion: Criterion,
                left: &[f64],
                totals: &[f64],
                (): (),
                (): &(),
            ) -> Option<Score> {
                let (on_left, on_right) = Side::both(criterion, left, totals);
                Some(Score::new(criterion, on_left, on_right))
            }

            #[inline(always)]
            fn beats(criterion: Criterion, one: &Score, other: &Score) -> bool {
                one.beats(*other, criterion, Self::WHOLE)
            }

            fn is_perfect(criterion: Criterion, score: &Score) -> bool {
                Self::WHOLE && score.is_perfect(criterion)
            }

            fn weights(score: &Score) -> [f64; 2] {
                score.weights()
            }

            fn decrease(criterion: Criterion, score: &Score, node: &NodeRows<Self>) -> f64 {
                score.impurity_decrease(criterion, node.totals)
            }

            fn orders(width: usize, _: usize) -> usize {
                match width {
                    2 => 1,
                    classes => classes.min(MOST_ORDERS),
                }
            }

            fn rank(_: Criterion, slots: &[$slot], (): (), order: usize, _: usize) -> f64 {
                let class = if slots.len() == 2 { 1 } else { order };
                let total: f64 = slots.iter().map(|&slot| Self::sum(slot)).sum();
                Self::sum(slots[class]) / total
            }

            fn describe(_: Criterion, node: &NodeRows<Self>, statistics: &mut Vec<f64>) {
                statistics.clear();
                statistics.extend_from_slice(node.totals);
            }
        }
    };
}

labels!(
    Labels,
    u32,
    false,
    |_weight| 1,
    |slots| slots.iter().sum::<u32>() as usize
);
labels!(WeightedLabels, f64, true, |weight| weight, |_slots| 0);
