//! Notations and types that mean the same.

use polars::prelude::*;

use super::tables::{cast, keys, of_column, predict, rows, stream, write_arrow, write_parquet};
use crate::support::place::Place;
use crate::support::store::model_files;

#[test]
fn timestamps_of_any_unit_are_the_same_instants() {
    let place = Place::new();
    let seen = ["2031-05-01T06:00:00Z", "2031-05-01T18:30:00Z"];
    place.write(
        "old.csv",
        format!(
            "pump,seen,broke\nP,{0},no\nP,{1},yes\nQ,{0},yes\nQ,{1},no\n",
            seen[0], seen[1]
        ),
    );
    place
        .run("train --quiet --input old.csv --key pump --target broke --output-dir models")
        .succeeded();
    // Microseconds since 1970 of the two.
    let times = [1_935_381_600_000_000_i64, 1_935_426_600_000_000];
    let utc = TimeZone::opt_try_new(Some("UTC")).unwrap();
    let tokyo = TimeZone::opt_try_new(Some("Asia/Tokyo")).unwrap();
    for (unit, divisor, factor) in [
        (TimeUnit::Nanoseconds, 1, 1_000),
        (TimeUnit::Microseconds, 1, 1),
        (TimeUnit::Milliseconds, 1_000, 1),
    ] {
        for zone in [None, utc.clone(), tokyo.clone()] {
            let counts = times.map(|time| time / divisor * factor);
            let frame =
                df!("pump" => ["P", "P", "Q", "Q"], "seen" => [counts, counts].concat()).unwrap();
            let frame = cast(frame, "seen", DataType::Datetime(unit, zone.clone()));
            for (name, write) in [
                ("new.parquet", write_parquet as fn(&Place, &str, DataFrame)),
                ("new.arrow", write_arrow),
            ] {
                write(&place, name, frame.clone());
                let written = predict(&place, name, "");
                assert_eq!(
                    of_column(&written, "prediction"),
                    ["no", "yes", "yes", "no"],
                    "{unit:?} {zone:?}"
                );
            }
        }
    }
    for notation in [
        "2031-05-01 18:30:00+00:00",
        "2031-05-01T20:30:00.000+02:00",
        "2031-05-01 18:30:00",
        "2031-05-01T18:30Z",
    ] {
        place.write(
            "new.ndjson",
            format!("{{\"pump\":\"P\",\"seen\":\"{notation}\"}}\n"),
        );
        assert_eq!(
            of_column(&predict(&place, "new.ndjson", ""), "prediction"),
            ["yes"],
            "{notation}"
        );
    }
}

#[test]
fn categories_that_one_missing_value_turned_into_fractions_are_still_whole() {
    let place = Place::new();
    let whole = df!("site" => ["a"; 4], "shift" => [1, 2, 1, 2], "late" => [0, 1, 0, 1]).unwrap();
    write_parquet(&place, "old.parquet", whole);
    // As pandas has it: one value of the day is missing, and all are doubles.
    let fractions = df!(
        "site" => ["a"; 3], "shift" => [Some(1.0), Some(2.0), None], "late" => [0.0, 1.0, 1.0],
    )
    .unwrap();
    write_parquet(&place, "new.parquet", fractions.clone());
    place.write("new.csv", "site,shift\na,1.0\na,2.0\na,\n");
    place.write("new.ndjson", "{\"site\":\"a\",\"shift\":1.0}\n{\"site\":\"a\",\"shift\":2.0}\n{\"site\":\"a\",\"shift\":null}\n");
    let train = "train --quiet --key site --target late --categorical shift --pruning none";
    let train = format!("{train} --category-splits one --output-dir models");
    for trained in ["old.parquet", "new.parquet"] {
        place.run(&format!("{train} --input {trained}")).succeeded();
        for file in ["old.parquet", "new.parquet", "new.csv", "new.ndjson"] {
            let written = predict(&place, file, "");
            assert_eq!(
                of_column(&written, "prediction")[..2],
                ["0", "1"],
                "{trained} {file}"
            );
        }
        let tree = place.run("inspect models --entity a").succeeded().stdout;
        assert!(!tree.contains("1.0") && !tree.contains("2.0"), "{tree}");
    }
    // A key, too.
    let keyed =
        df!("site" => [Some(7.0), Some(8.0), None], "x" => [1, 2, 3], "y" => ["p", "q", "p"]);
    write_arrow(&place, "keyed.arrow", keyed.unwrap());
    place
        .run("train --quiet --input keyed.arrow --key site --target y --output-dir models")
        .succeeded();
    assert_eq!(keys(&place), ["7", "8"]);
}

#[test]
fn booleans_are_the_same_however_they_are_spelled() {
    let place = Place::new();
    place.write(
        "old.csv",
        "gate,open,alarm\nN,true,no\nN,false,yes\nS,true,yes\nS,false,no\n",
    );
    place
        .run("train --quiet --input old.csv --key gate --target alarm --output-dir models")
        .succeeded();
    let expected = ["no", "yes", ""];
    let models = ["own", "own", "own"];
    for (yes, no) in [
        ("True", "False"),
        ("TRUE", "FALSE"),
        ("t", "f"),
        ("T", "F"),
        ("1", "0"),
        ("1.0", "0.0"),
        ("yes", "no"),
        ("Y", "N"),
        ("on", "Off"),
    ] {
        place.write("new.csv", format!("gate,open\nN,{yes}\nN,{no}\nN,\n"));
        let written = predict(&place, "new.csv", "");
        assert_eq!(
            of_column(&written, "prediction")[..2],
            expected[..2],
            "{yes}"
        );
        assert_eq!(of_column(&written, "model"), models, "{yes}");
        let rows = format!(
            "{{\"gate\":\"N\",\"open\":\"{yes}\"}}\n{{\"gate\":\"N\",\"open\":\"{no}\"}}\n"
        );
        let streamed = stream(&place, &rows, "--output-format csv")
            .succeeded()
            .stdout;
        assert_eq!(
            of_column(&super::tables::rows(&streamed), "prediction"),
            expected[..2],
            "{yes}"
        );
    }
    let frame = |open: Column| {
        DataFrame::new(2, vec![Column::new("gate".into(), ["S", "S"]), open]).unwrap()
    };
    let open = Column::new("open".into(), [1, 0]);
    for dtype in [
        DataType::Boolean,
        DataType::Int8,
        DataType::UInt64,
        DataType::Float32,
        DataType::Decimal(3, 1),
    ] {
        write_parquet(&place, "new.parquet", frame(open.cast(&dtype).unwrap()));
        let written = predict(&place, "new.parquet", "");
        assert_eq!(of_column(&written, "prediction"), ["yes", "no"], "{dtype}");
    }
    let error = {
        place.write("new.csv", "gate,open\nN,true\nN,ajar\n");
        place
            .run("predict --models models --input new.csv --output out.csv")
            .failed(2)
    };
    for part in [
        "new.csv:3",
        "column 'open'",
        "'ajar'",
        "true or false",
        "as at training",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
}

#[test]
fn a_decimal_comma_is_a_point_elsewhere() {
    let place = Place::new();
    place.write(
        "old.csv",
        "line;load;trips\nA;0,5;no\nA;1,5;yes\nB;0,5;yes\nB;1,5;no\n",
    );
    let train =
        "train --input old.csv --key line --target trips --separator ';' --output-dir models";
    let error = place.run(train).succeeded().stderr;
    for part in ["load", "4 texts like '0,5'", "--decimal-comma"] {
        assert!(error.contains(part), "{part} in {error}");
    }
    place
        .run(&format!("{train} --quiet --decimal-comma"))
        .succeeded();
    let tree = place.run("inspect models --entity A").succeeded().stdout;
    assert!(tree.contains("load <= 1"), "{tree}");
    place.write("new.csv", "line;load\nA;0,9\nA;1,1\nA;3\n");
    assert_eq!(
        of_column(&predict(&place, "new.csv", ""), "prediction"),
        ["no", "yes", "yes"]
    );
    write_parquet(
        &place,
        "new.parquet",
        df!("line" => ["A", "A", "A"], "load" => [0.9, 1.1, 3.0]).unwrap(),
    );
    assert_eq!(
        of_column(&predict(&place, "new.parquet", ""), "prediction"),
        ["no", "yes", "yes"]
    );
    // JSON has numbers of its own, whatever files of text have.
    let objects = "{\"line\":\"A\",\"load\":0.9}\n{\"line\":\"A\",\"load\":1.1}\n{\"line\":\"A\",\"load\":3}\n";
    place.write("new.ndjson", objects);
    assert_eq!(
        of_column(&predict(&place, "new.ndjson", ""), "prediction"),
        ["no", "yes", "yes"]
    );
    let streamed = stream(&place, objects, "--output-format csv")
        .succeeded()
        .stdout;
    assert!(
        streamed.contains("A,1.1,yes") || streamed.contains("A;1.1;yes"),
        "{streamed}"
    );
    // A point is no decimal comma.
    place.write("new.csv", "line;load\nA;0.9\n");
    let error = place
        .run("predict --models models --input new.csv --output out.csv")
        .failed(2);
    assert!(
        error.contains("'0.9'") && error.contains("new.csv:2"),
        "{error}"
    );
}

#[test]
fn weights_of_every_type_of_number_train_the_same_models() {
    let place = Place::new();
    let frame = df!(
        "team" => ["r"; 6], "x" => [1, 1, 2, 2, 3, 3], "y" => ["a", "b", "a", "b", "a", "b"],
        "w" => [1, 3, 4, 2, 5, 6],
    )
    .unwrap();
    use DataType::*;
    let types = [
        Int8,
        Int16,
        Int32,
        Int64,
        UInt8,
        UInt16,
        UInt32,
        UInt64,
        Float32,
        Float64,
        Decimal(10, 3),
        String,
    ];
    let mut expected = None;
    for dtype in types {
        write_parquet(
            &place,
            "rows.parquet",
            cast(frame.clone(), "w", dtype.clone()),
        );
        place
            .run("train --quiet --input rows.parquet --key team --target y --weight w --output-dir models")
            .succeeded();
        let found = model_files(&place.path("models"));
        assert_eq!(*expected.get_or_insert(found.clone()), found, "{dtype}");
    }
    place.write(
        "rows.csv",
        "team,x,y,w\nr,1,a,1\nr,1,b,3.0\nr,2,a,4e0\nr,2,b,2\nr,3,a,5\nr,3,b,6\n",
    );
    place
        .run("train --quiet --input rows.csv --key team --target y --weight w --output-dir models")
        .succeeded();
    assert_eq!(expected.unwrap(), model_files(&place.path("models")));
}

#[test]
fn labels_with_zeros_behind_a_point_are_the_labels_without() {
    let place = Place::new();
    let csv = |no: &str, yes: &str| format!("k,x,y\na,1,{no}\na,2,{yes}\nb,1,{yes}\nb,2,{no}\n");
    place.write("plain.csv", csv("0", "1"));
    place.write("zeros.csv", csv("0.0", "1.0"));
    let frame =
        |y: [f64; 4]| df!("k" => ["a", "a", "b", "b"], "x" => [1, 2, 1, 2], "y" => y).unwrap();
    write_parquet(&place, "zeros.parquet", frame([0.0, 1.0, 1.0, 0.0]));
    for file in ["plain.csv", "zeros.csv", "zeros.parquet"] {
        let train =
            format!("train --quiet --input {file} --key k --target y --output-dir {file}.models");
        place.run(&train).succeeded();
        for tested in ["plain.csv", "zeros.csv", "zeros.parquet"] {
            let evaluate = format!("evaluate --json --models {file}.models --input {tested}");
            let report = place.run(&evaluate).succeeded().json();
            assert_eq!(
                report["overall"]["micro"]["accuracy"], 1.0,
                "{file} {tested}"
            );
        }
        let classes = place
            .store(&format!("{file}.models"))
            .generation()
            .run
            .classes
            .clone();
        assert_eq!(classes, ["0", "1"], "{file}");
    }
    // A quantity is no class.
    write_parquet(&place, "half.parquet", frame([0.0, 0.5, 1.0, 0.0]));
    let train = "train --input half.parquet --key k --target y --output-dir none";
    let error = place
        .run(&format!("{train} --task classification"))
        .failed(2);
    for said in ["'y'", "0.5", "--task regression", "--text y"] {
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn dates_are_read_in_the_notation_that_is_given() {
    let place = Place::new();
    place.write(
        "old.csv",
        "k,opened,y\na,01.02.2031,p\na,15.02.2031,q\nb,01.02.2031,q\nb,15.02.2031,p\n",
    );
    place
        .run("train --quiet --input old.csv --key k --target y --date opened=%d.%m.%Y --output-dir models")
        .succeeded();
    place.write("new.csv", "k,opened\na,03.02.2031\na,28.02.2031\n");
    assert_eq!(
        of_column(&predict(&place, "new.csv", ""), "prediction"),
        ["p", "q"]
    );
    // A file with dates needs no notation.
    let frame = df!("k" => ["a", "a"], "opened" => [22_313, 22_338]).unwrap();
    write_parquet(
        &place,
        "new.parquet",
        cast(
            cast(frame, "opened", DataType::Int32),
            "opened",
            DataType::Date,
        ),
    );
    assert_eq!(
        of_column(&predict(&place, "new.parquet", ""), "prediction"),
        ["p", "q"]
    );
    place.write("new.csv", "k,opened\na,2031-02-03\n");
    let error = place
        .run("predict --models models --input new.csv --output out.csv")
        .failed(2);
    for part in [
        "new.csv:2",
        "'opened'",
        "'2031-02-03'",
        "a date",
        "as at training",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
    let error = place
        .run("train --input old.csv --key k --target y --date opened=%Q --output-dir none")
        .failed(2);
    assert!(
        error.contains("%Q") && error.contains("%d.%m.%Y"),
        "{error}"
    );
}

#[test]
fn empty_fields_are_missing_with_quotes_or_without() {
    let place = Place::new();
    place.write(
        "plain.csv",
        "k,c,x,y\na,red,1,p\na,,2,q\na,blue,3,q\n,red,1,p\n",
    );
    place.write("quoted.csv", "\"k\",\"c\",\"x\",\"y\"\n\"a\",\"red\",\"1\",\"p\"\n\"a\",\"\",\"2\",\"q\"\n\"a\",\"blue\",\"3\",\"q\"\n\"\",\"red\",\"1\",\"p\"\n");
    let mut expected = None;
    for file in ["plain.csv", "quoted.csv"] {
        let train = format!(
            "train --json --input {file} --key k --target y --on-missing drop --output-dir models"
        );
        let report = place.run(&train).succeeded().json();
        assert_eq!(
            report["generation"]["left_out"]["missing_value"], 1,
            "{file}"
        );
        assert_eq!(report["generation"]["left_out"]["null_key"], 1, "{file}");
        let found = model_files(&place.path("models"));
        assert_eq!(*expected.get_or_insert(found.clone()), found, "{file}");
        for file in ["plain.csv", "quoted.csv"] {
            let written = predict(&place, file, "");
            assert_eq!(
                of_column(&written, "model"),
                ["own", "own", "own", "none"],
                "{file}"
            );
            assert_eq!(
                of_column(&written, "c"),
                ["red", "", "blue", "red"],
                "{file}"
            );
        }
        let streamed = stream(&place, &place.read("quoted.csv"), "--format csv").succeeded();
        assert_eq!(
            of_column(&rows(&streamed.stdout), "model"),
            ["own", "own", "own", "none"]
        );
    }
}
