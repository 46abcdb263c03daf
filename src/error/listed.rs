//! Lists of names in messages.

/// The first names, in quotes, and how many more there are.
pub(super) fn list(texts: &[String]) -> String {
    const SHOWN: usize = 20;
    let mut text = texts
        .iter()
        .take(SHOWN)
        .map(|text| format!("'{text}'"))
        .collect::<Vec<_>>()
        .join(", ");
    if texts.len() > SHOWN {
        text += &format!(" and {} more", texts.len() - SHOWN);
    }
    text
}
