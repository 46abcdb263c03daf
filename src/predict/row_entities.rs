//! Which entity each row of a frame belongs to.

use std::ops::Range;

use polars::prelude::*;

use crate::error::{Error, Result};
use crate::model::{FrameColumn, MISSING};
use crate::schema::{key_prefix, key_text};

/// The entities of a frame.
pub(super) struct RowEntities {
    /// Their keys, in the order of their first rows.
    pub keys: Vec<RowKey>,
    /// By row: the position of its key.
    pub of_row: Vec<u32>,
}

/// What is known of a key: its values up to the first null.
pub(super) struct RowKey {
    /// The values as the store has them; nothing where there are none.
    text: Option<String>,
    /// How many there are.
    values: usize,
    /// How many the key has.
    columns: usize,
}

impl RowKey {
    /// The key, where no value of it is null.
    pub fn whole(&self) -> Option<&str> {
        self.text.as_deref().filter(|_| self.values == self.columns)
    }

    /// The keys of the parents, the nearest first.
    pub fn parents(&self) -> impl Iterator<Item = &str> {
        let values = (1..self.columns.min(self.values + 1)).rev();
        let text = self.text.as_deref();
        values.filter_map(move |values| Some(key_prefix(text?, values)))
    }
}

/// One entity and its rows among those sorted.
pub(super) struct Slot {
    pub entity: usize,
    pub places: Range<usize>,
}

impl RowEntities {
    /// The entities of a frame whose first columns are the texts of the key.
    pub fn of(frame: &DataFrame, key_columns: usize) -> Result<Self> {
        let texts = frame.columns()[..key_columns].iter().map(Column::str);
        let texts = texts
            .collect::<PolarsResult<Vec<&StringChunked>>>()
            .map_err(Error::polars("cannot read the keys"))?;
        let columns = texts.len();
        Ok(match texts.as_slice() {
            [texts] => Self::of_keys(columns, texts.iter().map(|text| Some((text?, 1)))),
            texts => Self::of_keys(
                columns,
                (0..frame.height()).map(|row| {
                    let values: Vec<&str> = texts.iter().map_while(|text| text.get(row)).collect();
                    let count = values.len();
                    (count > 0).then(|| (key_text(values.into_iter()), count))
                }),
            ),
        })
    }

    /// `keys` are the values up to the first null, and their number.
    fn of_keys<T: AsRef<str> + PartialEq>(
        columns: usize,
        keys: impl Iterator<Item = Option<(T, usize)>>,
    ) -> Self {
        let mut entities = Self {
            keys: Vec::new(),
            of_row: Vec::with_capacity(keys.size_hint().0),
        };
        let mut positions: PlHashMap<String, u32> = PlHashMap::new();
        let mut null = None;
        let mut last: Option<(T, u32)> = None;
        for key in keys {
            let next = entities.keys.len() as u32;
            let Some((key, values)) = key else {
                let position = *null.get_or_insert_with(|| {
                    entities.keys.push(RowKey {
                        text: None,
                        values: 0,
                        columns,
                    });
                    next
                });
                entities.of_row.push(position);
                continue;
            };
            // Rows of one entity often stand together.
            let position = match &last {
                Some((last, position)) if *last == key => *position,
                _ => match positions.get(key.as_ref()) {
                    Some(&position) => position,
                    None => {
                        positions.insert(key.as_ref().to_owned(), next);
                        entities.keys.push(RowKey {
                            text: Some(key.as_ref().to_owned()),
                            values,
                            columns,
                        });
                        next
                    }
                },
            };
            entities.of_row.push(position);
            last = Some((key, position));
        }
        entities
    }

    /// The rows sorted by entity, the entities in the order of `place`, and where the rows of each
    /// are.
    pub fn scheduled<P: Ord>(&self, place: impl Fn(usize) -> P) -> (Vec<u32>, Vec<Slot>) {
        let mut counts = vec![0usize; self.keys.len()];
        for &entity in &self.of_row {
            counts[entity as usize] += 1;
        }
        let mut order: Vec<usize> = (0..self.keys.len()).collect();
        order.sort_by_key(|&entity| place(entity));
        let mut next = vec![0usize; self.keys.len()];
        let mut start = 0;
        let mut slots = Vec::with_capacity(order.len());
        for entity in order {
            let end = start + counts[entity];
            next[entity] = start;
            slots.push(Slot {
                entity,
                places: start..end,
            });
            start = end;
        }
        let mut rows = vec![0; self.of_row.len()];
        for (row, &entity) in self.of_row.iter().enumerate() {
            let place = &mut next[entity as usize];
            rows[*place] = row as u32;
            *place += 1;
        }
        (rows, slots)
    }

    /// The key as a feature, as the pooled model has it.
    pub fn as_feature(&self) -> FrameColumn {
        let code = |&entity: &u32| match self.keys[entity as usize].whole() {
            Some(_) => entity,
            None => MISSING,
        };
        let texts = self.keys.iter().zip(0..);
        FrameColumn::Categories {
            codes: self.of_row.iter().map(code).collect(),
            code_of: texts
                .filter_map(|(key, entity)| Some((key.whole()?.to_owned(), entity)))
                .collect(),
        }
    }
}
