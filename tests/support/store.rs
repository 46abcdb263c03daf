//! What is true of stores.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use per_entity::store::{Store, verify};
use serde_json::Value;

/// The files of a store's current generation, by name.
pub fn content(store: &Path) -> BTreeMap<String, Vec<u8>> {
    let directory = Store::open(store).unwrap().path().to_owned();
    fs::read_dir(directory)
        .unwrap()
        .map(|file| {
            let file = file.unwrap();
            let name = file.file_name().into_string().unwrap();
            (name, fs::read(file.path()).unwrap())
        })
        .collect()
}

/// The same, of models only.
pub fn model_files(store: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = content(store);
    files.retain(|name, _| name.ends_with(".cbor"));
    files
}

/// Verification finds nothing wrong.
#[track_caller]
pub fn assert_whole(store: &Path) {
    assert_eq!(verify(store).unwrap().problems, Vec::<String>::new());
}

/// Changes a manifest as somebody would who knows of its digest, and removes that.
pub fn forge_manifest(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut manifest: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    manifest.as_object_mut().unwrap().remove("digest").unwrap();
    change(&mut manifest);
    fs::write(path, format!("{manifest:#}")).unwrap();
}
