//! The rows of each entity in the order of their values.

use std::cmp::Ordering;

use rayon::prelude::*;

use super::column::Column;
use super::table::Table;
use super::target::Target;
use crate::codes::Order;

impl Table {
    /// The same rows, those of each entity ascending by their values, so that what is added up or
    /// drawn row by row does not depend on the order of the input. Rows that are alike in all that
    /// they have cannot be told apart.
    #[must_use]
    pub(crate) fn in_value_order(mut self) -> Self {
        let mut destinations = vec![0; self.rows()];
        let ranges: Vec<_> = self.ranges().collect();
        let sorted: Vec<Vec<u32>> = ranges
            .par_iter()
            .map(|range| {
                let mut rows: Vec<u32> = (range.start as u32..range.end as u32).collect();
                rows.sort_by(|&one, &other| self.compare(one as usize, other as usize));
                rows
            })
            .collect();
        for (place, row) in sorted.into_iter().flatten().enumerate() {
            destinations[row as usize] = place as u32;
        }
        self.reorder(&Order::Moved(destinations));
        self
    }

    fn compare(&self, one: usize, other: usize) -> Ordering {
        let target = match &self.target {
            Target::Classes { labels, .. } => labels.get(one).cmp(&labels.get(other)),
            Target::Numbers(numbers) => numbers[one].total_cmp(&numbers[other]),
        };
        let weight = || match &self.weights {
            Some(weights) => weights[one].total_cmp(&weights[other]),
            None => Ordering::Equal,
        };
        let column = |column: &Column| match column {
            Column::Numbers(numbers) => numbers.get(one).total_cmp(&numbers.get(other)),
            Column::Categories { codes, .. } => codes.get(one).cmp(&codes.get(other)),
        };
        let columns = || {
            let mut orders = self.columns.iter().map(column);
            orders.find(|order| order.is_ne())
        };
        target
            .then_with(weight)
            .then_with(|| columns().unwrap_or(Ordering::Equal))
    }
}

#[cfg(test)]
mod tests {
    use polars::prelude::*;

    use crate::cancel::Cancel;
    use crate::source::DatasetSpec;
    use crate::table::{Input, Table};

    /// The table of rows in an order.
    fn table(order: &[usize]) -> Table {
        let rows = [
            ("b", Some(2.5), Some("x"), 1.0, 1),
            ("a", Some(0.5), None, 1.0, 0),
            ("b", None, Some("y"), 1.0, 1),
            ("b", Some(2.5), Some("x"), 3.0, 1),
            ("a", Some(0.5), Some("y"), 1.0, 0),
            ("b", Some(-1.0), Some("x"), 1.0, 0),
            ("b", Some(2.5), Some("x"), 1.0, 1),
        ];
        let of = |place: &usize| rows[*place];
        let frame = df!(
            "k" => order.iter().map(|place| of(place).0).collect::<Vec<_>>(),
            "n" => order.iter().map(|place| of(place).1).collect::<Vec<_>>(),
            "c" => order.iter().map(|place| of(place).2).collect::<Vec<_>>(),
            "w" => order.iter().map(|place| of(place).3).collect::<Vec<_>>(),
            "y" => order.iter().map(|place| of(place).4).collect::<Vec<_>>(),
        );
        let spec = DatasetSpec {
            weight: Some("w".into()),
            ..DatasetSpec::new(["k"], "y")
        };
        Table::load(&Input::from(frame.unwrap()), &spec, &Cancel::new()).unwrap()
    }

    #[test]
    fn the_order_of_the_input_does_not_show() {
        let one = table(&[0, 1, 2, 3, 4, 5, 6]).in_value_order();
        for order in [[6, 5, 4, 3, 2, 1, 0], [3, 0, 6, 2, 5, 4, 1]] {
            let other = table(&order).in_value_order();
            assert_eq!(one.target, other.target);
            assert_eq!(one.weights, other.weights);
            // NaN is no number that is equal to itself.
            assert_eq!(format!("{:?}", one.columns), format!("{:?}", other.columns));
        }
        assert_eq!(one.weights.unwrap(), [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 3.0]);
    }
}
