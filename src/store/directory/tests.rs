//! All kinds of directories behave alike.

use tempfile::TempDir;

use super::{Durability, Entry, Location, MemoryDirectory};
use crate::error::{Error, StoreError};

/// A directory of each kind, and what keeps it.
fn directories() -> Vec<(Location, Option<TempDir>)> {
    let place = tempfile::tempdir().unwrap();
    let local = Location::from(place.path().join("store"));
    let memory = Location::from(MemoryDirectory::new());
    for directory in [&local, &memory] {
        assert!(directory.create().unwrap());
        assert!(!directory.create().unwrap(), "it is there");
    }
    vec![(local, Some(place)), (memory, None)]
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
