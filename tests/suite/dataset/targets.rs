//! Whether a target is classes or a quantity: by its values, or as is said.

use std::collections::BTreeSet;

use per_entity::schema::{Holdout, Task, TaskReason};
use per_entity::source::DatasetSpec;
use per_entity::table::{Table, Target};
use polars::prelude::*;
use proptest::prelude::*;

use super::tables::{label, load_frame, load_text, simple};

fn targets(table: &Table) -> Vec<String> {
    (0..table.rows())
        .map(|row| label(table.target(), row))
        .collect()
}

/// Rows of one entity with these targets, as CSV and as NDJSON.
fn texts(targets: &[&str]) -> [(&'static str, String); 2] {
    let csv = targets.iter().map(|y| format!("a,1,{y}\n"));
    let csv = format!("k,x,y\n{}", csv.collect::<String>());
    let json = targets
        .iter()
        .map(|y| match y.is_empty() {
            true => "{\"k\":\"a\",\"x\":1,\"y\":null}\n".to_owned(),
            false => format!("{{\"k\":\"a\",\"x\":1,\"y\":{y}}}\n"),
        })
        .collect();
    [("t.csv", csv), ("t.ndjson", json)]
}

fn declared(task: Task) -> DatasetSpec {
    DatasetSpec {
        task: Some(task),
        ..simple()
    }
}

#[test]
fn whole_numbers_are_classes_while_they_are_few_and_fractions_are_a_quantity() {
    for (name, text) in texts(&["1", "0", "1.0", "", "10", "9"]) {
        let table = load_text(name, text, &simple()).unwrap();
        assert_eq!(table.classes(), ["0", "1", "9", "10"], "{name}");
        assert_eq!(targets(&table), ["1", "0", "1", "10", "9"], "{name}");
        assert_eq!(table.left_out().null_target, 1, "{name}");
        let reason = TaskReason::FewWholeNumbers { different: 4 };
        assert_eq!(*table.task_reason(), reason, "{name}");
    }
    for (name, text) in texts(&["1", "0.5", "-2e3"]) {
        let table = load_text(name, text, &simple()).unwrap();
        assert_eq!(*table.target(), Target::Numbers(vec![1.0, 0.5, -2_000.0]));
        assert_eq!(
            *table.task_reason(),
            TaskReason::Fractions { example: 0.5 },
            "{name}"
        );
    }
    let numbers: Vec<String> = (0..21).map(|n| n.to_string()).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    for (rows, task) in [(20, Task::Classification), (21, Task::Regression)] {
        for (name, text) in texts(&numbers[..rows]) {
            let table = load_text(name, text, &simple()).unwrap();
            assert_eq!(table.task(), task, "{name} {rows}");
            assert_eq!(table.rows(), rows);
        }
    }
}

#[test]
fn only_rows_that_are_kept_tell_the_task() {
    let text = "k,x,y\na,1,0\na,2,0.5\na,3,1\n,4,2.5\na,5,inf\na,6,-inf\na,7,nan\n";
    let spec = DatasetSpec {
        predicate: Some("x <> 2".into()),
        ..simple()
    };
    let table = load_text("t.csv", text, &spec).unwrap();
    assert_eq!(table.classes(), ["0", "1"]);
    let left_out = table.left_out();
    assert_eq!(
        (left_out.filter, left_out.null_key, left_out.null_target),
        (1, 1, 1)
    );
    assert_eq!(left_out.infinite_target, 2);
    assert_eq!(table.rows() as u64 + left_out.total(), table.rows_read());
}

#[test]
fn whole_numbers_that_no_fraction_holds_stay_apart() {
    let text = "k,x,y\na,1,9007199254740993\na,2,9007199254740992\n";
    let table = load_text("t.csv", text, &simple()).unwrap();
    assert_eq!(table.classes(), ["9007199254740992", "9007199254740993"]);
    // As a fraction, neither can be told from the other.
    let text = format!("{text}a,3,9007199254740992.5\n");
    let error = load_text("t.csv", text, &declared(Task::Classification)).unwrap_err();
    assert!(error.to_string().contains("9007199254740992"), "{error}");
}

#[test]
fn what_is_said_holds_where_it_can() {
    let many: Vec<String> = (0..50).map(|n| n.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (name, text) in texts(&many) {
        let table = load_text(name, text, &declared(Task::Classification)).unwrap();
        assert_eq!(table.classes().len(), 50, "{name}");
    }
    for (name, text) in texts(&["0", "1.0"]) {
        let table = load_text(name, text, &declared(Task::Regression)).unwrap();
        assert_eq!(*table.target(), Target::Numbers(vec![0.0, 1.0]), "{name}");
        assert_eq!(*table.task_reason(), TaskReason::Declared);
    }
    let problem = |text: &str, task| {
        let error = load_text("t.csv", text, &declared(task)).unwrap_err();
        error.to_string()
    };
    let quantity = |text: &str| problem(text, Task::Regression);
    let error = quantity("k,x,y\na,1,1.5\na,1,2.5\na,1,unknown\n");
    assert!(
        error.contains("'y'") && error.contains("'unknown'"),
        "{error}"
    );
    let error = quantity("k,x,y\na,1,true\na,1,false\n");
    assert!(error.contains("true or false ('true')"), "{error}");
    let error = quantity("k,x,y\na,1,2024-01-31\n");
    assert!(error.contains("a date ('2024-01-31')"), "{error}");
    let error = problem("k,x,y\na,1,1\na,1,2.5\n", Task::Classification);
    assert!(error.contains("'y'") && error.contains("2.5"), "{error}");
}

#[test]
fn types_of_columns_make_no_difference_to_the_task() {
    let frame = df!("k" => ["a"; 4], "x" => [1, 2, 3, 4], "y" => [0i64, 1, 2, 1]).unwrap();
    let types = [
        DataType::Int8,
        DataType::UInt64,
        DataType::Int128,
        DataType::Float32,
        DataType::Float64,
        DataType::Decimal(10, 2),
    ];
    for dtype in types {
        let cast = frame
            .clone()
            .lazy()
            .with_column(col("y").cast(dtype.clone()));
        let frame = cast.collect().unwrap();
        let table = load_frame(frame.clone(), &simple()).unwrap();
        assert_eq!(table.classes(), ["0", "1", "2"], "{dtype}");
        let table = load_frame(frame, &declared(Task::Regression)).unwrap();
        let numbers = Target::Numbers(vec![0.0, 1.0, 2.0, 1.0]);
        assert_eq!(*table.target(), numbers, "{dtype}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A quantity is held out as a class is: about the same share of each entity, and never its
    /// first row.
    #[test]
    fn rows_of_a_quantity_are_drawn_entity_by_entity(
        keys in prop::collection::vec(0u8..4, 1..200),
        share in 0.05..0.95_f64,
        seed in any::<u64>(),
    ) {
        let rows = keys.len();
        let frame = df!(
            "k" => keys.iter().map(|key| i32::from(*key)).collect::<Vec<_>>(),
            "x" => (0..rows as i64).collect::<Vec<_>>(),
            "y" => (0..rows).map(|row| row as f64 + 0.5).collect::<Vec<_>>(),
        ).unwrap();
        let table = load_frame(frame, &simple()).unwrap();
        let (kept, held_out) = Holdout::drawn(share, seed, None).unwrap().split(&table);
        let both: BTreeSet<String> = targets(&kept).into_iter().chain(targets(&held_out)).collect();
        prop_assert_eq!(both.len(), rows);
        prop_assert_eq!(kept.rows() + held_out.rows(), rows);
        for (all, kept) in table.partitions().zip(kept.partitions()) {
            let first = label(all.target(), all.range().start);
            prop_assert_eq!(label(kept.target(), kept.range().start), first);
            let drawn = (all.rows() - kept.rows()) as f64;
            prop_assert!(drawn <= all.rows() as f64 * share + 2.0);
        }
    }
}
