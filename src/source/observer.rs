//! Looks at the values of records while the next records are told apart.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use memchr::memchr;

use super::csv_record::RecordScanner;
use super::observation::{Observation, Texts};

/// Bytes of records that are looked at together.
const CHUNK: usize = 1 << 20;

/// Chunks that wait or are looked at; more would only fill memory.
const AHEAD: usize = 16;

/// Takes records, and has their values looked at by rayon's threads, a chunk at a time.
pub(super) struct Observer {
    texts: Arc<Texts>,
    separator: u8,
    chunk: Chunk,
    sender: Sender<(usize, Vec<Observation>)>,
    receiver: Receiver<(usize, Vec<Observation>)>,
    /// Chunks that were handed on.
    begun: usize,
    /// What was seen in chunks, each with its position.
    seen: Vec<(usize, Vec<Observation>)>,
}

/// Records one behind another.
#[derive(Default)]
struct Chunk {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Observer {
    pub fn new(texts: &Texts, separator: u8) -> Self {
        let (sender, receiver) = channel();
        Self {
            texts: Arc::new(texts.clone()),
            separator,
            chunk: Chunk::default(),
            sender,
            receiver,
            begun: 0,
            seen: Vec::new(),
        }
    }

    /// Takes a record without its line's end.
    pub fn take(&mut self, record: &[u8]) {
        self.chunk.bytes.extend_from_slice(record);
        self.chunk.ends.push(self.chunk.bytes.len());
        if self.chunk.bytes.len() >= CHUNK {
            self.hand_on();
        }
    }

    fn hand_on(&mut self) {
        let chunk = std::mem::take(&mut self.chunk);
        let (texts, separator) = (self.texts.clone(), self.separator);
        let (position, sender) = (self.begun, self.sender.clone());
        self.begun += 1;
        rayon::spawn(move || {
            // Nobody listens any more where another file was found to be bad.
            let _ = sender.send((position, chunk.observe(&texts, separator)));
        });
        while self.begun - self.seen.len() >= AHEAD {
            self.wait();
        }
    }

    /// Waits for a chunk. One of rayon's threads looks at chunks meanwhile, for there may be no
    /// other that would.
    fn wait(&mut self) {
        const PATIENCE: Duration = Duration::from_millis(1);
        loop {
            let seen = match rayon::yield_now() {
                // The observer has a sender itself, so the channel is never closed.
                None => self.receiver.recv().ok(),
                Some(_) => self.receiver.recv_timeout(PATIENCE).ok(),
            };
            if let Some(seen) = seen {
                self.seen.push(seen);
                return;
            }
        }
    }

    /// What the values of each of the columns look like.
    pub fn finish(mut self, columns: usize) -> Vec<Observation> {
        let last = std::mem::take(&mut self.chunk).observe(&self.texts, self.separator);
        while self.seen.len() < self.begun {
            self.wait();
        }
        self.seen.push((self.begun, last));
        self.seen.sort_unstable_by_key(|(position, _)| *position);
        let mut all = Vec::new();
        all.resize_with(columns, Observation::default);
        for (_, seen) in self.seen {
            for (all, seen) in all.iter_mut().zip(seen) {
                all.merge(seen);
            }
        }
        all
    }
}

impl Chunk {
    fn observe(self, texts: &Texts, separator: u8) -> Vec<Observation> {
        let mut observations: Vec<Observation> = Vec::new();
        let mut scanner = RecordScanner::new(separator, usize::MAX);
        let has_quotes = memchr(b'"', &self.bytes).is_some();
        let mut start = 0;
        for &end in &self.ends {
            let record = &self.bytes[start..end];
            start = end;
            if !has_quotes || memchr(b'"', record).is_none() {
                observe_plain(record, separator, texts, &mut observations);
                continue;
            }
            scanner.clear();
            let _ = scanner.scan(record);
            let _ = scanner.end(record);
            for (column, text) in scanner.texts(record).enumerate() {
                of_column(&mut observations, column).look_at(&text, texts);
            }
        }
        observations
    }
}

fn observe_plain(record: &[u8], separator: u8, texts: &Texts, observations: &mut Vec<Observation>) {
    // Fields are too short for anything cleverer than one byte after another.
    let fields = record.split(|byte| *byte == separator);
    for (column, field) in fields.enumerate() {
        of_column(observations, column).look_at(field, texts);
    }
}

fn of_column(observations: &mut Vec<Observation>, column: usize) -> &mut Observation {
    if column == observations.len() {
        observations.push(Observation::default());
    }
    &mut observations[column]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thread_of_rayon_is_enough() {
        let texts = Texts {
            missing: Vec::new(),
            trim: false,
            decimal_mark: b'.',
            stopped: None,
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        let observations = pool.unwrap().install(|| {
            let mut observer = Observer::new(&texts, b',');
            let record = [&b"7,"[..], &[b'x'; 100_000]].concat();
            for _ in 0..100 {
                observer.take(&record);
            }
            observer.finish(2)
        });
        let counts = observations.iter().map(|o| (o.present(), o.numbers()));
        assert_eq!(counts.collect::<Vec<_>>(), [(100, 100), (100, 0)]);
    }
}
