//! Keys become file names that are safe on every system, readable where they can be, and distinct
//! also where a system does not tell upper from lower case.

use std::collections::HashMap;

/// Longest readable part of a file name, in bytes.
const LONGEST: usize = 80;

/// Names that Windows keeps for devices.
const RESERVED: [&str; 4] = ["con", "prn", "aux", "nul"];

/// The file names of a set of keys.
pub(super) struct FileNames {
    /// How many keys have the same readable part, case aside.
    readable: HashMap<String, u32>,
}

impl FileNames {
    pub fn new<'a>(keys: impl Iterator<Item = &'a str>) -> Self {
        let mut names = HashMap::new();
        for key in keys {
            *names.entry(readable(key).to_ascii_lowercase()).or_default() += 1;
        }
        Self { readable: names }
    }

    /// The file name of one of the keys: the key itself where it is safe and no other key looks the
    /// same, else its safe characters and a digest of the whole key.
    pub fn of(&self, key: &str) -> String {
        let name = readable(key);
        let alone = self.readable.get(&name.to_ascii_lowercase()) == Some(&1);
        if alone && name == key {
            return format!("{name}.cbor");
        }
        let digest = blake3::hash(key.as_bytes()).to_hex();
        format!("{name}-{}.cbor", &digest[..16])
    }
}

/// The key with unsafe characters replaced, cut to a length that file systems take.
fn readable(key: &str) -> String {
    let mut name: String = key
        .chars()
        .map(|c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '.' | '+' | '=' => c,
            _ => '_',
        })
        .take(LONGEST)
        .collect();
    let device = name
        .split('.')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let is_device = RESERVED.contains(&device.as_str())
        || (device.len() == 4
            && (device.starts_with("com") || device.starts_with("lpt"))
            && device.ends_with(|c: char| c.is_ascii_digit()));
    if name.is_empty() || name.starts_with(['.', '-']) || name.ends_with('.') || is_device {
        name.insert(0, '_');
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn safe_keys_are_their_own_names() {
        let names = FileNames::new(["Bachelors", "1st-4th"].into_iter());
        assert_eq!(names.of("Bachelors"), "Bachelors.cbor");
        assert_eq!(names.of("1st-4th"), "1st-4th.cbor");
    }

    #[test]
    fn ugly_keys_have_safe_and_distinct_names() {
        let long = "x".repeat(300);
        let longer = "x".repeat(301);
        let keys = [
            "../x", "a/b", "a_b", "a b", "", ".", "..", "Paris", "paris", "CON", "con.txt", "_",
            "é", "-rf", "a\0b", "a\nb", &long, &longer,
        ];
        let names = FileNames::new(keys.into_iter());
        let files: HashSet<String> = keys
            .iter()
            .map(|key| names.of(key).to_lowercase())
            .collect();
        assert_eq!(files.len(), keys.len(), "{files:?}");
        for file in &files {
            assert!(file.len() <= 120, "{file}");
            assert!(!file.starts_with(['.', '-']), "{file}");
            assert!(
                file.chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-._+=".contains(c)),
                "{file}"
            );
        }
    }

    proptest! {
        #[test]
        fn distinct_keys_have_distinct_names(keys in prop::collection::hash_set(".{0,6}", 1..40)) {
            let names = FileNames::new(keys.iter().map(String::as_str));
            let files: HashSet<String> =
                keys.iter().map(|key| names.of(key).to_ascii_lowercase()).collect();
            prop_assert_eq!(files.len(), keys.len());
        }
    }
}
