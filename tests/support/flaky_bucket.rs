//! A bucket in memory whose answers fail, come late, or never.

use std::fmt::{Display, Formatter};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use per_entity::store::{Location, ObjectDirectory};

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answer {
    /// It is not done, and an error says so.
    Refused,
    /// It is done, and an error comes nevertheless, as where the answer is lost.
    Lost,
    /// Another request of its kind is under way; nothing is done. Only for conditional puts.
    Conflict,
    /// It takes its time.
    Slow,
    /// Neither this request nor any later one is done: whoever asks is killed.
    Killed,
}

/// A bucket. Clones are one and the same, and count the same requests.
#[derive(Clone, Debug, Default)]
pub struct FlakyBucket {
    objects: Arc<InMemory>,
    requests: Arc<AtomicU64>,
    fault: Arc<Mutex<Option<(u64, Answer)>>>,
}

impl Display for FlakyBucket {
    fn fmt(&self, formatter: &mut Formatter) -> std::fmt::Result {
        formatter.write_str("FlakyBucket")
    }
}

fn failed(what: &str) -> Error {
    Error::Generic {
        store: "FlakyBucket",
        source: what.to_owned().into(),
    }
}

impl FlakyBucket {
    /// A store in it, opened anew: nothing is remembered of what was read before.
    pub fn store(&self) -> Location {
        let store: Arc<dyn ObjectStore> = Arc::new(self.clone());
        ObjectDirectory::in_store(store, "flaky://bucket", "a/store").into()
    }

    /// The same objects in a bucket of its own, without faults.
    pub async fn copied(&self) -> Self {
        let copy = Self::default();
        let mut listed = self.objects.list(None);
        while let Some(object) = listed.next().await {
            let key = object.unwrap().location;
            let got = self.objects.get_opts(&key, GetOptions::default());
            let bytes = got.await.unwrap().bytes().await.unwrap();
            let put = copy
                .objects
                .put_opts(&key, bytes.into(), PutOptions::default());
            put.await.unwrap();
        }
        copy
    }

    /// How many requests there were.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }

    /// From now on, the request of this number, from 1, is answered so; nothing for no fault.
    pub fn inject(&self, fault: Option<(u64, Answer)>) {
        self.requests.store(0, Ordering::SeqCst);
        *self.fault.lock().unwrap() = fault;
    }

    /// What is to happen to the next request.
    fn next(&self) -> Option<Answer> {
        let number = self.requests.fetch_add(1, Ordering::SeqCst) + 1;
        let (at, answer) = (*self.fault.lock().unwrap())?;
        let is_hit = match answer {
            Answer::Killed => number >= at,
            _ => number == at,
        };
        is_hit.then_some(answer)
    }

    async fn answer<T>(&self, request: impl Future<Output = Result<T>>) -> Result<T> {
        match self.next() {
            None | Some(Answer::Conflict) => request.await,
            Some(Answer::Slow) => {
                tokio::time::sleep(Duration::from_millis(30)).await;
                request.await
            }
            Some(Answer::Lost) => {
                request.await?;
                Err(failed("the answer is lost"))
            }
            Some(Answer::Refused | Answer::Killed) => Err(failed("refused")),
        }
    }
}

#[async_trait]
impl ObjectStore for FlakyBucket {
    async fn put_opts(
        &self,
        key: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let is_conditional = matches!(options.mode, PutMode::Create);
        let at = *self.fault.lock().unwrap();
        let next = self.requests() + 1;
        if is_conditional && at == Some((next, Answer::Conflict)) {
            self.next();
            return Err(Error::AlreadyExists {
                path: key.to_string(),
                source: "409".into(),
            });
        }
        let is_lost = is_conditional && at == Some((next, Answer::Lost));
        let put = self
            .answer(self.objects.put_opts(key, payload.clone(), options.clone()))
            .await;
        match put {
            // What puts on a condition sends the request again, and so meets itself.
            Err(_) if is_lost => self.objects.put_opts(key, payload, options).await,
            put => put,
        }
    }

    async fn put_multipart_opts(
        &self,
        key: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.answer(self.objects.put_multipart_opts(key, options))
            .await
    }

    async fn get_opts(&self, key: &Path, options: GetOptions) -> Result<GetResult> {
        self.answer(self.objects.get_opts(key, options)).await
    }

    async fn get_ranges(&self, key: &Path, ranges: &[Range<u64>]) -> Result<Vec<bytes::Bytes>> {
        self.answer(self.objects.get_ranges(key, ranges)).await
    }

    fn delete_stream(
        &self,
        keys: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let bucket = self.clone();
        keys.then(move |key| {
            let bucket = bucket.clone();
            async move {
                let key = key?;
                let one = stream::iter([Ok(key.clone())]).boxed();
                let mut removed = bucket.objects.delete_stream(one);
                let remove = async move { removed.next().await.unwrap_or(Ok(key)) };
                bucket.answer(remove).await
            }
        })
        .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.next() {
            Some(Answer::Refused | Answer::Killed | Answer::Lost) => {
                stream::iter([Err(failed("refused"))]).boxed()
            }
            _ => self.objects.list(prefix),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.answer(self.objects.list_with_delimiter(prefix)).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.answer(self.objects.copy_opts(from, to, options)).await
    }
}
