//! What a store survives: faults injected into the real binary.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use per_entity::store::{Store, Writer, verify};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_per-entity");
const ENTITIES: u64 = 4_000;

/// Made-up data of many entities, and a place for stores.
struct Ground {
    directory: TempDir,
}

impl Ground {
    fn new() -> Self {
        let ground = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        ground.generate("data.csv", 0);
        ground
    }

    fn generate(&self, name: &str, seed: u64) -> PathBuf {
        let path = self.path(name);
        let output = Command::new(BINARY)
            .args(["generate", "--rows", "60000", "--seed", &seed.to_string()])
            .args(["--entities", &ENTITIES.to_string(), "--output"])
            .arg(&path)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        path
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Trains from a file into a store, with small packs.
    fn train(&self, data: &str, store: &Path) -> Command {
        let mut command = Command::new(BINARY);
        command
            .args(["train", "--key", "entity", "--target", "income", "--json"])
            .args(["--models-per-file", "100", "--threads", "1", "--input"])
            .arg(self.path(data))
            .arg("--output-dir")
            .arg(store)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

fn stderr(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!text.contains("panicked"), "{text}");
    text
}

fn succeed(command: &mut Command) -> serde_json::Value {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The files of a store's current generation.
fn content(store: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(Store::open(store).unwrap().path())
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .filter(|(name, _)| !name.starts_with('.'))
        .collect()
}

fn assert_whole(store: &Path) {
    let report = verify(store).unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
}

/// The staging directories that hold some finished packs.
fn staging(store: &Path) -> Vec<PathBuf> {
    fs::read_dir(store)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_string_lossy().contains("/.staging-"))
        .filter(|path| path.join("pack-00003.cbor").exists())
        .collect()
}

/// Starts a run and waits until it has finished some packs.
fn start(mut command: Command, store: &Path) -> Child {
    let before = staging(store);
    let mut run = command.spawn().unwrap();
    while staging(store).iter().all(|path| before.contains(path)) {
        assert!(run.try_wait().unwrap().is_none(), "ended too early");
        std::thread::sleep(Duration::from_micros(200));
    }
    run
}

fn signal(run: &Child, signal: Signal) {
    kill_process(Pid::from_child(run), signal).unwrap();
}

#[test]
fn kill_at_any_moment_leaves_a_whole_generation_and_loses_no_finished_model() {
    let ground = Ground::new();
    ground.generate("other.csv", 1);
    let (store, expected) = (ground.path("store"), ground.path("expected"));
    succeed(&mut ground.train("data.csv", &store));
    let started = std::time::Instant::now();
    succeed(&mut ground.train("other.csv", &expected));
    let whole_run = started.elapsed().as_micros() as u64;
    let before = content(&store);
    let after = content(&expected);

    let (mut killed, mut seen_staging) = (0, 0);
    let mut round = 0;
    while killed < 50 {
        round += 1;
        assert!(
            round < 200,
            "only {killed} of {round} runs were killed in time"
        );
        let mut run = ground.train("other.csv", &store).spawn().unwrap();
        // From the start of a run to its end, in an order that jumps back and forth.
        let moment = whole_run * (round * 37 % 50) / 60;
        std::thread::sleep(Duration::from_micros(moment));
        run.kill().unwrap();
        let output = run.wait_with_output().unwrap();
        stderr(&output);
        killed += u32::from(output.status.signal() == Some(9));
        seen_staging += u32::from(!staging(&store).is_empty());
        let now = content(&store);
        assert!(now == before || now == after, "round {round}");
        assert_whole(&store);
    }
    let resumed = succeed(&mut ground.train("other.csv", &store));
    assert!(content(&store) == after);
    assert_whole(&store);
    println!(
        "{killed} runs killed, {seen_staging} of them with finished packs; {} models taken over",
        resumed["carried"]
    );
    assert!(seen_staging > 0);
}

#[test]
fn a_killed_run_is_taken_up_where_it_was_cut_off() {
    let ground = Ground::new();
    let (store, expected) = (ground.path("store"), ground.path("expected"));
    succeed(&mut ground.train("data.csv", &expected));
    let mut run = start(ground.train("data.csv", &store), &store);
    run.kill().unwrap();
    run.wait().unwrap();
    assert!(Store::open(&store).is_err());
    let resumed = succeed(&mut ground.train("data.csv", &store));
    assert!(resumed["carried"].as_u64().unwrap() >= 300);
    assert!(content(&store) == content(&expected));
    let report = verify(&store).unwrap();
    assert_eq!((report.problems.len(), report.orphans.len()), (0, 0));
}

#[test]
fn signals_stop_a_run_and_keep_what_it_finished() {
    let ground = Ground::new();
    let store = ground.path("store");
    succeed(&mut ground.train("data.csv", &store));
    ground.generate("other.csv", 1);
    let before = content(&store);
    for (request, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let run = start(ground.train("other.csv", &store), &store);
        signal(&run, request);
        let output = run.wait_with_output().unwrap();
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{text}");
        assert!(text.contains("takes them over"), "{text}");
        assert!(content(&store) == before);
        assert_whole(&store);
    }
    let resumed = succeed(&mut ground.train("other.csv", &store));
    assert!(resumed["carried"].as_u64().unwrap() >= 300);
}

#[test]
fn a_full_disk_is_an_error_that_the_same_command_recovers_from() {
    let ground = Ground::new();
    let (store, expected) = (ground.path("store"), ground.path("expected"));
    succeed(&mut ground.train("data.csv", &expected));
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
        let run = ground.train("data.csv", &store);
        let output = Command::new("sh")
            .args([
                "-c",
                "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\"",
                &blocks.to_string(),
            ])
            .arg(run.get_program())
            .args(run.get_args())
            .output()
            .unwrap();
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{blocks} blocks: {text}");
        assert!(Store::open(&store).is_err());
    }
    succeed(&mut ground.train("data.csv", &store));
    assert!(content(&store) == files);
    assert_whole(&store);
}

#[test]
fn a_read_only_directory_is_an_error() {
    use std::os::unix::fs::PermissionsExt;
    let ground = Ground::new();
    let parent = ground.path("read-only");
    fs::create_dir(&parent).unwrap();
    fs::set_permissions(&parent, fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(parent.join("probe"), "").is_ok() {
        println!("skipped: permissions do not bind this user");
        return;
    }
    let output = ground
        .train("data.csv", &parent.join("store"))
        .output()
        .unwrap();
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(2));
    assert!(text.contains("permissions"), "{text}");
}

#[test]
fn of_two_writers_one_is_told_to_wait() {
    let ground = Ground::new();
    let store = ground.path("store");
    let first = start(ground.train("data.csv", &store), &store);
    // The first one is stopped, so that it holds the lock for as long as the second one tries.
    signal(&first, Signal::STOP);
    let second = ground.train("data.csv", &store).output().unwrap();
    signal(&first, Signal::CONT);
    let text = stderr(&second);
    assert_eq!(second.status.code(), Some(2), "{text}");
    assert!(text.contains(&format!("process {}", first.id())), "{text}");
    let first = first.wait_with_output().unwrap();
    assert!(first.status.success(), "{}", stderr(&first));
    assert_whole(&store);
}

#[test]
fn first_runs_that_fail_never_let_two_writers_in() {
    let directory = tempfile::tempdir().unwrap();
    let store = directory.path().join("store");
    let (writers, taken) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..500 {
                    // Dropped without a commit, it removes what it made, the lock too.
                    let Ok(writer) = Writer::begin(&store) else {
                        continue;
                    };
                    assert_eq!(writers.fetch_add(1, Ordering::SeqCst), 0);
                    taken.fetch_add(1, Ordering::SeqCst);
                    std::thread::yield_now();
                    writers.fetch_sub(1, Ordering::SeqCst);
                    drop(writer);
                }
            });
        }
    });
    assert!(taken.load(Ordering::SeqCst) > 20);
}

#[test]
fn a_reader_sees_a_whole_generation_during_twenty_commits() {
    let ground = Ground::new();
    ground.generate("other.csv", 1);
    let store = ground.path("store");
    succeed(&mut ground.train("data.csv", &store));
    let ended = AtomicBool::new(false);
    let polls = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut polls = 0_u64;
            while !ended.load(Ordering::Relaxed) {
                let store = Store::open(&store).unwrap();
                let records = store.records().unwrap();
                assert_eq!(records.len() as u64, ENTITIES);
                for record in &records {
                    store.model_of(record).unwrap();
                }
                polls += 1;
            }
            polls
        });
        for commit in 0..20 {
            let data = ["other.csv", "data.csv"][commit % 2];
            succeed(&mut ground.train(data, &store));
        }
        ended.store(true, Ordering::Relaxed);
        reader.join().unwrap()
    });
    println!("{polls} polls of {ENTITIES} models each");
    assert_eq!(Store::open(&store).unwrap().generation().number, 21);
}

#[test]
fn a_damaged_file_of_any_kind_is_an_error_and_never_a_panic() {
    let ground = Ground::new();
    let (store, single) = (ground.path("store"), ground.path("single"));
    succeed(&mut ground.train("data.csv", &store));
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/adult-sample.csv");
    let mut train = Command::new(BINARY);
    train.args(["train", "--json", "--input", fixture, "--output-dir"]);
    succeed(train.arg(&single));
    let model = Store::open(&single).unwrap().records().unwrap()[0].clone();
    let files = [
        (&store, "manifest.json", "0"),
        (&store, "gen-000001/entities.parquet", "0"),
        (&store, "gen-000001/pack-00000.cbor", "0"),
        (
            &single,
            &format!("gen-000001/{}", model.file().unwrap()),
            &model.key,
        ),
    ];
    for (store, name, _) in files {
        let path = store.join(name);
        let whole = fs::read(&path).unwrap();
        let mut damages: Vec<Vec<u8>> = (0..12)
            .map(|n| whole[..whole.len() * n / 12].to_vec())
            .collect();
        damages.push(whole[..whole.len() - 1].to_vec());
        for n in 0..24 {
            let mut flipped = whole.clone();
            flipped[whole.len() * n / 24] ^= 1 << (n % 8);
            damages.push(flipped);
        }
        for damaged in damages {
            fs::write(&path, damaged).unwrap();
            let output = Command::new(BINARY)
                .arg("verify")
                .arg(store)
                .output()
                .unwrap();
            let text = stderr(&output);
            // A flipped bit in a note of the manifest, a date for example, makes no difference.
            if name != "manifest.json" {
                assert_eq!(output.status.code(), Some(1), "{name}: {text}");
                assert!(
                    text.contains(Path::new(name).file_name().unwrap().to_str().unwrap()),
                    "{text}"
                );
            }
            let output = Command::new(BINARY)
                .arg("inspect")
                .arg(store)
                .output()
                .unwrap();
            assert!(
                matches!(output.status.code(), Some(0 | 2)),
                "{name}: {}",
                stderr(&output)
            );
        }
        fs::write(&path, whole).unwrap();
        assert_whole(store);
    }
}

#[test]
fn links_and_paths_that_lead_out_of_a_store_are_refused() {
    let ground = Ground::new();
    let store = ground.path("store");
    succeed(&mut ground.train("data.csv", &store));
    let manifest = store.join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    for name in ["..", "../store/gen-000001", "/etc", "gen\\\\x"] {
        fs::write(
            &manifest,
            text.replace("\"gen-000001\"", &format!("\"{name}\"")),
        )
        .unwrap();
        let problem = Store::open(&store).unwrap_err().to_string();
        assert!(problem.contains("plain file name"), "{problem}");
    }
    fs::write(&manifest, text).unwrap();
    for name in [
        "gen-000001/pack-00000.cbor",
        "gen-000001/entities.parquet",
        "gen-000001",
        "manifest.json",
    ] {
        let (path, moved) = (store.join(name), ground.path("moved"));
        fs::rename(&path, &moved).unwrap();
        std::os::unix::fs::symlink(&moved, &path).unwrap();
        let output = Command::new(BINARY)
            .arg("verify")
            .arg(&store)
            .output()
            .unwrap();
        assert!(
            matches!(output.status.code(), Some(1 | 2)),
            "{name}: {}",
            stderr(&output)
        );
        fs::remove_file(&path).unwrap();
        fs::rename(&moved, &path).unwrap();
    }
    assert_whole(&store);
}

#[test]
fn an_update_trains_what_changed_and_keeps_or_drops_what_vanished() {
    let ground = Ground::new();
    let store = ground.path("store");
    succeed(&mut ground.train("data.csv", &store));
    let text = fs::read_to_string(ground.path("data.csv")).unwrap();
    let header = text.lines().next().unwrap();
    let key = |line: &str| line.split(',').next().unwrap().trim().to_owned();
    let keys: Vec<String> = Store::open(&store)
        .unwrap()
        .records()
        .unwrap()
        .into_iter()
        .map(|r| r.key)
        .collect();
    // One entity vanishes, one has its last rows twice, one is new.
    let mut lines: Vec<String> = vec![header.to_owned()];
    for line in text.lines().skip(1).filter(|line| key(line) != keys[7]) {
        lines.push(line.to_owned());
        if key(line) == keys[3] {
            lines.push(line.to_owned());
        }
        if key(line) == keys[5] {
            lines.push(line.replacen(&keys[5], "zzz", 1));
        }
    }
    fs::write(ground.path("data.csv"), lines.join("\n") + "\n").unwrap();
    let fresh = ground.path("fresh");
    succeed(&mut ground.train("data.csv", &fresh));
    for vanished in ["drop", "keep"] {
        let rollback = Command::new(BINARY)
            .arg("rollback")
            .arg(&store)
            .arg("1")
            .output()
            .unwrap();
        assert!(rollback.status.success());
        let update =
            succeed(
                ground
                    .train("data.csv", &store)
                    .args(["--update", "--vanished", vanished]),
            );
        assert_eq!(
            update["carried"],
            ENTITIES - 2,
            "all but one that vanished and one that changed"
        );
        assert_whole(&store);
        let current = Store::open(&store).unwrap();
        assert_eq!(current.model(&keys[7]).is_ok(), vanished == "keep");
        assert!(
            current
                .records()
                .unwrap()
                .is_sorted_by(|a, b| a.key < b.key)
        );
        if vanished == "drop" {
            assert!(content(&store) == content(&fresh));
        }
    }
    let output = Command::new(BINARY)
        .args(["--json", "diff"])
        .arg(&store)
        .args(["1", "2"])
        .output()
        .unwrap();
    let diff: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(diff["added"], serde_json::json!(["zzz"]));
    assert_eq!(diff["dropped"], serde_json::json!([keys[7]]));
    assert_eq!(diff["unchanged"], ENTITIES - 2);
    let prune = Command::new(BINARY)
        .arg("prune")
        .arg(&store)
        .args(["--keep", "2"])
        .output()
        .unwrap();
    assert!(prune.status.success());
    assert!(!store.join("gen-000001").exists() && store.join("gen-000002").exists());
    let history = Command::new(BINARY)
        .arg("history")
        .arg(&store)
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&history.stdout).contains("3 (current)"));
    assert_whole(&store);
}
