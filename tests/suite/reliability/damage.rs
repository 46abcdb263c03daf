//! Files that were damaged, and paths that lead elsewhere.

use std::fs;
use std::os::unix::fs::symlink;

use per_entity::store::{Store, rollback, verify};

use super::ground::{Ground, succeed};
use super::shops::{Files, train};
use crate::support::SAMPLE;
use crate::support::faulty::FaultyDirectory;
use crate::support::store::{assert_whole, forge_manifest};

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
            // Without its manifest, there is nothing to verify.
            let code = if name == "manifest.json" { 2 } else { 1 };
            let error = verified.failed(code);
            assert!(error.contains(file_name), "{error}");
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
    for name in ["..", "../store/gen-000001", "/etc", "gen\\x"] {
        fs::write(&manifest, &text).unwrap();
        forge_manifest(&manifest, |forged| {
            forged["generations"][0]["directory"] = name.into();
        });
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

#[test]
fn no_flipped_bit_of_a_small_store_goes_unnoticed() {
    let directory = FaultyDirectory::new();
    for number in [1, 2] {
        train(&directory, number, Files::Packs, false).unwrap();
    }
    let location = directory.location();
    let all = std::env::var("PER_ENTITY_FAULTS").is_ok_and(|faults| faults == "all");
    let share = if all { 1 } else { 31 };
    let mut flipped = 0;
    for (name, bytes) in directory.files() {
        if name == ".lock" {
            continue;
        }
        for bit in (0..bytes.len() * 8).step_by(share) {
            directory.flip(&name, bit);
            flipped += 1;
            let is_found = match Store::open(&location) {
                Err(_) => true,
                // Whatever reads a file of a generation checks its digest.
                Ok(store) if name.starts_with(&store.generation().directory) => {
                    let models = || (0..6).map(|shop| store.model(&format!("shop{shop}")));
                    models().any(|model| model.is_err())
                }
                Ok(_) => rollback(&location, 1).is_err(),
            };
            assert!(is_found, "bit {bit} of {name}");
            directory.flip(&name, bit);
        }
    }
    println!("{flipped} bits flipped");
    assert_eq!(verify(&location).unwrap().problems, Vec::<String>::new());
}
