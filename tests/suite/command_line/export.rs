//! Models in a form that others run. That onnxruntime predicts with them as the program does is
//! tested with the Python package.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::support::place::Place;

fn trained() -> Place {
    let place = Place::new();
    place.write(
        "in.csv",
        "k,hours,job,y\na,10,x,q\na,10,y,p\na,10,x,q\na,10,z,p\na,10,y,p\na,10,x,q\n",
    );
    place
        .run("train --input in.csv --key k --target y --pruning none --output-dir models")
        .succeeded();
    place
}

#[test]
fn a_model_is_written_whole_and_the_same_each_time() {
    let place = trained();
    let told = place
        .run("export models --entity a --output a.onnx")
        .succeeded();
    assert!(told.stdout.starts_with("a.onnx: "), "{}", told.stdout);
    let model = fs::read(place.path("a.onnx")).unwrap();
    for name in [
        "hours",
        "job",
        "TreeEnsemble",
        "probabilities",
        "per-entity",
    ] {
        let is_there = |window: &[u8]| window == name.as_bytes();
        assert!(model.windows(name.len()).any(is_there), "{name}");
    }
    let json = place
        .run("export models --entity a -o again.onnx --json")
        .json();
    assert_eq!(json["bytes"], model.len());
    assert_eq!(fs::read(place.path("again.onnx")).unwrap(), model);
    let mode = fs::metadata(place.path("a.onnx")).unwrap().permissions();
    let of_input = fs::metadata(place.path("in.csv")).unwrap().permissions();
    assert_eq!(mode.mode(), of_input.mode());
}

#[test]
fn a_link_stays_and_what_it_leads_to_is_replaced() {
    let place = trained();
    place.write("old.onnx", "old");
    symlink(place.path("old.onnx"), place.path("link.onnx")).unwrap();
    place
        .run("export models --entity a --output link.onnx --quiet")
        .succeeded();
    assert!(
        fs::symlink_metadata(place.path("link.onnx"))
            .unwrap()
            .is_symlink()
    );
    assert!(fs::read(place.path("old.onnx")).unwrap().len() > 100);
}

#[test]
fn what_cannot_be_exported_is_an_error_and_leaves_nothing() {
    let place = trained();
    let unknown = place
        .run("export models --entity b --output b.onnx")
        .failed(2);
    assert!(
        unknown.contains("'b'") && unknown.contains("inspect"),
        "{unknown}"
    );
    let taken = place
        .run("export models --entity a --output a.onnx --missing-category x")
        .failed(2);
    assert!(
        taken.contains("'job'") && taken.contains("'x'") && taken.contains("--missing-category"),
        "{taken}"
    );
    let within = place
        .run("export models --entity a --output models/a.onnx")
        .failed(2);
    assert!(within.contains("lies in the store"), "{within}");
    let nowhere = place
        .run("export models --entity a --output nowhere/a.onnx")
        .failed(2);
    assert!(nowhere.contains("nowhere/a.onnx"), "{nowhere}");
    for name in ["b.onnx", "a.onnx"] {
        assert!(!place.path(name).exists(), "{name}");
    }
}
