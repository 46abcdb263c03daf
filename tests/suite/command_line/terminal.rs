//! Tables on a terminal.

use std::process::{Command, Stdio};

use crate::support::place::Place;

/// What a command prints on a terminal of so many columns.
fn on_terminal(place: &Place, columns: u32, arguments: &str) -> Option<String> {
    let program = env!("CARGO_BIN_EXE_per-entity");
    let command = format!("stty cols {columns} rows 50; '{program}' {arguments}");
    let mut script = Command::new("script");
    script
        .args(["-qec", &command, "/dev/null"])
        .stdin(Stdio::null());
    let Ok(output) = script.current_dir(place.path("")).output() else {
        println!("skipped: there is no `script` that makes a terminal");
        return None;
    };
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{arguments}: {text}");
    Some(text.replace("\r\n", "\n"))
}

#[test]
fn tables_fit_the_terminal_and_say_what_is_left_out() {
    let place = Place::new();
    let long = "x".repeat(200);
    let rows = (0..40).map(|row| format!("{},{row},{}\n", [&long, "short"][row % 2], row % 3 % 2));
    place.write("in.csv", format!("k,x,y\n{}", rows.collect::<String>()));
    place
        .run("train --input in.csv --key k --target y --output-dir models --holdout 0.3")
        .succeeded();
    for (command, left_out) in [
        ("inspect models", "classes"),
        ("history models", "skipped"),
        ("evaluate models --input in.csv", "Brier"),
        (
            "compare --input in.csv --key k --target y",
            "F1: baseline, pooled, unknown entity, per entity, shared",
        ),
    ] {
        let Some(text) = on_terminal(&place, 72, command) else {
            return;
        };
        let table = text
            .lines()
            .take_while(|line| !line.starts_with("left out to fit"));
        // What moves while files are read comes and goes on stderr.
        let table = table.filter(|line| !line.contains("reading"));
        for line in table.filter(|line| line.contains("  ")) {
            assert!(line.chars().count() <= 72, "{command}: {line}");
        }
        let note = text
            .lines()
            .find(|line| line.starts_with("left out to fit the terminal:"));
        let note = note.unwrap_or_else(|| panic!("{command}: {text}"));
        assert!(note.contains(left_out), "{command}: {note}");

        let piped = place.run(command).succeeded().stdout;
        assert!(!piped.contains("terminal"), "{piped}");
    }
    assert!(place.run("inspect models").stdout.contains(&long));
    let Some(wide) = on_terminal(&place, 400, "inspect models") else {
        return;
    };
    assert_eq!(wide, place.run("inspect models").stdout);
}
