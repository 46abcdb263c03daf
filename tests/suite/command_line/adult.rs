//! Trees of Adult are those of scikit-learn, which prunes none and splits one-hot columns.

use std::path::Path;

use per_entity::source::{DatasetSpec, Source};
use per_entity::table::Query;
use polars::prelude::{DataFrame, DataType, IntoLazy, col, lit};

use crate::support::adult::{LEVELS, adult};

#[test]
fn adult_gives_the_trees_that_scikit_learn_gives() {
    let Some(place) = adult() else { return };
    let train = "train --input adult.data --pruning none --category-splits one --output-dir models";
    place.run(train).succeeded();
    let records = place.store("models").records().unwrap();
    let accuracy = |key: &str| {
        let record = records.iter().find(|record| record.key == key).unwrap();
        (
            record.rows,
            (record.summary.unwrap().training_score * 1e4).round() / 1e4,
        )
    };
    assert_eq!(accuracy("Bachelors"), (5_044, 0.9998));
    assert_eq!(accuracy("Masters"), (1_627, 1.0));
    assert_eq!(accuracy("Doctorate"), (375, 1.0));
    let bytes: u64 = records.iter().map(|record| record.model_bytes()).sum();
    assert!(bytes <= 244_000 / 4, "{bytes} bytes of models");

    place.run(&format!("{train} --where true")).succeeded();
    let store = place.store("models");
    let test = complete_rows(&place.path("adult.test"));
    for level in LEVELS {
        let (key, (fewest, most)) = (level.key, level.nodes);
        let model = store.model(key).unwrap();
        let nodes = model.node_count() as f64;
        assert!(
            (fewest * 0.97..=most * 1.03).contains(&nodes),
            "{key}: {nodes} nodes"
        );
        let rows = test.clone().lazy().filter(col("education").eq(lit(key)));
        let rows = rows.collect().unwrap();
        let labels = rows.column("income").unwrap().str().unwrap();
        let predictions = model.predict(&rows).unwrap();
        let correct = labels
            .iter()
            .zip(predictions)
            .filter(|(label, prediction)| *label == Some(prediction))
            .count();
        let accuracy = correct as f64 / rows.height() as f64;
        let (lowest, highest) = level.accuracy;
        assert!(
            (lowest * 0.97..=highest * 1.03).contains(&accuracy),
            "{key}: accuracy {accuracy}"
        );
    }
}

/// The complete rows of a file, every key and category as text.
fn complete_rows(path: &Path) -> DataFrame {
    let spec = DatasetSpec {
        predicate: None,
        ..DatasetSpec::adult()
    };
    let source = Source::open(&[path.display().to_string()], None, &spec).unwrap();
    let frame = Query::new(&source.into(), &spec).unwrap().frame().clone();
    frame
        .with_columns([
            col("education").cast(DataType::String),
            col("income").cast(DataType::String),
        ])
        .drop_nulls(None)
        .collect()
        .unwrap()
}
