//! What the program says of itself.

use crate::support::program::{finish, per_entity};

#[test]
fn help_completions_and_manual_pages_are_there() {
    let said = |arguments: &str| finish(&mut per_entity(arguments)).succeeded().stdout;
    for command in ["train", "inspect", "generate"] {
        let help = said(&format!("{command} --help"));
        assert!(help.contains("Example"), "{help}");
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(said(&format!("completions {shell}")).contains("per-entity"));
    }
    assert!(said("man").contains(".TH per-entity"));
}
