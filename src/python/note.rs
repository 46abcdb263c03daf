//! What is worth saying about columns, with the options of Python.

use per_entity::table::ColumnNote;

/// A note in words and options.
pub fn sentence(note: &ColumnNote) -> String {
    match note {
        ColumnNote::RowNumber { column } if column.is_empty() => {
            "a column without a name is left out, for it is taken for row numbers (an index); give it a name to have it as a feature".into()
        }
        ColumnNote::RowNumber { column } => format!(
            "{column}: is left out, for it is taken for row numbers (an index); numeric=[{column:?}] makes it a feature"
        ),
        ColumnNote::Lacking { column, without } => format!(
            "{column}: is no column of {}, so its values are missing there; ignore=[{column:?}] leaves it out",
            without.display()
        ),
        ColumnNote::CountsRows { column } => {
            format!("{column}: counts the rows one by one; ignore=[{column:?}] leaves it out")
        }
        ColumnNote::AlmostNumeric {
            column,
            numbers,
            others,
            examples,
        } => format!(
            "{column}: {numbers} numbers and {others} other texts ({}), so it is taken for text; missing={examples:?} makes these missing values, numeric=[{column:?}] makes others an error",
            examples.join(", ")
        ),
        ColumnNote::DecimalComma {
            column,
            numbers,
            example,
        } => format!(
            "{column}: {numbers} texts like '{example}', which are numbers with decimal_comma=True; without it they are text"
        ),
        _ => format!("{note:?}"),
    }
}

/// That a feature looks like an identifier.
pub fn identifier(column: &str, distinct: u64, rows: u64) -> String {
    format!(
        "{column}: {distinct} different values in {rows} rows, as an identifier has; ignore=[{column:?}] leaves it out"
    )
}
