//! The outcomes of all parts, whole and each once.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;

use polars::prelude::DataFrame;

use super::outcome_frame::{ReadRow, read_rows};
use super::outcome_row::{EntityOutcome, OutcomeContent, OutcomeRow, PartAccount};
use crate::error::{ClusterError, Error, Result};
use crate::schema::{KeyOrder, LeftOut};

/// Names that an error lists.
const LISTED: usize = 10;

/// Takes the outcomes of all parts, in any order, and keeps their bytes in a file.
pub(super) struct OutcomesGathered<'a> {
    plan: &'a [u8; 32],
    file: BufWriter<File>,
    length: u64,
    entities: HashMap<String, Gathered>,
    parts: BTreeMap<String, PartGathered>,
    /// Entities that have several outcomes.
    conflicting: Vec<String>,
    /// Outcomes that were there twice.
    doubled: u64,
}

/// Where the outcome of an entity lies in the file.
struct Gathered {
    offset: u64,
    length: usize,
    digest: [u8; 32],
}

#[derive(Default)]
struct PartGathered {
    entities: u64,
    rows: u64,
    account: Option<PartAccount>,
}

impl<'a> OutcomesGathered<'a> {
    pub fn new(plan: &'a [u8; 32]) -> Result<Self> {
        let file = tempfile::tempfile().map_err(Error::io(std::env::temp_dir()))?;
        Ok(Self {
            plan,
            file: BufWriter::with_capacity(1 << 20, file),
            length: 0,
            entities: HashMap::new(),
            parts: BTreeMap::new(),
            conflicting: Vec::new(),
            doubled: 0,
        })
    }

    /// Takes the outcomes of a frame.
    ///
    /// # Errors
    ///
    /// [`ClusterError::BadOutcome`], [`ClusterError::OtherPlan`], [`Error::Io`].
    pub fn take(&mut self, frame: &DataFrame) -> Result<()> {
        let rows = read_rows(frame);
        let rows = rows.map_err(Error::polars("these are no outcomes of workers"))?;
        for ReadRow { part, outcome } in rows {
            let (bytes, digest) = outcome.ok_or_else(|| ClusterError::BadOutcome {
                part: part.unwrap_or_default().to_owned(),
                problem: "its digest does not match".into(),
            })?;
            self.take_row(bytes, digest)?;
        }
        Ok(())
    }

    fn take_row(&mut self, bytes: &[u8], digest: [u8; 32]) -> Result<()> {
        let row = decode(bytes)?;
        if row.plan != *self.plan {
            return Err(ClusterError::OtherPlan(row.part).into());
        }
        match row.content {
            OutcomeContent::Part(account) => self.take_account(row.part, account),
            OutcomeContent::Entity(entity) => self.take_entity(row.part, *entity, (bytes, digest)),
        }
    }

    fn take_account(&mut self, name: String, account: PartAccount) -> Result<()> {
        let part = self.parts.entry(name.clone()).or_default();
        match &part.account {
            Some(other) if *other != account => Err(ClusterError::PartsDiffer(name).into()),
            _ => {
                part.account = Some(account);
                Ok(())
            }
        }
    }

    fn take_entity(
        &mut self,
        part: String,
        entity: EntityOutcome,
        (bytes, digest): (&[u8], [u8; 32]),
    ) -> Result<()> {
        if let Some(other) = self.entities.get(&entity.key) {
            match other.digest == digest {
                true => self.doubled += 1,
                false => self.conflicting.push(entity.key),
            }
            return Ok(());
        }
        let written = self.file.write_all(bytes);
        written.map_err(Error::io(std::env::temp_dir()))?;
        let part = self.parts.entry(part).or_default();
        part.entities += 1;
        part.rows += entity.rows;
        let gathered = Gathered {
            offset: self.length,
            length: bytes.len(),
            digest,
        };
        self.entities.insert(entity.key, gathered);
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// All of them, once every part is whole and no entity has several.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Conflicting`], [`ClusterError::CutPart`], [`Error::Io`].
    pub fn finish(mut self, order: &KeyOrder) -> Result<Outcomes> {
        if !self.conflicting.is_empty() {
            self.conflicting.sort();
            self.conflicting.dedup();
            let entities = self.conflicting.len() as u64;
            self.conflicting.truncate(LISTED);
            let keys = self.conflicting;
            return Err(ClusterError::Conflicting { keys, entities }.into());
        }
        if self.doubled > 0 {
            log::info!("{} outcomes were there more than once", self.doubled);
        }
        let (mut rows_read, mut left_out) = (0, LeftOut::default());
        for (name, part) in &self.parts {
            let account = part.whole(name)?;
            rows_read += account.rows_read;
            left_out.merge(&account.left_out);
        }
        let file = self.file.into_inner();
        let file = file.map_err(|error| Error::io(std::env::temp_dir())(error.into_error()))?;
        let mut entities: Vec<(String, Gathered)> = self.entities.into_iter().collect();
        entities.sort_by(|(one, _), (other, _)| order.compare(one, other));
        Ok(Outcomes {
            file,
            entities,
            parts: self.parts.len() as u64,
            rows_read,
            left_out,
        })
    }
}

impl PartGathered {
    /// The account of a part of which nothing is missing.
    fn whole(&self, name: &str) -> Result<&PartAccount> {
        let cut = |problem: String| ClusterError::CutPart {
            part: name.to_owned(),
            problem,
        };
        let Some(account) = &self.account else {
            return Err(cut("its last row is missing, which accounts for it".into()).into());
        };
        if (account.entities, account.entity_rows) == (self.entities, self.rows) {
            return Ok(account);
        }
        let (expected, found) = (account.entities, self.entities);
        Err(cut(format!(
            "it has outcomes of {found} entities and {} rows, and should have those of {expected} and {}",
            self.rows, account.entity_rows
        ))
        .into())
    }
}

/// The outcomes of all entities, in the order of their keys.
pub(super) struct Outcomes {
    file: File,
    entities: Vec<(String, Gathered)>,
    pub parts: u64,
    pub rows_read: u64,
    pub left_out: LeftOut,
}

impl Outcomes {
    /// The keys in their order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.entities.iter().map(|(key, _)| key.as_str())
    }

    /// The outcomes, in the order of their keys.
    ///
    /// # Errors
    ///
    /// Each item [`Error::Io`] where the file cannot be read.
    pub fn iter(&self) -> impl Iterator<Item = Result<EntityOutcome>> {
        self.entities.iter().map(|(_, gathered)| {
            let mut bytes = vec![0; gathered.length];
            let read = self.file.read_exact_at(&mut bytes, gathered.offset);
            read.map_err(Error::io(std::env::temp_dir()))?;
            match decode(&bytes)?.content {
                OutcomeContent::Entity(entity) => Ok(*entity),
                OutcomeContent::Part(_) => Err(Error::Defect("a part for an entity".into())),
            }
        })
    }
}

fn decode(bytes: &[u8]) -> Result<OutcomeRow> {
    ciborium::from_reader(bytes).map_err(|error| {
        let (part, problem) = (String::new(), error.to_string());
        ClusterError::BadOutcome { part, problem }.into()
    })
}
