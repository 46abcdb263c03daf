//! Rows as what they were at training.

use polars::prelude::*;

use crate::error::{Error, Result, SpecError, as_at_training};
use crate::guard::guarded;
use crate::model::column;
use crate::schema::Role;
use crate::source::{BadValue, Converter, Format, bad_value, can_convert};
use crate::store::Run;

/// The columns of the key, as text, and the features, as what they were at training. A key that
/// cannot be converted stays as it is written: it is that of an entity that is not known.
/// Texts are those of the format that the rows were read from, or of a frame.
pub(super) fn as_trained(
    frame: &DataFrame,
    run: &Run,
    format: Option<Format>,
) -> Result<DataFrame> {
    let bad = BadValue::default();
    let texts = match format {
        Some(format) => run.dataset.texts_in(format),
        None => run.dataset.texts(),
    };
    let converter = Converter::strict(texts, &bad);
    let features = run.feature_columns();
    let mut expressions = Vec::with_capacity(run.dataset.key.len() + features.len());
    for (position, name) in run.dataset.key.iter().enumerate() {
        let found = column(frame, name, Role::Key)?.dtype();
        let text = converter.key_text(name, found, &run.key_column(name));
        expressions.push(text.alias(format!("\u{0}{position}")));
    }
    for feature in &features {
        let found = column(frame, &feature.name, Role::Feature)?.dtype();
        if !can_convert(found, &feature.column_type) {
            return Err(SpecError::OtherTypeThanTrained {
                path: None,
                column: feature.name.clone(),
                found: found.into(),
                trained: feature.column_type.noun().to_owned(),
            }
            .into());
        }
        expressions.push(converter.convert(&feature.name, found, feature));
    }
    let converted = guarded(|| frame.clone().lazy().select(expressions).collect());
    converted.map_err(|error| match bad.take() {
        Some((column, value)) => as_at_training(bad_value(None, 0, column, value, &features)),
        None => Error::polars("cannot convert the rows")(error),
    })
}

/// By row of texts of a format: what is wrong with the first value that cannot be converted.
pub(super) fn problems(
    frame: &DataFrame,
    run: &Run,
    format: Format,
) -> Result<Vec<Option<String>>> {
    let converter = Converter::lenient(run.dataset.texts_in(format));
    let mut problems = vec![None; frame.height()];
    for schema in run.feature_columns() {
        let Ok(texts) = column(frame, &schema.name, Role::Feature)?.str() else {
            continue;
        };
        for (text, problem) in texts.iter().zip(&mut problems) {
            if let (Some(text), None) = (text, &problem)
                && converter.refuses(text, &schema)
            {
                let (name, value) = (schema.name.clone(), text.to_owned());
                let error = bad_value(None, 0, name, value, std::slice::from_ref(&schema));
                *problem = Some(as_at_training(error).to_string());
            }
        }
    }
    Ok(problems)
}
