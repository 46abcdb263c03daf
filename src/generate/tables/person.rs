//! Age, schooling, sex and origin.

pub const YOUNGEST: i16 = 17;

/// Straight lines between some ages and the weights there.
pub fn age_weights() -> Vec<f64> {
    const KNOTS: [(f64, f64); 14] = [
        (17.0, 40.0),
        (19.0, 70.0),
        (23.0, 87.0),
        (30.0, 86.0),
        (36.0, 89.0),
        (41.0, 81.0),
        (47.0, 70.0),
        (52.0, 52.0),
        (58.0, 36.0),
        (65.0, 18.0),
        (70.0, 9.0),
        (77.0, 4.0),
        (84.0, 1.0),
        (90.0, 1.5),
    ];
    (17..=90)
        .map(|age| {
            let age = f64::from(age);
            let right = KNOTS.partition_point(|knot| knot.0 < age).max(1);
            let (from, to) = (KNOTS[right - 1], KNOTS[right]);
            from.1 + (to.1 - from.1) * (age - from.0) / (to.0 - from.0)
        })
        .collect()
}

pub fn schooling_stage(age: i16) -> usize {
    match age {
        ..20 => 0,
        20..25 => 1,
        _ => 2,
    }
}

pub fn life_stage(age: i16) -> usize {
    match age {
        ..20 => 0,
        20..25 => 1,
        25..35 => 2,
        35..50 => 3,
        _ => 4,
    }
}

/// No diploma, high school, college, a degree.
pub fn schooling_level(education: usize) -> usize {
    match education {
        ..8 => 0,
        8 => 1,
        9..12 => 2,
        _ => 3,
    }
}

/// In the order of `education-num`, which is the position plus one. Weights by schooling stage:
/// under 20 years, under 25, older.
#[rustfmt::skip]
pub static EDUCATIONS: [(&str, [f64; 3]); 16] = [
    ("Preschool",    [ 0.1,  0.1,  0.18]),
    ("1st-4th",      [ 0.1,  0.3,  0.6]),
    ("5th-6th",      [ 0.3,  0.7,  1.1]),
    ("7th-8th",      [ 1.5,  0.8,  2.2]),
    ("9th",          [ 3.5,  1.6,  1.4]),
    ("10th",         [12.0,  2.3,  2.3]),
    ("11th",         [19.0,  3.6,  2.3]),
    ("12th",         [ 7.0,  1.7,  0.9]),
    ("HS-grad",      [30.0, 33.0, 32.8]),
    ("Some-college", [26.0, 36.0, 19.6]),
    ("Assoc-voc",    [ 0.3,  3.8,  4.8]),
    ("Assoc-acdm",   [ 0.2,  3.6,  3.5]),
    ("Bachelors",    [ 0.0, 11.9, 18.5]),
    ("Masters",      [ 0.0,  0.5,  6.3]),
    ("Prof-school",  [ 0.0,  0.1,  2.1]),
    ("Doctorate",    [ 0.0,  0.0,  1.5]),
];

const ASIAN: &str = "Asian-Pac-Islander";

pub static RACES: [(&str, f64); 5] = [
    ("White", 85.4),
    ("Black", 9.6),
    (ASIAN, 3.2),
    ("Amer-Indian-Eskimo", 1.0),
    ("Other", 0.8),
];

pub const FEMALE: usize = 0;
pub const MALE: usize = 1;
pub static SEXES: [&str; 2] = ["Female", "Male"];

pub const MALE_SHARE: f64 = 0.67;

/// Which of the two kinds of origin a race leads to: 1 for [`ASIAN`].
pub fn origin(race: usize) -> usize {
    usize::from(RACES[race].0 == ASIAN)
}

/// Weights by [`origin`].
#[rustfmt::skip]
pub static COUNTRIES: [(&str, [f64; 2]); 41] = [
    ("United-States",              [920.0, 290.0]),
    ("Mexico",                     [ 20.0,   0.0]),
    ("Philippines",                [  0.2, 185.0]),
    ("Germany",                    [  4.3,   1.0]),
    ("Canada",                     [  3.9,   1.0]),
    ("Puerto-Rico",                [  3.6,   0.0]),
    ("El-Salvador",                [  3.4,   0.0]),
    ("India",                      [  0.4,  85.0]),
    ("Cuba",                       [  3.0,   0.0]),
    ("England",                    [  2.8,   2.0]),
    ("Jamaica",                    [  2.5,   0.0]),
    ("South",                      [  0.2,  75.0]),
    ("China",                      [  0.1,  73.0]),
    ("Italy",                      [  2.3,   0.0]),
    ("Dominican-Republic",         [  2.2,   0.0]),
    ("Vietnam",                    [  0.1,  65.0]),
    ("Guatemala",                  [  2.0,   0.0]),
    ("Japan",                      [  0.6,  40.0]),
    ("Poland",                     [  1.9,   0.0]),
    ("Columbia",                   [  1.8,   0.0]),
    ("Taiwan",                     [  0.1,  48.0]),
    ("Haiti",                      [  1.4,   0.0]),
    ("Iran",                       [  1.3,   4.0]),
    ("Portugal",                   [  1.2,   0.0]),
    ("Nicaragua",                  [  1.1,   0.0]),
    ("Peru",                       [  1.0,   0.0]),
    ("France",                     [  0.9,   1.0]),
    ("Greece",                     [  0.9,   0.0]),
    ("Ecuador",                    [  0.9,   0.0]),
    ("Ireland",                    [  0.8,   0.0]),
    ("Hong",                       [  0.1,  18.0]),
    ("Cambodia",                   [  0.1,  17.0]),
    ("Trinadad&Tobago",            [  0.6,   1.0]),
    ("Laos",                       [  0.1,  16.0]),
    ("Thailand",                   [  0.1,  16.0]),
    ("Yugoslavia",                 [  0.5,   0.0]),
    ("Outlying-US(Guam-USVI-etc)", [  0.3,   6.0]),
    ("Honduras",                   [  0.4,   0.0]),
    ("Hungary",                    [  0.4,   0.0]),
    ("Scotland",                   [  0.4,   0.0]),
    ("Holand-Netherlands",         [  0.1,   0.0]),
];
