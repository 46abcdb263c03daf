//! The names in a store.

use std::hash::{BuildHasher, RandomState};

/// The manifest's file name.
pub const MANIFEST: &str = "manifest.json";

/// The name of the table of entities in a generation.
pub const ENTITIES: &str = "entities.parquet";

/// The file of the model of all entities together; no key has such a name.
pub(super) const POOLED: &str = "~pooled.cbor";

/// The file of what all entities share; no key has such a name.
pub(super) const SHARED: &str = "~shared.cbor";

/// The table of parents in a generation.
pub(super) const PARENTS: &str = "parents.parquet";

/// How the names of packs begin: of entities' models, and of their parents'.
pub(super) const PACK: &str = "pack-";
pub(super) const PARENT_PACK: &str = "~parents-";

/// The lock's file name. It stays behind, empty, when no run holds it.
pub(super) const LOCK: &str = ".lock";

/// How the names of staging directories begin.
pub(super) const STAGING: &str = ".staging-";

/// How the names of generations begin.
pub(super) const GENERATION: &str = "gen-";

/// The journal of a run, in its staging folder. A generation has none once its run ended in order.
pub(super) const JOURNAL: &str = ".journal";

/// The folder of a generation.
pub(super) fn generation_folder(number: u64) -> String {
    format!("{GENERATION}{number:06}")
}

/// The folder of a generation that is written where it stays, so that no other run has its name.
pub(super) fn unique_generation_folder(number: u64) -> String {
    let now = std::time::SystemTime::now();
    let random = RandomState::new().hash_one((now, std::process::id()));
    format!("{}-{random:016x}", generation_folder(number))
}

/// Whether a name is exactly one that a generation's folder has.
pub(super) fn is_generation_folder(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(GENERATION) else {
        return false;
    };
    let (number, run) = match rest.split_once('-') {
        Some((number, run)) => (number, Some(run)),
        None => (rest, None),
    };
    let is_run = |run: &str| {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        run.len() == 16 && run.bytes().all(is_digit)
    };
    let is_number = |text: &str| {
        let number = text.parse().map(generation_folder);
        number.is_ok_and(|folder| folder.strip_prefix(GENERATION) == Some(text))
    };
    is_number(number) && run.is_none_or(is_run)
}

/// A staging folder.
pub(super) fn staging_folder(number: u32) -> String {
    format!("{STAGING}{number:06}")
}

/// Whether a name is exactly one that a staging folder has.
pub(super) fn is_staging_folder(name: &str) -> bool {
    let number = name.strip_prefix(STAGING).map(str::parse);
    matches!(number, Some(Ok(number)) if staging_folder(number) == name)
}

/// Whether a name in the store's directory is one that a run without a commit may have left.
pub(super) fn is_leftover(name: &str) -> bool {
    name == LOCK || name.starts_with(STAGING) || name == format!(".{MANIFEST}")
}

/// Whether a name stays within its directory on every system.
pub(super) fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0', ':'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_generations_are_known_by_their_exact_names() {
        let unique = unique_generation_folder(7);
        assert_ne!(unique, unique_generation_folder(7));
        let generations = [
            "gen-000001",
            "gen-1234567",
            "gen-000001-0123456789abcdef",
            &unique,
        ];
        for name in generations {
            assert!(is_generation_folder(name), "{name}");
        }
        let others = [
            "gen-1",
            "gen-0000001",
            "gen-+00001",
            "gen-000001-",
            "gen-000001-0123456789abcdeF",
            "gen-000001-0123456789abcde",
            "gen-000001-0123456789abcdef-1",
            "gen-",
        ];
        for name in others {
            assert!(!is_generation_folder(name), "{name}");
        }
    }
}
