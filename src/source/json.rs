//! The fields of a row of NDJSON, as they are written.

use std::borrow::Cow;

use serde::de::IgnoredAny;

/// A value of JSON.
pub(crate) enum JsonValue<'a> {
    /// What stood in quotes, without escapes.
    Text(Cow<'a, str>),
    /// Anything else, as it is written.
    Other(&'a str),
}

/// Hands each field of the object `row` to `visit`, in their order; `nesting` is how many arrays and
/// objects may lie within each other in one of them.
///
/// # Errors
///
/// What is wrong with it, where it is not one object.
pub(crate) fn each_field<'a>(
    row: &'a str,
    nesting: usize,
    mut visit: impl FnMut(Cow<'a, str>, JsonValue<'a>) -> Result<(), String>,
) -> Result<(), String> {
    let mut rest = row.trim_ascii();
    rest = rest
        .strip_prefix('{')
        .ok_or("is not an object of JSON")?
        .trim_ascii_start();
    if let Some(end) = rest.strip_prefix('}') {
        return finish(end);
    }
    loop {
        let (name, behind) = text(rest)?;
        rest = behind.trim_ascii_start();
        rest = rest
            .strip_prefix(':')
            .ok_or("a colon is missing behind a name")?
            .trim_ascii_start();
        let (value, behind) = value(rest, nesting)?;
        visit(name, value)?;
        rest = behind.trim_ascii_start();
        if let Some(next) = rest.strip_prefix(',') {
            rest = next.trim_ascii_start();
        } else if let Some(end) = rest.strip_prefix('}') {
            return finish(end);
        } else {
            return Err("a comma or the end of the object is missing".into());
        }
    }
}

fn finish(rest: &str) -> Result<(), String> {
    match rest.trim_ascii().is_empty() {
        true => Ok(()),
        false => Err("something stands behind the object".into()),
    }
}

fn value(text_: &str, nesting: usize) -> Result<(JsonValue<'_>, &str), String> {
    if text_.starts_with('"') {
        let (text, rest) = text(text_)?;
        return Ok((JsonValue::Text(text), rest));
    }
    if text_.starts_with(['[', '{']) && is_deeper(text_.as_bytes(), nesting) {
        return Err(format!(
            "nests more than {nesting} arrays and objects, which is the limit that can be raised"
        ));
    }
    let mut values = serde_json::Deserializer::from_str(text_).into_iter::<IgnoredAny>();
    match values.next() {
        Some(Ok(_)) => {
            let (value, rest) = text_.split_at(values.byte_offset());
            Ok((JsonValue::Other(value.trim_ascii()), rest))
        }
        Some(Err(error)) => Err(plain(&error)),
        None => Err("a value is missing".into()),
    }
}

/// Whether more than `nesting` arrays and objects lie within each other in a value that is one of
/// them. What goes down into them later takes stack for each.
fn is_deeper(value: &[u8], nesting: usize) -> bool {
    let mut depth = 0_usize;
    let mut rest = value.iter();
    while let Some(byte) = rest.next() {
        match byte {
            b'[' | b'{' if depth == nesting => return true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' if depth <= 1 => return false,
            b']' | b'}' => depth -= 1,
            b'"' => skip_text(&mut rest),
            _ => {}
        }
    }
    false
}

/// Goes on behind the quote that closes a text.
fn skip_text(rest: &mut std::slice::Iter<u8>) {
    while let Some(byte) = rest.next() {
        match byte {
            b'"' => return,
            b'\\' => _ = rest.next(),
            _ => {}
        }
    }
}

/// A text in quotes, and what stands behind it.
fn text(quoted: &str) -> Result<(Cow<'_, str>, &str), String> {
    let body = quoted.strip_prefix('"').ok_or("a quote is missing")?;
    let end = memchr::memchr2(b'"', b'\\', body.as_bytes());
    if let Some(end) = end
        && body.as_bytes()[end] == b'"'
        && !body.as_bytes()[..end].iter().any(u8::is_ascii_control)
    {
        return Ok((Cow::Borrowed(&body[..end]), &body[end + 1..]));
    }
    let mut deserializer = serde_json::Deserializer::from_str(quoted).into_iter::<Text>();
    match deserializer.next() {
        Some(Ok(Text(text))) => Ok((Cow::Owned(text), &quoted[deserializer.byte_offset()..])),
        Some(Err(error)) => Err(plain(&error)),
        None => Err("a text is missing".into()),
    }
}

#[derive(serde::Deserialize)]
struct Text(String);

/// What is wrong, without a position: it would be that within the value.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_read(row: &str, nesting: usize) -> bool {
        each_field(row, nesting, |_, _| Ok(())).is_ok()
    }

    #[test]
    fn values_may_be_nested_up_to_the_limit_and_texts_do_not_count() {
        let nested = |depth: usize| {
            format!(
                "{{\"a\":{}1{},\"b\":[]}}",
                "[".repeat(depth),
                "]".repeat(depth)
            )
        };
        for depth in 0..6 {
            assert_eq!(is_read(&nested(depth), 4), depth <= 4, "{depth}");
        }
        assert!(is_read(r#"{"a":["[[[[[[[[\"[[[[\\"],"b":"[[[[[["}"#, 1));
        assert!(is_read(r#"{"a":[{},{},{}],"b":[[],[]]}"#, 2));
        assert!(!is_read(&nested(1_000_000), 100));
        assert!(!is_read(&"[".repeat(1_000_000), 100));
        assert!(!is_read(
            &format!("{{\"a\":{}", "{\"a\":".repeat(100_000)),
            100
        ));
    }
}
