//! Texts as they mean: stripped, and null where they stand for a missing value.

use polars::prelude::*;

use super::spec::DatasetSpec;

pub(crate) fn with_columns(frame: LazyFrame, columns: Vec<(PlSmallStr, Expr)>) -> LazyFrame {
    if columns.is_empty() {
        return frame;
    }
    let aliased = columns
        .into_iter()
        .map(|(name, expression)| expression.alias(name));
    frame.with_columns(aliased.collect::<Vec<_>>())
}

/// Texts stripped and missing ones made null, as the specification says.
pub(crate) fn clean(schema: &Schema, spec: &DatasetSpec) -> Vec<(PlSmallStr, Expr)> {
    let is_text = |dtype: &DataType| matches!(dtype, DataType::String);
    if !(spec.trim || spec.strip_label_stop || !spec.missing.is_empty()) {
        return Vec::new();
    }
    let texts = schema.iter().filter(|(_, dtype)| is_text(dtype));
    texts
        .map(|(name, _)| {
            let mut text = col(name.clone());
            if spec.trim {
                text = text.str().strip_chars(lit(NULL));
            }
            if spec.strip_label_stop && *name == spec.target.as_str() {
                text = text.str().strip_suffix(lit("."));
            }
            let missing = spec
                .missing
                .iter()
                .map(|missing| text.clone().eq(lit(missing.as_str())))
                .reduce(Expr::or);
            if let Some(is_missing) = missing {
                text = when(is_missing).then(lit(NULL)).otherwise(text);
            }
            (name.clone(), text)
        })
        .collect()
}
