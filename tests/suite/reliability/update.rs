//! Updates of many entities, and the generations that they leave.

use std::fs;

use per_entity::store::{EntityRecord, Store};
use serde_json::json;

use super::ground::{ENTITIES, Ground, succeed};
use crate::support::store::{assert_whole, content};

#[test]
fn an_update_trains_what_changed_and_keeps_or_drops_what_vanished() {
    let ground = Ground::new();
    let store = ground.path("store");
    succeed(&mut ground.train("data.csv", "store"));
    let records = Store::open(&store).unwrap().records().unwrap();
    let keys: Vec<&str> = records.iter().map(|record| record.key.as_str()).collect();
    let (changed, copied, vanished) = (keys[3], keys[5], keys[7]);
    let text = fs::read_to_string(ground.path("data.csv")).unwrap();
    let changes = change(&text, changed, copied, vanished);
    fs::write(ground.path("data.csv"), changes).unwrap();
    let fresh = ground.path("fresh");
    succeed(&mut ground.train("data.csv", "fresh"));

    for what in ["drop", "keep"] {
        ground.run("rollback store 1").succeeded();
        let mut update = ground.train("data.csv", "store");
        let update = succeed(update.args(["--update", "--vanished", what]));
        assert_eq!(
            update["carried"],
            ENTITIES - 2,
            "all but one that vanished and one that changed"
        );
        assert_whole(&store);
        let current = Store::open(&store).unwrap();
        assert_eq!(current.model(vanished).is_ok(), what == "keep");
        let number = |record: &EntityRecord| record.key.parse::<u64>().unwrap();
        assert!(current.records().unwrap().is_sorted_by_key(number));
        if what == "drop" {
            assert!(content(&store) == content(&fresh));
        }
    }
    let diff = ground.run("diff store 1 2 --json").succeeded().json();
    assert_eq!(diff["added"], json!(["9999"]));
    assert_eq!(diff["dropped"], json!([vanished]));
    assert_eq!(diff["unchanged"], ENTITIES - 2);
    ground.run("prune store --keep 2 --keep-for 0").succeeded();
    assert!(!store.join("gen-000001").exists() && store.join("gen-000002").exists());
    let history = ground.run("history store").succeeded().stdout;
    assert!(history.contains("3 (current)"), "{history}");
    assert_whole(&store);
}

/// The same rows, but one entity has each of its own twice, one has them copied to a new entity
/// `9999`, and one vanishes.
fn change(text: &str, changed: &str, copied: &str, vanished: &str) -> String {
    let mut lines = text.lines();
    let mut result = format!("{}\n", lines.next().unwrap());
    for line in lines {
        let (key, values) = line.split_once(',').unwrap();
        if key == vanished {
            continue;
        }
        result += &format!("{line}\n");
        if key == changed {
            result += &format!("{line}\n");
        }
        if key == copied {
            result += &format!("9999,{values}\n");
        }
    }
    result
}
