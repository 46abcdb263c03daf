//! Keys and other identifiers.

use polars::prelude::df;

use super::tables::{
    keys, of_column, predict, rows, stream, write_arrow, write_parquet, write_text,
};
use crate::support::place::Place;

/// Identifiers of many looks, none of which may change.
const ODD: [&str; 8] = [
    "000123",
    "12345678901234567890123",
    "1.50",
    "2024-02-29",
    "1e5",
    "+31",
    "0x1F",
    "-0",
];

#[test]
fn what_predict_carries_along_comes_back_byte_for_byte() {
    let place = Place::new();
    place.write(
        "old.csv",
        "plant,heat,fails\nP1,3,no\nP1,8,yes\nP2,3,yes\nP2,8,no\n",
    );
    place
        .run("train --quiet --input old.csv --key plant --target fails --output-dir models")
        .succeeded();
    let table = |separator: &str| {
        let lines = ODD
            .iter()
            .map(|odd| format!("{odd}{separator}P1{separator}3\n"));
        format!("tag{separator}plant{separator}heat\n") + &lines.collect::<String>()
    };
    place.write("new.csv", table(","));
    place.write("new.tsv", table("\t"));
    let objects = ODD
        .iter()
        .map(|odd| format!("{{\"tag\":\"{odd}\",\"plant\":\"P1\",\"heat\":3}}\n"));
    let objects = objects.collect::<String>();
    place.write("new.ndjson", &objects);
    for file in ["new.csv", "new.tsv", "new.ndjson"] {
        let written = predict(&place, file, "");
        assert_eq!(of_column(&written, "tag"), ODD, "{file}");
        assert_eq!(of_column(&written, "prediction"), ["no"; 8], "{file}");
    }
    let written = stream(&place, &table(","), "--format csv")
        .succeeded()
        .stdout;
    assert_eq!(of_column(&rows(&written), "tag"), ODD);
    let written = stream(&place, &objects, "").succeeded().stdout;
    for (line, object) in written.lines().zip(objects.lines()) {
        assert!(line.starts_with(object.trim_end_matches('}')), "{line}");
    }
    // What is no text in NDJSON keeps its digits, too.
    let bare = "{\"tag\":12345678901234567890123,\"plant\":\"P1\",\"heat\":3}\n{\"tag\":1.50,\"plant\":\"P2\",\"heat\":3}\n";
    place.write("bare.ndjson", bare);
    let written = predict(&place, "bare.ndjson", "");
    assert_eq!(
        of_column(&written, "tag"),
        ["12345678901234567890123", "1.50"]
    );
}

#[test]
fn a_key_with_leading_zeros_is_another_than_one_without_in_every_format() {
    let place = Place::new();
    let depots = ["007", "7", "007", "7", "A"];
    let load = [1, 1, 9, 9, 5];
    let late = ["yes", "no", "no", "yes", "no"];
    let lines = (0..5).map(|row| (depots[row], load[row], late[row]));
    let csv = |separator: char| {
        let lines = lines
            .clone()
            .map(|(a, b, c)| format!("{a}{separator}{b}{separator}{c}\n"));
        format!("depot{separator}load{separator}late\n") + &lines.collect::<String>()
    };
    place.write("rows.csv", csv(','));
    place.write("rows.tsv", csv('\t'));
    let objects = lines
        .clone()
        .map(|(a, b, c)| format!("{{\"depot\":\"{a}\",\"load\":{b},\"late\":\"{c}\"}}\n"));
    place.write("rows.ndjson", objects.collect::<String>());
    let frame = || df!("depot" => depots, "load" => load, "late" => late).unwrap();
    write_parquet(&place, "rows.parquet", frame());
    write_arrow(&place, "rows.arrow", frame());
    let files = [
        "rows.csv",
        "rows.tsv",
        "rows.ndjson",
        "rows.parquet",
        "rows.arrow",
    ];
    for trained in files {
        place
            .run(&format!(
                "train --quiet --input {trained} --key depot --target late --output-dir models"
            ))
            .succeeded();
        assert_eq!(keys(&place), ["007", "7", "A"], "{trained}");
        for file in files {
            let written = predict(&place, file, "");
            assert_eq!(of_column(&written, "prediction"), late, "{trained}, {file}");
            assert_eq!(of_column(&written, "depot"), depots, "{trained}, {file}");
            assert_eq!(
                of_column(&written, "model"),
                ["own"; 5],
                "{trained}, {file}"
            );
        }
    }
}

#[test]
fn keys_of_whole_numbers_are_the_same_in_every_type() {
    let place = Place::new();
    place.write(
        "rows.csv",
        "till,sum,void\n3,10,no\n3,90,yes\n12,10,yes\n12,90,no\n",
    );
    place
        .run("train --quiet --input rows.csv --key till --target void --output-dir models")
        .succeeded();
    assert_eq!(keys(&place), ["3", "12"]);
    write_parquet(
        &place,
        "float.parquet",
        df!("till" => [Some(3.0), Some(12.0), None], "sum" => [90, 90, 90]).unwrap(),
    );
    write_parquet(
        &place,
        "text.parquet",
        df!("till" => [Some("3"), Some("12.0"), None], "sum" => [90, 90, 90]).unwrap(),
    );
    write_parquet(
        &place,
        "int.parquet",
        df!("till" => [Some(3_u64), Some(12), None], "sum" => [90, 90, 90]).unwrap(),
    );
    place.write("zeros.csv", "till,sum\n3.0,90\n12.00,90\n,90\n");
    place.write(
        "rows.ndjson",
        "{\"till\":3,\"sum\":90}\n{\"till\":\"12\",\"sum\":90}\n{\"sum\":90}\n",
    );
    for file in [
        "float.parquet",
        "text.parquet",
        "int.parquet",
        "zeros.csv",
        "rows.ndjson",
    ] {
        let written = predict(&place, file, "");
        assert_eq!(
            of_column(&written, "prediction"),
            ["yes", "no", ""],
            "{file}"
        );
        assert_eq!(
            of_column(&written, "model"),
            ["own", "own", "none"],
            "{file}"
        );
    }
    // An identifier that only looks like the number is that of nobody.
    place.write("other.csv", "till,sum\n03,90\n12,90\n");
    assert_eq!(
        of_column(&predict(&place, "other.csv", ""), "model"),
        ["none", "own"]
    );
}

#[test]
fn long_whole_numbers_are_told_apart_in_every_type() {
    let place = Place::new();
    // Doubles hold neither of them but as 9007199254740992 and ...994.
    let accounts = ["9007199254740993", "9007199254740995"];
    place.write(
        "rows.csv",
        format!(
            "account,sum,void\n{0},1,no\n{0},2,yes\n{1},1,yes\n{1},2,no\n",
            accounts[0], accounts[1]
        ),
    );
    place
        .run("train --quiet --input rows.csv --key account --target void --output-dir models")
        .succeeded();
    assert_eq!(keys(&place), accounts);
    use polars::prelude::DataType;
    let frame = |dtype: DataType| {
        let frame = df!("account" => accounts, "sum" => [1, 1]).unwrap();
        super::tables::cast(frame, "account", dtype)
    };
    for dtype in [
        DataType::Int64,
        DataType::UInt64,
        DataType::Decimal(38, 0),
        DataType::Decimal(38, 2),
        DataType::String,
    ] {
        write_parquet(&place, "new.parquet", frame(dtype.clone()));
        let written = predict(&place, "new.parquet", "");
        assert_eq!(of_column(&written, "prediction"), ["no", "yes"], "{dtype}");
    }
    place.write(
        "new.ndjson",
        format!(
            "{{\"account\":{},\"sum\":1}}\n{{\"account\":{},\"sum\":1}}\n",
            accounts[0], accounts[1]
        ),
    );
    assert_eq!(
        of_column(&predict(&place, "new.ndjson", ""), "prediction"),
        ["no", "yes"]
    );
    // Decimals of training are told apart just so.
    let frame = df!("account" => accounts, "sum" => [1, 2], "void" => ["no", "yes"]).unwrap();
    write_parquet(
        &place,
        "decimal.parquet",
        super::tables::cast(frame, "account", DataType::Decimal(38, 0)),
    );
    place
        .run(
            "train --quiet --input decimal.parquet --key account --target void --output-dir models",
        )
        .succeeded();
    assert_eq!(keys(&place), accounts);
}

#[test]
fn folders_give_keys_as_they_are_written() {
    let place = Place::new();
    let row = |heat: i64, fails: &str| df!("heat" => [heat], "fails" => [fails]).unwrap();
    for (folder, heat, fails) in [
        ("country=NL/site=01", 3, "no"),
        ("country=NL/site=01", 8, "yes"),
        ("country=NL/site=1", 3, "yes"),
        ("country=NL/site=1", 8, "no"),
        ("country=S%C3%A3o%2FX/site=01", 3, "no"),
        ("country=NL/site=__HIVE_DEFAULT_PARTITION__", 3, "no"),
    ] {
        write_parquet(
            &place,
            &format!("old/{folder}/part-{heat}.parquet"),
            row(heat, fails),
        );
        let text = format!("heat,fails\n{heat},{fails}\n");
        write_text(&place, &format!("text/{folder}/part-{heat}.csv"), &text);
    }
    place.write("old/_SUCCESS", "");
    for input in ["old", "text"] {
        let train = format!(
            "train --json --input {input} --key country,site --target fails --output-dir models"
        );
        let report = place.run(&train).succeeded().json();
        assert_eq!(keys(&place), ["NL,01", "NL,1", "São/X,01"], "{input}");
        assert_eq!(report["generation"]["left_out"]["null_key"], 1, "{input}");
        for input in ["old", "text"] {
            let written = predict(&place, input, "");
            let pairs = of_column(&written, "country")
                .into_iter()
                .zip(of_column(&written, "site"));
            let mut answers: Vec<String> = pairs
                .zip(
                    of_column(&written, "heat")
                        .into_iter()
                        .zip(of_column(&written, "prediction")),
                )
                .map(|((country, site), (heat, prediction))| {
                    format!("{country} {site} {heat} {prediction}")
                })
                .collect();
            answers.sort();
            assert_eq!(
                answers,
                [
                    "NL  3 ",
                    "NL 01 3 no",
                    "NL 01 8 yes",
                    "NL 1 3 yes",
                    "NL 1 8 no",
                    "São/X 01 3 no"
                ],
                "{input}"
            );
        }
    }
    // The same rows in one file, whose folders say nothing.
    place.write("new.csv", "country,site,heat\nNL,01,3\nNL,1,3\n");
    assert_eq!(
        of_column(&predict(&place, "new.csv", ""), "prediction"),
        ["no", "yes"]
    );
}

#[test]
fn keys_that_fit_no_model_are_named_beside_those_that_would() {
    let place = Place::new();
    place.write("old.csv", "store,x,y\nS-01,1,p\nS-02,1,q\n");
    place
        .run("train --quiet --input old.csv --key store --target y --output-dir models")
        .succeeded();
    place.write("new.csv", "store,x\n1,1\n2,1\n3,1\n4,1\n");
    let error = place
        .run("predict --models models --input new.csv --output out.csv")
        .failed(1);
    for part in [
        "4 of 4 rows have no model",
        "store: models have S-01, S-02",
        "the input has 1, 2, 3 …",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
    assert_eq!(
        of_column(&rows(&place.read("out.csv")), "model"),
        ["none"; 4]
    );
}

#[test]
fn folders_are_columns_of_rows_that_are_read_one_by_one_too() {
    let place = Place::new();
    for (mill, yes) in [("01", 1), ("1", 2)] {
        std::fs::create_dir_all(place.path(&format!("rows/mill={mill}"))).unwrap();
        let rows = (1..=2).map(|size| match size == yes {
            true => format!("{{\"size\":{size},\"fine\":\"yes\"}}\n"),
            false => format!("{{\"size\":{size},\"fine\":\"no\"}}\n"),
        });
        place.write(
            &format!("rows/mill={mill}/0.ndjson"),
            rows.collect::<String>(),
        );
    }
    place
        .run("train --input rows --key mill --target fine --pruning none --output-dir models")
        .succeeded();
    for more in ["", "--on-bad-row skip", "--on-bad-row null"] {
        place
            .run(&format!(
                "predict models --input rows --output out.ndjson {more}"
            ))
            .succeeded();
        let rows = place.read("out.ndjson");
        assert_eq!(
            rows.lines().next(),
            Some(
                "{\"size\":1,\"fine\":\"yes\",\"mill\":\"01\",\"prediction\":\"yes\",\"probability_no\":0.0,\"probability_yes\":1.0,\"model\":\"own\"}"
            )
        );
        assert_eq!(rows.matches("\"model\":\"own\"").count(), 4, "{rows}");
    }
    place
        .run("predict models --input rows --output out.csv --on-bad-row null")
        .succeeded();
    let rows = place.read("out.csv");
    assert!(rows.starts_with("size,fine,mill,prediction,"), "{rows}");
    assert_eq!(rows.matches(",own").count(), 4, "{rows}");
}
