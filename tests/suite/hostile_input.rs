//! Models and stores from anywhere: data that is read, never trusted.

use std::fs;
use std::sync::OnceLock;

use per_entity::source::Source;
use per_entity::{CartTrainer, DatasetSpec, Model, Store, Training};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::support::SAMPLE;
use crate::support::hostile;
use crate::support::store::forge_manifest;

struct Valid {
    models: Vec<Vec<u8>>,
    manifest: Vec<u8>,
    entities: Vec<u8>,
}

/// What a run on the sample writes.
fn valid() -> &'static Valid {
    static VALID: OnceLock<Valid> = OnceLock::new();
    VALID.get_or_init(|| {
        let directory = tempfile::tempdir().unwrap();
        let spec = DatasetSpec::adult();
        let source = Source::open(&[SAMPLE.into()], None, &spec).unwrap();
        let path = directory.path().join("store");
        let training = Training::new(spec, CartTrainer::default());
        training.run(source, &path).unwrap();
        let store = Store::open(&path).unwrap();
        // With its digest, none would be read but this one.
        forge_manifest(&path.join("manifest.json"), |_| ());
        let models = store.records().unwrap();
        Valid {
            models: models
                .iter()
                .map(|record| fs::read(store.path().join(record.file().unwrap())).unwrap())
                .collect(),
            manifest: fs::read(path.join("manifest.json")).unwrap(),
            entities: fs::read(store.path().join("entities.parquet")).unwrap(),
        }
    })
}

fn mutate(bytes: &[u8], changes: &[(Index, u8)], end: &Option<Index>) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (at, value) in changes {
        let at = at.index(bytes.len());
        bytes[at] = *value;
    }
    if let Some(end) = end {
        bytes.truncate(end.index(bytes.len()));
    }
    bytes
}

fn changes() -> impl Strategy<Value = Vec<(Index, u8)>> {
    prop::collection::vec(any::<(Index, u8)>(), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn arbitrary_bytes_are_no_reason_to_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        hostile::model(&bytes);
    }

    #[test]
    fn mutated_models_are_refused_or_work(
        which in any::<Index>(),
        changes in changes(),
        end in prop::option::weighted(0.1, any::<Index>()),
    ) {
        hostile::model(&mutate(which.get::<Vec<u8>>(valid().models.as_slice()), &changes, &end));
    }

    #[test]
    fn truncated_models_are_refused(which in any::<Index>(), end in any::<Index>()) {
        let model: &Vec<u8> = which.get(valid().models.as_slice());
        prop_assert!(Model::decode(&model[..end.index(model.len())], None).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_manifest_is_read_or_refused(
        arbitrary in prop::option::weighted(0.2, prop::collection::vec(any::<u8>(), 0..200)),
        changes in changes(),
        end in prop::option::weighted(0.2, any::<Index>()),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let bytes = arbitrary.unwrap_or_else(|| mutate(&valid().manifest, &changes, &end));
        fs::write(directory.path().join("manifest.json"), bytes).unwrap();
        hostile::store(directory.path());
    }

    #[test]
    fn any_table_of_entities_is_read_or_refused(
        arbitrary in prop::option::weighted(0.1, prop::collection::vec(any::<u8>(), 0..200)),
        changes in changes(),
        end in prop::option::weighted(0.2, any::<Index>()),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let bytes = arbitrary.unwrap_or_else(|| mutate(&valid().entities, &changes, &end));
        hostile::write_store(directory.path(), &valid().entities, &bytes);
        let store = Store::open(directory.path()).unwrap();
        prop_assert_eq!(store.records().is_ok(), bytes == valid().entities);
        hostile::store(directory.path());
    }
}

/// The smallest documents with the largest promises: each names a length that it does not have.
#[test]
fn promised_lengths_are_not_believed() {
    for model in &valid().models {
        for at in 0..model.len().min(400) {
            for head in [0x5B_u8, 0x7B, 0x9B, 0xBB, 0x5F, 0x9F, 0xBF] {
                let mut bytes = model[..at].to_vec();
                bytes.push(head);
                bytes.extend([0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
                bytes.extend(&model[at..]);
                assert!(Model::decode(&bytes, None).is_err());
            }
        }
    }
    for nested in [0x81_u8, 0xA1, 0xC1, 0xD8] {
        assert!(Model::decode(&vec![nested; 1 << 20], None).is_err());
    }
}
