//! Text that a terminal shows and does not obey.

use std::borrow::Cow;
use std::fmt::Write;

/// The text with everything that a terminal would act upon, lines and tabs aside, as `\u001b`: keys,
/// columns, classes, paths and messages may come from anyone, and could move the cursor, write to
/// the clipboard, or turn the direction of what follows. So written, they are right within the texts
/// of JSON, too.
pub fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, |character| {
        is_obeyed(character) && !matches!(character, '\n' | '\t')
    })
}

/// The same in one line, as for a cell of a table.
pub fn visible_line(text: &str) -> Cow<'_, str> {
    escaped(text, is_obeyed)
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&is_escaped) {
        return text.into();
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            _ if !is_escaped(character) => escaped.push(character),
            '\n' => escaped += "\\n",
            '\t' => escaped += "\\t",
            '\r' => escaped += "\\r",
            _ => write!(escaped, "\\u{:04x}", u32::from(character))
                .expect("writing to memory does not fail"),
        }
    }
    escaped.into()
}

/// Controls, and what turns the direction of text or ends a line (Unicode Standard Annex 9, and
/// Boucher and Anderson: Trojan Source, 2021). None lies beyond U+FFFF.
fn is_obeyed(character: char) -> bool {
    let is_turn = matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    let is_end = matches!(character, '\u{2028}' | '\u{2029}');
    character.is_control() || is_turn || is_end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_control_reaches_the_terminal_and_all_else_does() {
        for code in 0..=0x2FFF {
            let Some(character) = char::from_u32(code) else {
                continue;
            };
            let text = format!("a{character}b");
            for shown in [visible(&text), visible_line(&text)] {
                let is_raw = |c: char| is_obeyed(c) && !matches!(c, '\n' | '\t');
                assert!(!shown.chars().any(is_raw), "{code:x}");
                assert!(shown == text || is_obeyed(character), "{code:x}");
            }
            assert!(!visible_line(&text).contains(['\n', '\t']));
        }
        assert_eq!(visible("é\u{1F600}\n\t"), "é\u{1F600}\n\t");
        assert_eq!(
            visible("\u{1b}]52;c;x\u{7}\r\u{9b}1m"),
            "\\u001b]52;c;x\\u0007\\r\\u009b1m"
        );
        assert_eq!(visible_line("a\nb\tc"), "a\\nb\\tc");
    }

    #[test]
    fn json_says_the_same() {
        let text = serde_json::json!({ "key": "\u{1b}[2J\u{7f}\u{9b}1m\u{202e}é\n" });
        let shown = visible(&text.to_string()).into_owned();
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&shown).unwrap(),
            text
        );
    }
}
