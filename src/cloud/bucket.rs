//! What can be done with the objects of a bucket.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{ErrorKind, Read, Seek};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::stream::{self, FuturesUnordered, StreamExt, TryStreamExt};
use object_store::path::Path as Key;
use object_store::{
    GetOptions, GetRange, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode,
    PutPayload,
};

use super::address::Address;
use super::client::{client, environment};
use super::runtime::wait_for;
use crate::error::{Error, Result};

/// Bytes of a part of an object that is sent in parts; clouds want 5 MiB at least.
const PART: u64 = 8 << 20;

/// Requests that go on at a time.
const REQUESTS: usize = 32;

/// Parts of one object that are sent at a time.
const PARTS: usize = 4;

/// Ranges with at most so many bytes between them are asked for together, as much as takes about as
/// long as one more request; and so many bytes at a time, as long as there is anything between them.
const GAP: u64 = 64 << 10;
const WITH_GAPS: u64 = 1 << 20;

/// Where a machine in a cloud is asked for its credentials, as the last resort.
const METADATA: &str = "169.254.169.254";

const NOT_THERE: &str = "there is no such object";

/// A bucket, whose objects are told apart by their keys, and a client for it.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    pub(super) store: Arc<dyn ObjectStore>,
    /// `s3://bucket`, for messages.
    name: Arc<str>,
}

/// A part of an object.
#[derive(Clone, Debug)]
pub(crate) struct ObjectPart {
    pub key: String,
    pub range: Range<u64>,
    /// The version of the object that is meant; any where there is none.
    pub version: Option<String>,
}

/// What lies in a folder.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// The names of objects in it.
    pub objects: Vec<String>,
    /// The names of folders in it.
    pub folders: Vec<String>,
}

impl Bucket {
    /// The bucket of an address. Clients are kept, with their connections.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] for a scheme that is not known, and for what is wrong with the environment.
    pub fn connect(address: &Address) -> Result<Self> {
        static BUCKETS: Mutex<Option<HashMap<String, Bucket>>> = Mutex::new(None);
        let known = format!("{} {}", address.bucket, environment());
        let mut buckets = BUCKETS.lock().unwrap_or_else(PoisonError::into_inner);
        let buckets = buckets.get_or_insert_default();
        if let Some(bucket) = buckets.get(&known) {
            return Ok(bucket.clone());
        }
        let store = client(address);
        let store = store.map_err(|problem| {
            let cause = std::io::Error::new(ErrorKind::InvalidInput, problem);
            Error::io(address.path())(cause)
        })?;
        let bucket = Self::new(store, &address.bucket);
        buckets.insert(known, bucket.clone());
        Ok(bucket)
    }

    /// A bucket that a client is for.
    pub fn new(store: Arc<dyn ObjectStore>, name: &str) -> Self {
        Self {
            store,
            name: name.into(),
        }
    }

    /// How an object is called in messages.
    pub fn path(&self, key: &str) -> PathBuf {
        match key {
            "" => self.name.to_string().into(),
            key => format!("{}/{key}", self.name).into(),
        }
    }

    pub(super) fn failed(&self, key: &str, error: object_store::Error) -> Error {
        use object_store::Error as Cause;
        let (kind, problem) = match &error {
            Cause::NotFound { .. } => (ErrorKind::NotFound, NOT_THERE.into()),
            Cause::AlreadyExists { .. } => (ErrorKind::AlreadyExists, error.to_string()),
            Cause::Precondition { .. } => {
                let problem = "was replaced while it was read; read it again";
                (ErrorKind::InvalidData, problem.into())
            }
            Cause::PermissionDenied { .. } | Cause::Unauthenticated { .. } => {
                (ErrorKind::PermissionDenied, told_by(&error.to_string()))
            }
            Cause::InvalidPath { .. } => (ErrorKind::InvalidInput, error.to_string()),
            _ => (ErrorKind::Other, told_by(&error.to_string())),
        };
        Error::io(self.path(key))(std::io::Error::new(kind, problem))
    }

    fn key(&self, key: &str) -> Result<Key> {
        Key::parse(key).map_err(|error| self.failed(key, error.into()))
    }

    /// What is known of an object; nothing where there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], as all that follow.
    pub fn look_up(&self, key: &str) -> Result<Option<ObjectMeta>> {
        let path = self.key(key)?;
        match wait_for(self.store.head(&path))? {
            Ok(found) => Ok(Some(found)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed(key, error)),
        }
    }

    /// All of an object, as a part of it, of the version that it has now.
    pub fn whole(&self, key: &str) -> Result<ObjectPart> {
        let Some(found) = self.look_up(key)? else {
            let cause = std::io::Error::new(ErrorKind::NotFound, NOT_THERE);
            return Err(Error::io(self.path(key))(cause));
        };
        Ok(ObjectPart {
            key: key.to_owned(),
            range: 0..found.size,
            version: found.e_tag,
        })
    }

    /// A whole object, which is short; nothing where there is none.
    pub fn read(&self, key: &str) -> Result<Option<Vec<u8>>> {
        let path = self.key(key)?;
        let read = async { self.store.get(&path).await?.bytes().await };
        match wait_for(read)? {
            Ok(bytes) => Ok(Some(bytes.to_vec())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed(key, error)),
        }
    }

    /// Parts of objects, in their order. Those that lie close to each other are asked for together,
    /// and many at a time.
    pub fn read_parts(&self, parts: &[ObjectPart]) -> Vec<Result<Vec<u8>>> {
        let together = together(parts);
        let mut read: Vec<Option<Result<Vec<u8>>>> = parts.iter().map(|_| None).collect();
        // What lies between parts goes as soon as it has come.
        let cut = stream::iter(&together)
            .map(|group| async {
                let bytes = self.fetch(&group.whole).await.ok()?;
                let cut = |&number: &usize| {
                    let range = &parts[number].range;
                    let start = (range.start - group.whole.range.start) as usize;
                    let length = (range.end - range.start) as usize;
                    (number, bytes[start..][..length].to_vec())
                };
                Some(group.parts.iter().map(cut).collect::<Vec<_>>())
            })
            .buffered(REQUESTS)
            .for_each(|cut| {
                for (number, bytes) in cut.into_iter().flatten() {
                    read[number] = Some(Ok(bytes));
                }
                std::future::ready(())
            });
        // Where nothing could be waited for, each part tells of it.
        let _ = wait_for(cut);
        // Where a group could not be read, each of its parts tells of its own error.
        let read = read.into_iter().zip(parts);
        read.map(|(read, part)| read.unwrap_or_else(|| self.read_part(part)))
            .collect()
    }

    fn read_part(&self, part: &ObjectPart) -> Result<Vec<u8>> {
        Ok(wait_for(self.fetch(part))??.to_vec())
    }

    async fn fetch(&self, part: &ObjectPart) -> Result<Bytes> {
        let ObjectPart {
            key,
            range,
            version,
        } = part;
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let length = range.end - range.start;
        let path = self.key(key)?;
        let fetched = fetch(&self.store, &path, range.clone(), version.clone()).await;
        let bytes = fetched.map_err(|error| self.failed(key, error))?;
        match bytes.len() as u64 == length {
            true => Ok(bytes),
            false => {
                let cause = std::io::Error::new(ErrorKind::UnexpectedEof, "is too short");
                Err(Error::io(self.path(key))(cause))
            }
        }
    }

    /// Writes an object, of which nothing is seen before all of it is there.
    pub async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<()> {
        if bytes.len() as u64 > PART {
            return self.put_long(key, &mut bytes.as_slice()).await;
        }
        let put = self.store.put(&self.key(key)?, bytes.into()).await;
        put.map(drop).map_err(|error| self.failed(key, error))
    }

    /// The same of what a file holds.
    pub fn put_file(&self, key: &str, mut file: &File) -> Result<()> {
        let failed = || Error::io(self.path(key));
        file.rewind().map_err(failed())?;
        if file.metadata().map_err(failed())?.len() > PART {
            return wait_for(self.put_long(key, &mut file))?;
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed())?;
        wait_for(self.put(key, bytes))?
    }

    /// Sends an object in parts; those of one that fails are removed.
    async fn put_long(&self, key: &str, content: &mut (impl Read + Send)) -> Result<()> {
        let upload = self.store.put_multipart(&self.key(key)?).await;
        let mut upload = upload.map_err(|error| self.failed(key, error))?;
        let sent = send_parts(&mut *upload, content).await;
        if sent.is_err() {
            let _ = upload.abort().await;
        }
        sent.map_err(|error| match error {
            Unsent::Read(error) => Error::io(self.path(key))(error),
            Unsent::Answer(error) => self.failed(key, error),
        })
    }

    /// Writes an object that is not there yet. Says whether it was so.
    pub fn put_if_absent(&self, key: &str, bytes: &[u8]) -> Result<bool> {
        let payload = PutPayload::from(bytes.to_vec());
        let path = self.key(key)?;
        match wait_for(self.store.put_opts(&path, payload, PutMode::Create.into()))? {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(self.failed(key, error)),
        }
    }

    /// Gives an object another key as well.
    pub fn copy(&self, from: &str, to: &str) -> Result<()> {
        let (from_key, to_key) = (self.key(from)?, self.key(to)?);
        wait_for(self.store.copy(&from_key, &to_key))?.map_err(|error| self.failed(from, error))
    }

    /// Removes objects. What is not there is not an error.
    pub fn remove(&self, keys: Vec<String>) -> Result<()> {
        let first = keys.first().cloned().unwrap_or_default();
        let keys: Vec<Key> = keys
            .iter()
            .map(|key| self.key(key))
            .collect::<Result<_>>()?;
        let removed = self.store.delete_stream(stream::iter(keys).map(Ok).boxed());
        let is_there = |removed: &object_store::Result<Key>| {
            let is_missing = matches!(removed, Err(object_store::Error::NotFound { .. }));
            std::future::ready(!is_missing)
        };
        let removed = removed.filter(is_there).try_for_each(|_| async { Ok(()) });
        wait_for(removed)?.map_err(|error| self.failed(&first, error))
    }

    /// All objects whose keys lie below one, in the order of their keys. Those that only stand for
    /// folders are none.
    pub fn list_all(&self, below: &str) -> Result<Vec<ObjectMeta>> {
        let prefix = self.key(below)?;
        let listed = self.store.list(Some(&prefix)).try_collect::<Vec<_>>();
        let mut found = wait_for(listed)?.map_err(|error| self.failed(below, error))?;
        found.sort_by(|one, other| one.location.cmp(&other.location));
        Ok(without_markers(found, &prefix))
    }

    /// Whether anything lies below a key.
    pub fn has_any(&self, below: &str) -> Result<bool> {
        let prefix = self.key(below)?;
        let mut listed = self.store.list(Some(&prefix));
        let first = wait_for(listed.next())?;
        first
            .transpose()
            .map(|first| first.is_some())
            .map_err(|error| self.failed(below, error))
    }

    /// What lies in the folder that a key is.
    pub fn list(&self, folder: &str) -> Result<Listing> {
        let prefix = self.key(folder)?;
        let listed = wait_for(self.store.list_with_delimiter(Some(&prefix)))?;
        let listed = listed.map_err(|error| self.failed(folder, error))?;
        let name = |key: &Key| key.filename().map(str::to_owned);
        let objects = without_markers(listed.objects, &prefix).into_iter();
        let objects: Vec<Key> = objects.map(|object| object.location).collect();
        Ok(Listing {
            objects: objects.iter().filter_map(name).collect(),
            folders: listed.common_prefixes.iter().filter_map(name).collect(),
        })
    }
}

/// Why an object was not sent.
enum Unsent {
    Read(std::io::Error),
    Answer(object_store::Error),
}

/// Sends all parts of an object, some at a time.
async fn send_parts(
    upload: &mut dyn MultipartUpload,
    content: &mut (impl Read + Send),
) -> std::result::Result<(), Unsent> {
    let mut under_way = FuturesUnordered::new();
    loop {
        let mut part = Vec::new();
        let read = content.by_ref().take(PART).read_to_end(&mut part);
        if read.map_err(Unsent::Read)? == 0 {
            break;
        }
        under_way.push(upload.put_part(part.into()));
        if under_way.len() >= PARTS {
            under_way.try_next().await.map_err(Unsent::Answer)?;
        }
    }
    while under_way
        .try_next()
        .await
        .map_err(Unsent::Answer)?
        .is_some()
    {}
    upload.complete().await.map(drop).map_err(Unsent::Answer)
}

/// A range of an object, as long as it is of the version that is meant.
pub(super) async fn fetch(
    store: &Arc<dyn ObjectStore>,
    key: &Key,
    range: Range<u64>,
    version: Option<String>,
) -> object_store::Result<Bytes> {
    let options = GetOptions {
        range: Some(GetRange::Bounded(range)),
        if_match: version,
        ..GetOptions::default()
    };
    store.get_opts(key, options).await?.bytes().await
}

/// Objects without those, of no bytes, by which some programs make folders: their names are those of
/// folders, for clients leave out the slash at the end.
fn without_markers(objects: Vec<ObjectMeta>, prefix: &Key) -> Vec<ObjectMeta> {
    let mut folders: HashSet<String> = HashSet::from([prefix.to_string()]);
    for object in &objects {
        let key = object.location.as_ref();
        folders.extend(key.match_indices('/').map(|(end, _)| key[..end].to_owned()));
    }
    let is_marker =
        |object: &ObjectMeta| object.size == 0 && folders.contains(object.location.as_ref());
    objects
        .into_iter()
        .filter(|object| !is_marker(object))
        .collect()
}

/// Parts of one object that are asked for together.
struct Group {
    whole: ObjectPart,
    /// Their numbers.
    parts: Vec<usize>,
}

fn together(parts: &[ObjectPart]) -> Vec<Group> {
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|&number| (&parts[number].key, parts[number].range.start));
    let mut groups: Vec<Group> = Vec::new();
    for number in order {
        let part = &parts[number];
        if let Some(Group { whole, parts }) = groups.last_mut()
            && whole.key == part.key
            && whole.version == part.version
            && part.range.start <= whole.range.end.saturating_add(GAP)
            && part.range.end.saturating_sub(whole.range.start) <= WITH_GAPS
        {
            whole.range.end = whole.range.end.max(part.range.end);
            parts.push(number);
            continue;
        }
        groups.push(Group {
            whole: part.clone(),
            parts: vec![number],
        });
    }
    groups
}

/// What a message says: of an answer in XML, as clouds give it, the text that is for people; else all
/// of it, in one line.
fn told_by(message: &str) -> String {
    if message.contains(METADATA) {
        return "there are no credentials in the environment, and this machine has no role that gives any; set AWS_ACCESS_KEY_ID or AWS_PROFILE, GOOGLE_APPLICATION_CREDENTIALS, or AZURE_STORAGE_ACCOUNT_KEY".into();
    }
    let text = message.split_once("<Message>");
    let text = text.and_then(|(_, rest)| rest.split_once("</Message>"));
    match text {
        Some((text, _)) if !text.trim().is_empty() => format!("the answer is '{}'", text.trim()),
        _ => message.split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    fn bucket() -> Bucket {
        Bucket::new(Arc::new(InMemory::new()), "memory://bucket")
    }

    fn part(key: &str, range: Range<u64>) -> ObjectPart {
        ObjectPart {
            key: key.into(),
            range,
            version: None,
        }
    }

    #[test]
    fn parts_that_lie_close_are_asked_for_together() {
        let parts = [
            part("b", 0..10),
            part("a", 20..30),
            part("a", 0..10),
            part("a", 30 + GAP + 1..40 + GAP),
            part("a", 5..8),
        ];
        let groups = together(&parts);
        let found: Vec<_> = groups
            .iter()
            .map(|group| {
                (
                    group.whole.key.as_str(),
                    group.whole.range.clone(),
                    group.parts.clone(),
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                ("a", 0..30, vec![2, 4, 1]),
                ("a", 31 + GAP..40 + GAP, vec![3]),
                ("b", 0..10, vec![0])
            ]
        );
    }

    #[test]
    fn objects_of_any_length_are_read_as_they_were_written() {
        let bucket = bucket();
        for length in [0, 1, PART / 2, PART / 2 + 1, PART, PART + 1, 2 * PART + 17] {
            let bytes: Vec<u8> = (0..length).map(|place| (place % 251) as u8).collect();
            wait_for(bucket.put("x/y", bytes.clone())).unwrap().unwrap();
            assert!(bucket.read("x/y").unwrap().unwrap() == bytes, "{length}");
            let mut read = Vec::new();
            let mut reader = super::super::ObjectReader::open(&bucket, "x/y").unwrap();
            std::io::Read::read_to_end(&mut reader, &mut read).unwrap();
            assert!(read == bytes, "{length}");
        }
        assert!(bucket.read("x/z").unwrap().is_none());
    }

    #[test]
    fn parts_come_in_the_order_in_which_they_are_asked_for() {
        let bucket = bucket();
        wait_for(bucket.put("a", (0..100).collect()))
            .unwrap()
            .unwrap();
        wait_for(bucket.put("b", (100..200).collect()))
            .unwrap()
            .unwrap();
        let parts = [
            part("b", 3..5),
            part("a", 9..9),
            part("a", 98..102),
            part("a", 7..9),
        ];
        let read = bucket.read_parts(&parts);
        assert_eq!(read[0].as_ref().unwrap(), &[103, 104]);
        assert_eq!(read[1].as_ref().unwrap(), &[0_u8; 0]);
        assert!(read[2].is_err(), "it ends behind the object");
        assert_eq!(read[3].as_ref().unwrap(), &[7, 8]);
    }

    #[test]
    fn errors_say_what_is_for_people() {
        let answer = "Generic S3 error: 404: <?xml?>\n<Error><Code>NoSuchBucket</Code><Message>The bucket does not exist</Message></Error>";
        assert_eq!(told_by(answer), "the answer is 'The bucket does not exist'");
        assert_eq!(told_by("refused,\n  twice"), "refused, twice");
        assert_eq!(told_by("<Message></Message>"), "<Message></Message>");
    }

    #[test]
    fn what_stands_for_folders_is_no_object() {
        let bucket = bucket();
        for (key, bytes) in [
            ("a", ""),
            ("a/b", ""),
            ("a/b/c", "1"),
            ("a/d", ""),
            ("ab", ""),
        ] {
            wait_for(bucket.put(key, bytes.into())).unwrap().unwrap();
        }
        let found = bucket.list_all("a").unwrap().into_iter();
        let keys: Vec<String> = found.map(|object| object.location.to_string()).collect();
        assert_eq!(keys, ["a/b/c", "a/d"]);
        let listing = bucket.list("").unwrap();
        assert_eq!(
            (listing.objects, listing.folders),
            (vec!["a".into(), "ab".into()], vec!["a".into()])
        );
        assert_eq!(bucket.list("a").unwrap().objects, ["b", "d"]);
    }

    #[test]
    fn an_object_that_is_there_is_not_replaced() {
        let bucket = bucket();
        assert!(bucket.put_if_absent("a", b"one").unwrap());
        assert!(!bucket.put_if_absent("a", b"two").unwrap());
        assert_eq!(bucket.read("a").unwrap().unwrap(), b"one");
        bucket.remove(vec!["a".into(), "b".into()]).unwrap();
        assert!(!bucket.has_any("").unwrap());
    }
}
