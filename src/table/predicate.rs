//! The text of a predicate: an expression in SQL over the columns of a row, and nothing else. Polars'
//! SQL would do more, such as open files in subqueries, so what is asked for is looked at before
//! Polars sees it; a predicate may come from a stranger's specification or store.

use std::ops::ControlFlow;

use polars::prelude::*;
use polars::sql::sql_expr;
use sqlparser::ast::{Query, Visit, Visitor};
use sqlparser::dialect::GenericDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError, ParserOptions};
use sqlparser::tokenizer::{Token, Tokenizer};

use crate::error::polars_message;
use crate::guard::guarded;

/// Operators, parentheses and words of SQL in a predicate at most. An expression is at most as deep
/// as it has of them, and everything that walks through it, its destructor too, uses the stack.
const MOST_OPERATORS: usize = 2_000;

const QUERY: &str = "has a query in it, which would read other rows or files; write an expression over the columns of a row";

const OTHER_ROWS: &str = "looks at other rows than the one it is asked of; write an expression over the columns of a row";

/// The expression that a predicate stands for.
///
/// # Errors
///
/// What is wrong with it, and what to do.
pub(super) fn parse(predicate: &str) -> Result<Expr, String> {
    // In parentheses, so that nothing may stand behind the expression.
    let text = format!("({predicate})");
    refuse_queries(&text)?;
    let expression = guarded(|| sql_expr(&text))
        .map_err(|cause| polars_message(&cause).replace(&text, predicate))?;
    let sees_others = expression.into_iter().any(sees_other_rows);
    match sees_others {
        true => Err(OTHER_ROWS.into()),
        false => Ok(expression),
    }
}

/// Refuses what is too deep to be walked through and what reads from anything but the row, by a
/// look at the very syntax tree that Polars makes of the text.
fn refuse_queries(text: &str) -> Result<(), String> {
    let tokens = Tokenizer::new(&GenericDialect, text).tokenize();
    let tokens = tokens.map_err(|error| format!("is not SQL: {}", error.message))?;
    let operators = tokens.iter().filter(|token| is_operator(token)).count();
    if operators > MOST_OPERATORS {
        return Err(format!(
            "has {operators} operators and words of SQL, and at most {MOST_OPERATORS} can be read; \
             write lists as IN (...), or make a column of it"
        ));
    }
    let options = ParserOptions {
        trailing_commas: true,
        ..ParserOptions::default()
    };
    let parser = Parser::new(&GenericDialect).with_options(options);
    let item = parser
        .try_with_sql(text)
        .and_then(|mut parser| parser.parse_select_item());
    let item = item.map_err(|error| match error {
        ParserError::RecursionLimitExceeded => {
            "is nested more deeply than can be read; take some parentheses out".to_owned()
        }
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => {
            let end = message.find(" at Line: ").unwrap_or(message.len());
            format!("is not an expression of SQL: {}", &message[..end])
        }
    })?;
    match item.visit(&mut NoQueries) {
        ControlFlow::Break(()) => Err(QUERY.into()),
        ControlFlow::Continue(()) => Ok(()),
    }
}

/// Stops at a query. Tables, and functions that stand for one, are nowhere but in queries.
struct NoQueries;

impl Visitor for NoQueries {
    type Break = ();

    fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        ControlFlow::Break(())
    }
}

fn is_operator(token: &Token) -> bool {
    match token {
        Token::Word(word) => word.keyword != Keyword::NoKeyword,
        Token::Whitespace(_) | Token::Comma | Token::Number(..) => false,
        Token::SingleQuotedString(_) | Token::DoubleQuotedString(_) => false,
        _ => true,
    }
}

/// Whether a part of an expression, without its own parts, is not told by the row at hand.
fn sees_other_rows(part: &Expr) -> bool {
    match part {
        Expr::Len | Expr::SubPlan(..) => true,
        Expr::Agg(_)
        | Expr::Over { .. }
        | Expr::Sort { .. }
        | Expr::SortBy { .. }
        | Expr::Gather { .. }
        | Expr::Explode { .. }
        | Expr::Filter { .. }
        | Expr::Slice { .. } => part.into_iter().any(is_column),
        _ => false,
    }
}

fn is_column(part: &Expr) -> bool {
    matches!(part, Expr::Column(_) | Expr::Selector(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is_refused(predicate: &str, problem: &str) {
        let found = parse(predicate).unwrap_err();
        assert!(found.contains(problem), "{predicate}: {found}");
    }

    #[test]
    fn expressions_over_a_row_are_read() {
        for predicate in [
            "true",
            "x > 1 AND y IN ('a', 'b') OR NOT z IS NULL",
            "x IN (1, 2,)",
            "x IN (-1, 2)",
            "x BETWEEN 1 AND 2",
            "sold < DATE '2024-03-01'",
            "CAST(x AS INTEGER) > 1",
            "x::date > '2020-01-01'",
            "CASE WHEN x > 1 THEN true ELSE y = 2 END",
            "name LIKE 'a%' AND LENGTH(name) > 2",
            "COALESCE(x, 0) = 0",
            "strftime(x, '%Y') = '2020'",
        ] {
            let read = parse(predicate);
            assert!(read.is_ok(), "{predicate}: {read:?}");
        }
    }

    #[test]
    fn what_reads_anything_else_is_refused() {
        for predicate in [
            "x IN (SELECT a FROM read_csv('/etc/passwd'))",
            "x = (SELECT a FROM read_csv('/etc/passwd') LIMIT 1)",
            "EXISTS (SELECT 1 FROM read_csv('/etc/passwd'))",
            "x = ANY (SELECT a FROM t)",
            "CASE WHEN x IN (SELECT 1) THEN true ELSE false END",
            "abs(x + (SELECT 1)) > 1",
            "concat((SELECT 1), 'a') = 'a'",
            "ARRAY(SELECT a FROM read_csv('/etc/passwd')) = x",
            "SELECT column_1 FROM read_csv('/etc/passwd')",
            "VALUES (1)",
            "WITH t AS (SELECT 1) SELECT * FROM t",
            "x IN (SELECT a FROM read_parquet('a')) UNION SELECT 1",
        ] {
            let refused = parse(predicate);
            assert!(refused.is_err(), "{predicate}: {refused:?}");
        }
        is_refused("x IN (SELECT a FROM read_csv('/etc/passwd'))", "a query");
        is_refused("x > AVG(x)", "other rows");
        is_refused("x > (AVG(x) OVER (PARTITION BY y))", "other rows");
        is_refused("COUNT(*) > 3", "other rows");
        is_refused("ROW_NUMBER() OVER (ORDER BY x) > 3", "other rows");
        is_refused("x = = 1", "Expected: an expression, found: =");
    }

    /// On as small a stack as any thread here has.
    #[test]
    fn no_depth_overflows_the_stack() {
        let check = || {
            let terms = |count: usize, by: &str| vec!["x = 1"; count].join(by);
            assert!(parse(&terms(900, " OR ")).is_ok());
            is_refused(&terms(5_000, " OR "), "at most 2000");
            is_refused(&terms(1_000_000, " + "), "at most 2000");
            is_refused(&("(".repeat(900) + "x" + &")".repeat(900)), "parentheses");
            is_refused(&"(".repeat(1_000_000), "at most 2000");
            is_refused(&("NOT ".repeat(1_900) + "x"), "");
            is_refused(&("- ".repeat(1_900) + "x > 1"), "");
            let _ = parse(&("x".to_owned() + &"::text".repeat(900) + " = 'a'"));
            let _ = parse(&("x".to_owned() + &"[1]".repeat(900) + " = 'a'"));
            let many: Vec<String> = (0..100_000).map(|number| number.to_string()).collect();
            assert!(parse(&format!("x IN ({})", many.join(", "))).is_ok());
        };
        let thread = std::thread::Builder::new().stack_size(2 << 20);
        thread.spawn(check).unwrap().join().unwrap();
    }
}
