//! Sizes of memory as a user writes them.

/// Reads `2GiB`, `500 MB` or a plain number of bytes.
pub fn parse(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.'));
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        unit => {
            return Err(format!(
                "'{unit}' is not a unit of memory; say 2GiB or 500MB"
            ));
        }
    };
    let number: f64 = number
        .parse()
        .map_err(|_| format!("'{text}' is not a size; say 2GiB or 500MB"))?;
    Ok((number * factor as f64) as u64)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn sizes_are_read_with_and_without_units() {
        assert_eq!(parse("2GiB"), Ok(2 << 30));
        assert_eq!(parse(" 1.5 kb "), Ok(1_500));
        assert_eq!(parse("700000000"), Ok(700_000_000));
        for wrong in ["", "GiB", "2 Gigs", "-1GB", "1.2.3MB"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
