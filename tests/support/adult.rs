//! The Adult census data, where they are at hand, and what scikit-learn makes of them.

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::place::Place;

/// A place with `adult.data` and `adult.test`; none if they are not in the directory that
/// `PER_ENTITY_ADULT_DIR` names, or in `../shared/data/adult`.
pub fn adult() -> Option<Place> {
    let directory = env::var_os("PER_ENTITY_ADULT_DIR")
        .map_or_else(|| "../shared/data/adult".into(), PathBuf::from);
    if !directory.join("adult.data").exists() {
        eprintln!("skipped: no Adult data in {}", directory.display());
        return None;
    }
    let (place, directory) = (Place::new(), fs::canonicalize(directory).unwrap());
    for name in ["adult.data", "adult.test"] {
        symlink(directory.join(name), place.path(name)).unwrap();
    }
    Some(place)
}

/// An education level, and what scikit-learn's trees for it have, over several seeds.
pub struct Level {
    pub key: &'static str,
    /// The complete rows of `adult.test`.
    pub test_rows: u64,
    /// The fewest and the most nodes.
    pub nodes: (f64, f64),
    /// The lowest and the highest accuracy on the test rows.
    pub accuracy: (f64, f64),
}

#[rustfmt::skip]
pub const LEVELS: [Level; 16] = [
    Level { key: "10th",         test_rows:   403, nodes: (  149.0,   149.0), accuracy: (0.8958, 0.9132) },
    Level { key: "11th",         test_rows:   571, nodes: (  137.0,   137.0), accuracy: (0.9159, 0.9247) },
    Level { key: "12th",         test_rows:   200, nodes: (   75.0,    77.0), accuracy: (0.8700, 0.8850) },
    Level { key: "1st-4th",      test_rows:    71, nodes: (   21.0,    25.0), accuracy: (0.9155, 0.9718) },
    Level { key: "5th-6th",      test_rows:   161, nodes: (   33.0,    33.0), accuracy: (0.8944, 0.9255) },
    Level { key: "7th-8th",      test_rows:   266, nodes: (   95.0,    97.0), accuracy: (0.8722, 0.8872) },
    Level { key: "9th",          test_rows:   221, nodes: (   77.0,    77.0), accuracy: (0.8597, 0.8869) },
    Level { key: "Assoc-acdm",   test_rows:   499, nodes: (  339.0,   351.0), accuracy: (0.7675, 0.7836) },
    Level { key: "Assoc-voc",    test_rows:   652, nodes: (  491.0,   499.0), accuracy: (0.7347, 0.7561) },
    Level { key: "Bachelors",    test_rows: 2_526, nodes: (1_941.0, 1_967.0), accuracy: (0.7478, 0.7538) },
    Level { key: "Doctorate",    test_rows:   169, nodes: (  159.0,   161.0), accuracy: (0.6627, 0.6864) },
    Level { key: "HS-grad",      test_rows: 4_943, nodes: (2_723.0, 2_773.0), accuracy: (0.8086, 0.8149) },
    Level { key: "Masters",      test_rows:   887, nodes: (  663.0,   677.0), accuracy: (0.6922, 0.7193) },
    Level { key: "Preschool",    test_rows:    27, nodes: (    1.0,     1.0), accuracy: (0.9630, 0.9630) },
    Level { key: "Prof-school",  test_rows:   243, nodes: (  209.0,   213.0), accuracy: (0.7695, 0.8066) },
    Level { key: "Some-college", test_rows: 3_221, nodes: (1_891.0, 1_913.0), accuracy: (0.8094, 0.8181) },
];
