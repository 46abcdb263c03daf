//! Files whose columns are not all alike, in whatever order.

use polars::prelude::{DataType, df};

use super::tables::{cast, keys, of_column, predict, rows, write_parquet};
use crate::support::place::Place;
use crate::support::store::model_files;

#[test]
fn objects_of_json_may_have_fields_late_or_not_at_all() {
    let place = Place::new();
    let mut objects = String::new();
    for row in 0..400 {
        let (size, sold) = (row % 4, if row % 4 < 2 { "no" } else { "yes" });
        objects += &match row % 3 {
            0 => format!("{{\"shop\":\"a\",\"size\":{size},\"sold\":\"{sold}\"}}\n"),
            1 => {
                format!("{{\"sold\":\"{sold}\",\"size\":{size}.0,\"shop\":\"a\",\"note\":null}}\n")
            }
            _ => format!("{{\"size\":{size},\"shop\":\"b\",\"sold\":\"{sold}\"}}\n"),
        };
    }
    // A field that comes last of all, and a fraction among whole numbers.
    objects += "{\"shop\":\"a\",\"size\":2.5,\"sold\":\"yes\",\"colour\":\"red\"}\n";
    objects += "{\"shop\":\"a\",\"size\":1.2e3,\"sold\":\"yes\",\"colour\":\"red\"}\n";
    place.write("rows.ndjson", &objects);
    let train = "train --json --input rows.ndjson --key shop --target sold --output-dir models";
    let report = place
        .run(&format!("{train} --ignore note,colour"))
        .succeeded()
        .json();
    assert_eq!(report["generation"]["rows"], 402);
    assert_eq!(report["generation"]["left_out"]["missing_value"], 0);
    let tree = place.run("inspect models --entity a").succeeded().stdout;
    assert!(tree.contains("size <= 1.5"), "{tree}");
    let written = predict(&place, "rows.ndjson", "");
    assert_eq!(of_column(&written, "size").last().unwrap(), &"1.2e3");
    assert_eq!(
        of_column(&written, "prediction"),
        of_column(&written, "sold")
    );
    assert_eq!(of_column(&written, "colour")[..1], [""]);
    // With the field that most lack as a feature, nearly all rows are left out if that is asked for,
    // which is said.
    let report = place
        .run(&format!("{train} --ignore note --on-missing drop"))
        .succeeded()
        .json();
    assert_eq!(report["generation"]["left_out"]["missing_value"], 400);
    let column = &report["generation"]["left_out"]["columns"][0];
    assert_eq!(
        (&column["column"], &column["missing"]),
        (&"colour".into(), &400.into())
    );
}

#[test]
fn numbers_of_json_that_no_type_holds_are_identifiers() {
    let place = Place::new();
    let ids = [
        "123456789012345678901234567890",
        "123456789012345678901234567891",
    ];
    let objects = |ids: [&str; 2]| {
        format!(
            "{{\"id\":{},\"x\":1,\"y\":\"p\"}}\n{{\"id\":{},\"x\":1,\"y\":\"q\"}}\n",
            ids[0], ids[1]
        )
    };
    place.write("rows.ndjson", objects(ids));
    place
        .run("train --quiet --input rows.ndjson --key id --target y --output-dir models")
        .succeeded();
    assert_eq!(keys(&place), ids);
    let written = predict(&place, "rows.ndjson", "");
    assert_eq!(of_column(&written, "id"), ids);
    assert_eq!(of_column(&written, "prediction"), ["p", "q"]);
    // In quotes, they are the same.
    place.write(
        "quoted.ndjson",
        objects([
            "\"123456789012345678901234567890\"",
            "\"123456789012345678901234567891\"",
        ]),
    );
    assert_eq!(
        of_column(&predict(&place, "quoted.ndjson", ""), "prediction"),
        ["p", "q"]
    );
}

#[test]
fn rows_with_the_wrong_number_of_fields_need_not_hold_numbers() {
    let place = Place::new();
    // As exports end: with a sum, or a word.
    place.write(
        "rows.csv",
        "bin,parts,full\n1,10,no\n1,90,yes\n   \n2,10,yes\n\n2,90,no\nTotal,4\nend of report\n",
    );
    let train = "train --json --input rows.csv --key bin --target full --output-dir models";
    let report = place.run(train).succeeded().json();
    assert_eq!(report["generation"]["rows"], 4);
    assert_eq!(report["generation"]["left_out"]["ragged"], 2);
    assert_eq!(keys(&place), ["1", "2"]);
    let written = predict(&place, "rows.csv", "");
    assert_eq!(
        of_column(&written, "prediction"),
        ["no", "yes", "yes", "no"]
    );
    let told = place
        .run("describe rows.csv --json --key bin --target full")
        .succeeded()
        .json();
    assert_eq!((&told["rows"], &told["ragged"]), (&4.into(), &2.into()));
    let report = place
        .run("evaluate --json --models models --input rows.csv")
        .succeeded()
        .json();
    assert_eq!(report["overall"]["micro"]["accuracy"], 1.0);
}

#[test]
fn wider_types_of_other_files_make_one_column() {
    let place = Place::new();
    let rows = |x: &[i64]| {
        let y: Vec<&str> = x
            .iter()
            .map(|x| if x % 2 == 0 { "even" } else { "odd" })
            .collect();
        df!("k" => vec!["a"; x.len()], "x" => x, "y" => y).unwrap()
    };
    for (name, dtype) in [
        ("wide/1.parquet", DataType::Int16),
        ("wide/2.parquet", DataType::Int64),
        ("wide/3.parquet", DataType::Float64),
        ("wide/4.parquet", DataType::Decimal(10, 2)),
    ] {
        write_parquet(&place, name, cast(rows(&[1, 2, 3, 4]), "x", dtype));
    }
    // Another order of columns, and one more.
    let more = rows(&[5, 6]).select(["y", "x", "k"]).unwrap();
    write_parquet(&place, "wide/5.parquet", more);
    let train = "train --json --key k --target y --output-dir models";
    let report = place
        .run(&format!("{train} --input wide"))
        .succeeded()
        .json();
    assert_eq!(report["generation"]["rows"], 18);
    assert_eq!(
        of_column(&predict(&place, "wide", ""), "prediction").len(),
        18
    );

    // Text beside numbers has nothing in common with them, which is said with both files.
    write_parquet(&place, "mixed/1.parquet", rows(&[1, 2]));
    write_parquet(
        &place,
        "mixed/2.parquet",
        cast(rows(&[1, 2]), "x", DataType::String),
    );
    let error = place.run(&format!("{train} --input mixed")).failed(2);
    for part in [
        "'x'",
        "mixed/1.parquet",
        "mixed/2.parquet",
        "whole",
        "text",
        "--text x",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
    let report = place
        .run(&format!("{train} --input mixed --text x"))
        .succeeded()
        .json();
    assert_eq!(report["generation"]["rows"], 4);

    // In a file without a feature it is missing, or all rows would be left out.
    write_parquet(&place, "lacking/1.parquet", rows(&[1, 2]));
    write_parquet(
        &place,
        "lacking/2.parquet",
        rows(&[1, 2]).drop("x").unwrap(),
    );
    let trained = place.run(&format!("{train} --input lacking")).succeeded();
    for part in ["x: is no column of lacking/2.parquet", "--ignore x"] {
        assert!(
            trained.stderr.contains(part),
            "{part} in {}",
            trained.stderr
        );
    }
    assert_eq!(trained.json()["generation"]["rows"], 4);
    let error = place
        .run(&format!("{train} --input lacking --on-missing drop"))
        .failed(2);
    for part in [
        "lacking/2.parquet",
        "no column 'x'",
        "lacking/1.parquet",
        "--ignore x",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
}

#[test]
fn whole_numbers_in_one_file_and_fractions_in_the_next_are_numbers() {
    let place = Place::new();
    place.write("a.csv", "k,x,y\nu,1,p\nu,2,q\n");
    place.write("b.csv", "y,k,x\np,u,1.25\nq,u,2.5\n");
    let mut expected = None;
    for input in ["a.csv b.csv", "b.csv a.csv"] {
        place
            .run(&format!(
                "train --quiet --input {input} --key k --target y --features x --output-dir models"
            ))
            .succeeded();
        let found = model_files(&place.path("models"));
        assert_eq!(*expected.get_or_insert(found.clone()), found, "{input}");
        let store = place.store("models");
        let columns = &store.generation().run.columns;
        let x = columns.iter().find(|column| column.name == "x").unwrap();
        assert_eq!(x.column_type.to_string(), "number");
    }
}

#[test]
fn neither_the_order_of_rows_nor_that_of_files_changes_a_model() {
    let place = Place::new();
    let mut lines: Vec<String> = (0..10_500)
        .map(|row| {
            format!(
                "{},{},{}",
                row % 7,
                row % 50,
                if row % 50 < 25 { "in" } else { "out" }
            )
        })
        .collect();
    // Of these alone, the key would be whole, and so would the level.
    lines.push("7A,25.5,in".into());
    let write = |name: &str, lines: &[String]| {
        place.write(name, format!("bay,level,state\n{}\n", lines.join("\n")));
    };
    write("last.csv", &lines);
    write("1.csv", &lines[..5_000]);
    write("2.csv", &lines[5_000..]);
    lines.reverse();
    write("first.csv", &lines);
    let objects = lines.iter().map(|line| {
        let fields: Vec<&str> = line.split(',').collect();
        format!(
            "{{\"bay\":\"{}\",\"level\":{},\"state\":\"{}\"}}\n",
            fields[0], fields[1], fields[2]
        )
    });
    place.write("first.ndjson", objects.collect::<String>());
    let mut expected = None;
    for input in [
        "last.csv",
        "first.csv",
        "1.csv 2.csv",
        "2.csv 1.csv",
        "first.ndjson",
    ] {
        place
            .run(&format!(
                "train --quiet --input {input} --key bay --target state --output-dir models"
            ))
            .succeeded();
        assert_eq!(
            keys(&place),
            ["0", "1", "2", "3", "4", "5", "6", "7A"],
            "{input}"
        );
        let found = model_files(&place.path("models"));
        assert!(*expected.get_or_insert(found.clone()) == found, "{input}");
    }
}

#[test]
fn row_numbers_of_pandas_are_no_features_unless_named() {
    let place = Place::new();
    for (header, name) in [
        (",k,x,y", "a column without a name"),
        ("Unnamed: 0,k,x,y", "Unnamed: 0"),
        ("__index_level_0__,k,x,y", "__index_level_0__"),
    ] {
        place.write(
            "rows.csv",
            format!("{header}\n0,a,1,p\n1,a,2,q\n2,a,1,p\n3,b,2,p\n"),
        );
        let trained = place
            .run("train --input rows.csv --key k --target y --output-dir models")
            .succeeded();
        assert!(
            trained.stderr.contains(name) && trained.stderr.contains("row numbers"),
            "{}",
            trained.stderr
        );
        let store = place.store("models");
        let features = &store.generation().run.features;
        assert_eq!(
            features.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(),
            ["x"]
        );
        place.write("new.csv", "k,x\na,2\n");
        assert_eq!(
            of_column(&predict(&place, "new.csv", ""), "prediction"),
            ["q"]
        );
    }
    place
        .run("train --quiet --input rows.csv --key k --target y --numeric __index_level_0__ --output-dir models")
        .succeeded();
    assert_eq!(place.store("models").generation().run.features.len(), 2);
}

#[test]
fn columns_that_are_added_can_be_called_otherwise() {
    let place = Place::new();
    place.write(
        "old.csv",
        "model,wear,prediction\nX1,1,keep\nX1,9,scrap\nX2,1,scrap\nX2,9,keep\n",
    );
    place
        .run("train --quiet --input old.csv --key model --target prediction --output-dir models")
        .succeeded();
    let error = place
        .run("predict --models models --input old.csv --output out.csv")
        .failed(2);
    for part in [
        "column 'prediction' already",
        "--prefix",
        "--rename prediction=NAME",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
    let written = predict(&place, "old.csv", "--prefix new_");
    assert_eq!(
        of_column(&written, "new_prediction"),
        of_column(&written, "prediction")
    );
    assert_eq!(of_column(&written, "new_model"), ["own"; 4]);
    assert_eq!(of_column(&written, "model"), ["X1", "X1", "X2", "X2"]);
    assert!(
        written[0].contains(&"new_probability_keep".to_owned()),
        "{:?}",
        written[0]
    );
    let written = predict(
        &place,
        "old.csv",
        "--rename prediction=told --rename model=by",
    );
    assert_eq!(
        of_column(&written, "told"),
        of_column(&written, "prediction")
    );
    assert_eq!(of_column(&written, "by"), ["own"; 4]);
    let error = place
        .run("predict --models models --input old.csv --output out.csv --rename told=x --prefix n_")
        .failed(2);
    assert!(
        error.contains("'told'") && error.contains("--rename"),
        "{error}"
    );
    // Row by row, too.
    let streamed =
        super::tables::stream(&place, &place.read("old.csv"), "--format csv --prefix new_");
    let streamed = rows(&streamed.succeeded().stdout);
    assert_eq!(
        of_column(&streamed, "new_prediction"),
        ["keep", "scrap", "scrap", "keep"]
    );
}
