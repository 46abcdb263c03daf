//! Tables, as wide as the terminal at most.

use std::io::{IsTerminal, stdout};

use comfy_table::{CellAlignment, Table, presets};
use terminal_size::terminal_size_of;
use unicode_width::UnicodeWidthStr;

use super::visible::visible_line;

/// Spaces between columns.
const GAP: usize = 2;

/// No text is shortened to less, in columns of the terminal.
const SHORTEST: usize = 24;

/// Columns that go first where there is no room for all, in this order; then go those on the right.
/// Of two with the same name, the right one goes.
const EXPENDABLE: [&str; 29] = [
    "examples",
    "smallest",
    "bytes",
    "models",
    "classes",
    "depth",
    "skipped",
    "Brier",
    "log loss",
    "balanced",
    "precision",
    "recall",
    "shared",
    "per entity",
    "unknown entity",
    "pooled",
    "F1: baseline",
    "R²: baseline",
    "unknown entity",
    "25 %",
    "75 %",
    "50 %",
    "nodes",
    "created",
    "false positive",
    "true positive",
    "rows",
    "training accuracy",
    "training R²",
];

/// A table whose first column is text and whose others are numbers. On a terminal it is no wider
/// than that, and a line under it says what is left out.
pub fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut columns = Columns::new(header, rows);
    match terminal_width() {
        None => columns.text(),
        Some(width) => columns.fit(width),
    }
}

/// Nothing where stdout is no terminal.
fn terminal_width() -> Option<usize> {
    let stdout = stdout();
    if !stdout.is_terminal() {
        return None;
    }
    let (width, _) = terminal_size_of(stdout)?;
    (width.0 > 0).then_some(width.0.into())
}

/// A table by columns, each a heading and the cells below it.
struct Columns(Vec<Vec<String>>);

impl Columns {
    fn new(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Self {
        let mut columns: Vec<Vec<String>> = header
            .iter()
            .map(|name| vec![visible_line(name).into_owned()])
            .collect();
        for row in rows {
            let cells = row.into_iter().chain(std::iter::repeat(String::new()));
            for (column, cell) in columns.iter_mut().zip(cells) {
                column.push(visible_line(&cell).into_owned());
            }
        }
        Self(columns)
    }

    fn text(&self) -> String {
        let rows = self.0.first().map_or(0, Vec::len);
        let row = |row: usize| self.0.iter().map(move |column| column[row].as_str());
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_header(row(0));
        table.add_rows((1..rows).map(row));
        for (position, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, GAP as u16));
            if position > 0 {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table.trim_fmt()
    }

    /// The text in so many columns of the terminal, with a line on what is not there.
    fn fit(&mut self, width: usize) -> String {
        let is_shortened = self.shorten(width);
        let left_out = self.leave_out(width);
        let mut text = self.text();
        if !left_out.is_empty() {
            text += &format!("\nleft out to fit the terminal: {}", left_out.join(", "));
        } else if is_shortened {
            text += "\nshortened to fit the terminal";
        }
        if is_shortened || !left_out.is_empty() {
            text += "; a pipe or a file gets all";
        }
        text
    }

    /// Shortens the texts of the widest columns, as far as is needed and sensible.
    fn shorten(&mut self, width: usize) -> bool {
        let mut is_shortened = false;
        loop {
            let excess = self.width().saturating_sub(width);
            let widths = self.0.iter().map(|column| column_width(column));
            let Some((position, widest)) = widths.enumerate().max_by_key(|(_, width)| *width)
            else {
                return is_shortened;
            };
            if excess == 0 || widest <= SHORTEST {
                return is_shortened;
            }
            let room = widest.saturating_sub(excess).max(SHORTEST);
            for cell in &mut self.0[position] {
                *cell = shortened(cell, room);
            }
            is_shortened = true;
        }
    }

    /// Removes columns until the others have room, and says which, in their order.
    fn leave_out(&mut self, width: usize) -> Vec<String> {
        let mut expendable = EXPENDABLE.iter();
        let mut left_out = Vec::new();
        let all: Vec<String> = self.0.iter().map(|column| column[0].clone()).collect();
        let mut positions: Vec<usize> = (0..all.len()).collect();
        while self.width() > width && self.0.len() > 1 {
            let position = match expendable.next() {
                None => self.0.len() - 1,
                Some(name) => match self.0.iter().rposition(|column| column[0] == *name) {
                    None | Some(0) => continue,
                    Some(position) => position,
                },
            };
            self.0.remove(position);
            left_out.push(positions.remove(position));
        }
        left_out.sort_unstable();
        left_out
            .into_iter()
            .map(|column| all[column].clone())
            .collect()
    }

    fn width(&self) -> usize {
        let widths: usize = self.0.iter().map(|column| column_width(column)).sum();
        widths + GAP * self.0.len().saturating_sub(1)
    }
}

fn column_width(cells: &[String]) -> usize {
    let lines = cells.iter().flat_map(|cell| cell.lines());
    lines.map(UnicodeWidthStr::width).max().unwrap_or_default()
}

/// The beginning of a text, in so many columns of the terminal.
fn shortened(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut shortened = String::new();
    for character in text.chars() {
        let longer = format!("{shortened}{character}");
        if longer.width() >= room {
            break;
        }
        shortened = longer;
    }
    shortened + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: [&str; 5] = ["entity", "rows", "classes", "bytes", "status"];

    fn fitted(width: usize, key: &str) -> String {
        let row = [key, "1,000", "2", "12,345", "trained"].map(String::from);
        Columns::new(&HEADER, [row.to_vec()]).fit(width)
    }

    #[track_caller]
    fn assert_fits(text: &str, width: usize) {
        let table = text.lines().filter(|line| !line.contains("terminal"));
        for line in table {
            assert!(line.width() <= width, "{line}");
        }
    }

    #[test]
    fn a_table_with_room_is_whole() {
        let text = fitted(80, "Paris");
        assert!(
            !text.contains("terminal") && text.contains("bytes"),
            "{text}"
        );
        let widest = text.lines().map(UnicodeWidthStr::width).max().unwrap();
        assert_eq!(fitted(widest, "Paris"), text);
    }

    #[test]
    fn long_texts_are_shortened_before_columns_go() {
        let text = fitted(70, &"é".repeat(300));
        assert_fits(&text, 70);
        assert!(text.contains('…') && text.contains("bytes"), "{text}");
        assert!(text.ends_with("shortened to fit the terminal; a pipe or a file gets all"));
    }

    #[test]
    fn columns_go_by_what_they_are_worth_and_are_named() {
        let text = fitted(25, "Paris");
        assert_fits(&text, 25);
        assert!(
            text.contains("left out to fit the terminal: classes, bytes;"),
            "{text}"
        );
        assert!(text.contains("status"), "{text}");
        let text = fitted(1, "Paris");
        assert!(text.contains("rows, classes, bytes, status;"), "{text}");
        assert!(text.starts_with("entity"), "{text}");
    }

    #[test]
    fn wide_characters_count_twice() {
        let text = fitted(60, &"東京".repeat(30));
        assert_fits(&text, 60);
        assert!(text.contains('…'), "{text}");
    }
}
