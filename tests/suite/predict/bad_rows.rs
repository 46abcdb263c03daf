//! Rows that cannot be read or predicted: what becomes of them, and that none is lost without a word.

use std::io::Cursor;

use per_entity::Cancel;
use per_entity::predict::{Destination, OnBadRow, RowAccount, RowInput};
use per_entity::source::Format;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::shops::{predictor, shops, stream};
use crate::support::place::Place;

const GOOD: &str = r#"{"shop":"a","size":1,"colour":"red"}"#;

/// Rows of NDJSON, and whether they can be read and predicted.
const JSON_ROWS: [(&str, bool); 9] = [
    (GOOD, true),
    (r#"{"shop":"z","size":null}"#, true),
    ("{}", true),
    (r#"{"shop":"b","size":"many","colour":"red"}"#, false),
    (r#"{"shop":"b","size":[1],"colour":"red"}"#, false),
    (r#"{"shop":"b","size":"few","colour":7}"#, false),
    (r#"{"shop":"b","size":1,"colour":"red","model":1}"#, false),
    (r#"{"shop":"b","#, false),
    ("[1]", false),
];

fn json_lines(text: &str) -> Vec<Value> {
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_stream_outlives_bad_rows_wherever_they_stand() {
    let place = shops();
    let bad = "no row";
    for rows in [
        [bad, GOOD, GOOD],
        [GOOD, bad, GOOD],
        [GOOD, GOOD, bad],
        [bad, bad, bad],
    ] {
        let good = rows.iter().filter(|row| **row == GOOD).count();
        let text = rows.join("\n");
        let finished = stream(&place, &text, "--output - --rejects bad.ndjson");
        assert_eq!(finished.code, Some(1), "{}", finished.stderr);
        assert_eq!(finished.stdout.lines().count(), good);
        let first = rows.iter().position(|row| *row == bad).unwrap() + 1;
        let expected = format!(
            "{} of 3 rows could not be read or predicted; the first: stdin:{first}: ",
            3 - good
        );
        assert!(finished.stderr.contains(&expected), "{}", finished.stderr);
        let rejects = json_lines(&place.read("bad.ndjson"));
        assert_eq!(rejects.len(), 3 - good);
        assert_eq!(
            (&rejects[0]["line"], &rejects[0]["row"]),
            (&json!(first), &json!(bad))
        );
        assert!(rejects[0]["reason"].is_string());

        let error = stream(&place, &text, "--output - --on-bad-row error");
        assert_eq!(error.stdout.lines().count(), first - 1);
        let error = error.failed(2);
        assert!(error.contains(&format!("stdin:{first}: ")), "{error}");
    }
}

#[test]
fn a_bad_row_of_csv_is_written_with_the_fields_that_can_be_told() {
    let place = shops();
    let text = "note,shop,size,colour\n1,a,1,red\n2,a\n3,a,1,red,more\n4,a,many,red\n5,a,\"1,red\n6,b,1,red\n";
    let columns = "note,shop,size,colour,prediction,probability_no,probability_yes,model\n";
    let run = |on_bad_row| {
        let arguments = format!("--format csv --output out.csv --json --on-bad-row {on_bad_row}");
        let finished = stream(&place, text, &arguments);
        assert_eq!(finished.code, Some(1), "{}", finished.stderr);
        let report = finished.json();
        assert_eq!(report["bad"]["rows"], 4);
        let first = "stdin:3: 2 fields instead of 4; correct the row";
        assert_eq!(report["bad"]["first"][0], first);
        let open = report["bad"]["first"][3].as_str().unwrap();
        assert!(open.starts_with("stdin:6: a quote is opened"), "{open}");
        (report, place.read("out.csv"))
    };
    let (first, last) = ("1,a,1,red,yes,0.0,1.0,own\n", "6,b,1,red,no,1.0,0.0,own\n");
    let (report, written) = run("null");
    assert_eq!((&report["rows"], &report["own"]), (&json!(6), &json!(2)));
    let between = "2,a,,,,,,none\n3,a,1,red,,,,none\n4,a,many,red,,,,none\n5,a,,,,,,none\n";
    assert_eq!(written, [columns, first, between, last].concat());
    let (report, written) = run("skip");
    let counts = (&report["rows"], &report["bad"]["left_out"]);
    assert_eq!(counts, (&json!(2), &json!(4)));
    assert_eq!(written, [columns, first, last].concat());
}

#[test]
fn bad_rows_of_files_are_treated_as_those_of_streams() {
    let place = shops();
    let csv = b"shop,size,colour\na,1,red\nb,many,red\na,1\nb,1,\xFFred\nb,2,blue\n".to_vec();
    place.write("in.csv", &csv);
    place.write("in.csv.zst", zstd::encode_all(csv.as_slice(), 3).unwrap());
    for on_bad_row in ["null", "skip"] {
        for name in ["in.csv", "in.csv.zst"] {
            let error = place.run(&format!(
                "predict --models models --input {name} --output out.csv --on-bad-row {on_bad_row} --rejects bad.ndjson"
            ));
            let error = error.failed(1);
            assert!(error.contains("3 of 5 rows"), "{error}");
            assert!(
                error.contains(&format!("{name}:3: column 'size'")),
                "{error}"
            );
            let rejects = json_lines(&place.read("bad.ndjson"));
            let lines: Vec<_> = rejects.iter().map(|row| row["line"].clone()).collect();
            assert_eq!(lines, [3, 4, 5]);
            assert_eq!(rejects[0]["input"], name);
            assert_eq!(rejects[2]["row"], "b,1,\u{FFFD}red");
            let written = place.read("out.csv");
            let count = if on_bad_row == "null" { 6 } else { 3 };
            assert_eq!(written.lines().count(), count, "{written}");
            assert!(written.ends_with("b,2,blue,no,1.0,0.0,own\n"), "{written}");
        }
    }
    // Two files with one header each.
    place.write("more.csv", "shop,size,colour\nb,few,red\n");
    place.write("other.csv", "size,shop,colour\n1,b,red\n");
    let run = |inputs: &str| {
        place.run(&format!(
            "predict --models models --input {inputs} --output out.ndjson --on-bad-row skip"
        ))
    };
    let error = run("in.csv more.csv").failed(1);
    assert!(error.contains("4 of 6 rows"), "{error}");
    assert_eq!(place.read("out.ndjson").lines().count(), 2);
    let error = run("in.csv other.csv").failed(1);
    assert!(error.contains("3 of 6 rows"), "columns go by name: {error}");
    assert_eq!(place.read("out.ndjson").lines().count(), 3);
}

#[test]
fn a_file_whose_rows_are_all_good_is_the_same_either_way() {
    let place = shops();
    for on_bad_row in ["error", "null", "skip"] {
        place
            .run(&format!(
                "predict --models models --input training.csv --output {on_bad_row}.csv --on-bad-row {on_bad_row}"
            ))
            .succeeded();
    }
    assert_eq!(place.read("error.csv"), place.read("null.csv"));
    assert_eq!(place.read("error.csv"), place.read("skip.csv"));
}

#[test]
fn a_header_that_no_row_can_be_predicted_under_is_an_error_at_once() {
    let place = shops();
    for (text, expected) in [
        ("shop,colour\na,red\n", "stdin:1: no column 'size'"),
        (
            "\n\nshop,size,colour,size\na,1,red,1\n",
            "stdin:3: the header names column 'size' twice",
        ),
        (
            "shop,size,colour,model\na,1,red,T\n",
            "stdin:1: the input has a column 'model'",
        ),
        (
            "shop,size,\"colour\na,1,red\n",
            "stdin:1: a quote is opened here",
        ),
    ] {
        let error = stream(&place, text, "--format csv --output -").failed(2);
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_field_that_a_row_of_ndjson_lacks_is_missing() {
    let place = shops();
    let rows = [r#"{"size":1}"#, r#"{"shop":"a"}"#, GOOD].join("\n");
    let finished = stream(&place, &rows, "--output -").succeeded();
    let models: Vec<_> = json_lines(&finished.stdout)
        .iter()
        .map(|row| row["model"].clone())
        .collect();
    assert_eq!(models, ["none", "own", "own"]);
    assert!(
        !finished.stderr.contains("no row has"),
        "{}",
        finished.stderr
    );

    let finished = stream(
        &place,
        r#"{"shop":"a","Size":1,"colour":"red"}"#,
        "--output -",
    );
    let said = finished.succeeded().stderr;
    assert!(said.contains("no row has a field 'size'"), "{said}");
}

#[test]
fn rows_of_ndjson_with_other_fields_than_the_first_fit_into_csv() {
    let place = shops();
    let rows = [
        r#"{"id":1,"shop":"a","size":1}"#,
        r#"{"shop":"a","id":2,"colour":"red","more":1}"#,
        r#"{"more":2,"even":3}"#,
    ];
    let arguments = "--output out.csv --json";
    let finished = stream(&place, &rows.join("\n"), arguments).succeeded();
    assert_eq!(
        place.read("out.csv"),
        "id,shop,size,colour,prediction,probability_no,probability_yes,model\n\
         1,a,1,,yes,0.0,1.0,own\n2,a,,red,no,1.0,0.0,own\n,,,,,,,none\n"
    );
    assert_eq!(finished.json()["cut"], 2);
    let said = &finished.stderr;
    assert_eq!(
        said.matches("field 'more' is not in the header").count(),
        1,
        "{said}"
    );
}

/// What becomes of rows, and how many are written.
fn predicted(
    place: &Place,
    rows: Vec<u8>,
    format: Format,
    on_bad_row: OnBadRow,
) -> Option<(RowAccount, usize)> {
    let input = RowInput::new(Cursor::new(rows), "stdin", format).on_bad_row(on_bad_row);
    let path = place.path("out.ndjson");
    let destination = Destination::File(path);
    let account = predictor(place).predict_rows(input, destination, Format::Ndjson, &Cancel::new());
    let written = place.read(match account {
        Ok(_) => "out.ndjson",
        Err(_) => "out.ndjson.partial",
    });
    Some((account.ok()?, written.lines().count()))
}

#[test]
fn every_row_is_written_or_told_of() {
    let place = shops();
    let picks = prop::collection::vec(0..JSON_ROWS.len(), 0..40);
    let property = |picks: Vec<usize>| {
        let picked = || picks.iter().map(|pick| JSON_ROWS[*pick]);
        let rows: Vec<&str> = picked().map(|(row, _)| row).collect();
        let all = rows.len() as u64;
        let bad = picked().filter(|(_, is_good)| !is_good).count() as u64;
        let unwritable = picks.iter().filter(|pick| **pick >= 6).count() as u64;
        let predicted = |on_bad_row| {
            let text = rows.join("\n").into_bytes();
            predicted(&place, text, Format::Ndjson, on_bad_row)
        };
        for (on_bad_row, lost) in [(OnBadRow::Skip, bad), (OnBadRow::Null, unwritable)] {
            let (account, written) = predicted(on_bad_row).unwrap();
            let counts = (account.read, account.written, account.bad);
            prop_assert_eq!(counts, (all, all - lost, bad));
            prop_assert_eq!(written as u64, all - lost);
            prop_assert_eq!(account.first_bad.len() as u64, bad.min(10));
        }
        let all_good = predicted(OnBadRow::Error).is_some();
        prop_assert_eq!(all_good, bad == 0);
        Ok(())
    };
    TestRunner::new(config()).run(&picks, property).unwrap();
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 100,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

#[test]
fn any_bytes_are_rows_or_told_of() {
    let place = shops();
    let bytes = prop_oneof![
        any::<u8>(),
        prop::sample::select(b"ab1,,\"\"\n\n\r{}[]:".to_vec()),
    ];
    let texts = prop::collection::vec(bytes, 0..120);
    let property = |bytes: Vec<u8>| {
        for format in [Format::Csv, Format::Tsv, Format::Ndjson] {
            let header: &[u8] = match format {
                Format::Csv => b"shop,size,colour\n",
                Format::Tsv => b"shop\tsize\tcolour\n",
                _ => b"",
            };
            for on_bad_row in [OnBadRow::Skip, OnBadRow::Null] {
                let text = [header, bytes.as_slice()].concat();
                let (account, written) = predicted(&place, text, format, on_bad_row).unwrap();
                prop_assert_eq!(account.written, written as u64);
                match on_bad_row {
                    OnBadRow::Skip => prop_assert_eq!(account.read, written as u64 + account.bad),
                    _ if format == Format::Ndjson => {
                        prop_assert!(account.read <= written as u64 + account.bad);
                    }
                    _ => prop_assert_eq!(account.read, written as u64),
                }
            }
        }
        Ok(())
    };
    TestRunner::new(config()).run(&texts, property).unwrap();
}

#[test]
fn many_rows_at_once_keep_their_order_and_their_answers() {
    let place = shops();
    let shops = ["a", "b", "z"];
    let row = |number: usize| {
        let size = if number == 7_000 {
            "many".into()
        } else {
            (number % 5).to_string()
        };
        format!("{number},{},{size},red\n", shops[number % 3])
    };
    let rows: String = (0..20_000).map(row).collect();
    let text = format!("number,shop,size,colour\n{rows}");
    let finished = stream(&place, &text, "--format csv --output out.csv");
    assert_eq!(finished.code, Some(1));
    let written = place.read("out.csv");
    for (number, line) in written.lines().skip(1).enumerate() {
        let model = match (number, shops[number % 3]) {
            (7_000, _) | (_, "z") => "none",
            _ => "own",
        };
        assert!(line.starts_with(row(number).trim_end()), "{line}");
        assert!(line.ends_with(model), "{line}");
    }
    assert_eq!(written.lines().count(), 20_001);

    // The first unknown entity ends it, and the rows before it are there.
    let strict = "--format csv --output out.csv --unknown error";
    let error = stream(&place, &text, strict).failed(2);
    assert!(error.contains("stdin:4: no entity 'z'"), "{error}");
    assert_eq!(place.read("out.csv.partial").lines().count(), 3);
}
