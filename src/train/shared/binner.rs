//! Features in bins, learnt from the rows of many entities.

use std::collections::BTreeMap;
use std::collections::HashSet;

use rayon::prelude::*;

use crate::codes::{CodeColumn, Codes, MAX_BINS, NumberBins};
use crate::encode::{EncodedPartition, Values};
use crate::model::{BinnedFeature, FeatureBins, MAX_CATEGORIES};
use crate::schema::{Feature, FeatureKind};
use crate::table::{Column, Table};

/// Brings the features of entities into bins.
pub(super) struct Binner {
    features: Vec<BinnedFeature>,
    /// By feature: its position among the columns of a partition.
    places: Vec<usize>,
}

impl Binner {
    /// Learns the bins of all rows of some tables with the same features.
    pub fn new(tables: &[impl AsRef<Table> + Sync]) -> Self {
        let features = tables.first().map_or(&[][..], |t| t.as_ref().features());
        let features = features.par_iter().enumerate().map(|(position, feature)| {
            let columns = tables
                .iter()
                .map(|table| &table.as_ref().columns()[position]);
            let bins = match feature.kind {
                FeatureKind::Numeric => FeatureBins::Numbers(number_bins(columns)),
                FeatureKind::Categorical => FeatureBins::Categories(frequent(columns)),
            };
            BinnedFeature {
                name: feature.name.clone(),
                bins,
            }
        });
        let features: Vec<BinnedFeature> = features.collect();
        Self {
            places: (0..features.len()).collect(),
            features,
        }
    }

    /// Learns the bins of one entity's rows.
    pub fn of_partition(partition: &EncodedPartition) -> Self {
        let columns = partition.codes().columns().iter();
        let values = columns.zip(partition.encoder().values());
        let features = values.enumerate().map(|(position, (column, values))| {
            let mut counts = vec![0; column.cardinality as usize];
            let codes = &column.codes;
            codes.for_each(0..codes.len(), |code| counts[code as usize] += 1);
            let bins = match values {
                Values::Numbers(numbers) => {
                    let counted: Vec<(f64, usize)> = numbers.iter().copied().zip(counts).collect();
                    FeatureBins::Numbers(NumberBins::of_counted(&counted, MAX_BINS))
                }
                Values::Categories { codes, dictionary } => {
                    let texts = codes.iter().map(|&code| dictionary[code as usize].as_str());
                    let counted = texts.zip(counts.iter().map(|&count| count as u64));
                    FeatureBins::Categories(most_frequent(counted.collect()))
                }
            };
            BinnedFeature {
                name: partition.feature_name(position).to_owned(),
                bins,
            }
        });
        let features: Vec<BinnedFeature> = features.collect();
        Self {
            places: (0..features.len()).collect(),
            features,
        }
    }

    /// The features, in their order.
    pub fn into_features(self) -> Vec<BinnedFeature> {
        self.features
    }

    /// Goes by bins that are known; nothing where one of their features is not there, or of the
    /// other kind.
    pub fn of(features: Vec<BinnedFeature>, columns: &[Feature]) -> Option<Self> {
        let place = |feature: &BinnedFeature| {
            let is_same = |column: &Feature| {
                column.name == feature.name && column.kind == kind_of(&feature.bins)
            };
            columns.iter().position(is_same)
        };
        let places: Option<Vec<usize>> = features.iter().map(place).collect();
        let places = places.filter(|places| places.len() == columns.len())?;
        Some(Self { features, places })
    }

    /// The features, in their order.
    pub fn features(&self) -> &[BinnedFeature] {
        &self.features
    }

    /// The columns of some rows of a partition, in this order.
    pub fn columns(&self, partition: &EncodedPartition, rows: &[u32]) -> Vec<CodeColumn> {
        let columns = partition.codes().columns();
        let values = partition.encoder().values();
        let features = self.features.iter().zip(&self.places);
        features
            .map(|(feature, &place)| {
                let column = &columns[place];
                let codes = bins_of(&feature.bins, &values[place]);
                let codes = rows.iter().map(|&row| {
                    let code = column.codes.get(row as usize) as usize;
                    codes
                        .get(code)
                        .copied()
                        .unwrap_or(feature.bins.missing_code())
                });
                binned(&feature.bins, codes.collect())
            })
            .collect()
    }
}

fn kind_of(bins: &FeatureBins) -> FeatureKind {
    match bins {
        FeatureBins::Numbers(_) => FeatureKind::Numeric,
        FeatureBins::Categories(_) => FeatureKind::Categorical,
    }
}

/// A column of bins.
fn binned(bins: &FeatureBins, codes: Vec<u8>) -> CodeColumn {
    CodeColumn {
        kind: kind_of(bins),
        cardinality: u32::from(bins.missing_code()) + 1,
        missing: true,
        codes: Codes::U8(codes),
    }
}

/// The bin of each of a partition's values.
fn bins_of(bins: &FeatureBins, values: &Values) -> Vec<u8> {
    match (bins, values) {
        (FeatureBins::Numbers(bins), Values::Numbers(numbers)) => {
            numbers.iter().map(|&number| bins.code(number)).collect()
        }
        (FeatureBins::Categories(categories), Values::Categories { codes, dictionary }) => {
            let code = |&place: &u32| {
                let found = categories.binary_search(&dictionary[place as usize]);
                found.unwrap_or(categories.len()) as u8
            };
            codes.iter().map(code).collect()
        }
        _ => vec![bins.missing_code(); values.len()],
    }
}

fn number_bins<'a>(columns: impl Iterator<Item = &'a Column>) -> NumberBins {
    let mut all = Vec::new();
    for column in columns {
        if let Column::Numbers(numbers) = column {
            all.reserve(numbers.len());
            numbers.for_each(0..numbers.len(), |number| all.push(number));
        }
    }
    NumberBins::of(&all, MAX_BINS)
}

/// The most frequent categories, ascending; of those of the same frequency the first.
fn frequent<'a>(columns: impl Iterator<Item = &'a Column>) -> Vec<String> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for column in columns {
        let Column::Categories { codes, dictionary } = column else {
            continue;
        };
        let mut by_code = vec![0; dictionary.len() + 1];
        codes.for_each(0..codes.len(), |code| by_code[code as usize] += 1);
        for (text, count) in dictionary
            .iter()
            .zip(by_code)
            .filter(|(_, count)| *count > 0)
        {
            *counts.entry(text).or_default() += count;
        }
    }
    most_frequent(counts)
}

/// The texts of the largest counts, ascending; of those of the same count the first.
fn most_frequent(counts: BTreeMap<&str, u64>) -> Vec<String> {
    let mut sorted: Vec<(&str, u64)> = counts.iter().map(|(&text, &count)| (text, count)).collect();
    sorted.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    sorted.truncate(MAX_CATEGORIES);
    let kept: HashSet<&str> = sorted.into_iter().map(|(text, _)| text).collect();
    let kept = counts.keys().filter(|text| kept.contains(*text));
    kept.map(|text| (*text).to_owned()).collect()
}
