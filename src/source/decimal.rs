//! Decimal fractions as values of other types, to the last digit.

use polars::prelude::*;

/// A decimal fraction: so many of 10 to the minus `scale`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Decimal {
    digits: i128,
    scale: u32,
}

impl Decimal {
    /// The same number without zeros at its end.
    fn new(mut digits: i128, mut scale: u32) -> Self {
        while scale > 0 && digits % 10 == 0 {
            digits /= 10;
            scale -= 1;
        }
        Self { digits, scale }
    }

    /// The values of a column of decimals.
    pub fn all(column: &Column) -> PolarsResult<Vec<Option<Self>>> {
        let decimals = column.as_materialized_series().decimal()?;
        let scale = decimals.scale() as u32;
        let values = decimals.physical().iter();
        Ok(values
            .map(|digits| Some(Self::new(digits?, scale)))
            .collect())
    }

    /// A whole number, where it is one that 64 bits hold.
    pub fn whole(self) -> Option<i64> {
        match self.scale {
            0 => i64::try_from(self.digits).ok(),
            _ => None,
        }
    }

    /// The nearest number of double precision.
    pub fn number(self) -> Option<f64> {
        // Where both are exact, one division rounds once.
        const EXACT: u128 = 1 << 53;
        const EXACT_POWER: u32 = 22;
        match self.digits.unsigned_abs() <= EXACT && self.scale <= EXACT_POWER {
            true => Some(self.digits as f64 / 10_f64.powi(self.scale as i32)),
            false => self.text().parse().ok(),
        }
    }

    /// All digits, and no zeros behind them.
    pub fn text(self) -> String {
        let sign = if self.digits < 0 { "-" } else { "" };
        let width = self.scale as usize + 1;
        let digits = format!("{:0>width$}", self.digits.unsigned_abs());
        match digits.split_at(digits.len() + 1 - width) {
            (whole, "") => format!("{sign}{whole}"),
            (whole, fraction) => format!("{sign}{whole}.{fraction}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_their_digits() {
        for (digits, scale, text, whole) in [
            (0, 18, "0", Some(0)),
            (700, 2, "7", Some(7)),
            (-750, 2, "-7.5", None),
            (5, 3, "0.005", None),
            (
                9_007_199_254_740_993,
                0,
                "9007199254740993",
                Some(9_007_199_254_740_993),
            ),
            (i128::from(i64::MAX) + 1, 0, "9223372036854775808", None),
        ] {
            let decimal = Decimal::new(digits, scale);
            assert_eq!((decimal.text().as_str(), decimal.whole()), (text, whole));
        }
        // In two steps, 12345678900000000000000 / 10^18, it is 12345.678900000001.
        let spark = Decimal::new(12_345_678_900_000_000_000_000, 18);
        assert_eq!(spark.number(), Some(12_345.678_9));
    }
}
