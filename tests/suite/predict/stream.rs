//! The binary: row by row from stdin.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use super::shops::{shops, stream};

#[test]
fn a_row_in_is_a_row_out_without_waiting_for_the_end() {
    let place = shops();
    for (format, header, row, expected) in [
        (
            "ndjson",
            None,
            r#"{"shop":"a","size":1,"colour":"red"}"#,
            r#""prediction":"yes""#,
        ),
        ("csv", Some("shop,size,colour"), "b,1,red", "b,1,red,no,"),
    ] {
        let mut run = place
            .command("predict --models models --input - --output - --on-bad-row error")
            .args(["--format", format])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = run.stdin.take().unwrap();
        let mut output = BufReader::new(run.stdout.take().unwrap());
        let mut line = String::new();
        if let Some(header) = header {
            writeln!(input, "{header}").unwrap();
        }
        for number in 0..3 {
            writeln!(input, "{row}").unwrap();
            input.flush().unwrap();
            if number == 0 && header.is_some() {
                output.read_line(&mut line).unwrap();
                assert!(line.starts_with("shop,size,colour,prediction"), "{line}");
            }
            line.clear();
            output.read_line(&mut line).unwrap();
            assert!(line.contains(expected), "{line}");
        }
        writeln!(input, "{}", row.replace('1', "many")).unwrap();
        drop(input);
        assert_eq!(
            run.wait().unwrap().code(),
            Some(2),
            "text in a numeric column"
        );
    }
}

#[test]
fn fields_in_another_order_stay_under_their_names() {
    let place = shops();
    let run = |rows: &str| stream(&place, rows, "--output - --output-format csv");
    let first = r#"{"shop":"a","size":1,"colour":"red"}"#;
    let second = r#"{"colour":"blue","size":4,"shop":"a"}"#;
    let text = run(&format!("{first}\n{second}\n")).stdout;
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[1].starts_with("a,1,red,yes,"), "{text}");
    assert!(lines[2].starts_with("a,4,blue,no,"), "{text}");
}

#[test]
fn streamed_rows_keep_their_values_as_they_came() {
    let place = shops();
    let row = r#"{"id": 12345678901234567890, "ok":true,"shop":"a","size":1.50,"colour":"red","more":{"x":[1,null]} }"#;
    let text = stream(&place, &format!("{row}\n"), "--output -").stdout;
    let added = r#","prediction":"yes","probability_no":0.0,"probability_yes":1.0,"model":"own"}"#;
    let kept = row.trim_end_matches(" }");
    assert_eq!(text, format!("{kept}{added}\n"));

    let csv =
        "\u{FEFF}shop,note,size,colour\r\nb,\"two\nlines, \"\"quoted\"\"\",01,red\r\n\r\nz,,,\r\n";

    assert_eq!(
        stream(&place, csv, "--output - --format csv").stdout,
        "shop,note,size,colour,prediction,probability_no,probability_yes,model\n\
         b,\"two\nlines, \"\"quoted\"\"\",01,red,no,1.0,0.0,own\nz,,,,,,,none\n"
    );
    let to_ndjson = "--output - --format csv --output-format ndjson";
    let text = stream(&place, csv, to_ndjson).stdout;
    assert!(
        text.contains(r#""size":"01","colour":"red","prediction":"no""#),
        "{text}"
    );
    assert!(
        text.contains(r#""size":null,"colour":null,"prediction":null"#),
        "{text}"
    );
}

#[test]
fn a_streamed_row_with_a_column_to_be_added_is_refused() {
    let place = shops();
    let row = r#"{"shop":"a","size":1,"colour":"red","model":"T"}"#;
    let error = stream(&place, row, "--output -").failed(1);
    assert!(
        error.contains("the first: stdin:1: the input has a column 'model'"),
        "{error}"
    );
}

#[test]
fn a_streamed_file_bears_its_name_when_it_is_whole() {
    let place = shops();
    let row = r#"{"shop":"a","size":1,"colour":"red"}"#;

    stream(&place, &format!("{row}\n{row}\n"), "--output out.ndjson").succeeded();
    assert_eq!(place.read("out.ndjson").lines().count(), 2);
    fs::remove_file(place.path("out.ndjson")).unwrap();
    let strict = "--output out.ndjson --on-bad-row error";
    let error = stream(&place, &format!("{row}\nno row\n"), strict).failed(2);
    assert!(error.contains("stdin:2"), "{error}");
    assert!(!place.path("out.ndjson").exists());
    assert_eq!(place.read("out.ndjson.partial").lines().count(), 1);
}
