//! An object as a stream of bytes.

use std::io::{Error as IoError, Read, Result as IoResult};

use bytes::Bytes;
use futures::stream::{self, StreamExt};
use tokio::sync::mpsc::{Receiver, channel};

use super::bucket::{Bucket, BufferedOf, chunks};
use super::runtime::{runtime, wait_for};
use crate::error::{Error, Result};

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
        let mut chunks = stream::iter(chunks(&meta)).buffered_of(&bucket.store, &meta);
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
