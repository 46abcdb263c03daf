//! How numbers and progress look, and what is said on stderr.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use per_entity::source::Source;

use super::context::Context;
use super::visible::visible;

/// A whole number with its thousands apart.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes in the unit that suits them.
pub fn bytes(bytes: u64) -> String {
    match bytes {
        0..=9_999 => format!("{} B", grouped(bytes)),
        10_000..=9_999_999 => format!("{:.1} kB", bytes as f64 / 1e3),
        10_000_000..=9_999_999_999 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

pub fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}

pub fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

/// A progress bar on stderr, where that is a terminal and the user wants to see something.
pub fn progress(context: &Context, total: u64, unit: &str) -> ProgressBar {
    let bar = hidden_or(context, || ProgressBar::new(total));
    bar.set_style(bar_style(unit));
    bar
}

/// What moves while files are read, of which nobody knows how long it takes; [`begin_counting`]
/// makes a progress bar of it.
pub fn reading(context: &Context) -> ProgressBar {
    let spinner = hidden_or(context, ProgressBar::new_spinner);
    let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}");
    spinner.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    spinner.set_message("reading");
    if !spinner.is_hidden() {
        spinner.enable_steady_tick(Duration::from_millis(120));
    }
    spinner
}

/// From now on it is known how much there is to do.
pub fn begin_counting(bar: &ProgressBar, total: u64, unit: &str) {
    bar.disable_steady_tick();
    bar.set_style(bar_style(unit));
    bar.set_length(total);
    bar.reset();
}

fn hidden_or(context: &Context, bar: impl FnOnce() -> ProgressBar) -> ProgressBar {
    match context.quiet || !std::io::stderr().is_terminal() {
        true => ProgressBar::hidden(),
        false => bar(),
    }
}

fn bar_style(unit: &str) -> ProgressStyle {
    let template = format!("{{wide_bar}} {{human_pos}}/{{human_len}} {unit} {{eta}}");
    ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// How many lines a table may have; 0 is without limit.
pub fn limit(lines: usize) -> usize {
    match lines {
        0 => usize::MAX,
        limit => limit,
    }
}

/// Says something on stderr that is no warning.
pub fn note(context: &Context, text: &str) {
    if !context.quiet {
        let _ = writeln!(std::io::stderr(), "note: {}", visible(text));
    }
}

/// Warns of rows with the wrong number of fields; `advice` says how to have it otherwise.
pub fn report_ragged(source: &Source, advice: &str) {
    if let Some((path, line, fields, wanted)) = source.first_ragged() {
        log::warn!(
            "{}:{line}: {fields} fields instead of {wanted}; {} such rows are left out ({advice})",
            path.display(),
            grouped(source.ragged())
        );
    }
}

/// The words of the command; what is not UTF-8 is replaced.
pub fn command_line() -> Vec<String> {
    let words = std::env::args_os();
    words
        .map(|word| word.to_string_lossy().into_owned())
        .collect()
}
