//! A directory in a bucket.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use object_store::ObjectStore;

use super::super::layout::MANIFEST;
use super::block_cache::{BlockCache, SizedObject};
use super::contract::{
    Directory, Durability, Entry, FilePart, Prepared, StoredFile, WriteLock, check_range,
};
use super::memory::MemoryFile;
use super::object_versions::ObjectVersions;
use super::uploads::Uploads;
use crate::cloud::{Address, Bucket, ObjectPart};
use crate::error::{Error, Result, StoreError};

/// A directory in a bucket of Amazon S3 (`s3://`), Google Cloud Storage (`gs://`) or Azure Blob
/// Storage (`az://`), or in whatever has their interface.
///
/// Credentials, regions and endpoints are those of the environment, as the clouds' own tools have
/// them: `AWS_ACCESS_KEY_ID`, `AWS_PROFILE`, `AWS_REGION`, `AWS_ENDPOINT_URL`, the role of the
/// machine, and so on; `GOOGLE_APPLICATION_CREDENTIALS`; `AZURE_STORAGE_ACCOUNT_NAME`.
///
/// Objects cannot be renamed, but one can be put on condition that there is none of its name. So a
/// generation is written where it stays, in a folder of a name that no other run has, and its
/// manifest is `manifests/N.json`, put only if there is none of this number; the highest number is
/// current. There is no lock: of two runs that end at a time, one is told that the store was
/// [changed](StoreError::Changed). What is appended to a file lies in pieces beside it.
///
/// Clones share what they have read and what is on its way.
///
/// ```
/// use std::sync::Arc;
///
/// use object_store::memory::InMemory;
/// use per_entity::store::ObjectDirectory;
/// use per_entity::{CartTrainer, DatasetSpec, Store, Training};
/// use polars::prelude::*;
///
/// let frame = df!("store" => ["A", "A"], "hour" => [9, 17], "busy" => ["no", "yes"]).unwrap();
/// // Or "s3://bucket/models", in the place of a path.
/// let bucket = ObjectDirectory::in_store(Arc::new(InMemory::new()), "memory://bucket", "models");
/// let spec = DatasetSpec::new(["store"], "busy");
/// Training::new(spec, CartTrainer::default()).run(frame, bucket.clone())?;
/// assert_eq!(Store::open(bucket)?.model("A")?.classes(), ["no", "yes"]);
/// # Ok::<(), per_entity::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ObjectDirectory {
    root: Address,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    bucket: OnceLock<Bucket>,
    uploads: Uploads,
    blocks: BlockCache,
    /// Lengths of files in folders; of those that others made, none is ever replaced.
    lengths: Mutex<HashMap<String, u64>>,
    /// Folders that were made here; a bucket knows none that is empty.
    made: Mutex<HashSet<String>>,
    /// What was appended and has not been sent, and how many pieces were, by file.
    pieces: Mutex<HashMap<String, Pieces>>,
}

#[derive(Debug, Default)]
struct Pieces {
    sent: usize,
    waiting: Vec<u8>,
    /// When the last one was sent.
    since: Option<Instant>,
}

/// Where the versions of the manifest lie.
const MANIFESTS: &str = "manifests";

/// How the folder of the pieces of a file is called.
const PIECES: &str = ".pieces";

/// Bytes of a piece that need not be durable at once, and how long it waits for more.
const PIECE: usize = 64 << 10;
const PIECE_WAITS: Duration = Duration::from_secs(1);

/// No lock at all.
struct NoLock;

impl WriteLock for NoLock {}

/// What lies in a folder begins with this.
fn prefix(folder: &str) -> String {
    match folder {
        "" => String::new(),
        folder => format!("{folder}/"),
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change is a single step, so a panic elsewhere leaves nothing half-done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ObjectDirectory {
    /// The directory at an address, such as `s3://bucket/models`; nothing for a path of this machine.
    /// Whether the address can be reached shows when something is asked of it.
    pub fn at(address: impl AsRef<Path>) -> Option<Self> {
        Some(Self {
            root: Address::of(address)?,
            state: Arc::default(),
        })
    }

    /// The directory `folder` of any other store of objects, which must be able to put an object on
    /// condition that there is none of its name. `name` is what it is called in messages, such as
    /// `memory://tests`.
    pub fn in_store(store: Arc<dyn ObjectStore>, name: &str, folder: &str) -> Self {
        let root = Address {
            scheme: String::new(),
            bucket: name.to_owned(),
            key: folder.trim_matches('/').to_owned(),
        };
        let state = State::default();
        let _ = state.bucket.set(Bucket::new(store, name));
        Self {
            root,
            state: Arc::new(state),
        }
    }

    /// Whether the address has one of the schemes that can be reached: `s3`, `s3a`, `gs`, `az`,
    /// `azure`, `adl`, `abfs`, `abfss`.
    pub fn is_supported(&self) -> bool {
        self.root.is_supported()
    }

    fn bucket(&self) -> Result<&Bucket> {
        if let Some(bucket) = self.state.bucket.get() {
            return Ok(bucket);
        }
        let bucket = Bucket::connect(&self.root)?;
        Ok(self.state.bucket.get_or_init(|| bucket))
    }

    /// The bucket, once all that was put has arrived.
    fn settled(&self) -> Result<&Bucket> {
        self.send_pieces(|_| true)?;
        self.state.uploads.wait()?;
        self.bucket()
    }

    /// The bucket, once what was put at a name or below it has arrived.
    fn settled_at(&self, name: &str) -> Result<&Bucket> {
        let prefix = prefix(name);
        self.send_pieces(|file| file == name || file.starts_with(&prefix))?;
        self.state.uploads.wait_below(&self.key(name))?;
        self.state.uploads.wait_below(&(self.key(name) + PIECES))?;
        self.bucket()
    }

    /// Sends what was appended to some files and has not been sent.
    fn send_pieces(&self, is_sent: impl Fn(&str) -> bool) -> Result<()> {
        let waiting: Vec<String> = {
            let pieces = locked(&self.state.pieces);
            let waiting = pieces.iter().filter(|(_, piece)| !piece.waiting.is_empty());
            waiting.map(|(name, _)| name.clone()).collect()
        };
        let mut waiting = waiting.iter().filter(|name| is_sent(name));
        waiting.try_for_each(|name| self.send_piece(name))
    }

    fn key(&self, name: &str) -> String {
        self.root.below(name)
    }

    fn missing(&self, name: &str, kind: ErrorKind) -> Error {
        Error::io(self.path(name))(kind.into())
    }

    fn versions<'a>(&self, bucket: &'a Bucket) -> ObjectVersions<'a> {
        ObjectVersions {
            bucket,
            folder: self.key(MANIFESTS),
            plain: self.key(MANIFEST),
        }
    }

    fn forget(&self, name: &str) {
        let prefix = prefix(name);
        let is_kept = |other: &String| other != name && !other.starts_with(&prefix);
        locked(&self.state.lengths).retain(|other, _| is_kept(other));
        locked(&self.state.made).retain(is_kept);
        locked(&self.state.pieces).retain(|other, _| is_kept(other));
        self.state.uploads.forget(&self.key(name));
        self.state.uploads.forget(&(self.key(name) + PIECES));
        let key = self.key(name);
        self.state.blocks.forget(|other| other.starts_with(&key));
    }

    fn length(&self, bucket: &Bucket, name: &str) -> Result<Option<u64>> {
        if let Some(&length) = locked(&self.state.lengths).get(name) {
            return Ok(Some(length));
        }
        let length = bucket.look_up(&self.key(name))?.map(|found| found.size);
        if let Some(length) = length
            && name.contains('/')
        {
            locked(&self.state.lengths).insert(name.to_owned(), length);
        }
        Ok(length)
    }

    /// The keys of the pieces of a file, in their order.
    fn pieces(&self, bucket: &Bucket, name: &str) -> Result<Vec<String>> {
        let pieces = bucket.list_all(&(self.key(name) + PIECES))?.into_iter();
        Ok(pieces.map(|piece| piece.location.to_string()).collect())
    }

    /// A file that lies in pieces, in memory; nothing where there are none.
    fn open_pieces(&self, bucket: &Bucket, name: &str) -> Result<Option<MemoryFile>> {
        let pieces = self.pieces(bucket, name)?;
        if pieces.is_empty() {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        for key in pieces {
            bytes.extend(bucket.read(&key)?.unwrap_or_default());
        }
        Ok(Some(self.in_memory(name, bytes)))
    }

    fn in_memory(&self, name: &str, bytes: Vec<u8>) -> MemoryFile {
        MemoryFile {
            path: self.path(name),
            bytes: Arc::new(bytes),
        }
    }

    /// Sends what was appended to a file, also where that is nothing.
    fn send_piece(&self, name: &str) -> Result<()> {
        let (number, bytes) = {
            let mut pieces = locked(&self.state.pieces);
            let piece = pieces.entry(name.to_owned()).or_default();
            piece.sent += 1;
            piece.since = Some(Instant::now());
            (piece.sent, std::mem::take(&mut piece.waiting))
        };
        let key = format!("{}{PIECES}/{number:08}", self.key(name));
        self.state.uploads.put(self.bucket()?, &key, &bytes)
    }

    fn has_folder(&self, name: &str) -> Result<bool> {
        let is_made = locked(&self.state.made).contains(name);
        Ok(is_made || self.settled_at(name)?.has_any(&self.key(name))?)
    }

    /// Refuses a folder that lacks what was put into it, or has something else in its place.
    fn check_sent(&self, bucket: &Bucket, folder: &str) -> Result<()> {
        let sent = self.state.uploads.sent_below(&self.key(folder));
        if folder.is_empty() || sent.is_empty() {
            return Ok(());
        }
        let found = bucket.list_all(&self.key(folder))?.into_iter();
        let found: BTreeMap<String, u64> = found
            .map(|object| (object.location.to_string(), object.size))
            .collect();
        let lost = sent
            .iter()
            .find(|(key, length)| found.get(key) != Some(length));
        match lost {
            None => Ok(()),
            Some((key, _)) => {
                let problem = "was removed or replaced by somebody else while it was needed; run the same again";
                Err(Error::bad_store(bucket.path(key), problem))
            }
        }
    }

    /// The keys of whatever lies at a name and below it.
    fn all_at(&self, bucket: &Bucket, name: &str) -> Result<Vec<String>> {
        let key = self.key(name);
        let mut keys = Vec::new();
        if !name.is_empty() && bucket.look_up(&key)?.is_some() {
            keys.push(key.clone());
        }
        for below in [key.clone(), key + PIECES] {
            let found = bucket.list_all(&below)?.into_iter();
            keys.extend(found.map(|object| object.location.to_string()));
        }
        Ok(keys)
    }
}

impl Directory for ObjectDirectory {
    fn path(&self, name: &str) -> PathBuf {
        let address = match self.root.below(name).as_str() {
            "" => self.root.bucket.clone(),
            key => format!("{}/{key}", self.root.bucket),
        };
        address.into()
    }

    fn is_on_disk(&self) -> bool {
        false
    }

    fn renames_at_once(&self) -> bool {
        false
    }

    fn create(&self) -> Result<bool> {
        self.state.uploads.begin();
        let is_there = self.settled()?.has_any(&self.key(""))?;
        let is_made = !locked(&self.state.made).insert(String::new());
        Ok(!is_there && !is_made)
    }

    fn remove_if_empty(&self) {
        let is_empty = |bucket: &Bucket| bucket.has_any(&self.key("")).is_ok_and(|any| !any);
        if self.settled().is_ok_and(is_empty) {
            locked(&self.state.made).remove("");
        }
    }

    fn open(&self, name: &str) -> Result<Box<dyn StoredFile>> {
        let bucket = self.settled_at(name)?;
        if name == MANIFEST {
            let (_, bytes) = self
                .versions(bucket)
                .newest()?
                .ok_or_else(|| self.missing(name, ErrorKind::NotFound))?;
            return Ok(Box::new(self.in_memory(name, bytes)));
        }
        if let Some(length) = self.length(bucket, name)? {
            return Ok(Box::new(ObjectFile {
                path: self.path(name),
                object: SizedObject {
                    bucket: bucket.clone(),
                    key: self.key(name).into(),
                    length,
                },
                state: self.state.clone(),
            }));
        }
        match self.open_pieces(bucket, name)? {
            Some(file) => Ok(Box::new(file)),
            None => Err(self.missing(name, ErrorKind::NotFound)),
        }
    }

    fn read_parts(&self, parts: &[FilePart]) -> Vec<Result<Vec<u8>>> {
        let wanted = |part: &FilePart| ObjectPart {
            key: self.key(&part.name),
            range: part.offset..part.offset.saturating_add(part.length),
            version: None,
        };
        let settled = parts.iter().map(|part| self.settled_at(&part.name));
        match settled
            .collect::<Result<Vec<_>>>()
            .and_then(|_| self.bucket())
        {
            Ok(bucket) => bucket.read_parts(&parts.iter().map(wanted).collect::<Vec<_>>()),
            // Each tells of it.
            Err(_) => parts
                .iter()
                .map(|part| self.open(&part.name)?.read(part.offset, part.length))
                .collect(),
        }
    }

    fn list(&self, name: &str) -> Result<Vec<Entry>> {
        let bucket = self.settled_at(name)?;
        let listing = bucket.list(&self.key(name))?;
        let mut found: BTreeMap<String, bool> = BTreeMap::new();
        for folder in listing.folders {
            let file = match folder.strip_suffix(PIECES) {
                _ if name.is_empty() && folder == MANIFESTS => {
                    let is_there = self.versions(bucket).is_there()?;
                    is_there.then_some(MANIFEST)
                }
                file => file,
            };
            match file {
                Some(file) => found.insert(file.to_owned(), false),
                None => found.insert(folder, true),
            };
        }
        found.extend(listing.objects.into_iter().map(|object| (object, false)));
        let prefix = prefix(name);
        for made in locked(&self.state.made).iter() {
            let within = made.strip_prefix(&prefix).filter(|rest| !rest.is_empty());
            if let Some(folder) = within.filter(|rest| !rest.contains('/')) {
                found.entry(folder.to_owned()).or_insert(true);
            }
        }
        let entry = |(name, is_folder)| Entry { name, is_folder };
        Ok(found.into_iter().map(entry).collect())
    }

    fn is_folder(&self, name: &str) -> bool {
        // Whoever asks of what is there is told by what comes next that it cannot be reached.
        self.has_folder(name).unwrap_or(true)
    }

    fn idle_for(&self, folder: &str) -> Result<Option<Duration>> {
        let found = self.settled_at(folder)?.list_all(&self.key(folder))?;
        let newest = found.iter().map(|object| object.last_modified).max();
        let age = newest.map(|newest| (chrono::Utc::now() - newest).to_std().unwrap_or_default());
        Ok(Some(age.unwrap_or(Duration::MAX)))
    }

    fn create_folder(&self, name: &str) -> Result<()> {
        if self.has_folder(name)? {
            return Err(self.missing(name, ErrorKind::AlreadyExists));
        }
        locked(&self.state.made).insert(name.to_owned());
        Ok(())
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let bucket = self.bucket()?;
        let key = match name {
            MANIFEST => self.versions(self.settled()?).newest_key()?,
            name => self.key(name),
        };
        locked(&self.state.lengths).remove(name);
        self.state.blocks.forget(|other| other == key);
        self.state.uploads.put(bucket, &key, bytes)
    }

    fn append(&self, name: &str, bytes: &[u8], durability: Durability) -> Result<()> {
        let is_new = !locked(&self.state.pieces).contains_key(name);
        let sent = match is_new {
            true => self.pieces(self.bucket()?, name)?.len(),
            false => 0,
        };
        let is_due = {
            let mut pieces = locked(&self.state.pieces);
            let piece = pieces.entry(name.to_owned()).or_insert_with(|| Pieces {
                sent,
                ..Pieces::default()
            });
            piece.waiting.extend_from_slice(bytes);
            // A file is there from the first time on that something is appended, be it nothing.
            let is_old = piece
                .since
                .is_none_or(|since| since.elapsed() > PIECE_WAITS);
            is_old || piece.waiting.len() >= PIECE
        };
        match is_due || durability == Durability::Now {
            true => self.send_piece(name),
            false => Ok(()),
        }
    }

    fn sync(&self, name: &str) -> Result<()> {
        let bucket = self.settled()?;
        self.check_sent(bucket, name)
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        let bucket = self.settled()?;
        let keys = self.all_at(bucket, from)?;
        if keys.is_empty() {
            return Err(self.missing(from, ErrorKind::NotFound));
        }
        let (old, new) = (self.key(from), self.key(to));
        for key in &keys {
            let rest = key.strip_prefix(&old).unwrap_or_default();
            bucket.copy(key, &format!("{new}{rest}"))?;
        }
        self.forget(from);
        self.forget(to);
        bucket.remove(keys)
    }

    fn remove(&self, name: &str) -> Result<()> {
        let bucket = self.settled()?;
        if name == MANIFEST {
            return self.versions(bucket).remove();
        }
        let keys = self.all_at(bucket, name)?;
        self.forget(name);
        bucket.remove(keys)
    }

    fn prepare(&self, name: &str, bytes: &[u8]) -> Result<Prepared> {
        Ok(Prepared {
            name: name.to_owned(),
            bytes: bytes.to_vec(),
        })
    }

    fn commit(&self, prepared: Prepared, expected: Option<&[u8]>) -> Result<()> {
        let bucket = self.settled()?;
        let name = prepared.name.as_str();
        if name != MANIFEST {
            let problem = format!("{name} cannot be replaced at once, only the manifest can");
            return Err(Error::Defect(problem));
        }
        let replaced = self.versions(bucket).replace(expected, &prepared.bytes);
        replaced.map_err(|error| match error {
            Error::Store(StoreError::Changed { .. }) => {
                let path = self.path(name);
                StoreError::Changed { path }.into()
            }
            other => other,
        })
    }

    fn lock(&self, _: &str) -> Result<Box<dyn WriteLock>> {
        Ok(Box::new(NoLock))
    }
}

struct ObjectFile {
    path: PathBuf,
    object: SizedObject,
    state: Arc<State>,
}

impl StoredFile for ObjectFile {
    fn length(&self) -> u64 {
        self.object.length
    }

    fn read(&self, offset: u64, length: u64) -> Result<Vec<u8>> {
        check_range(self.path.clone(), self.object.length, offset, length)?;
        self.state.blocks.read(&self.object, offset, length)
    }
}
