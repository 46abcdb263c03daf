//! Updates of stores whose models are shares of what all entities share.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use per_entity::error::SpecError;
use per_entity::metrics::Metric;
use per_entity::schema::Holdout;
use per_entity::store::{EntityRecord, Store, Winner, difference, prune, rollback};
use per_entity::train::{
    Conclusion, Observer, SharedModels, SharedParams, SharedTrainer, Update, Vanished,
};
use per_entity::{Cancel, CartTrainer, DatasetSpec, Error, Training};
use polars::prelude::*;

use crate::support::place::Place;
use crate::support::store::{assert_whole, content, model_files};

const SHARED: &str = "~shared.cbor";

/// Rows of shops, each with a level of its own, by key.
#[derive(Clone)]
struct Rows(BTreeMap<String, Vec<[f64; 3]>>);

impl Rows {
    fn new() -> Self {
        let mut draw = 7_u64;
        let mut uniform = move || {
            draw = draw
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(99);
            (draw >> 40) as f64 / (1 << 24) as f64
        };
        let shops = (0..12).map(|shop| {
            let level = 4.0 * uniform();
            let rows = (0..30).map(|_| {
                let (x, z) = (uniform(), uniform());
                [x, z, level + 3.0 * x + f64::from(z > 0.5) + uniform()]
            });
            (format!("shop{shop:02}"), rows.collect())
        });
        Self(shops.collect())
    }

    /// One shop sells more than it did.
    fn changed(&self, shop: &str) -> Self {
        let mut rows = self.clone();
        for [.., y] in rows.0.get_mut(shop).unwrap() {
            *y += 2.0;
        }
        rows
    }

    fn with(&self, shop: &str, rows: Vec<[f64; 3]>) -> Self {
        let mut all = self.clone();
        all.0.insert(shop.into(), rows);
        all
    }

    fn without(&self, shop: &str) -> Self {
        let mut rows = self.clone();
        rows.0.remove(shop).unwrap();
        rows
    }

    fn frame(&self) -> DataFrame {
        let rows = || {
            self.0
                .iter()
                .flat_map(|(shop, rows)| rows.iter().map(move |row| (shop, row)))
        };
        let column = |place: usize| rows().map(|(_, row)| row[place]).collect::<Vec<_>>();
        df!(
            "shop" => rows().map(|(shop, _)| shop.as_str()).collect::<Vec<_>>(),
            "x" => column(0),
            "z" => column(1),
            "y" => column(2),
        )
        .unwrap()
    }
}

fn params() -> SharedParams {
    SharedParams {
        rounds: 30,
        ..SharedParams::default()
    }
}

fn spec() -> DatasetSpec {
    DatasetSpec::new(["shop"], "y")
}

/// A run with the shared trainer.
fn shared() -> Training {
    shared_by(params())
}

fn shared_by(params: SharedParams) -> Training {
    Training::new(spec(), SharedTrainer::new(params).unwrap())
}

fn update() -> Training {
    shared().update(Update::new())
}

fn refit() -> Update {
    Update::new().refit_shared(true)
}

/// How many models are taken over, where a generation is committed.
#[track_caller]
fn committed(training: &Training, rows: &Rows, store: &Path) -> u64 {
    let conclusion = training.run(rows.frame(), store).unwrap();
    assert_whole(store);
    match conclusion {
        Conclusion::Committed(report) => report.carried,
        _ => panic!("nothing is committed"),
    }
}

#[track_caller]
fn refused(training: &Training, rows: &Rows, store: &Path) -> SpecError {
    let before = content(store);
    let error = match training.run(rows.frame(), store) {
        Err(Error::Spec(error)) => error,
        other => panic!("{:?}", other.map(|_| "it ran")),
    };
    assert!(before == content(store));
    error
}

fn records(store: &Path) -> Vec<EntityRecord> {
    Store::open(store).unwrap().records().unwrap()
}

/// The names of files that are not the same in two listings.
fn differing(before: &BTreeMap<String, Vec<u8>>, after: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let names = before.keys().chain(after.keys());
    let mut names: Vec<String> = names
        .filter(|name| before.get(*name) != after.get(*name))
        .cloned()
        .collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn an_update_fits_shares_of_what_is_new_or_changed_and_keeps_what_is_shared() {
    for kind in [SharedModels::Folds, SharedModels::One] {
        let place = Place::new();
        let store = place.path("store");
        let params = || SharedParams {
            models: Some(kind),
            ..params()
        };
        let rows = Rows::new();
        committed(&shared_by(params()), &rows, &store);
        let first = content(&store);
        let update = shared_by(params()).update(Update::new());
        let same = update.run(rows.frame(), &store).unwrap();
        assert!(matches!(same, Conclusion::Unchanged(same) if same.carried == 12));

        let new = vec![[0.5, 0.2, 9.0]; 5];
        let changed = rows.changed("shop03").with("shopnew", new);
        assert_eq!(committed(&update, &changed, &store), 11);
        let names = differing(&models(&first), &model_files(&store));
        assert_eq!(names, ["shop03.cbor", "shopnew.cbor"]);
        let number = number_of(&store, "shop03");
        let generation = |number| Store::open_generation(store.as_path(), number).unwrap();
        let difference = difference(&generation(1), &generation(2)).unwrap();
        assert!(!difference.shared_changed);
        assert_eq!((difference.changed.len(), difference.added.len()), (1, 1));

        // Fitted to the first rows again, the share is the first one: all that it takes is stored.
        assert_eq!(committed(&update, &rows, &store), 11);
        if kind == SharedModels::Folds {
            assert!(content(&store) == first);
        }
        assert!(number > number_of(&store, "shop03") + 1.0);
    }
}

/// An entity as a number: what it sells on the whole.
fn number_of(store: &Path, shop: &str) -> f64 {
    let model = Store::open(store).unwrap().model(shop).unwrap();
    model.share().unwrap().1.numbers[0]
}

/// The files of models among those of a generation.
fn models(content: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    let mut files = content.clone();
    files.retain(|name, _| name.ends_with(".cbor"));
    files
}

#[test]
fn what_is_shared_is_trained_anew_where_that_is_asked_for() {
    let place = Place::new();
    let (store, fresh) = (place.path("store"), place.path("fresh"));
    let (rows, changed) = (Rows::new(), Rows::new().changed("shop03"));
    committed(&shared(), &rows, &store);
    let first = content(&store);
    committed(&shared(), &changed, &fresh);
    assert_eq!(committed(&shared().update(refit()), &changed, &store), 0);
    assert!(content(&store) == content(&fresh));
    assert!(content(&store)[SHARED] != first[SHARED]);

    // Another run with the same rows has nothing to add, though it trains all.
    let again = shared()
        .update(refit())
        .run(changed.frame(), &store)
        .unwrap();
    assert!(matches!(again, Conclusion::Unchanged(_)));

    // An earlier generation is updated by what its own models share.
    rollback(store.as_path(), 1).unwrap();
    assert_eq!(committed(&update(), &changed, &store), 11);
    assert_eq!(content(&store)[SHARED], first[SHARED]);
    prune(store.as_path(), 1, None).unwrap();
    assert_whole(&store);
}

#[test]
fn an_update_that_does_not_fit_what_is_shared_is_refused() {
    let place = Place::new();
    let store = place.path("store");
    let rows = Rows::new();
    committed(&shared(), &rows, &store);
    let other = SharedParams {
        rounds: 31,
        ..params()
    };
    let error = refused(
        &shared_by(other.clone()).update(Update::new()),
        &rows,
        &store,
    );
    assert!(
        matches!(error, SpecError::SharedOfOtherTrainer { .. }),
        "{error}"
    );
    let trees = || Training::new(spec(), CartTrainer::default());
    let error = refused(&trees().update(Update::new()), &rows, &store);
    assert!(
        matches!(error, SpecError::SharedOfOtherTrainer { .. }),
        "{error}"
    );
    let holdout = || Holdout::drawn(0.3, 0, None).unwrap();
    let error = refused(&update().holdout(holdout()), &rows, &store);
    assert!(
        matches!(error, SpecError::SharedSeen { held_out: None }),
        "{error}"
    );
    let keep_better = refit().keep_better(Metric::R2, 0.0);
    let error = refused(
        &shared().holdout(holdout()).update(keep_better),
        &rows,
        &store,
    );
    assert!(matches!(error, SpecError::ChampionsAreShares), "{error}");
    let vanished = shared().update(refit().vanished(Vanished::Keep));
    let error = refused(&vanished, &rows.without("shop05"), &store);
    assert!(matches!(error, SpecError::VanishedShares { key } if key == "shop05"));
    let mut fewer = spec();
    fewer.ignore = vec!["z".into()];
    let fewer = Training::new(fewer, SharedTrainer::new(params()).unwrap());
    let error = refused(
        &fewer.update(Update::new().other_dataset(true)),
        &rows,
        &store,
    );
    assert!(
        matches!(error, SpecError::SharedOfOtherDataset { .. }),
        "{error}"
    );

    // All of it goes where what is shared is trained anew, or no more.
    committed(&shared_by(other).update(refit()), &rows, &store);
    committed(&trees().update(refit()), &rows, &store);
    assert!(Store::open(&store).unwrap().shared().unwrap().is_none());
    assert!(!content(&store).contains_key(SHARED));
    // Trees share nothing that could be kept.
    assert_eq!(committed(&update(), &rows, &store), 0);
    let fresh = place.path("fresh");
    committed(&shared(), &rows, &fresh);
    assert!(content(&store) == content(&fresh));
}

#[test]
fn classes_must_be_those_of_what_is_shared() {
    let place = Place::new();
    let classes = |three: bool| {
        let column = |of: fn(usize) -> f64| (0..120).map(of).collect::<Vec<_>>();
        let class = |row: usize| match (row / 7 % 2, row % 60) {
            (_, 0) if three => "maybe",
            (0, _) => "no",
            _ => "yes",
        };
        df!(
            "shop" => (0..120).map(|row| ["a", "b", "c"][row / 40]).collect::<Vec<_>>(),
            "x" => column(|row| (row / 7) as f64),
            "z" => column(|row| (row % 5) as f64),
            "y" => (0..120).map(class).collect::<Vec<_>>(),
        )
        .unwrap()
    };
    for (before, after) in [(false, true), (true, false)] {
        let store = place.path(if before { "three" } else { "two" });
        shared().run(classes(before), &store).unwrap();
        let error = update().run(classes(after), &store).unwrap_err();
        assert!(
            matches!(error, Error::Spec(SpecError::SharedOfOtherClasses { .. })),
            "{error}"
        );
        let anew = shared().update(refit()).run(classes(after), &store);
        assert!(matches!(anew, Ok(Conclusion::Committed(_))));
    }
}

#[test]
fn a_share_that_is_better_stays_beside_what_it_is_a_share_of() {
    let place = Place::new();
    let store = place.path("store");
    let mut rows = Rows::new();
    // The same rows are held out, whatever the shops sell.
    let holdout = || Holdout::chosen("x > 0.7");
    let train = |update: Update| shared().holdout(holdout()).update(update);
    committed(&shared().holdout(holdout()), &rows, &store);
    let first = content(&store);
    let before = held_out(&store);
    for row in rows.0.get_mut("shop03").unwrap() {
        if row[0] <= 0.7 {
            row[2] += 20.0;
        }
    }
    for row in rows.0.get_mut("shop04").unwrap() {
        row[2] += 2.0;
    }
    let gate = train(Update::new().keep_better(Metric::RootMeanSquaredError, 0.0));
    assert_eq!(committed(&gate, &rows, &store), 10);
    let names = differing(&models(&first), &model_files(&store));
    assert_eq!(names, ["shop04.cbor"]);
    let winners: Vec<_> = records(&store)
        .into_iter()
        .filter_map(|record| Some((record.contest?.winner?, record.key)))
        .collect();
    assert_eq!(
        winners,
        [
            (Winner::Champion, "shop03".to_owned()),
            (Winner::Challenger, "shop04".to_owned())
        ]
    );

    // Where what is shared is trained anew, too, both are judged by what they are shares of.
    rollback(store.as_path(), 1).unwrap();
    let worse = train(refit().max_regression(0.0))
        .run(rows.frame(), &store)
        .unwrap();
    let Conclusion::Refused(refusal) = worse else {
        panic!("it is worse by far for shop 03");
    };
    assert!(refusal.regression() > 1.0);
    let same = train(refit().max_regression(0.0).commit_unchanged(true));
    let same = same.run(Rows::new().frame(), &store).unwrap();
    let Conclusion::Committed(report) = same else {
        panic!("it is not worse");
    };
    let contest = report.generation.run.contest.unwrap();
    assert_eq!((contest.before, contest.after), (before, before));
    assert_eq!(held_out(&store), before);
}

/// The root mean squared error on the rows held out.
fn held_out(store: &Path) -> Option<f64> {
    let store = Store::open(store).unwrap();
    let holdout = store.generation().run.holdout.as_ref()?;
    Metric::RootMeanSquaredError.of(&holdout.overall.micro)
}

#[test]
fn what_is_held_out_stays_unseen_through_updates() {
    let place = Place::new();
    let store = place.path("store");
    let rows = Rows::new();
    let holdout = || Holdout::drawn(0.3, 0, None).unwrap();
    committed(&shared().holdout(holdout()), &rows, &store);
    let held_out = |store: &Path| {
        let store = Store::open(store).unwrap();
        store.generation().shared.as_ref().unwrap().held_out.clone()
    };
    assert_eq!(held_out(&store), Some(holdout()));
    // Shares of all rows, beside what was not trained on all.
    committed(&update(), &rows, &store);
    assert_eq!(held_out(&store), Some(holdout()));
    let other = Holdout::drawn(0.3, 1, None).unwrap();
    let error = refused(&update().holdout(other), &rows, &store);
    assert!(
        matches!(error, SpecError::SharedSeen { held_out: Some(_) }),
        "{error}"
    );
    committed(&update().holdout(holdout()), &rows, &store);
    committed(&shared().update(refit()), &rows, &store);
    assert_eq!(held_out(&store), None);
}

#[test]
fn entities_that_vanish_stay_where_what_they_share_does() {
    let place = Place::new();
    let store = place.path("store");
    let rows = Rows::new();
    committed(&shared(), &rows, &store);
    let first = content(&store);
    let mut some = rows.without("shop05");
    some.0.retain(|shop, _| shop.as_str() < "shop07");
    let keeping = shared().update(Update::new().vanished(Vanished::Keep));
    let same = keeping.run(some.frame(), &store).unwrap();
    assert!(matches!(same, Conclusion::Unchanged(_)));
    assert_eq!(committed(&keeping, &some.changed("shop03"), &store), 5);
    let mut second = content(&store);
    second.insert("entities.parquet".into(), first["entities.parquet"].clone());
    assert_eq!(differing(&first, &second), ["shop03.cbor"]);
    assert_eq!(records(&store).len(), 12);
}

/// Stops a run when some entities are done.
struct StopAfter(usize, Cancel);

impl Observer for StopAfter {
    fn entity_finished(&mut self, _: &EntityRecord) {
        self.0 -= 1;
        if self.0 == 0 {
            self.1.cancel();
        }
    }
}

/// A run that is stopped when 5 entities are done.
fn stopped(training: Training, rows: &Rows, store: &Path) {
    let cancel = Cancel::new();
    let training = training.cancel(cancel.clone());
    let stopped = training.run_observed(rows.frame(), store, &mut StopAfter(5, cancel));
    assert!(matches!(stopped, Err(Error::Interrupted)));
    assert!(fs::read_dir(store).unwrap().any(|entry| {
        let name = entry.unwrap().file_name();
        name.to_string_lossy().starts_with(".staging-")
    }));
}

#[test]
fn a_run_that_was_cut_off_is_taken_up_only_by_shares_of_the_same() {
    let place = Place::new();
    let (rows, changed) = (Rows::new(), Rows::new().changed("shop09"));
    let fresh = |rows: &Rows, name: &str| {
        committed(&shared(), rows, &place.path(name));
        content(&place.path(name))
    };
    let (first, other) = (fresh(&rows, "first"), fresh(&changed, "other"));

    let store = place.path("store");
    stopped(shared(), &rows, &store);
    assert_eq!(committed(&shared(), &rows, &store), 5);
    assert!(content(&store) == first);

    // What shop 09 sells is another, and so is what all share.
    let store = place.path("another");
    stopped(shared(), &rows, &store);
    assert_eq!(committed(&shared(), &changed, &store), 0);
    assert!(content(&store) == other);

    // The same in updates that keep what is shared, and in those that do not.
    let changed = changed.changed("shop02");
    let keeping = place.path("keeping");
    committed(&shared(), &rows, &keeping);
    stopped(update(), &changed, &keeping);
    assert!(content(&keeping) == first);
    assert_eq!(committed(&update(), &changed, &keeping), 11);
    assert_eq!(content(&keeping)[SHARED], first[SHARED]);

    let anew = place.path("anew");
    committed(&shared(), &rows, &anew);
    stopped(shared().update(refit()), &changed, &anew);
    // Ten are as they were, of the shares of the new shared model none is.
    assert_eq!(committed(&update(), &changed, &anew), 10);
    let contents = [&anew, &keeping].map(|store| content(store));
    assert!(contents[0] == contents[1]);
}

#[test]
fn models_taken_up_are_judged_by_what_they_are_shares_of() {
    let place = Place::new();
    let (store, fresh) = (place.path("store"), place.path("fresh"));
    let training = || shared().holdout(Holdout::drawn(0.3, 0, None).unwrap());
    committed(&training(), &Rows::new(), &fresh);
    stopped(training(), &Rows::new(), &store);
    assert_eq!(committed(&training(), &Rows::new(), &store), 5);
    assert!(content(&store) == content(&fresh));
    assert!(records(&store).iter().all(|record| record.error.is_none()));
}
