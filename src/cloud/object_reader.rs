//! An object as a stream of bytes.

use std::io::{Error as IoError, Read, Result as IoResult};
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use object_store::{ObjectMeta, ObjectStore};
use tokio::sync::mpsc::{Receiver, channel};

use super::bucket::{Bucket, fetch};
use super::runtime::{runtime, wait_for};
use crate::error::{Error, Result};

/// Bytes that are asked for at a time, and how many such chunks are under way.
const CHUNK: u64 = 4 << 20;
const CHUNKS: usize = 4;

/// Reads an object from its beginning to its end. What comes next is fetched meanwhile, and all of it
/// is of one version of the object.
pub(crate) struct ObjectReader {
    chunks: Receiver<IoResult<Bytes>>,
    chunk: Bytes,
    /// Bytes that are still to be read.
    left: u64,
}

impl ObjectReader {
    /// # Errors
    ///
    /// [`Error::Io`] where the object is not there.
    pub fn open(bucket: &Bucket, key: &str) -> Result<Self> {
        let Some(meta) = bucket.look_up(key)? else {
            let cause = IoError::new(std::io::ErrorKind::NotFound, "there is no such object");
            return Err(Error::io(bucket.path(key))(cause));
        };
        let (sender, receiver) = channel(1);
        let mut chunks = chunks(&bucket.store, &meta);
        let (bucket, key) = (bucket.clone(), key.to_owned());
        runtime()?.spawn(async move {
            while let Some(chunk) = chunks.next().await {
                let chunk = chunk.map_err(|error| match bucket.failed(&key, error) {
                    Error::Io { cause, .. } => cause,
                    other => IoError::other(other.to_string()),
                });
                let is_last = chunk.is_err();
                // Nobody may want more of it.
                if sender.send(chunk).await.is_err() || is_last {
                    return;
                }
            }
        });
        Ok(Self {
            chunks: receiver,
            chunk: Bytes::new(),
            left: meta.size,
        })
    }
}

/// The chunks of an object in their order, some of which are on their way, as long as it is of the
/// version that is meant.
fn chunks(
    store: &Arc<dyn ObjectStore>,
    meta: &ObjectMeta,
) -> BoxStream<'static, object_store::Result<Bytes>> {
    let (store, meta) = (store.clone(), meta.clone());
    let size = meta.size;
    let starts = (0..size).step_by(CHUNK as usize);
    let fetched = starts.map(move |start| {
        let range = start..size.min(start + CHUNK);
        let (store, key, version) = (store.clone(), meta.location.clone(), meta.e_tag.clone());
        async move {
            // By itself: it goes on while nobody asks for it.
            tokio::spawn(async move { fetch(&store, &key, range, version).await }).await?
        }
    });
    stream::iter(fetched).buffered(CHUNKS).boxed()
}

impl Read for ObjectReader {
    fn read(&mut self, buffer: &mut [u8]) -> IoResult<usize> {
        while self.chunk.is_empty() {
            match wait_for(self.chunks.recv()).map_err(IoError::other)? {
                None if self.left == 0 => return Ok(0),
                None => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                Some(chunk) => self.chunk = chunk?,
            }
        }
        let length = buffer.len().min(self.chunk.len());
        self.left = self.left.saturating_sub(length as u64);
        buffer[..length].copy_from_slice(&self.chunk.split_to(length));
        Ok(length)
    }
}
