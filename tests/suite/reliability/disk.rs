//! Disks that are full, and directories that cannot be written to.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use per_entity::store::Store;

use super::ground::{Ground, succeed};
use crate::support::program::{Finished, finish};
use crate::support::store::{assert_whole, content};

#[test]
fn a_full_disk_is_an_error_that_the_same_command_recovers_from() {
    let ground = Ground::new();
    let (store, expected) = (ground.path("store"), ground.path("expected"));
    succeed(&mut ground.train("data.csv", "expected"));
    let files = content(&expected);
    let largest_pack = files
        .iter()
        .filter(|(name, _)| name.starts_with("pack"))
        .map(|(_, bytes)| bytes.len())
        .max()
        .unwrap();
    let limits = [
        1,
        8,
        largest_pack.div_ceil(512) - 2,
        largest_pack.div_ceil(512) + 2,
    ];
    // A limit on file sizes stands in for the disk; the signal that comes with it is ignored.
    for blocks in limits {
        let run = ground.train("data.csv", "store");
        let limited = "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\"";
        let output = finish(
            Command::new("sh")
                .current_dir(ground.path(""))
                .args(["-c", limited, &blocks.to_string()])
                .arg(run.get_program())
                .args(run.get_args()),
        );
        assert_eq!(output.code, Some(2), "{blocks} blocks: {}", output.stderr);
        assert!(Store::open(&store).is_err());
    }
    succeed(&mut ground.train("data.csv", "store"));
    assert!(content(&store) == files);
    assert_whole(&store);
}

#[test]
fn a_read_only_directory_is_an_error() {
    let ground = Ground::new();
    let parent = ground.path("read-only");
    fs::create_dir(&parent).unwrap();
    fs::set_permissions(&parent, fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(parent.join("probe"), "").is_ok() {
        println!("skipped: permissions do not bind this user");
        return;
    }
    let error = finish(&mut ground.train("data.csv", "read-only/store")).failed(2);
    assert!(error.contains("permissions"), "{error}");
}

#[test]
fn what_is_done_is_not_said_to_have_failed_where_it_cannot_be_printed() {
    let ground = Ground::new();
    for arguments in ["train", "rollback store 1", "prune store --keep 1 --json"] {
        let mut command = match arguments {
            "train" => ground.train("data.csv", "store"),
            _ => ground.command(arguments),
        };
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let error = finish_with(&mut command, full).failed(1);
        assert!(error.contains("all is done"), "{error}");
        assert_whole(&ground.path("store"));
    }
}

/// Runs a command whose stdout goes to a file.
fn finish_with(command: &mut Command, stdout: fs::File) -> Finished {
    let command = command.stdout(stdout).stderr(Stdio::piped());
    Finished::from(command.spawn().unwrap().wait_with_output().unwrap())
}
