//! What is done with the generations of a store: going back, clearing up.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use super::commit::{is_durable, replace};
use super::directory::{Location, WriteLock};
use super::layout::{JOURNAL, LOCK};
use super::leftovers::Leftovers;
use super::manifest::{Generation, Manifest, now};
use super::verify::check_whole;
use crate::error::Result;
use crate::schema::{Span, Timestamp};

/// Makes an earlier or later generation the current one, once every digest and every model of it
/// was found to be right.
///
/// Where the system does not say that the change outlasts a power cut, a warning in the log tells of
/// it.
///
/// # Errors
///
/// [`StoreError::Missing`](crate::error::StoreError::Missing) where there is no store,
/// [`StoreError::UnknownGeneration`](crate::error::StoreError::UnknownGeneration),
/// [`StoreError::Damaged`](crate::error::StoreError::Damaged) for one that is damaged,
/// [`StoreError::Locked`](crate::error::StoreError::Locked) while another run writes,
/// [`Error::Io`](crate::Error::Io). Then the current generation is the one before.
pub fn rollback(directory: impl Into<Location>, number: u64) -> Result<Manifest> {
    let mut open = OpenManifest::lock(directory.into())?;
    check_whole(&open.directory, &open.manifest, number)?;
    open.manifest.make_current(number);
    open.replace()?;
    is_durable(&open.directory);
    Ok(open.manifest)
}

/// What [`prune`] did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pruned {
    /// The folders that were removed.
    pub removed: Vec<PathBuf>,
    /// Generations that are kept only because somebody may still read them.
    pub recent: Vec<u64>,
    /// What begins like a generation or a staging folder, and is none, so that it stays.
    pub left: Vec<PathBuf>,
    /// Folders without a commit that stay because something was written to them within a day: where
    /// there is no lock, their runs may still go on.
    pub running: Vec<PathBuf>,
    /// What could not be done; the same again does the rest.
    pub problems: Vec<String>,
}

/// Removes all but the newest `keep` generations and the current one, and what interrupted runs
/// left. A generation that was the current one within the last `keep_for` stays, too, for somebody
/// may still read it; whoever reads a generation that is removed gets an error.
///
/// Nothing but folders that have exactly a name of the store's own is removed.
///
/// # Errors
///
/// As [`rollback`], but for generations that there are not. What goes wrong once the manifest no
/// longer names what is to be removed is among the [`problems`](Pruned::problems).
pub fn prune(
    directory: impl Into<Location>,
    keep: usize,
    keep_for: Option<Span>,
) -> Result<Pruned> {
    let mut open = OpenManifest::lock(directory.into())?;
    let mut pruned = Pruned::default();
    let kept = kept(&open.manifest, keep);
    let since = keep_for.map(|span| now().parse().ok().and_then(|now| span.before(now)));
    let before = open.manifest.clone();
    open.manifest.generations.retain(|generation| {
        let is_kept = kept.contains(&generation.number);
        let is_recent =
            !is_kept && since.is_some_and(|since| is_read_after(&before, generation, since));
        pruned.recent.extend(is_recent.then_some(generation.number));
        is_kept || is_recent
    });
    // First no longer named, then removed: a reader never meets a name without a directory.
    if open.manifest.generations.len() < before.generations.len() {
        open.replace()?;
    }
    pruned.remove_unnamed(&open, &before);
    Ok(pruned)
}

/// The numbers of the newest generations and of the current one.
fn kept(manifest: &Manifest, keep: usize) -> HashSet<u64> {
    let mut numbers: Vec<u64> = manifest.generations.iter().map(|g| g.number).collect();
    numbers.sort_unstable_by(|a, b| b.cmp(a));
    // The newest stays in any case, so that no number is given twice.
    numbers.truncate(keep.max(1));
    numbers.push(manifest.current);
    numbers.into_iter().collect()
}

/// Whether a generation was the current one after some time. Of one of an earlier version that is
/// known by the next one; where it is not known, it may have been. No time is before all times.
fn is_read_after(manifest: &Manifest, generation: &Generation, time: Option<Timestamp>) -> bool {
    let until = generation.current_until.as_ref().or_else(|| {
        let generations = manifest.generations.iter();
        let later = generations.filter(|other| other.number > generation.number);
        let next = later.min_by_key(|other| other.number);
        next.map(|next| &next.created)
    });
    let until = until.and_then(|until| until.parse::<Timestamp>().ok());
    let both = until.zip(time);
    both.is_none_or(|(until, time)| until > time)
}

impl Pruned {
    /// Removes what the manifest, as it is now, does not name. What it named `before` is nobody's
    /// unfinished work.
    fn remove_unnamed(&mut self, open: &OpenManifest, before: &Manifest) {
        let directory = &open.directory;
        // A power cut must not bring back a manifest that names what is removed now.
        let found = directory.sync("").and_then(|()| Leftovers::find(directory));
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                self.problems.push(format!("{error}; nothing was removed"));
                return;
            }
        };
        let unnamed = found.generations.into_iter();
        let unnamed = unnamed.filter(|folder| !open.manifest.names(folder));
        for folder in unnamed.chain(found.staging) {
            let path = directory.path(&folder);
            let is_over = match before.names(&folder) {
                true => Ok(true),
                false => directory
                    .idle_for(&folder)
                    .map(|idle| idle.is_none_or(|idle| idle > RUNNING_FOR)),
            };
            match is_over.and_then(|is_over| match is_over {
                true => directory.remove(&folder).map(|()| &mut self.removed),
                false => Ok(&mut self.running),
            }) {
                Ok(folders) => folders.push(path),
                Err(error) => self.problems.push(error.to_string()),
            }
        }
        for generation in &open.manifest.generations {
            // There is one where a run was interrupted after its commit.
            let _ = directory.remove(&format!("{}/{JOURNAL}", generation.directory));
        }
        let left = found.alike.iter().map(|name| directory.path(name));
        self.left.extend(left);
    }
}

/// A run that has written nothing for so long is over, whatever became of it.
const RUNNING_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// A manifest that nobody else can write meanwhile.
struct OpenManifest {
    directory: Location,
    manifest: Manifest,
    bytes: Vec<u8>,
    _lock: Box<dyn WriteLock>,
}

impl OpenManifest {
    fn lock(directory: Location) -> Result<Self> {
        // Whether there is a store, before anything is written.
        Manifest::require(&directory)?;
        let lock = directory.lock(LOCK)?;
        let (manifest, bytes) = Manifest::require(&directory)?;
        Ok(Self {
            directory,
            manifest,
            bytes,
            _lock: lock,
        })
    }

    fn replace(&self) -> Result<()> {
        let prepared = self.manifest.prepare(&self.directory)?;
        replace(&self.directory, prepared, Some(&self.bytes))
    }
}
