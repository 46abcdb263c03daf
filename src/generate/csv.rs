//! Rows as CSV text.

use rayon::prelude::*;

use super::field::FieldKind::{Cents, Int16, Int32, Text};
use super::field::{ENTITY, Field, fields};
use super::row::Row;
use super::sampler::Sampler;
use crate::schema::Task;

/// Rows of CSV text that one task formats.
const BLOCK_ROWS: usize = 8_192;

/// Bytes to reserve for a row of CSV text; the mean is below this.
const CSV_ROW_BYTES: usize = 144;

/// The two ways to write a line.
pub(super) struct CsvFormat {
    fields: Vec<&'static Field>,
    entity: bool,
    separator: &'static [u8],
    missing: &'static [u8],
}

impl CsvFormat {
    pub fn new(entity: bool, task: Task) -> Self {
        let (separator, missing): (&[u8], &[u8]) = match entity {
            true => (b",", b""),
            false => (b", ", b"?"),
        };
        Self {
            fields: fields(task).collect(),
            entity,
            separator,
            missing,
        }
    }

    /// The first line, if the format has one.
    pub fn header(&self) -> String {
        if !self.entity {
            return String::new();
        }
        let names: Vec<&str> = self.fields.iter().map(|field| field.name).collect();
        format!("{ENTITY},{}\n", names.join(","))
    }

    /// Rows as text, a piece for every so many of them.
    pub fn text(&self, sampler: &Sampler, start: u64, len: usize) -> Vec<Vec<u8>> {
        (0..len.div_ceil(BLOCK_ROWS))
            .into_par_iter()
            .map(|block| {
                let from = block * BLOCK_ROWS;
                let to = len.min(from + BLOCK_ROWS);
                let mut text = Vec::with_capacity((to - from) * CSV_ROW_BYTES);
                for offset in from..to {
                    self.push_row(&sampler.row(start + offset as u64), &mut text);
                }
                text
            })
            .collect()
    }

    fn push_row(&self, row: &Row, text: &mut Vec<u8>) {
        if self.entity {
            push_number(row.entity, text);
            text.extend_from_slice(self.separator);
        }
        for (position, field) in self.fields.iter().enumerate() {
            if position > 0 {
                text.extend_from_slice(self.separator);
            }
            if row.lacks(position) {
                text.extend_from_slice(self.missing);
                continue;
            }
            match field.kind {
                Int16(value) => push_number(value(row) as u64, text),
                Int32(value) => push_number(value(row) as u64, text),
                Cents(value) => push_cents(value(row), text),
                Text(category, name) => text.extend_from_slice(
                    name(usize::from(category(row))).map_or(self.missing, str::as_bytes),
                ),
            }
        }
        text.push(b'\n');
    }
}

/// Pushes an amount in cents as dollars with two decimals.
fn push_cents(cents: u64, text: &mut Vec<u8>) {
    push_number(cents / 100, text);
    let rest = (cents % 100) as u8;
    text.extend_from_slice(&[b'.', b'0' + rest / 10, b'0' + rest % 10]);
}

/// Pushes decimal digits; much quicker than `write!`.
fn push_number(mut number: u64, text: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    text.extend_from_slice(&digits[first..]);
}
