//! A description as a specification that can be changed and trained with.

use super::description::{ColumnDescription, Description};
use crate::schema::{ColumnSchema, ColumnType, Decided, Role};
use crate::source::DatasetSpec;

impl Description {
    /// The specification that the description was made with, with the type of every column, in
    /// TOML. A comment says why each choice was made.
    ///
    /// # Errors
    ///
    /// [`SpecError::Unreadable`](crate::error::SpecError::Unreadable) where it cannot be written,
    /// which is a defect.
    pub fn specification(&self, spec: &DatasetSpec) -> crate::Result<String> {
        let mut spec = spec.clone();
        spec.types.clear();
        let row_numbers = self
            .columns
            .iter()
            .filter(|column| column.role == Role::Ignored && !spec.ignore.contains(&column.name));
        let row_numbers: Vec<String> = row_numbers.map(|column| column.name.clone()).collect();
        spec.ignore.extend(row_numbers);
        let mut text = String::from(
            "# What the columns are. Every line can be changed; --spec takes the file.\n",
        );
        if spec.key.is_empty() {
            text += "# key: one column or several; a model is trained for each of their values.\n";
        }
        if spec.target.is_empty() {
            text += "# target: the column to predict.\n";
        }
        let settings = spec.to_toml()?;
        let (settings, csv) = settings.split_once("\n[csv]").unwrap_or((&settings, ""));
        text += &format!("{}\n\n[types]\n", settings.trim_end());
        for column in &self.columns {
            text += &line(column);
        }
        Ok(format!("{text}\n[csv]{csv}"))
    }
}

fn line(column: &ColumnDescription) -> String {
    let Some(schema) = &column.schema else {
        return format!("# {} can have no role\n", quoted(&column.name));
    };
    let declaration = declaration(schema, column.role);
    let comment = comment(column, schema);
    let line = format!("{} = {declaration}  # {comment}", quoted(&column.name));
    match column.role {
        Role::Ignored => format!("# {line}\n"),
        _ => format!("{line}\n"),
    }
}

fn declaration(schema: &ColumnSchema, role: Role) -> String {
    let column_type = match (&schema.column_type, role) {
        // Fractions may come up in a quantity that was whole so far.
        (ColumnType::Whole, Role::Feature | Role::NumericFeature) => ColumnType::Number,
        (column_type, _) => column_type.clone(),
    };
    match (&schema.format, &column_type) {
        _ if schema.spelling.is_some() => {
            let spelling = schema.spelling.iter().flatten().map(|text| quoted(text));
            let spelling: Vec<String> = spelling.collect();
            format!("{{ boolean = [{}] }}", spelling.join(", "))
        }
        (Some(format), ColumnType::Date) => format!("{{ date = {} }}", quoted(format)),
        (Some(format), ColumnType::Time) => format!("{{ time = {} }}", quoted(format)),
        (Some(format), ColumnType::Timestamp { .. }) => {
            format!("{{ timestamp = {} }}", quoted(format))
        }
        _ => quoted(&column_type.to_string()),
    }
}

fn comment(column: &ColumnDescription, schema: &ColumnSchema) -> String {
    let why = match schema.decided {
        Decided::Declared => "declared",
        Decided::File => "the file's own type",
        Decided::Inferred => "inferred from all rows",
    };
    let mut comment = format!(
        "{}, {why}, {} different",
        column.role.name(),
        column.distinct
    );
    if column.missing > 0 {
        comment += &format!(", {} missing", column.missing);
    }
    if !column.examples.is_empty() {
        let examples = column.examples.iter().map(|example| quoted(example));
        let examples: Vec<String> = examples.collect();
        comment += &format!(": {}", examples.join(", "));
    }
    comment
}

/// A text as TOML writes it on one line.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
