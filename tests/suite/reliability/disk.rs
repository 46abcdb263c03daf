//! Disks that are full, and directories that cannot be written to.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use per_entity::store::Store;

use super::ground::{Ground, succeed};
use crate::support::program::finish;
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
