//! A directory whose calls fail, in which runs are killed, and that loses what was not synced.

use std::collections::{BTreeMap, HashSet};
use std::io::{Error as IoError, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use per_entity::Error;
use per_entity::error::{Result, StoreError};
use per_entity::store::{Directory, Durability, Entry, Location, Prepared, StoredFile, WriteLock};

/// What happens at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails, and did a part of what it should.
    Fail(Part, ErrorKind),
    /// The run ends there, and nothing that it does afterwards has an effect.
    Kill(Part),
}

/// How much a call does before something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Nothing,
    Half,
    All,
}

/// What becomes of that which was not synced when the machine starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// All of it is there: only the run was killed.
    Kept,
    /// None of it is there.
    Lost,
    /// The first half of the changes of names is there, and half of what was written to files.
    Halved,
    /// Names are there, and zeros in the place of what was written to files.
    Zeroed,
}

type Node = usize;

/// A file, or a folder: as it is, and as it would be after a power cut that loses all.
#[derive(Clone)]
enum Content {
    File {
        bytes: Vec<u8>,
        synced: Vec<u8>,
    },
    Folder {
        names: BTreeMap<String, Node>,
        synced: BTreeMap<String, Node>,
    },
}

/// A change of names that a power cut may take back.
#[derive(Clone)]
struct Change {
    /// A name that is gone.
    from: Option<(Node, String)>,
    /// A name that is there, and what has it.
    to: Option<(Node, String, Node)>,
}

#[derive(Clone)]
struct Disk {
    nodes: Vec<Content>,
    changes: Vec<Change>,
    exists: bool,
    locked: HashSet<String>,
    is_dead: bool,
    calls: u64,
    /// What happens at which call.
    fault: Option<(u64, Fault)>,
}

const ROOT: Node = 0;

/// A directory on a made-up disk. Clones are one and the same.
#[derive(Clone)]
pub struct FaultyDirectory(Arc<Mutex<Disk>>);

impl std::fmt::Debug for FaultyDirectory {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.write_str("FaultyDirectory")
    }
}

impl FaultyDirectory {
    pub fn new() -> Self {
        let root = Content::Folder {
            names: BTreeMap::new(),
            synced: BTreeMap::new(),
        };
        Self(Arc::new(Mutex::new(Disk {
            nodes: vec![root],
            changes: Vec::new(),
            exists: false,
            locked: HashSet::new(),
            is_dead: false,
            calls: 0,
            fault: None,
        })))
    }

    pub fn location(&self) -> Location {
        Location::new(self.clone())
    }

    /// Another disk with the same content.
    pub fn copy(&self) -> Self {
        Self(Arc::new(Mutex::new(self.disk().clone())))
    }

    /// Counts calls anew, and lets something happen at one of them, from 1.
    pub fn inject(&self, call: u64, fault: Fault) {
        let mut disk = self.disk();
        disk.calls = 0;
        disk.fault = Some((call, fault));
    }

    /// How many calls there were, and whether the run was killed.
    pub fn calls(&self) -> (u64, bool) {
        let disk = self.disk();
        (disk.calls, disk.is_dead)
    }

    /// Starts the machine again, without any fault.
    pub fn restart(&self, cut: Cut) {
        let mut disk = self.disk();
        disk.is_dead = false;
        disk.calls = 0;
        disk.fault = None;
        disk.locked.clear();
        disk.cut(cut);
    }

    /// All files, by name.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let disk = self.disk();
        let mut files = BTreeMap::new();
        let mut folders = vec![(String::new(), ROOT)];
        while let Some((path, folder)) = folders.pop() {
            for (name, node) in disk.names(folder) {
                let name = format!("{path}{name}");
                match &disk.nodes[*node] {
                    Content::File { bytes, .. } => drop(files.insert(name, bytes.clone())),
                    Content::Folder { .. } => folders.push((name + "/", *node)),
                }
            }
        }
        files
    }

    /// Flips a bit of a file.
    pub fn flip(&self, name: &str, bit: usize) {
        let mut disk = self.disk();
        let node = disk.find(name).unwrap();
        let bytes = disk.bytes(node);
        bytes[bit / 8] ^= 1 << (bit % 8);
        let flipped = bytes.clone();
        if let Content::File { synced, .. } = &mut disk.nodes[node]
            && synced.len() == flipped.len()
        {
            *synced = flipped;
        }
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does a call, or what a fault leaves of it.
    fn call<T>(
        &self,
        name: &str,
        half: impl FnOnce(&mut Disk) -> Option<()>,
        all: impl FnOnce(&mut Disk) -> Option<T>,
    ) -> Result<T> {
        let mut disk = self.disk();
        let failed = |kind: ErrorKind| {
            let path = self.path(name);
            Error::Io {
                path,
                cause: IoError::from(kind),
            }
        };
        if disk.is_dead {
            return Err(failed(ErrorKind::BrokenPipe));
        }
        disk.calls += 1;
        let calls = disk.calls;
        let fault = disk.fault.filter(|(call, _)| *call == calls);
        let Some((_, fault)) = fault else {
            return all(&mut disk).ok_or_else(|| failed(ErrorKind::NotFound));
        };
        let (part, kind) = match fault {
            Fault::Fail(part, kind) => (part, kind),
            Fault::Kill(part) => (part, ErrorKind::BrokenPipe),
        };
        match part {
            Part::Nothing => {}
            Part::Half => drop(half(&mut disk)),
            Part::All => drop(all(&mut disk)),
        }
        disk.is_dead = matches!(fault, Fault::Kill(_));
        Err(failed(kind))
    }
}

/// Nothing is half done of what is done at once.
fn at_once(_: &mut Disk) -> Option<()> {
    None
}

impl Disk {
    fn names(&self, folder: Node) -> &BTreeMap<String, Node> {
        match &self.nodes[folder] {
            Content::Folder { names, .. } => names,
            Content::File { .. } => panic!("a file has no names"),
        }
    }

    fn bytes(&mut self, file: Node) -> &mut Vec<u8> {
        match &mut self.nodes[file] {
            Content::File { bytes, .. } => bytes,
            Content::Folder { .. } => panic!("a folder has no bytes"),
        }
    }

    fn find(&self, path: &str) -> Option<Node> {
        let mut node = ROOT;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let Content::Folder { names, .. } = &self.nodes[node] else {
                return None;
            };
            node = *names.get(name)?;
        }
        Some(node)
    }

    fn is_folder(&self, path: &str) -> bool {
        let node = self.find(path);
        node.is_some_and(|node| matches!(self.nodes[node], Content::Folder { .. }))
    }

    /// The folder that a path leads to, and the name in it.
    fn place(&self, path: &str) -> Option<(Node, String)> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        Some((self.find(folder)?, name.to_owned()))
    }

    /// Changes names, now and maybe after a power cut.
    fn change(&mut self, change: Change) {
        change.apply(&mut self.nodes, |content| match content {
            Content::Folder { names, .. } => names,
            Content::File { .. } => panic!("a file has no names"),
        });
        self.changes.push(change);
    }

    fn make(&mut self, path: &str, content: Content) -> Option<Node> {
        let (folder, name) = self.place(path)?;
        self.nodes.push(content);
        let node = self.nodes.len() - 1;
        self.change(Change {
            from: None,
            to: Some((folder, name, node)),
        });
        Some(node)
    }

    fn put(&mut self, path: &str, bytes: &[u8], is_synced: bool) -> Option<()> {
        let synced = match is_synced {
            true => bytes.to_vec(),
            false => Vec::new(),
        };
        let bytes = bytes.to_vec();
        self.make(path, Content::File { bytes, synced }).map(drop)
    }

    fn append(&mut self, path: &str, bytes: &[u8], durability: Durability) -> Option<()> {
        let empty = Content::File {
            bytes: Vec::new(),
            synced: Vec::new(),
        };
        let node = match self.find(path) {
            Some(node) => node,
            None => self.make(path, empty)?,
        };
        self.bytes(node).extend_from_slice(bytes);
        if durability == Durability::Now {
            self.sync(node);
        }
        Some(())
    }

    fn sync(&mut self, node: Node) {
        if let Content::File { bytes, synced } = &mut self.nodes[node] {
            synced.clone_from(bytes);
            return;
        }
        let involves = |change: &Change| {
            let from = change
                .from
                .as_ref()
                .is_some_and(|(folder, _)| *folder == node);
            from || change
                .to
                .as_ref()
                .is_some_and(|(folder, ..)| *folder == node)
        };
        let changes = std::mem::take(&mut self.changes);
        let (now, later): (Vec<_>, Vec<_>) = changes.into_iter().partition(involves);
        self.changes = later;
        now.iter().for_each(|change| self.make_durable(change));
    }

    fn make_durable(&mut self, change: &Change) {
        change.apply(&mut self.nodes, |content| match content {
            Content::Folder { synced, .. } => synced,
            Content::File { .. } => panic!("a file has no names"),
        });
    }

    fn rename(&mut self, from: &str, to: &str) -> Option<()> {
        let node = self.find(from)?;
        let (from, to) = (self.place(from)?, self.place(to)?);
        self.change(Change {
            from: Some(from),
            to: Some((to.0, to.1, node)),
        });
        Some(())
    }

    /// Removes a file, or a folder with the first of what is in it or with all.
    fn remove(&mut self, path: &str, is_whole: bool) -> Option<()> {
        if let Some(node) = self.find(path)
            && let Content::Folder { names, .. } = &self.nodes[node]
        {
            let inside: Vec<String> = names.keys().cloned().collect();
            let count = match is_whole {
                true => inside.len(),
                false => inside.len() / 2,
            };
            for name in &inside[..count] {
                self.remove(&format!("{path}/{name}"), true);
            }
        }
        if is_whole && self.find(path).is_some() {
            let from = self.place(path);
            self.change(Change { from, to: None });
        }
        Some(())
    }

    fn cut(&mut self, cut: Cut) {
        let changes = std::mem::take(&mut self.changes);
        let kept = match cut {
            Cut::Kept | Cut::Zeroed => changes.len(),
            Cut::Lost => 0,
            Cut::Halved => changes.len() / 2,
        };
        for change in &changes[..kept] {
            self.make_durable(change);
        }
        for content in &mut self.nodes {
            match content {
                Content::Folder { names, synced } => names.clone_from(synced),
                Content::File { bytes, synced } => {
                    let unsynced = bytes.len().saturating_sub(synced.len());
                    match cut {
                        Cut::Kept => synced.clone_from(bytes),
                        Cut::Lost => {}
                        Cut::Halved => synced
                            .extend_from_slice(&bytes[bytes.len() - unsynced..][..unsynced / 2]),
                        Cut::Zeroed => synced.resize(synced.len() + unsynced, 0),
                    }
                    bytes.clone_from(synced);
                }
            }
        }
    }
}

impl Change {
    fn apply(
        &self,
        nodes: &mut [Content],
        names: impl Fn(&mut Content) -> &mut BTreeMap<String, Node>,
    ) {
        if let Some((folder, name)) = &self.from {
            names(&mut nodes[*folder]).remove(name);
        }
        if let Some((folder, name, node)) = &self.to {
            names(&mut nodes[*folder]).insert(name.clone(), *node);
        }
    }
}

impl From<&FaultyDirectory> for Location {
    fn from(directory: &FaultyDirectory) -> Self {
        directory.location()
    }
}

impl Directory for FaultyDirectory {
    fn path(&self, name: &str) -> PathBuf {
        Path::new("(faulty)").join(name)
    }

    fn is_on_disk(&self) -> bool {
        true
    }

    fn create(&self) -> Result<bool> {
        self.call("", at_once, |disk| {
            Some(!std::mem::replace(&mut disk.exists, true))
        })
    }

    fn remove_if_empty(&self) {
        let mut disk = self.disk();
        if !disk.is_dead && disk.names(ROOT).is_empty() {
            disk.exists = false;
        }
    }

    fn open(&self, name: &str) -> Result<Box<dyn StoredFile>> {
        self.call(name, at_once, |disk| {
            let node = disk.find(name).filter(|_| !disk.is_folder(name))?;
            Some(Box::new(FaultyFile {
                path: self.path(name),
                bytes: disk.bytes(node).clone(),
            }) as Box<dyn StoredFile>)
        })
    }

    fn list(&self, name: &str) -> Result<Vec<Entry>> {
        self.call(name, at_once, |disk| {
            let node = disk.find(name).filter(|_| disk.is_folder(name));
            let names = node.into_iter().flat_map(|node| disk.names(node));
            let entry = |(name, node): (&String, &Node)| Entry {
                name: name.clone(),
                is_folder: matches!(disk.nodes[*node], Content::Folder { .. }),
            };
            Some(names.map(entry).collect())
        })
    }

    fn is_folder(&self, name: &str) -> bool {
        let disk = self.disk();
        !disk.is_dead && disk.is_folder(name)
    }

    fn create_folder(&self, name: &str) -> Result<()> {
        self.call(name, at_once, |disk| {
            let folder = Content::Folder {
                names: BTreeMap::new(),
                synced: BTreeMap::new(),
            };
            let is_free = disk.find(name).is_none();
            is_free.then(|| disk.make(name, folder))?.map(drop)
        })
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let half = &bytes[..bytes.len() / 2];
        self.call(
            name,
            |disk| disk.put(name, half, false),
            |disk| disk.put(name, bytes, true),
        )
    }

    fn append(&self, name: &str, bytes: &[u8], durability: Durability) -> Result<()> {
        let half = &bytes[..bytes.len() / 2];
        self.call(
            name,
            |disk| disk.append(name, half, Durability::Later),
            |disk| disk.append(name, bytes, durability),
        )
    }

    fn sync(&self, name: &str) -> Result<()> {
        self.call(name, at_once, |disk| {
            let node = disk.find(name)?;
            disk.sync(node);
            Some(())
        })
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.call(from, at_once, |disk| disk.rename(from, to))
    }

    fn remove(&self, name: &str) -> Result<()> {
        self.call(
            name,
            |disk| disk.remove(name, false),
            |disk| disk.remove(name, true),
        )
    }

    fn prepare(&self, name: &str, bytes: &[u8]) -> Result<Prepared> {
        self.put(&format!(".{name}"), bytes)?;
        Ok(Prepared {
            name: name.to_owned(),
            bytes: bytes.to_vec(),
        })
    }

    fn commit(&self, prepared: Prepared, expected: Option<&[u8]>) -> Result<()> {
        let name = prepared.name.as_str();
        if self.read_if_there(name)?.as_deref() != expected {
            let path = self.path(name);
            return Err(StoreError::Changed { path }.into());
        }
        self.rename(&format!(".{name}"), name)
    }

    fn lock(&self, name: &str) -> Result<Box<dyn WriteLock>> {
        // The lock's file is there afterwards, whether the lock is taken or not.
        let file = |disk: &mut Disk| disk.append(name, &[], Durability::Later);
        self.call(name, file, file)?;
        if !self.disk().locked.insert(name.to_owned()) {
            let path = self.path(name);
            let holder = "another run".into();
            return Err(StoreError::Locked { path, holder }.into());
        }
        Ok(Box::new(FaultyLock {
            directory: self.clone(),
            name: name.to_owned(),
        }))
    }
}

struct FaultyFile {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl StoredFile for FaultyFile {
    fn length(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read(&self, offset: u64, length: u64) -> Result<Vec<u8>> {
        let end = offset.checked_add(length);
        match end.filter(|end| *end <= self.length()) {
            Some(end) => Ok(self.bytes[offset as usize..end as usize].to_vec()),
            None => Err(StoreError::Damaged {
                path: self.path.clone(),
                problem: "the file is too short".into(),
            }
            .into()),
        }
    }
}

struct FaultyLock {
    directory: FaultyDirectory,
    name: String,
}

impl WriteLock for FaultyLock {}

impl Drop for FaultyLock {
    fn drop(&mut self) {
        self.directory.disk().locked.remove(&self.name);
    }
}
