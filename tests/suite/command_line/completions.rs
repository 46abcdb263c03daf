//! Completion, as a shell does it.

use std::process::Command;

use crate::support::place::Place;

/// What bash proposes for the last of these words.
fn proposals(place: &Place, words: &[&str]) -> Option<Vec<String>> {
    let script = r#"
        source per-entity.bash
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        complete -p per-entity >/dev/null || exit 3
        function=$(complete -p per-entity | sed 's/.*-F \([^ ]*\).*/\1/')
        "$function" per-entity "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let mut bash = Command::new("bash");
    bash.args(["--norc", "-c", script, "bash"]).args(words);
    let Ok(output) = bash.current_dir(place.path("")).output() else {
        println!("skipped: there is no bash");
        return None;
    };
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.success() && errors.is_empty(),
        "{words:?}: {errors}"
    );
    let proposals = String::from_utf8(output.stdout).unwrap();
    Some(proposals.lines().map(str::to_owned).collect())
}

#[test]
fn bash_completes_subcommands_and_what_stands_behind_them() {
    let place = Place::new();
    place.write(
        "per-entity.bash",
        place.run("completions bash").succeeded().stdout,
    );
    for (words, wanted) in [
        (&["per-entity", "insp"][..], &["inspect"][..]),
        (&["per-entity", "inspect", "--ent"], &["--entity"]),
        (&["per-entity", "inspect", "models", "--so"], &["--sort"]),
        (
            &["per-entity", "train", "--input", "a.csv", "--hold"],
            &[
                "--holdout",
                "--holdout-by",
                "--holdout-after",
                "--holdout-last",
            ],
        ),
        (
            &["per-entity", "inspect", "--format", ""],
            &["text", "json", "dot"],
        ),
        (&["per-entity", "predict", "--unknown", "f"], &["fallback"]),
        (&["per-entity", "completions", "ba"], &["bash"]),
        (&["per-entity", "help", "roll"], &["rollback"]),
    ] {
        let Some(proposals) = proposals(&place, words) else {
            return;
        };
        assert_eq!(proposals, wanted, "{words:?}");
    }
}
