//! The columns of binned features.

use super::binned_feature::{BinnedFeature, FeatureBins};
use super::feature_column::{CategoryColumn, FeatureColumn, NumberColumn};

/// The columns of binned features, in the order of these.
pub(super) struct BinnedColumns<'a>(Vec<BinnedColumn<'a>>);

enum BinnedColumn<'a> {
    Numbers(NumberColumn<'a>),
    Categories {
        column: CategoryColumn<'a>,
        /// The column's code of each category that has one in the bins, and that; ascending.
        codes: Vec<(u32, u8)>,
        /// The code of all others.
        others: u8,
    },
}

impl<'a> BinnedColumns<'a> {
    /// `column_of` gives the column of a feature.
    ///
    /// # Errors
    ///
    /// The name of a feature whose column is not there or of the other kind.
    pub fn new<'f>(
        features: &'f [BinnedFeature],
        column_of: impl Fn(&str) -> Option<FeatureColumn<'a>>,
    ) -> Result<Self, &'f str> {
        let column = |feature: &'f BinnedFeature| match (column_of(feature.name()), &feature.bins) {
            (Some(FeatureColumn::Numbers(numbers)), FeatureBins::Numbers(_)) => {
                Ok(BinnedColumn::Numbers(numbers))
            }
            (Some(FeatureColumn::Categories(column)), FeatureBins::Categories(categories)) => {
                let texts = categories.iter().map(|text| Some(text.as_str()));
                let own = texts.chain([None]).map(|text| column.code_of(text));
                let missing = feature.bins.missing_code();
                let binned = (0..categories.len() as u8).chain([missing]);
                let mut codes: Vec<(u32, u8)> = own.zip(binned).collect();
                codes.sort_unstable();
                Ok(BinnedColumn::Categories {
                    column,
                    codes,
                    others: categories.len() as u8,
                })
            }
            _ => Err(feature.name()),
        };
        features
            .iter()
            .map(column)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Writes the codes of some rows, `width` for each, of which the first are those of the
    /// features. `row_of` gives the row that a feature, by its position, takes its value for a row
    /// from.
    pub fn write(
        &self,
        features: &[BinnedFeature],
        row_of: impl Fn(usize, usize) -> usize,
        width: usize,
        codes: &mut [u8],
    ) {
        for (position, (column, feature)) in self.0.iter().zip(features).enumerate() {
            let own = codes.iter_mut().skip(position).step_by(width);
            let own = own.enumerate();
            match (column, &feature.bins) {
                (BinnedColumn::Numbers(numbers), FeatureBins::Numbers(bins)) => {
                    own.for_each(|(row, code)| {
                        *code = bins.code(numbers.get(row_of(position, row)));
                    });
                }
                (
                    BinnedColumn::Categories {
                        column,
                        codes,
                        others,
                    },
                    _,
                ) => own.for_each(|(row, code)| {
                    let category = column.get(row_of(position, row));
                    let place = codes.binary_search_by_key(&category, |&(code, _)| code);
                    *code = place.map_or(*others, |place| codes[place].1);
                }),
                _ => {}
            }
        }
    }
}
