//! Bad input.

use crate::support::place::Place;

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
        ("float.csv", b"k,x,y\na,1,0.5\n", "", "'y' is of type f64"),
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
