//! Bad input.

use crate::support::place::Place;
use crate::support::program::finish;

/// Training is refused with a message that contains this one, and leaves no trace.
#[track_caller]
fn is_refused(place: &Place, arguments: &str, message: &str) {
    let error = place
        .run(&format!("train --output-dir models {arguments}"))
        .failed(2);
    assert!(error.contains(message), "{arguments}: {error}");
    assert!(
        !place.path("models").exists(),
        "{arguments} touched the output directory"
    );
}

#[test]
fn bad_input_is_named_and_touches_no_output() {
    let place = Place::new();
    let cases: [(&str, &[u8], &str, &str); 9] = [
        ("empty.csv", b"", "", "empty.csv: holds no rows"),
        ("header.csv", b"k,x,y\n", "", "only a header"),
        ("utf.csv", b"k,x,y\na,1,\xFF\n", "", "utf.csv:2"),
        ("nul.csv", b"k,x,y\na,1,p\n\0,1,p\n", "", "nul.csv:3"),
        (
            "text.csv",
            b"k,x,y\na,many,p\n",
            "--numeric x",
            "text.csv:2: column 'x'",
        ),
        (
            "short.csv",
            b"k,x,y\na,1,p\nb,1\n",
            "--strict",
            "short.csv:3: 2 fields",
        ),
        (
            "float.csv",
            b"k,x,y\na,1,0.5\n",
            "--task classification",
            "column 'y' holds 0.5",
        ),
        ("odd.xyz", b"k,x,y\na,1,p\n", "", "--format"),
        (
            "good.csv",
            b"k,x,y\na,1,p\nb,2,q\n",
            "--where 'x > 100'",
            "no row is left",
        ),
    ];
    for (name, text, more, message) in cases {
        place.write(name, text);
        let arguments = format!("--input {name} --key k --target y {more}");
        is_refused(&place, &arguments, message);
    }
    is_refused(
        &place,
        "--input no/such.csv --key k --target y",
        "no/such.csv",
    );
}

#[test]
fn bad_arguments_are_named_and_touch_no_output() {
    let place = Place::new();
    place.write("in.csv", "k,x,y\na,1,p\nb,2,q\n");
    place.write("spec.toml", "kee = 1");
    for (arguments, message) in [
        (
            "--features zz",
            "no column 'zz', which is wanted as a feature",
        ),
        ("--features zz", "hint: it is named by --features"),
        ("--where 'zz = 1'", "no column 'zz'"),
        ("--where 'x = = 1'", "filter 'x = = 1'"),
        ("--numeric x --categorical x", "one role"),
        ("--min-samples-split 1", "min_samples_split is 1"),
        ("--separator é", "separator"),
    ] {
        let arguments = format!("--input in.csv --key k --target y {arguments}");
        is_refused(&place, &arguments, message);
    }
    for (arguments, message) in [
        ("--key k --target k", "both a key and a target"),
        ("--key no --target y", "no column 'no'"),
        ("--key k", "--target"),
        ("--spec spec.toml", "spec.toml"),
    ] {
        is_refused(&place, &format!("--input in.csv {arguments}"), message);
    }
}

#[test]
fn the_nearest_column_is_proposed() {
    let place = Place::new();
    place.write("in.csv", "store,hours,Weekday,busy\na,1,mon,p\na,2,tue,q\n");
    for (arguments, message) in [
        (
            "--key stroe --target busy",
            "no column 'stroe', which is wanted as a key; did you mean 'store'? the input has 'store', 'hours'",
        ),
        ("--key store --target busi", "did you mean 'busy'?"),
        (
            "--key store --target busy --ignore weekday",
            "did you mean 'Weekday'?",
        ),
        (
            "--key store --target busy --where 'hour > 1'",
            "did you mean 'hours'?",
        ),
    ] {
        is_refused(&place, &format!("--input in.csv {arguments}"), message);
    }
    let error = place.run("train --input in.csv --key town --target busy --output-dir models");
    let error = error.failed(2);
    assert!(!error.contains("did you mean"), "{error}");
}

/// What only those know who program with Polars.
const FOREIGN: [&str; 9] = [
    "infer_schema",
    "strict",
    "pl.",
    "`str.",
    "RESOLVING",
    "plan",
    "'sink'",
    "Deprecation",
    "You might",
];

#[test]
fn a_filter_that_cannot_be_is_named_with_its_columns_and_without_plans() {
    let place = Place::new();
    place.write("in.csv", "k,x,c,y\na,1,u,p\na,2,v,q\n");
    for (predicate, problem) in [
        ("x > \"c\"", "x"),
        ("c > 3", "c"),
        ("c + 1 = 2", "c"),
        ("x IN (''a'')", "x"),
        ("x BETWEEN ''a'' AND 2", "x"),
        ("strftime(x, ''%Y'') = ''2020''", "x"),
    ] {
        let predicate = predicate.replace("''", "'");
        let mut train =
            place.command("train --input in.csv --key k --target y --output-dir models");
        let error = finish(train.args(["--where", &predicate])).failed(2);
        assert!(
            error.contains(&format!("filter '{predicate}': ")),
            "{error}"
        );
        assert!(
            error.contains(&format!("column '{problem}' is of type")),
            "{error}"
        );
        for foreign in FOREIGN {
            assert!(!error.contains(foreign), "{predicate}: {error}");
        }
    }
    for predicate in ["c::date > '2020-01-01'", "CAST(c AS INTEGER) > 1", "NOT c"] {
        let mut train =
            place.command("train --input in.csv --key k --target y --output-dir models");
        let error = finish(train.args(["--where", predicate])).failed(2);
        assert!(
            error.contains(&format!("where '{predicate}' holds")),
            "{error}"
        );
        for foreign in FOREIGN {
            assert!(!error.contains(foreign), "{predicate}: {error}");
        }
    }
}

#[test]
fn a_key_that_is_no_number_further_down_is_text() {
    let place = Place::new();
    let rows = (0..20_000).map(|row| match row {
        15_000.. => format!("zz,{row},{}\n", row % 2),
        _ => format!("{},{row},{}\n", row % 3, row % 2),
    });
    place.write("in.csv", format!("k,x,y\n{}", rows.collect::<String>()));
    let train = "train --input in.csv --key k --target y --max-depth 1 --output-dir models";
    place.run(train).succeeded();
    let records = place.store("models").records().unwrap();
    let keys: Vec<&str> = records.iter().map(|record| record.key.as_str()).collect();
    assert_eq!(keys, ["0", "1", "2", "zz"]);
}
