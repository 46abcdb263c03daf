//! Blocks of objects that were read, so that models that lie side by side are not asked for one by
//! one.

use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use crate::cloud::{Bucket, ObjectPart};
use crate::error::Result;

/// Bytes of a block.
const BLOCK: u64 = 256 << 10;

/// Blocks that are asked for together, where the one before them was read.
const AHEAD: u64 = 32;

/// Blocks that are held: 64 MiB.
const HELD: NonZeroUsize = NonZeroUsize::new(256).unwrap();

/// Of so many parts of objects, different ones can be asked for at a time.
const STRIPES: usize = 64;

/// A block of an object: its key and its number.
type Block = (Arc<str>, u64);

/// The blocks that were read last.
#[derive(Debug)]
pub(super) struct BlockCache {
    blocks: Mutex<LruCache<Block, Arc<[u8]>>>,
    /// Held by whoever asks for blocks, so that nobody else asks for the same.
    asking: Vec<Mutex<()>>,
    hasher: RandomState,
}

impl Default for BlockCache {
    fn default() -> Self {
        Self {
            blocks: Mutex::new(LruCache::new(HELD)),
            asking: (0..STRIPES).map(|_| Mutex::new(())).collect(),
            hasher: RandomState::new(),
        }
    }
}

/// An object of a known length.
#[derive(Clone)]
pub(super) struct SizedObject {
    pub bucket: Bucket,
    pub key: Arc<str>,
    pub length: u64,
}

impl BlockCache {
    fn blocks(&self) -> MutexGuard<'_, LruCache<Block, Arc<[u8]>>> {
        self.blocks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what was read of some objects.
    pub fn forget(&self, is_forgotten: impl Fn(&str) -> bool) {
        let mut blocks = self.blocks();
        let forgotten = blocks.iter().map(|(block, _)| block.clone());
        let forgotten: Vec<Block> = forgotten.filter(|(key, _)| is_forgotten(key)).collect();
        for block in forgotten {
            blocks.pop(&block);
        }
    }

    /// Reads a part of an object, which lies within it.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io).
    pub fn read(&self, object: &SizedObject, offset: u64, length: u64) -> Result<Vec<u8>> {
        if length >= AHEAD * BLOCK {
            return read_long(object, offset, length);
        }
        let end = offset + length;
        let mut bytes = Vec::with_capacity(length as usize);
        for number in offset / BLOCK..end.div_ceil(BLOCK) {
            let block = self.block(object, number)?;
            let start = number * BLOCK;
            let from = offset.saturating_sub(start).min(block.len() as u64);
            let to = (end - start).min(block.len() as u64);
            bytes.extend_from_slice(&block[from as usize..to as usize]);
        }
        Ok(bytes)
    }

    fn block(&self, object: &SizedObject, number: u64) -> Result<Arc<[u8]>> {
        let block = |number| (object.key.clone(), number);
        if let Some(held) = self.blocks().get(&block(number)) {
            return Ok(held.clone());
        }
        let stripe = self.hasher.hash_one((&object.key, number / AHEAD)) as usize % STRIPES;
        let asking = self.asking[stripe].lock();
        let _asking = asking.unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = self.blocks().get(&block(number)) {
            return Ok(held.clone());
        }
        let follows = number > 0 && self.blocks().contains(&block(number - 1));
        let count = if follows { AHEAD } else { 1 };
        let start = number * BLOCK;
        let end = object.length.min(start + count * BLOCK);
        let bytes = read_range(object, start, end)?;
        let mut blocks = self.blocks();
        let mut first = None;
        for (number, bytes) in (number..).zip(bytes.chunks(BLOCK as usize)) {
            let bytes: Arc<[u8]> = bytes.into();
            first.get_or_insert_with(|| bytes.clone());
            blocks.put(block(number), bytes);
        }
        Ok(first.unwrap_or_default())
    }
}

fn read_range(object: &SizedObject, start: u64, end: u64) -> Result<Vec<u8>> {
    let part = ObjectPart {
        key: object.key.to_string(),
        range: start..end,
        version: None,
    };
    object.bucket.read_parts(&[part]).remove(0)
}

/// Reads what is too long to be held.
fn read_long(object: &SizedObject, offset: u64, length: u64) -> Result<Vec<u8>> {
    let end = offset + length;
    let starts = (offset..end).step_by((AHEAD * BLOCK) as usize);
    let parts = starts.map(|start| ObjectPart {
        key: object.key.to_string(),
        range: start..end.min(start + AHEAD * BLOCK),
        version: None,
    });
    let parts: Vec<ObjectPart> = parts.collect();
    let mut bytes = Vec::with_capacity(length as usize);
    for part in object.bucket.read_parts(&parts) {
        bytes.extend_from_slice(&part?);
    }
    Ok(bytes)
}
