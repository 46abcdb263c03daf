//! This engine against the Python versions of the same work, each in its own process.
//!
//! `cargo bench --bench versus_python` runs the lines on Adult; `-- --large` adds those on a
//! million rows of 20,000 entities, of which the Python versions train up to a thousand. Python is
//! `PER_ENTITY_PYTHON`, or `python3`; peers whose library it lacks are skipped with a word.
//!
//! | option | default | |
//! | --- | --- | --- |
//! | `--large` | | the lines with generated data, too |
//! | `--runs N` | 3 | how often each side runs, in alternation |
//! | `--output DIRECTORY` | `target/versus_python` | where the table and the picture go |

mod chart;
#[path = "../common/mod.rs"]
mod common;
mod export;
mod lines;
mod peer;

use std::path::PathBuf;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let options = Options::parse();
    let mut lines = Vec::new();
    match common::real_adult() {
        Some(adult) => lines.extend(lines::on_adult(&adult, options.runs)),
        None => {
            println!("skipped: the lines on Adult, for adult.data and adult.test are not there")
        }
    }
    if options.large {
        lines.extend(lines::on_many_entities(options.runs));
    }
    println!("\n{}", export::markdown(&lines));
    std::fs::create_dir_all(&options.output).expect("the output directory can be made");
    let file = |name: &str| options.output.join(name);
    std::fs::write(file("versus_python.md"), export::markdown(&lines)).expect("it can be written");
    std::fs::write(file("versus_python.json"), export::json(&lines)).expect("it can be written");
    chart::draw(&lines, &file("versus_python.svg"));
    println!("written to {}", options.output.display());
}

struct Options {
    large: bool,
    runs: usize,
    output: PathBuf,
}

impl Options {
    fn parse() -> Self {
        let arguments: Vec<String> = std::env::args().collect();
        let value = |name: &str| {
            let position = arguments.iter().position(|argument| argument == name)?;
            arguments.get(position + 1).cloned()
        };
        Self {
            large: arguments.iter().any(|argument| argument == "--large"),
            runs: value("--runs").map_or(3, |runs| runs.parse().expect("--runs is a number")),
            output: value("--output")
                .map_or_else(|| PathBuf::from("target/versus_python"), PathBuf::from),
        }
    }
}
