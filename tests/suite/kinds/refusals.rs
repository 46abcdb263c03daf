//! What cannot be taken for what it was at training is said by file, line, column and value.

use polars::prelude::{Column, df};

use super::tables::{of_column, predict, rows, stream, write_arrow, write_parquet};
use crate::support::place::Place;

/// A store that was trained on whole numbers, a date, a boolean and a fraction.
fn orchard() -> Place {
    let place = Place::new();
    place.write(
        "old.csv",
        "grove,trees,picked,ripe,acid,grade\n\
         g1,10,2031-08-01,true,3.25,A\ng1,20,2031-08-02,false,3.5,B\n\
         g2,10,2031-08-01,true,3.25,B\ng2,20,2031-08-02,false,3.5,A\n",
    );
    place
        .run("train --quiet --input old.csv --key grove --target grade --output-dir models")
        .succeeded();
    place
}

const HEADER: &str = "grove,trees,picked,ripe,acid";

/// Writes a good row and this one, in each format of text.
fn write_behind_a_good_row(place: &Place, row: &str) {
    let text = format!("{HEADER}\ng1,10,2031-08-01,true,3.25\n\n{row}\n");
    let rows = rows(&text);
    let [header, good, bad] = [0, 1, 2].map(|row| rows[row].join("\t"));
    place.write("new.tsv", format!("{header}\n{good}\n\n{bad}\n"));
    place.write("new.csv", text);
    let fields = rows[0].iter().zip(&rows[2]);
    let fields = fields.map(|(name, text)| format!("\"{name}\":\"{text}\""));
    let fields = fields.collect::<Vec<_>>().join(",");
    place.write(
        "new.ndjson",
        format!("{{\"grove\":\"g1\"}}\n\n\n{{{fields}}}\n"),
    );
}

#[test]
fn a_value_that_is_not_what_it_was_names_its_place() {
    let place = orchard();
    for (row, column, value, wanted) in [
        ("g1,many,2031-08-01,true,3.25", "trees", "many", "a number"),
        ("g1,10,1.8.2031,true,3.25", "picked", "1.8.2031", "a date"),
        (
            "g1,10,2031-08-01 07:30,true,3.25",
            "picked",
            "2031-08-01 07:30",
            "a date",
        ),
        (
            "g1,10,2031-08-01,perhaps,3.25",
            "ripe",
            "perhaps",
            "true or false",
        ),
        ("g1,10,2031-08-01,true,\"3,25\"", "acid", "3,25", "a number"),
    ] {
        write_behind_a_good_row(&place, row);
        let parts = [
            &format!("column '{column}'"),
            &format!("'{value}'"),
            wanted,
            "as at training",
            "--on-bad-row null",
        ];
        for file in ["new.csv", "new.tsv", "new.ndjson"] {
            let predict = format!("predict --models models --input {file} --output out.csv");
            let error = place.run(&predict).failed(2);
            for part in parts.iter().chain([&format!("{file}:4").as_str()]) {
                assert!(error.contains(part), "{part} in {error}");
            }
            assert!(!place.path("out.csv").exists());
        }
        // On a stream, it is said, and the other rows go on.
        let streamed = stream(&place, &place.read("new.csv"), "--format csv");
        for part in ["stdin:4", value] {
            assert!(
                streamed.stderr.contains(part),
                "{part} in {}",
                streamed.stderr
            );
        }
        assert_eq!(streamed.code, Some(1));
        assert!(streamed.stdout.contains(",A,"), "{}", streamed.stdout);
    }
}

#[test]
fn a_column_of_another_type_is_said_with_both() {
    let place = orchard();
    let good = df!("grove" => ["g1"], "trees" => [10], "picked" => ["2031-08-01"], "ripe" => [true], "acid" => [3.25]).unwrap();
    let with = |column: Column| good.clone().with_column(column).unwrap().clone();
    for (frame, parts) in [
        (
            with(Column::new("picked".into(), [true])),
            &["'picked'", "bool", "a date", "as it was at training"][..],
        ),
        (
            with(Column::new("trees".into(), ["10 or so"])),
            &["'10 or so'", "'trees'", "a number", "as at training"],
        ),
        (
            with(Column::new("ripe".into(), [2])),
            &["'2'", "'ripe'", "true or false", "as at training"],
        ),
    ] {
        write_parquet(&place, "new.parquet", frame.clone());
        write_arrow(&place, "new.arrow", frame);
        for file in ["new.parquet", "new.arrow"] {
            let predict = format!("predict --models models --input {file} --output out.csv");
            let error = place.run(&predict).failed(2);
            for part in parts.iter().chain(&[file]) {
                assert!(error.contains(part), "{part} in {error}");
            }
        }
    }
    // What is not there is said, too.
    write_parquet(&place, "new.parquet", good.drop("acid").unwrap());
    let error = place
        .run("predict --models models --input new.parquet --output out.csv")
        .failed(2);
    assert!(
        error.contains("no column 'acid'") && error.contains("'picked', 'ripe'"),
        "{error}"
    );
}

#[test]
fn of_several_files_the_one_with_the_bad_value_is_named() {
    let place = orchard();
    let train = "train --quiet --input old.csv --key grove --target grade --missing NA";
    place
        .run(&format!("{train} --output-dir models"))
        .succeeded();
    let days = |trees: [&str; 2]| {
        df!("grove" => ["g1"; 2], "trees" => trees, "picked" => ["2031-08-01"; 2], "ripe" => [true; 2], "acid" => [3.25; 2]).unwrap()
    };
    write_parquet(&place, "days/1.parquet", days(["10", "20"]));
    write_parquet(&place, "days/2.parquet", days(["10", "NA"]));
    write_parquet(&place, "days/3.parquet", days(["10", "ten"]));
    let error = place
        .run("predict --models models --input days --output out.csv")
        .failed(2);
    for part in [
        "days/3.parquet:2",
        "'trees'",
        "'ten'",
        "a number",
        "as at training",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
}

#[test]
fn a_column_more_is_carried_along_and_other_orders_do_not_matter() {
    let place = orchard();
    place.write(
        "new.csv",
        "acid,extra,ripe,picked,grove,trees\n3.5,007,f,2031-08-02,g2,20.5\n3.25,,T,2031-08-01 00:00,g2,10\n",
    );
    let written = predict(&place, "new.csv", "");
    assert_eq!(of_column(&written, "prediction"), ["A", "B"]);
    assert_eq!(of_column(&written, "extra"), ["007", ""]);
    assert_eq!(of_column(&written, "trees"), ["20.5", "10"]);
    // An update holds it to the columns that there were.
    place.write(
        "more.csv",
        place
            .read("old.csv")
            .replace(",grade", ",grade,note")
            .replace(",A\n", ",A,-\n")
            .replace(",B\n", ",B,-\n"),
    );
    let update = "train --update --key grove --target grade --output-dir models";
    let error = place.run(&format!("{update} --input more.csv")).failed(2);
    assert!(
        error.contains("'note'") && error.contains("--other-dataset"),
        "{error}"
    );
    let same = place
        .run(&format!("{update} --input more.csv --ignore note --json"))
        .succeeded()
        .json();
    assert_eq!(same["carried"], 2, "{same}");
    place.write(
        "bad.csv",
        place.read("old.csv").replace("20,2031", "x20,2031"),
    );
    let error = place.run(&format!("{update} --input bad.csv")).failed(2);
    for part in ["bad.csv:3", "'trees'", "'x20'", "as at training"] {
        assert!(error.contains(part), "{part} in {error}");
    }
}

#[test]
fn one_text_among_numbers_is_said_with_a_flag_that_works() {
    let place = Place::new();
    let rows = (0..50).map(|row| {
        format!(
            "k{},{},{}\n",
            row % 2,
            row,
            if row < 25 { "p" } else { "q" }
        )
    });
    place.write(
        "rows.csv",
        format!("k,x,y\n{}k0,NA,p\n", rows.collect::<String>()),
    );
    let train = "train --input rows.csv --key k --target y --output-dir models";
    let warned = place.run(train).succeeded().stderr;
    for part in [
        "x: 50 numbers and 1 other texts ('NA')",
        "--missing NA",
        "--numeric x",
    ] {
        assert!(warned.contains(part), "{part} in {warned}");
    }
    let report = place
        .run(&format!("{train} --json --missing NA --on-missing drop"))
        .succeeded();
    assert!(!report.stderr.contains("other texts"), "{}", report.stderr);
    let report = report.json();
    assert_eq!(report["generation"]["left_out"]["missing_value"], 1);
    let tree = place.run("inspect models --entity k0").succeeded().stdout;
    assert!(
        tree.contains("x <= 24") || tree.contains("x <= 25"),
        "{tree}"
    );
    let error = place.run(&format!("{train} --numeric x")).failed(2);
    for part in ["rows.csv:52", "'x'", "'NA'", "a number", "--missing NA"] {
        assert!(error.contains(part), "{part} in {error}");
    }
    // What stood for a missing value at training does so from then on.
    place.write("new.csv", "k,x\nk0,NA\nk0,3\n");
    assert_eq!(
        of_column(&predict(&place, "new.csv", ""), "model"),
        ["own", "own"]
    );
}
