//! What Polars said, without what is meant for those who program with it.

use polars::error::PolarsError;

/// Where the account of a query plan begins; it goes to the end of the text.
const PLANNER: [&str; 3] = [
    "Resolved plan until failure",
    "---> FAILED HERE",
    "This error occurred with the following context stack",
];

/// How advice begins.
const ADVICE: [&str; 9] = [
    "hint:",
    "consider ",
    "try ",
    "please ",
    "you might want",
    "you may ",
    "use `",
    "pass ",
    "- ",
];

/// What only those know who program with Polars.
const FOREIGN: [&str; 20] = [
    "infer_schema_length",
    "schema_overrides",
    "ignore_errors",
    "null_values",
    "try_parse_dates",
    "cast_options",
    "extra_columns",
    "missing_columns",
    "truncate_ragged_lines",
    "check_extension",
    "non_existent=",
    "strict=",
    "`strict`",
    "`str.",
    "`dt.",
    "`.c",
    "pl.",
    "pip install",
    "polars[",
    "polars-big",
];

/// What ends a clause. Advice goes to the end of a sentence.
const ENDS: [&str; 5] = ["\n", ". ", "; ", ", ", " ("];
const SENTENCE_ENDS: [&str; 2] = ["\n", ". "];

/// What Polars said, without its plans, and without advice on its own functions and arguments. The
/// first clause, which says what is wrong, always stays.
pub(crate) fn polars_message(cause: &PolarsError) -> String {
    match cause {
        // The steps of a plan: `'filter' failed`.
        PolarsError::Context { error, msg } if msg.starts_with('\'') => polars_message(error),
        PolarsError::ExprContext { error, .. } => polars_message(error),
        _ => without_advice(&cause.to_string()),
    }
}

fn without_advice(text: &str) -> String {
    let ends = PLANNER.iter().filter_map(|begin| text.find(begin));
    let text = text[..ends.min().unwrap_or(text.len())].trim();
    let mut kept = String::new();
    let mut is_advice = false;
    for (separator, clause) in clauses(text) {
        is_advice &= !SENTENCE_ENDS.contains(&separator);
        is_advice |= !separator.is_empty() && advises(clause);
        if is_advice || separator == "\n" && clause.is_empty() {
            continue;
        }
        kept += separator;
        kept += clause;
    }
    kept.trim_end_matches([' ', ',', ';']).to_owned()
}

fn advises(clause: &str) -> bool {
    let clause = clause.trim_start().to_lowercase();
    ADVICE.iter().any(|begin| clause.starts_with(begin))
        || FOREIGN.iter().any(|name| clause.contains(name))
}

/// The clauses of a text, each with what separates it from the one before.
fn clauses(mut text: &str) -> Vec<(&str, &str)> {
    let mut clauses = Vec::new();
    let mut separator = "";
    loop {
        let ends = ENDS.iter().filter_map(|end| Some((text.find(end)?, *end)));
        let Some((position, end)) = ends.min() else {
            clauses.push((separator, text));
            return clauses;
        };
        clauses.push((separator, &text[..position]));
        text = &text[position + end.len()..];
        separator = end;
    }
}

#[cfg(test)]
mod tests {
    use polars::prelude::{PolarsError, polars_err};

    use super::*;

    /// Messages of Polars 0.55, and what becomes of them.
    const MESSAGES: [(&str, &str); 16] = [
        (
            "could not parse `abc` as dtype `i64` at column 'x' (column number 2)\n\nThe current offset in the file is 5 bytes.\n\nYou might want to try:\n- increasing `infer_schema_length` (e.g. `infer_schema_length=10000`),\n- specifying correct dtype with the `schema_overrides` argument\n- setting `ignore_errors` to `True`,\n- adding `abc` to the `null_values` list.\n\nOriginal error: ```invalid primitive value found during CSV parsing```",
            "could not parse `abc` as dtype `i64` at column 'x' (column number 2)\nThe current offset in the file is 5 bytes.\nOriginal error: ```invalid primitive value found during CSV parsing```",
        ),
        (
            "found more fields than defined in 'Schema'\n\nConsider setting 'truncate_ragged_lines=true'.",
            "found more fields than defined in 'Schema'",
        ),
        (
            "error deserializing value \"String(\"a\")\" as numeric.\n\nTry increasing `infer_schema_length` or specifying a schema.",
            "error deserializing value \"String(\"a\")\" as numeric.",
        ),
        (
            "extra field in struct data: z, consider increasing infer_schema_length, or manually specifying the full schema to ignore extra fields",
            "extra field in struct data: z",
        ),
        (
            "conversion from `str` to `date` failed in column 'c' for 2 out of 2 values: [\"u\", \"v\"]\n\nYou might want to try:\n- setting `strict=False` to set values that cannot be converted to `null`\n- using `str.strptime`, `str.to_date`, or `str.to_datetime` and providing a format string",
            "conversion from `str` to `date` failed in column 'c' for 2 out of 2 values: [\"u\", \"v\"]",
        ),
        (
            "'is_in' cannot check for List(String) values in Float64 data\n\nResolved plan until failure:\n\n\t---> FAILED HERE RESOLVING 'sink' <---\nFILTER col(\"x\").is_in([[\"a\", \"b\"].alias(\"\")])\nFROM\n  Csv SCAN [in.csv]\n  PROJECT */4 COLUMNS: 'filter' failed: 'select': 'sink'",
            "'is_in' cannot check for List(String) values in Float64 data",
        ),
        (
            "arithmetic on dtypes str and dyn int is not allowed (lhs: column 'c', rhs: expression `dyn int: 1`); try an explicit cast first",
            "arithmetic on dtypes str and dyn int is not allowed (lhs: column 'c', rhs: expression `dyn int: 1`)",
        ),
        (
            "data type mismatch for column x: incoming: String != target: Int64",
            "data type mismatch for column x: incoming: String != target: Int64",
        ),
        (
            "data type mismatch for column x: incoming: Int64 != target: Float64, hint: pass cast_options=pl.ScanCastOptions(integer_cast='allow-float')",
            "data type mismatch for column x: incoming: Int64 != target: Float64",
        ),
        (
            "encountered extra struct field: z, hint: specify this field in the schema, or pass cast_options=pl.ScanCastOptions(extra_struct_fields='ignore')",
            "encountered extra struct field: z",
        ),
        (
            "did not find column y, consider passing `missing_columns='insert'`",
            "did not find column y",
        ),
        (
            "extra column in file outside of expected schema: z, hint: specify this column in the schema, or pass extra_columns='ignore' in scan options.",
            "extra column in file outside of expected schema: z",
        ),
        (
            "could not parse `2020-13-01` as date; try_parse_dates=False reads it as text",
            "could not parse `2020-13-01` as date",
        ),
        (
            "invalid `hex` encoding found; try setting `strict=false` to ignore",
            "invalid `hex` encoding found",
        ),
        (
            "conversion failed, first shown value: 'x' (consider non-strict parsing)",
            "conversion failed, first shown value: 'x'",
        ),
        (
            "could not parse `pl.col; hint` as dtype `i64`, at column 'a, b'. It ends early",
            "could not parse `pl.col; hint` as dtype `i64`, at column 'a, b'. It ends early",
        ),
    ];

    #[test]
    fn advice_for_other_programs_is_left_out_and_all_else_stays() {
        for (said, plain) in MESSAGES {
            let cause = PolarsError::ComputeError(said.into());
            assert_eq!(polars_message(&cause), plain);
        }
    }

    #[test]
    fn the_steps_of_a_plan_are_left_out() {
        let cause = polars_err!(ComputeError: "it is wrong");
        let cause = cause.context("'filter' failed".into());
        let cause = cause.context("'sink'".into());
        assert_eq!(polars_message(&cause), "it is wrong");
        let cause = cause.context("in a file".into());
        assert!(polars_message(&cause).ends_with("in a file"));
    }
}
