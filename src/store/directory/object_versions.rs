//! A file of JSON that is replaced at once, as numbered objects of which the highest is the file.
//!
//! An object is put only if its number is not taken, so of many writers exactly one is next.

use std::io::ErrorKind;
use std::time::Duration;

use crate::cloud::Bucket;
use crate::error::{Error, Result, StoreError};

/// So long, versions that were replaced stay: longer than any request that is under way, so that none
/// puts a number anew that was removed.
const SUPERSEDED_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// How often a conflict is tried again that nobody won, and how long after the first one. The waits
/// double.
const CONFLICTS: u32 = 6;
const AFTER_CONFLICT: Duration = Duration::from_millis(100);

/// The versions of a file.
pub(super) struct ObjectVersions<'a> {
    pub bucket: &'a Bucket,
    /// The folder that they lie in.
    pub folder: String,
    /// The file itself, which is there where a store was copied from a disk. Any version is newer.
    pub plain: String,
}

/// Whether an error means that nothing was done and nothing will be.
fn is_refused(error: &Error) -> bool {
    let Error::Io { cause, .. } = error else {
        return false;
    };
    let kinds = [ErrorKind::PermissionDenied, ErrorKind::InvalidInput];
    kinds.contains(&cause.kind())
}

/// A version that is there.
struct Version {
    number: u64,
    key: String,
    /// How long ago it was written, by the clocks of the cloud and of this machine.
    age: Duration,
}

impl ObjectVersions<'_> {
    fn key(&self, number: u64) -> String {
        format!("{}/{number}.json", self.folder)
    }

    /// All versions, by their numbers.
    fn list(&self) -> Result<Vec<Version>> {
        let now = chrono::Utc::now();
        let found = self.bucket.list_all(&self.folder)?.into_iter();
        let versions = found.filter_map(|object| {
            let name = object.location.filename()?;
            let number = name.strip_suffix(".json")?.parse().ok()?;
            let key = object.location.to_string();
            let age = (now - object.last_modified).to_std().unwrap_or_default();
            (key == self.key(number)).then_some(Version { number, key, age })
        });
        let mut versions: Vec<Version> = versions.collect();
        versions.sort_by_key(|version| version.number);
        Ok(versions)
    }

    /// Whether there is any version.
    pub fn is_there(&self) -> Result<bool> {
        Ok(!self.list()?.is_empty() || self.bucket.look_up(&self.plain)?.is_some())
    }

    /// The number and the content of the newest version; nothing where there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn newest(&self) -> Result<Option<(u64, Vec<u8>)>> {
        let (number, key) = match self.list()?.pop() {
            Some(newest) => (newest.number, newest.key),
            None => (0, self.plain.clone()),
        };
        match self.bucket.read(&key)? {
            Some(bytes) => Ok(Some((number, bytes))),
            None if number == 0 => Ok(None),
            None => {
                let problem = "was removed while it was read; run the same again";
                Err(Error::bad_store(self.bucket.path(&key), problem))
            }
        }
    }

    /// Adds the version behind the newest one, if that is still what was `expected`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Changed`] and [`Error::Io`].
    pub fn replace(&self, expected: Option<&[u8]>, bytes: &[u8]) -> Result<()> {
        let (number, content) = self.newest()?.unzip();
        if content.as_deref() != expected {
            return Err(self.changed());
        }
        self.put(number.unwrap_or(0) + 1, bytes)?;
        // Nobody is harmed by what cannot be removed now.
        let _ = self.forget_superseded();
        Ok(())
    }

    fn put(&self, number: u64, bytes: &[u8]) -> Result<()> {
        let key = self.key(number);
        let mut wait = AFTER_CONFLICT;
        for _ in 0..CONFLICTS {
            let put = self.bucket.put_if_absent(&key, bytes);
            if let Ok(true) = put {
                return Ok(());
            }
            // A put that was sent again can meet itself, and one that seems to have failed may have
            // been done.
            match (self.bucket.read(&key), put) {
                (Ok(Some(found)), _) if found == bytes => return Ok(()),
                (Ok(Some(_)), _) => return Err(self.changed()),
                // It was refused for certain, or it may be done yet.
                (Ok(None), Err(error)) if is_refused(&error) => return Err(error),
                (Ok(None), Err(error)) => return Err(self.unknown(&error)),
                (Err(error), _) => return Err(self.unknown(&error)),
                // Others were putting it, and none of them had done so.
                (Ok(None), Ok(_)) => std::thread::sleep(wait),
            }
            wait *= 2;
        }
        Err(self.changed())
    }

    fn changed(&self) -> Error {
        let path = self.bucket.path(&self.folder);
        StoreError::Changed { path }.into()
    }

    fn unknown(&self, error: &Error) -> Error {
        let problem = format!(
            "{error}; whether the change was committed cannot be told now, so look at the generations of the store before the same is run again"
        );
        Error::io(self.bucket.path(&self.folder))(std::io::Error::other(problem))
    }

    /// Removes versions that were replaced long ago.
    fn forget_superseded(&self) -> Result<()> {
        let versions = self.list()?;
        let superseded = versions.windows(2).filter_map(|pair| match pair {
            [old, next] if next.age > SUPERSEDED_FOR => Some(old.key.clone()),
            _ => None,
        });
        self.bucket.remove(superseded.collect())
    }

    /// The key of the newest version, or of the first one where there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn newest_key(&self) -> Result<String> {
        let newest = self.list()?.pop();
        Ok(newest.map_or_else(|| self.key(1), |version| version.key))
    }

    /// Removes all versions.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn remove(&self) -> Result<()> {
        let versions = self.list()?.into_iter().map(|version| version.key);
        self.bucket
            .remove(versions.chain([self.plain.clone()]).collect())
    }
}
