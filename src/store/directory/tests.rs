//! All kinds of directories behave alike.

use std::sync::Arc;

use object_store::memory::InMemory;
use tempfile::TempDir;

use super::{Directory, Durability, Entry, FilePart, Location, MemoryDirectory, ObjectDirectory};
use crate::error::{Error, StoreError};

/// A directory of each kind, and what keeps it.
fn directories() -> Vec<(Location, Option<TempDir>)> {
    let place = tempfile::tempdir().unwrap();
    let local = Location::from(place.path().join("store"));
    let memory = Location::from(MemoryDirectory::new());
    let store = Arc::new(InMemory::new());
    let objects = ObjectDirectory::in_store(store, "memory://bucket", "some/store");
    let objects = Location::from(objects);
    for directory in [&local, &memory, &objects] {
        assert!(directory.create().unwrap());
        assert!(!directory.create().unwrap(), "it is there");
    }
    vec![(local, Some(place)), (memory, None), (objects, None)]
}

fn names(entries: Vec<Entry>) -> Vec<String> {
    entries.into_iter().map(|entry| entry.name).collect()
}

#[test]
fn files_are_put_read_in_parts_and_removed() {
    for (directory, _place) in directories() {
        directory.put("a", b"some bytes").unwrap();
        assert_eq!(directory.read("a").unwrap(), b"some bytes");
        let file = directory.open("a").unwrap();
        assert_eq!(
            (file.length(), file.read(5, 4).unwrap()),
            (10, b"byte".to_vec())
        );
        let parts = [(5, 5), (0, 4), (9, 2)].map(|(offset, length)| FilePart {
            name: "a".into(),
            offset,
            length,
        });
        let read = directory.read_parts(&parts);
        assert_eq!(read[0].as_deref().unwrap(), b"bytes");
        assert_eq!(read[1].as_deref().unwrap(), b"some");
        assert!(read[2].is_err());
        let beyond = file.read(5, 6).unwrap_err();
        assert!(matches!(beyond, Error::Store(StoreError::Damaged { .. })));
        assert!(file.read(u64::MAX, 2).is_err());
        directory.put("a", b"others").unwrap();
        assert_eq!(directory.read_if_there("a").unwrap().unwrap(), b"others");
        directory.remove("a").unwrap();
        directory.remove("a").unwrap();
        assert_eq!(directory.read_if_there("a").unwrap(), None);
        let missing = directory.read("a").unwrap_err();
        assert!(matches!(missing, Error::Io { .. }));
    }
}

#[test]
fn folders_are_listed_renamed_and_removed_with_all_in_them() {
    for (directory, _place) in directories() {
        assert_eq!(directory.list("old").unwrap(), []);
        directory.create_folder("old").unwrap();
        assert!(directory.create_folder("old").is_err());
        directory.put("old/b", b"1").unwrap();
        directory.append("old/a", b"2", Durability::Later).unwrap();
        directory.append("old/a", b"3", Durability::Now).unwrap();
        directory.put("older", b"4").unwrap();
        directory.sync("old").unwrap();
        directory.rename("old", "new").unwrap();
        assert!(directory.is_folder("new") && !directory.is_folder("old"));
        assert_eq!(names(directory.list("").unwrap()), ["new", "older"]);
        assert!(!directory.list("new").unwrap()[0].is_folder);
        assert_eq!(names(directory.list("new").unwrap()), ["a", "b"]);
        assert_eq!(directory.read("new/a").unwrap(), b"23");
        directory.rename("older", "new/c").unwrap();
        directory.remove("new").unwrap();
        assert_eq!(directory.list("").unwrap(), []);
    }
}

#[test]
fn a_file_is_replaced_only_if_it_is_what_was_expected() {
    for (directory, _place) in directories() {
        let commit = |bytes: &[u8], expected: Option<&[u8]>| {
            let prepared = directory.prepare("manifest.json", bytes).unwrap();
            directory.commit(prepared, expected)
        };
        commit(b"one", None).unwrap();
        for stale in [None, Some(&b"none"[..])] {
            let error = commit(b"two", stale).unwrap_err();
            assert!(matches!(error, Error::Store(StoreError::Changed { .. })));
        }
        assert_eq!(directory.read("manifest.json").unwrap(), b"one");
        commit(b"two", Some(b"one")).unwrap();
        assert_eq!(directory.read("manifest.json").unwrap(), b"two");
    }
}

#[test]
fn a_lock_is_held_until_it_is_dropped() {
    for (directory, _place) in directories() {
        if !directory.renames_at_once() {
            // The commit alone keeps writers apart.
            continue;
        }
        let lock = directory.lock(".lock").unwrap();
        let error = directory.lock(".lock").err().unwrap();
        assert!(matches!(error, Error::Store(StoreError::Locked { .. })));
        drop(lock);
        directory.lock(".lock").unwrap();
    }
}

#[test]
fn only_an_empty_directory_is_removed() {
    for (directory, _place) in directories() {
        directory.put("a", b"1").unwrap();
        directory.remove_if_empty();
        assert!(!directory.create().unwrap());
        directory.remove("a").unwrap();
        directory.remove_if_empty();
        assert!(directory.create().unwrap());
    }
}

/// Two directories at the same place of one bucket, and one that holds their place.
fn in_one_bucket() -> [ObjectDirectory; 3] {
    let store: Arc<InMemory> = Arc::default();
    ["a", "a", ""].map(|folder| ObjectDirectory::in_store(store.clone(), "memory://bucket", folder))
}

#[test]
fn a_store_that_was_copied_into_a_bucket_is_replaced_like_any_other() {
    let [directory, other, bucket] = in_one_bucket();
    bucket.put("a/manifest.json", b"copied").unwrap();
    bucket.sync("").unwrap();
    assert_eq!(directory.read("manifest.json").unwrap(), b"copied");
    assert_eq!(names(directory.list("").unwrap()), ["manifest.json"]);
    let commit = |directory: &ObjectDirectory, bytes: &[u8], expected: &[u8]| {
        let prepared = directory.prepare("manifest.json", bytes).unwrap();
        directory.commit(prepared, Some(expected))
    };
    commit(&directory, b"one", b"copied").unwrap();
    let error = commit(&other, b"two", b"copied").unwrap_err();
    assert!(matches!(error, Error::Store(StoreError::Changed { .. })));
    assert_eq!(other.read("manifest.json").unwrap(), b"one");
    assert_eq!(bucket.read("a/manifests/1.json").unwrap(), b"one");
}

#[test]
fn what_somebody_else_took_from_a_folder_of_a_bucket_is_missed() {
    let [directory, other, _] = in_one_bucket();
    directory.put("folder/x", b"1").unwrap();
    directory.put("folder/y", b"2").unwrap();
    directory.sync("folder").unwrap();
    other.remove("folder/x").unwrap();
    let error = directory.sync("folder").unwrap_err().to_string();
    assert!(error.contains("memory://bucket/a/folder/x"), "{error}");
    directory.put("folder/x", b"1").unwrap();
    directory.sync("folder").unwrap();
    other.put("folder/y", b"longer").unwrap();
    other.sync("").unwrap();
    assert!(directory.sync("folder").is_err());
}

#[test]
fn any_part_of_a_long_file_in_a_bucket_is_read() {
    let [directory, ..] = in_one_bucket();
    let bytes: Vec<u8> = (0..20_000_003_u32)
        .map(|place| (place % 251) as u8)
        .collect();
    directory.put("folder/long", &bytes).unwrap();
    let file = directory.open("folder/long").unwrap();
    assert_eq!(file.length(), bytes.len() as u64);
    let lengths = [1, 1_000, 262_144, 262_145, 700_000, 9_000_000];
    for (turn, length) in lengths.into_iter().cycle().take(40).enumerate() {
        let offset = (turn * 7_777_777) % (bytes.len() - length);
        let read = file.read(offset as u64, length as u64).unwrap();
        assert!(read == bytes[offset..][..length], "{length} from {offset}");
    }
    let mut together = Vec::new();
    for start in (0..bytes.len()).step_by(99_999) {
        let length = 99_999.min(bytes.len() - start);
        together.extend(file.read(start as u64, length as u64).unwrap());
    }
    assert!(together == bytes);
}
