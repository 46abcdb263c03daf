//! What a list of entities is sorted by.

use std::cmp::Ordering;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use per_entity::metrics::Metric;
use per_entity::store::EntityRecord;

/// What a list of entities is sorted by. The largest numbers come first, but of figures the worst;
/// entities without come last.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SortField {
    /// In the order of the store.
    Key,
    Rows,
    Classes,
    Nodes,
    Depth,
    Bytes,
    /// On the rows trained on.
    Training(Metric),
    /// On the rows held out; the accuracy or R² is that of training where none were.
    Metric(Metric),
}

impl SortField {
    /// Reads one by its name.
    pub fn parser() -> impl TypedValueParser<Value = Self> {
        let names = Self::named().into_iter().map(|(name, _)| name);
        PossibleValuesParser::new(names).map(|text| {
            let mut all = Self::named().into_iter();
            let named = all.find(|(name, _)| *name == text);
            named.map_or(Self::Key, |(_, field)| field)
        })
    }

    fn named() -> Vec<(&'static str, Self)> {
        let mut named = vec![
            ("key", Self::Key),
            ("rows", Self::Rows),
            ("classes", Self::Classes),
            ("nodes", Self::Nodes),
            ("depth", Self::Depth),
            ("bytes", Self::Bytes),
            ("training-accuracy", Self::Training(Metric::Accuracy)),
            ("training-r2", Self::Training(Metric::R2)),
        ];
        named.extend(Metric::ALL.map(|metric| (metric.slug(), Self::Metric(metric))));
        named
    }

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        let named = Self::named().into_iter().find(|(_, field)| *field == self);
        named.map_or("key", |(name, _)| name)
    }

    /// Sorts records that are in the order of the store.
    pub fn sort(self, records: &mut [EntityRecord], is_held_out: bool) {
        let field = match self {
            Self::Key => return,
            Self::Metric(metric) if !is_held_out => Self::Training(metric),
            field => field,
        };
        let smallest_first = match field {
            Self::Metric(metric) | Self::Training(metric) => metric.loss(0.0, 1.0) < 0.0,
            _ => false,
        };
        records.sort_by(|a, b| match (field.value(a), field.value(b)) {
            (Some(a), Some(b)) if smallest_first => a.total_cmp(&b),
            (Some(a), Some(b)) => b.total_cmp(&a),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        });
    }

    fn value(self, record: &EntityRecord) -> Option<f64> {
        let summary = record.summary.as_ref();
        match self {
            Self::Key => None,
            Self::Rows => Some(record.rows as f64),
            Self::Bytes => Some(record.model_bytes() as f64),
            Self::Classes => summary.map(|summary| summary.classes.into()),
            Self::Nodes => summary.map(|summary| summary.nodes.into()),
            Self::Depth => summary.map(|summary| summary.depth.into()),
            Self::Training(metric) => summary?.training_score_of(metric.task()),
            Self::Metric(metric) => record.holdout_score(metric),
        }
    }
}
