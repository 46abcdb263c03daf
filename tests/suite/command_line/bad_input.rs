//! Bad input.

use crate::support::place::Place;

#[test]
fn bad_input_is_named_and_touches_no_output() {
    let place = Place::new();
    let good = place.write("good.csv", "k,x,y\na,1,p\nb,2,q\n");
    let refused = |arguments: &[&str], message: &str| {
        let error = place.train("models", arguments).failed(2);
        assert!(error.contains(message), "{arguments:?}: {error}");
        assert!(
            !place.path("models").exists(),
            "{arguments:?} touched the output directory"
        );
    };

    let columns = ["--key", "k", "--target", "y"];
    let file = |name: &str, text: &[u8], more: &[&str], message: &str| {
        let path = place.write(name, text);
        refused(&[&["--input", &path], &columns[..], more].concat(), message);
    };
    file("empty.csv", b"", &[], "empty.csv: holds no rows");
    file("header.csv", b"k,x,y\n", &[], "only a header");
    file("utf.csv", b"k,x,y\na,1,\xFF\n", &[], "utf.csv:2");
    file("nul.csv", b"k,x,y\na,1,p\n\0,1,p\n", &[], "nul.csv:3");
    let numeric = ["--numeric", "x"];
    let text = b"k,x,y\na,many,p\n";
    file("text.csv", text, &numeric, "text.csv:2: column 'x'");
    let short = b"k,x,y\na,1,p\nb,1\n";
    file("short.csv", short, &["--strict"], "short.csv:3: 2 fields");
    file("float.csv", b"k,x,y\na,1,0.5\n", &[], "'y' is of type f64");
    file("odd.xyz", b"k,x,y\na,1,p\n", &[], "--format");

    let flags = |more: &[&str], message: &str| {
        refused(&[&["--input", &good], &columns[..], more].concat(), message);
    };
    flags(
        &["--features", "zz"],
        "no column 'zz', which is wanted as a feature",
    );
    flags(&["--features", "zz"], "hint: it is named by --features");
    flags(&["--where", "zz = 1"], "no column 'zz'");
    flags(&["--where", "x = = 1"], "filter 'x = = 1'");
    flags(&["--where", "x > 100"], "no row is left");
    flags(&["--numeric", "x", "--categorical", "x"], "one role");
    flags(&["--min-samples-split", "1"], "min_samples_split is 1");
    flags(&["--separator", "é"], "separator");

    let roles = |more: &[&str], message: &str| {
        refused(&[&["--input", &good], more].concat(), message);
    };
    roles(&["--key", "k", "--target", "k"], "both a key and a target");
    roles(&["--key", "no", "--target", "y"], "no column 'no'");
    roles(&["--key", "k"], "--target");
    let spec = place.write("s.toml", "kee = 1");
    roles(&["--spec", &spec], "s.toml");

    let missing = [&["--input", "no/such.csv"], &columns[..]].concat();
    refused(&missing, "no/such.csv");
}
