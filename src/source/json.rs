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

/// Hands each field of the object `row` to `visit`, in their order.
///
/// # Errors
///
/// What is wrong with it, where it is not one object.
pub(crate) fn each_field<'a>(
    row: &'a str,
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
        let (value, behind) = value(rest)?;
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

fn value(text_: &str) -> Result<(JsonValue<'_>, &str), String> {
    if text_.starts_with('"') {
        let (text, rest) = text(text_)?;
        return Ok((JsonValue::Text(text), rest));
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
