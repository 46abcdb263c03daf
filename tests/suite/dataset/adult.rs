//! The Adult census data.

use per_entity::schema::{LeftOut, LeftOutByColumn};
use per_entity::source::DatasetSpec;
use per_entity::table::Column;

use super::tables::{load, sizes};
use crate::support::adult::adult;

#[test]
fn adult_has_the_rows_that_scikit_learn_trains_on() {
    let Some(place) = adult() else { return };
    let table = load(&place.path("adult.data"), &DatasetSpec::adult()).unwrap();
    assert_eq!(
        sizes(&table),
        [("Bachelors", 5_044), ("Doctorate", 375), ("Masters", 1_627)]
    );
    assert_eq!(table.rows_read(), 32_561);
    assert_eq!(table.rows() as u64 + table.left_out().total(), 32_561);

    let all = DatasetSpec {
        predicate: Some("true".into()),
        ..DatasetSpec::adult()
    };
    let table = load(&place.path("adult.data"), &all).unwrap();
    assert_eq!((table.len(), table.rows()), (16, 30_162));
    let column = |column: &str, missing| LeftOutByColumn {
        column: column.into(),
        missing,
        unusable: 0,
    };
    let left_out = LeftOut {
        missing_value: 2_399,
        columns: vec![
            column("workclass", 1_836),
            column("occupation", 7),
            column("native-country", 556),
        ],
        ..LeftOut::default()
    };
    assert_eq!(*table.left_out(), left_out);

    let test = load(&place.path("adult.test"), &all).unwrap();
    assert_eq!((test.rows(), test.rows_read()), (15_060, 16_281));
    assert_eq!(test.classes(), table.classes());
    assert_eq!(test.classes(), ["<=50K", ">50K"]);
}

#[test]
fn adult_as_beam_takes_it_lets_incomplete_rows_through_and_makes_all_categorical() {
    let Some(place) = adult() else { return };
    let table = load(&place.path("adult.data"), &DatasetSpec::adult_as_beam()).unwrap();
    assert_eq!(
        sizes(&table),
        [("Bachelors", 5_355), ("Doctorate", 413), ("Masters", 1_723)]
    );
    let partition = table.partition(0);
    assert!(
        partition
            .features()
            .all(|(_, column)| matches!(column, Column::Categories { .. }))
    );
}
