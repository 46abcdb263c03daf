//! What the program says of itself.

use crate::support::program::run;

#[test]
fn help_completions_and_manual_pages_are_there() {
    for command in ["train", "inspect", "generate"] {
        let help = run(&[command, "--help"]).stdout;
        assert!(help.contains("Example"), "{help}");
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(run(&["completions", shell]).stdout.contains("per-entity"));
    }
    assert!(run(&["man"]).stdout.contains(".TH per-entity"));
}
