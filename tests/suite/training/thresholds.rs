//! Models predict a class from a threshold on, wherever they are used.

use per_entity::error::SpecError;
use per_entity::evaluate::Evaluator;
use per_entity::metrics::{Metric, ThresholdMetric};
use per_entity::schema::Task;
use per_entity::store::MemoryDirectory;
use per_entity::{Error, Predictor, Store};
use polars::prelude::*;

use super::rows::{refused, rows, spec, train, trained};

const SHOPS: [&str; 3] = ["a", "b", "c"];

const HELD_OUT: &str = "holdout = { where = \"part = 'test'\" }\n";

fn part(frame: &DataFrame, name: &str) -> DataFrame {
    let is_its = col("part").eq(lit(name));
    frame.clone().lazy().filter(is_its).collect().unwrap()
}

fn of_shop(frame: &DataFrame, shop: &str) -> DataFrame {
    let is_its = col("shop").eq(lit(shop));
    frame.clone().lazy().filter(is_its).collect().unwrap()
}

/// The rows, of which those of a shop and of a part are all of one class.
fn settled(frame: &DataFrame, shop: &str, part: Option<&str>, class: &str) -> DataFrame {
    let mut is_its = col("shop").eq(lit(shop));
    if let Some(part) = part {
        is_its = is_its.and(col("part").eq(lit(part)));
    }
    let busy = when(is_its).then(lit(class)).otherwise(col("busy"));
    let busy = busy.alias("busy");
    frame.clone().lazy().with_column(busy).collect().unwrap()
}

fn texts(frame: &DataFrame, column: &str) -> Vec<String> {
    let texts = frame.column(column).unwrap().str().unwrap();
    texts.iter().map(|text| text.unwrap().to_owned()).collect()
}

/// The probability of `yes` in each row, and whether it is the truth.
fn probabilities(store: &Store, shop: &str, frame: &DataFrame) -> Vec<(f64, bool)> {
    let model = store.model(shop).unwrap();
    let position = model.classes().iter().position(|class| class == "yes");
    let probabilities = model.predict_proba(frame).unwrap();
    let truths = texts(frame, "busy").into_iter();
    let rows = truths.zip(probabilities.rows());
    rows.map(|(truth, row)| (row[position.unwrap()], truth == "yes"))
        .collect()
}

#[test]
fn predictions_figures_and_evaluations_obey_the_threshold() {
    let frame = rows(&SHOPS, 0);
    let test = part(&frame, "test");
    for threshold in ["0.2", "0.85", "'f1'", "'balanced-accuracy'"] {
        let store = trained(
            &spec(&format!("[train]\nthreshold = {threshold}\n{HELD_OUT}")),
            &frame,
        );
        let predicted = Predictor::new(store.clone())
            .unwrap()
            .predict(&test)
            .unwrap();
        let mut expected = Vec::new();
        for shop in SHOPS {
            let decision = store.model(shop).unwrap().decision().unwrap();
            let rows = probabilities(&store, shop, &of_shop(&test, shop));
            expected.extend(rows.iter().map(|(probability, _)| {
                match *probability >= decision.threshold {
                    true => "yes".to_owned(),
                    false => "no".to_owned(),
                }
            }));
        }
        assert_eq!(texts(&predicted, "prediction"), expected, "{threshold}");
        let rows = expected.iter().zip(texts(&test, "busy"));
        let right = rows
            .filter(|(predicted, truth)| *predicted == truth)
            .count();
        let report = Evaluator::new(store.clone()).run(test.clone()).unwrap();
        let accuracy = Metric::Accuracy.of(&report.overall.micro).unwrap();
        assert!((accuracy - right as f64 / expected.len() as f64).abs() < 1e-12);
        let held_out = store.generation().run.holdout.as_ref().unwrap();
        for metric in Metric::all_of(Task::Classification) {
            let figures = [&held_out.overall.micro, &report.overall.micro];
            let [one, other] = figures.map(|figures| metric.of(figures).unwrap());
            assert!(
                (one - other).abs() < 1e-12,
                "{threshold}: {}",
                metric.name()
            );
        }
    }
}

#[test]
fn a_found_threshold_is_the_best_on_the_rows_held_out() {
    let frame = rows(&SHOPS, 0);
    for metric in ThresholdMetric::ALL {
        let threshold = format!("[train]\nthreshold = '{}'\n{HELD_OUT}", metric.slug());
        let store = trained(&spec(&threshold), &frame);
        for shop in SHOPS {
            let test = of_shop(&part(&frame, "test"), shop);
            let best = metric.best(probabilities(&store, shop, &test));
            let decision = store.model(shop).unwrap().decision().unwrap();
            assert_eq!(Some(decision.threshold), best, "{shop} {metric:?}");
        }
    }
}

#[test]
fn entities_whose_rows_do_not_tell_are_counted() {
    let frame = settled(&rows(&SHOPS, 0), "a", None, "no");
    let frame = settled(&frame, "b", Some("test"), "no");
    let store = trained(
        &spec(&format!("[train]\nthreshold = 'f1'\n{HELD_OUT}")),
        &frame,
    );
    let decision = store.generation().run.decision.clone().unwrap();
    assert_eq!(decision.positive, "yes");
    assert_eq!(
        (
            decision.as_asked,
            decision.by_default,
            decision.without_positive
        ),
        (1, 1, 1)
    );
    assert_eq!(store.model("a").unwrap().decision(), None);
    let default = store.model("b").unwrap().decision().unwrap();
    assert_eq!(default.threshold, 0.5);
}

#[test]
fn a_model_that_is_taken_over_has_the_threshold_of_the_rows_held_out_now() {
    let settings = format!("[train]\nthreshold = 'f1'\npooled = true\n{HELD_OUT}");
    let update = format!("{settings}update = {{ }}\n");
    let memory = MemoryDirectory::new();
    train(&spec(&settings), &rows(&SHOPS, 0), &memory);
    let before = Store::open(&memory).unwrap();
    let frame = rows(&SHOPS, 7);
    let report = train(&spec(&update), &frame, &memory);
    assert_eq!(report.carried, SHOPS.len() as u64);
    let (updated, fresh) = (
        Store::open(&memory).unwrap(),
        trained(&spec(&settings), &frame),
    );
    let mut changed = 0;
    for shop in SHOPS {
        let model = updated.model(shop).unwrap();
        assert_eq!(model, fresh.model(shop).unwrap(), "{shop}");
        changed += usize::from(model != before.model(shop).unwrap());
    }
    assert!(changed > 0, "no other rows have another threshold");
    let pooled = updated.pooled().unwrap().unwrap();
    assert!(pooled.decision().is_some());
    assert_eq!(Some(pooled), fresh.pooled().unwrap());

    // Another threshold is another model; so is none.
    for other in ["threshold = 0.3\n", ""] {
        let other = format!("[train]\n{other}update = {{ }}\n{HELD_OUT}");
        assert_eq!(train(&spec(&other), &frame, &memory).carried, 0);
    }
    let last = Store::open(&memory).unwrap();
    assert_eq!(last.model("a").unwrap().decision(), None);
    assert_eq!(last.generation().run.decision, None);
}

#[test]
fn parents_decide_on_the_rows_of_all_their_entities() {
    let mut frame = rows(&SHOPS, 0);
    let region = Column::new("region".into(), vec!["north"; frame.height()]);
    frame.with_column(region).unwrap();
    let mut spec = spec(&format!(
        "[train]\nthreshold = 'f1'\nparents = true\n{HELD_OUT}"
    ));
    spec.dataset.key = vec!["region".into(), "shop".into()];
    let store = trained(&spec, &frame);
    let parent = store.parents().unwrap().remove(0);
    let model = store.model_of(&parent).unwrap();
    let threshold = model.decision().unwrap().threshold;
    let test = part(&frame, "test");
    let mut renamed = test.clone();
    let keys = SHOPS.map(|shop| (shop, format!("north,{shop}")));
    let key = texts(&test, "shop").into_iter().map(|shop| {
        let mut keys = keys.iter();
        keys.find(|(name, _)| **name == shop).unwrap().1.clone()
    });
    let key = Column::new("region,shop".into(), key.collect::<Vec<_>>());
    renamed.with_column(key).unwrap();
    let probabilities = model.predict_proba(&renamed).unwrap();
    let truths = texts(&test, "busy").into_iter();
    let rows = truths
        .zip(probabilities.rows())
        .map(|(truth, row)| (row[1], truth == "yes"));
    assert_eq!(ThresholdMetric::F1.best(rows.collect()), Some(threshold));
}

#[test]
fn what_cannot_be_decided_is_an_error() {
    let frame = rows(&SHOPS, 0);
    let error = |more: &str| match refused(&spec(more), &frame) {
        Error::Spec(error) => error,
        other => panic!("{other}"),
    };
    for number in ["-0.1", "1.1", "nan"] {
        let found = error(&format!("train.threshold = {number}"));
        assert!(matches!(found, SpecError::Threshold(_)), "{found}");
    }
    let found = error("train.threshold = 'f1'");
    assert!(
        matches!(found, SpecError::ThresholdWithoutHoldout),
        "{found}"
    );
    let found = error("train.positive = 'yes'");
    assert!(
        matches!(found, SpecError::PositiveWithoutThreshold),
        "{found}"
    );
    let found = error("train.positive = 'often'\ntrain.threshold = 0.5");
    assert!(matches!(found, SpecError::UnknownClass { .. }), "{found}");
    assert!(found.to_string().contains("'no', 'yes'"), "{found}");
    let one_class = settled(&frame, "a", None, "often");
    let found = refused(&spec("train.threshold = 0.5"), &one_class);
    assert!(
        matches!(found, Error::Spec(SpecError::NoPositiveClass { .. })),
        "{found}"
    );
    let found = refused(&spec("task = 'regression'\ntrain.threshold = 0.5"), &{
        let mut frame = frame.clone();
        frame.rename("busy", "class".into()).unwrap();
        frame.rename("noise", "busy".into()).unwrap();
        frame
    });
    assert!(
        matches!(found, Error::Spec(SpecError::ThresholdOfQuantity)),
        "{found}"
    );
}
