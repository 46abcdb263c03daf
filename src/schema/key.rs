//! Keys as text, and their order.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

/// How a key or target column compares and sorts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyType {
    /// Whole numbers, in numeric order.
    Integer,
    /// Text, in the order of its bytes.
    Text,
}

/// The text of a composite key: its values as one CSV record (RFC 4180).
pub(crate) fn key_text<'a>(values: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for (position, value) in values.enumerate() {
        if position > 0 {
            text.push(',');
        }
        if value.is_empty() || value.contains([',', '"', '\n', '\r']) {
            text.push('"');
            text.push_str(&value.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(value);
        }
    }
    text
}

/// The text of the first values of a composite key, as [`key_text`] writes them.
pub(crate) fn key_prefix(key: &str, values: usize) -> &str {
    let mut is_quoted = false;
    let ends = key.bytes().enumerate().filter(|(_, byte)| {
        is_quoted ^= *byte == b'"';
        *byte == b',' && !is_quoted
    });
    let mut ends = ends.map(|(position, _)| position);
    let end = ends.nth(values.saturating_sub(1));
    &key[..end.unwrap_or(key.len())]
}

/// The order of keys: that of whole numbers where a key column holds such, else that of text.
#[derive(Clone, Debug)]
pub(crate) struct KeyOrder(pub(crate) Vec<KeyType>);

impl KeyOrder {
    /// Compares two keys, given as text. What is not a whole number, though it should be one, is
    /// compared as text, behind all numbers.
    pub fn compare(&self, one: &str, other: &str) -> Ordering {
        let kinds = match self.0.as_slice() {
            [kind] => return compare(*kind, one, other),
            kinds => kinds,
        };
        let (one, other) = (values(one), values(other));
        let orders = kinds
            .iter()
            .zip(one.iter().zip(&other))
            .map(|(kind, (one, other))| compare(*kind, one, other));
        orders
            .fold(Ordering::Equal, Ordering::then)
            .then(one.len().cmp(&other.len()))
    }
}

fn compare(kind: KeyType, one: &str, other: &str) -> Ordering {
    let number = |text: &str| text.parse::<i64>().map_err(|_| ());
    match kind {
        KeyType::Integer => number(one).cmp(&number(other)).then(one.cmp(other)),
        KeyType::Text => one.cmp(other),
    }
}

/// The values of a composite key.
fn values(key: &str) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(key.as_bytes());
    let mut record = csv::StringRecord::new();
    match reader.read_record(&mut record) {
        Ok(true) => record.iter().map(str::to_owned).collect(),
        _ => vec![key.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_of_a_key_is_the_key_of_its_first_values() {
        let all = ["a,b", "", "say \"c,\"", "d\n", "e"];
        let key = key_text(all.into_iter());
        for values in 1..=all.len() {
            let first = key_text(all[..values].iter().copied());
            assert_eq!(key_prefix(&key, values), first);
            assert_eq!(key_prefix(&first, values), first);
        }
    }

    #[test]
    fn whole_numbers_are_ordered_as_such_and_text_as_text() {
        let order = |kinds: &[KeyType], one: &str, other: &str| {
            KeyOrder(kinds.to_vec()).compare(one, other)
        };
        use KeyType::{Integer, Text};
        assert_eq!(order(&[Integer], "9", "10"), Ordering::Less);
        assert_eq!(order(&[Integer], "-9", "-10"), Ordering::Greater);
        assert_eq!(order(&[Text], "9", "10"), Ordering::Greater);
        assert_eq!(order(&[Integer], "9", "x"), Ordering::Less);
        assert_eq!(order(&[Text, Integer], "a,9", "a,10"), Ordering::Less);
        assert_eq!(order(&[Text, Text], "\"a,b\",1", "a,2"), Ordering::Greater);
        assert_eq!(order(&[Text, Integer], "\"\",1", "\"\",1"), Ordering::Equal);
    }
}
