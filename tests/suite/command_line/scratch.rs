//! The notebook in one file.

use std::process::Command;

use crate::support::SAMPLE;
use crate::support::program::finish;

#[test]
fn every_cell_of_the_scratch_notebook_runs() {
    let scratch = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scratch"));
        finish(command.args(arguments)).succeeded().stdout
    };
    let cells = scratch(&["--list"]).lines().count();
    assert!(cells >= 7);
    let all = scratch(&["--input", SAMPLE]);
    for cell in 1..=cells {
        assert!(all.contains(&format!("[{cell}]")), "{cell}");
    }
    let some = scratch(&["2", "4"]);
    assert!(some.contains("[2]") && some.contains("[4]") && !some.contains("[3]"));
}
