//! Files that were damaged, and paths that lead elsewhere.

use std::fs;
use std::os::unix::fs::symlink;

use per_entity::store::Store;

use super::ground::{Ground, succeed};
use crate::support::SAMPLE;
use crate::support::store::assert_whole;

/// A file cut short at many lengths, and with one of many bits flipped.
fn damages(whole: &[u8]) -> Vec<Vec<u8>> {
    let mut damages: Vec<Vec<u8>> = (0..12)
        .map(|n| whole[..whole.len() * n / 12].to_vec())
        .collect();
    damages.push(whole[..whole.len() - 1].to_vec());
    for n in 0..24 {
        let mut flipped = whole.to_vec();
        flipped[whole.len() * n / 24] ^= 1 << (n % 8);
        damages.push(flipped);
    }
    damages
}

#[test]
fn a_damaged_file_of_any_kind_is_an_error_and_never_a_panic() {
    let ground = Ground::new();
    succeed(&mut ground.train("data.csv", "packs"));
    ground
        .run(&format!("train --input '{SAMPLE}' --output-dir single"))
        .succeeded();
    let model = Store::open(ground.path("single"))
        .unwrap()
        .records()
        .unwrap()[0]
        .clone();
    let single = format!("gen-000001/{}", model.file().unwrap());
    for (store, name) in [
        ("packs", "manifest.json"),
        ("packs", "gen-000001/entities.parquet"),
        ("packs", "gen-000001/pack-00000.cbor"),
        ("single", &single),
    ] {
        let path = ground.path(store).join(name);
        let file_name = path.file_name().unwrap().to_str().unwrap();
        let whole = fs::read(&path).unwrap();
        for damaged in damages(&whole) {
            fs::write(&path, damaged).unwrap();
            let verified = ground.run(&format!("verify {store}"));
            // A flipped bit in a note of the manifest, a date for example, makes no difference.
            if name != "manifest.json" {
                let error = verified.failed(1);
                assert!(error.contains(file_name), "{error}");
            }
            let inspected = ground.run(&format!("inspect {store}"));
            assert!(
                matches!(inspected.code, Some(0 | 2)),
                "{name}: {}",
                inspected.stderr
            );
        }
        fs::write(&path, whole).unwrap();
        assert_whole(&ground.path(store));
    }
}

#[test]
fn links_and_paths_that_lead_out_of_a_store_are_refused() {
    let ground = Ground::new();
    let store = ground.path("store");
    succeed(&mut ground.train("data.csv", "store"));
    let manifest = store.join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    for name in ["..", "../store/gen-000001", "/etc", "gen\\\\x"] {
        let forged = text.replace("\"gen-000001\"", &format!("\"{name}\""));
        fs::write(&manifest, forged).unwrap();
        let problem = Store::open(&store).unwrap_err().to_string();
        assert!(problem.contains("plain file name"), "{problem}");
    }
    fs::write(&manifest, text).unwrap();
    for name in [
        "gen-000001/pack-00000.cbor",
        "gen-000001/entities.parquet",
        "gen-000001",
        "manifest.json",
    ] {
        let (path, moved) = (store.join(name), ground.path("moved"));
        fs::rename(&path, &moved).unwrap();
        symlink(&moved, &path).unwrap();
        let output = ground.run("verify store");
        assert!(
            matches!(output.code, Some(1 | 2)),
            "{name}: {}",
            output.stderr
        );
        fs::remove_file(&path).unwrap();
        fs::rename(&moved, &path).unwrap();
    }
    assert_whole(&store);
}
