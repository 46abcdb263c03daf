//! Changes to valid files that keep so much of their structure that a reader goes deep into them.

use serde_json::{Value, json};

/// Reproducible random numbers (SplitMix64; Steele, Lea and Flood: Fast splittable pseudorandom
/// number generators, OOPSLA 2014).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    pub fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }

    /// Mostly one, seldom many.
    fn few(&mut self) -> usize {
        1 + (self.next().trailing_zeros() as usize).min(8)
    }
}

/// What texts in tables are broken by.
const TOKENS: [&[u8]; 40] = [
    b"\"",
    b"\"\"",
    b"\"\"\"",
    b",",
    b",,,",
    b"\t",
    b";",
    b"\n",
    b"\n\n",
    b"\r\n",
    b"\r",
    b"\0",
    b"\xEF\xBB\xBF",
    b"\xFF",
    b"\xC3",
    b"\xED\xA0\x80",
    b" ",
    b"#",
    b"a",
    b"p",
    b"1",
    b"-0",
    b"1e999",
    b"NaN",
    b"inf",
    b"99999999999999999999",
    b"2031-02-30",
    b"true",
    b"null",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"{\"k\":",
    b"\x1b[2J",
    b"a\"b,\"c\n",
];

/// A text with some parts taken out, put in, doubled and moved.
pub fn text(random: &mut Random, valid: &[u8]) -> Vec<u8> {
    let mut text = valid.to_vec();
    for _ in 0..random.few() {
        let at = random.below(text.len() + 1);
        let length = random.below(24).min(text.len() - at);
        let part = text[at..at + length].to_vec();
        match random.below(6) {
            0 => drop(text.drain(at..at + length)),
            1 => drop(text.splice(at..at, part.repeat(random.few()))),
            2 => {
                let to = random.below(text.len() + 1);
                drop(text.splice(to..to, part));
            }
            3 => {
                let many = random.one_of(&[1, 1, 2, 30, 3_000]);
                let token = random.one_of(&TOKENS).repeat(many);
                drop(text.splice(at..at, token));
            }
            4 => text.truncate(at),
            _ => drop(text.splice(at..at + length, random.one_of(&TOKENS).to_vec())),
        }
    }
    text
}

/// Bytes within `range` changed in place: bits, bytes, words, and variable-length integers.
fn in_place(random: &mut Random, bytes: &mut [u8], range: std::ops::Range<usize>) {
    const WORDS: [u64; 10] = [
        0,
        1,
        2,
        0x7F,
        0xFF,
        0xFFFF,
        0x7FFF_FFFF,
        0xFFFF_FFFF,
        i64::MAX as u64,
        u64::MAX,
    ];
    let at = range.start + random.below(range.len());
    let Some(rest) = bytes.get_mut(at..range.end).filter(|rest| !rest.is_empty()) else {
        return;
    };
    match random.below(6) {
        0 => rest[0] ^= 1 << random.below(8),
        1 => rest[0] = random.one_of(&[0, 1, 0x7F, 0x80, 0xFE, 0xFF]),
        2 => rest[0] = rest[0].wrapping_add(random.one_of(&[1, 2, 0xFF, 0x10, 0xF0])),
        3 => {
            let width = random.one_of(&[2, 4, 8, 8]).min(rest.len());
            rest[..width].copy_from_slice(&random.one_of(&WORDS).to_le_bytes()[..width]);
        }
        4 => {
            // As Thrift's compact protocol and CBOR have large numbers.
            let length = (1 + random.below(9)).min(rest.len());
            let (last, more) = rest[..length].split_last_mut().expect("one at least");
            more.fill(0xFF);
            *last = random.one_of(&[0x01, 0x0F, 0x7F]);
        }
        _ => {
            let from = random.below(rest.len());
            let length = random.below(16).min(rest.len() - from);
            rest.copy_within(from..from + length, 0);
        }
    }
}

/// A file of Parquet with changes in the metadata at its end, in the heads of its pages, or anywhere.
pub fn parquet(random: &mut Random, valid: &[u8]) -> Vec<u8> {
    let mut bytes = valid.to_vec();
    let end = bytes.len().saturating_sub(8);
    for _ in 0..random.few() {
        let length = u32::from_le_bytes(*bytes[end..].first_chunk().expect("a length")) as usize;
        let metadata = end.saturating_sub(length);
        let range = match random.below(8) {
            0 => 0..bytes.len(),
            1..=2 => 4..metadata.max(5),
            _ => metadata..end,
        };
        in_place(random, &mut bytes, range);
    }
    if random.below(8) == 0 {
        // Metadata of another length, of which the file tells.
        let metadata = end - random.below(end);
        let cut = random.below(6).min(end - metadata);
        bytes.drain(metadata..metadata + cut);
        let end = bytes.len() - 8;
        let told = u32::from_le_bytes(*bytes[end..].first_chunk().expect("a length"));
        let told = told.saturating_sub(cut as u32);
        bytes[end..end + 4].copy_from_slice(&told.to_le_bytes());
    }
    bytes
}

/// A file of Arrow IPC with changes at its end, in the heads of its batches, or anywhere; most at
/// whole words, of which its metadata is made.
pub fn ipc(random: &mut Random, valid: &[u8]) -> Vec<u8> {
    let mut bytes = valid.to_vec();
    let end = bytes.len().saturating_sub(10);
    let footer = u32::from_le_bytes(*bytes[end..].first_chunk().expect("a length")) as usize;
    for _ in 0..random.few() {
        let range = match random.below(8) {
            0 => 0..bytes.len(),
            1..=3 => 8..end.saturating_sub(footer).max(9),
            _ => end.saturating_sub(footer)..end,
        };
        let word = range.start + (random.below(range.len()) & !3);
        let word = word.min(bytes.len())..range.end.min(word + 8).max(word);
        match random.below(2) {
            0 => in_place(random, &mut bytes, range),
            _ => in_place(random, &mut bytes, word),
        }
    }
    bytes
}

/// A file of another kind: bytes changed, cut, and put in.
pub fn binary(random: &mut Random, valid: &[u8]) -> Vec<u8> {
    let mut bytes = valid.to_vec();
    for _ in 0..random.few() {
        let range = 0..bytes.len();
        in_place(random, &mut bytes, range);
    }
    let at = random.below(bytes.len());
    match random.below(12) {
        0 => bytes.truncate(at),
        1 => drop(bytes.drain(at..(at + random.below(9)).min(bytes.len()))),
        2 => {
            let put = random.next().to_le_bytes();
            drop(bytes.splice(at..at, put));
        }
        _ => {}
    }
    bytes
}

/// A document of JSON with some values replaced, removed, doubled or moved.
pub fn json(random: &mut Random, document: &mut Value) {
    for _ in 0..random.few() {
        let mut paths = Vec::new();
        pointers(document, String::new(), &mut paths);
        let path = paths[random.below(paths.len())].clone();
        let other = paths[random.below(paths.len())].clone();
        let other = document.pointer(&other).cloned().unwrap_or_default();
        let Some(value) = document.pointer_mut(&path) else {
            continue;
        };
        *value = match (random.below(4), value.take()) {
            (0, _) => other,
            (1, Value::Object(mut fields)) => {
                let names: Vec<String> = fields.keys().cloned().collect();
                if !names.is_empty() {
                    fields.remove(&names[random.below(names.len())]);
                }
                Value::Object(fields)
            }
            (1, Value::Array(mut items)) => {
                let again = items.clone();
                items.extend(again);
                Value::Array(items)
            }
            (2, Value::String(text)) => {
                let changed = self::text(random, text.as_bytes());
                String::from_utf8_lossy(&changed).into_owned().into()
            }
            (_, old) => replacement(random, old),
        };
    }
}

fn replacement(random: &mut Random, old: Value) -> Value {
    match random.below(16) {
        0 => Value::Null,
        1 => json!(0),
        2 => json!(-1),
        3 => json!(u64::MAX),
        4 => json!(i64::MIN),
        5 => json!(1e308),
        6 => json!(5e-324),
        7 => json!(""),
        8 => json!("../../etc/passwd"),
        9 => json!("/dev/zero"),
        10 => json!("k IN (SELECT column_1 FROM read_csv('/etc/passwd'))"),
        11 => json!([]),
        12 => json!({}),
        13 => json!(true),
        14 => json!([old.clone(), old]),
        _ => json!({ "a": old }),
    }
}

fn pointers(value: &Value, path: String, paths: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                pointers(value, format!("{path}/{name}"), paths);
            }
        }
        Value::Array(items) => {
            for (position, value) in items.iter().enumerate() {
                pointers(value, format!("{path}/{position}"), paths);
            }
        }
        _ => {}
    }
    paths.push(path);
}
