//! Where an object lies.

use std::fmt::{Display, Formatter};
use std::path::{Path, PathBuf};

/// Where an object lies, or a tree of them: `s3://bucket/folder/object`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// `s3`.
    pub scheme: String,
    /// `s3://bucket`.
    pub bucket: String,
    /// `folder/object`; empty for the bucket itself.
    pub key: String,
}

/// The schemes of addresses that can be reached.
const SCHEMES: [&str; 8] = ["s3", "s3a", "gs", "az", "azure", "adl", "abfs", "abfss"];

impl Address {
    /// The address that a path says; nothing where it is one of this machine. Whether there is
    /// anything of the kind shows when it is asked for.
    pub fn of(path: impl AsRef<Path>) -> Option<Self> {
        let text = path.as_ref().to_str()?;
        let (scheme, rest) = text.split_once("://").or_else(|| {
            // What takes paths apart and puts them together makes one slash of two.
            let (scheme, rest) = text.split_once(":/")?;
            SCHEMES.contains(&scheme).then_some((scheme, rest))
        })?;
        let is_scheme = |text: &str| {
            text.starts_with(|first: char| first.is_ascii_alphabetic())
                && text
                    .chars()
                    .all(|other| other.is_ascii_alphanumeric() || "+-.".contains(other))
        };
        if !is_scheme(scheme) {
            return None;
        }
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        Some(Self {
            scheme: scheme.to_ascii_lowercase(),
            bucket: format!("{scheme}://{bucket}"),
            key: key.trim_end_matches('/').to_owned(),
        })
    }

    /// Whether the scheme is one that can be reached.
    pub fn is_supported(&self) -> bool {
        SCHEMES.contains(&self.scheme.as_str())
    }

    /// As a path, for messages.
    pub fn path(&self) -> PathBuf {
        self.to_string().into()
    }

    /// The key of what lies below.
    pub fn below(&self, name: &str) -> String {
        match (self.key.as_str(), name) {
            (key, "") => key.to_owned(),
            ("", name) => name.to_owned(),
            (key, name) => format!("{key}/{name}"),
        }
    }
}

impl Display for Address {
    fn fmt(&self, formatter: &mut Formatter) -> std::fmt::Result {
        match self.key.as_str() {
            "" => formatter.write_str(&self.bucket),
            key => write!(formatter, "{}/{key}", self.bucket),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_bucket_and_a_key() {
        let parts = |text| {
            let address = Address::of(text)?;
            Some((address.scheme, address.bucket, address.key))
        };
        let some = |a: &str, b: &str, c: &str| Some((a.into(), b.into(), c.into()));
        assert_eq!(parts("s3://b/x/y.csv"), some("s3", "s3://b", "x/y.csv"));
        assert_eq!(parts("s3://b/x/"), some("s3", "s3://b", "x"));
        assert_eq!(parts("gs://b"), some("gs", "gs://b", ""));
        assert_eq!(parts("hdfs://b/x"), some("hdfs", "hdfs://b", "x"));
        assert_eq!(parts("s3:/b/x"), some("s3", "s3://b", "x"));
        let of_this_machine = [
            "models", "/a/b", "hdfs:/b", "./s3:/b", "a b://c", "://c", "1://c",
        ];
        assert!(of_this_machine.iter().all(|path| parts(path).is_none()));
    }

    #[test]
    fn names_lie_below_an_address() {
        let address = Address::of("s3://b/x").unwrap();
        assert_eq!(
            (address.below("y").as_str(), address.below("").as_str()),
            ("x/y", "x")
        );
        assert_eq!(Address::of("s3://b/").unwrap().below("y"), "y");
        assert_eq!(address.to_string(), "s3://b/x");
    }
}
