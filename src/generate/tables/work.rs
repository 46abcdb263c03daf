//! Employer, occupation and hours.

/// Kinds of employer, which an occupation leads to.
pub const BUSINESS: usize = 0;
pub const PUBLIC: usize = 1;
pub const OWN: usize = 2;
pub const ARMED_FORCES: usize = 3;

pub const SELF_EMPLOYED_INCORPORATED: usize = 2;

pub struct Workclass {
    pub name: &'static str,
    /// By kind of employer.
    pub weights: [f64; 4],
    /// Added to the income score.
    pub score: f64,
}

#[rustfmt::skip]
pub static WORKCLASSES: [Workclass; 8] = [
    Workclass { name: "Private",          weights: [83.0,  54.0, 62.0, 0.0], score: 0.0 },
    Workclass { name: "Self-emp-not-inc", weights: [ 4.5,   7.0, 20.0, 0.0], score: -0.4 },
    Workclass { name: "Self-emp-inc",     weights: [ 1.8,   3.0,  9.0, 0.0], score: 0.4 },
    Workclass { name: "Federal-gov",      weights: [ 2.8,   5.0,  2.0, 1.0], score: 0.5 },
    Workclass { name: "Local-gov",        weights: [ 4.0,  20.0,  3.6, 0.0], score: -0.1 },
    Workclass { name: "State-gov",        weights: [ 3.6,  11.0,  3.2, 0.0], score: -0.2 },
    Workclass { name: "Without-pay",      weights: [ 0.05,  0.0,  0.1, 0.0], score: -3.0 },
    Workclass { name: "Never-worked",     weights: [ 0.04,  0.0,  0.0, 0.0], score: -4.0 },
];

pub const FULL_TIME: usize = 0;
pub const LONG_HOURS: usize = 1;
pub const PART_TIME: usize = 2;

/// Peaks over a wide bell around 40 hours, from 1 hour to 99.
pub fn hours_weights(week: usize) -> Vec<f64> {
    const PEAKS: [(usize, [f64; 3]); 17] = [
        (8, [0.1, 0.1, 3.0]),
        (10, [0.3, 0.3, 6.0]),
        (15, [0.7, 0.4, 9.0]),
        (16, [0.3, 0.2, 4.0]),
        (20, [2.5, 1.2, 20.0]),
        (24, [0.7, 0.3, 4.0]),
        (25, [1.7, 0.8, 9.0]),
        (30, [3.3, 1.5, 10.0]),
        (32, [0.8, 0.4, 2.0]),
        (35, [4.2, 1.8, 5.0]),
        (38, [1.7, 0.8, 0.8]),
        (40, [54.0, 34.0, 18.0]),
        (45, [5.0, 9.0, 1.0]),
        (48, [1.6, 1.6, 0.5]),
        (50, [7.0, 19.0, 1.2]),
        (55, [1.4, 5.0, 0.3]),
        (60, [2.8, 12.0, 0.7]),
    ];
    let mut weights: Vec<f64> = (1..=99)
        .map(|hours| 0.25 * (-((f64::from(hours) - 40.0) / 18.0).powi(2)).exp() + 0.01)
        .collect();
    for (hours, peaks) in PEAKS {
        weights[hours - 1] += peaks[week];
    }
    weights
}

pub struct Occupation {
    pub name: &'static str,
    /// No diploma, high school, college, a degree; to be multiplied by the next.
    pub by_schooling: [f64; 4],
    pub by_sex: [f64; 2],
    pub employer: usize,
    pub week: usize,
    /// Added to the income score.
    pub score: f64,
}

#[rustfmt::skip]
pub static OCCUPATIONS: [Occupation; 14] = [
    Occupation { name: "Adm-clerical",      by_schooling: [ 4.0, 14.0, 17.0,  6.0], by_sex: [2.1, 0.5],  employer: BUSINESS,     week: FULL_TIME,  score: 0.0 },
    Occupation { name: "Armed-Forces",      by_schooling: [ 0.0,  0.03, 0.04, 0.03], by_sex: [0.1, 1.0], employer: ARMED_FORCES, week: FULL_TIME,  score: -0.5 },
    Occupation { name: "Craft-repair",      by_schooling: [17.0, 18.0, 13.0,  3.0], by_sex: [0.15, 1.35], employer: BUSINESS,    week: FULL_TIME,  score: 0.1 },
    Occupation { name: "Exec-managerial",   by_schooling: [ 3.0,  8.0, 13.0, 25.0], by_sex: [0.9, 1.0],  employer: OWN,          week: LONG_HOURS, score: 0.9 },
    Occupation { name: "Farming-fishing",   by_schooling: [ 7.0,  4.0,  2.0,  1.0], by_sex: [0.2, 1.3],  employer: OWN,          week: LONG_HOURS, score: -1.0 },
    Occupation { name: "Handlers-cleaners", by_schooling: [ 9.0,  6.0,  3.0,  0.7], by_sex: [0.4, 1.2],  employer: BUSINESS,     week: FULL_TIME,  score: -0.7 },
    Occupation { name: "Machine-op-inspct", by_schooling: [13.0,  9.5,  4.0,  1.0], by_sex: [0.8, 1.0],  employer: BUSINESS,     week: FULL_TIME,  score: -0.3 },
    Occupation { name: "Other-service",     by_schooling: [18.0, 12.0, 10.0,  2.5], by_sex: [1.7, 0.65], employer: BUSINESS,     week: PART_TIME,  score: -0.8 },
    Occupation { name: "Priv-house-serv",   by_schooling: [ 1.2,  0.5,  0.3,  0.1], by_sex: [2.5, 0.1],  employer: BUSINESS,     week: PART_TIME,  score: -2.0 },
    Occupation { name: "Prof-specialty",    by_schooling: [ 1.5,  2.5,  9.0, 41.0], by_sex: [1.1, 0.95], employer: PUBLIC,       week: FULL_TIME,  score: 0.6 },
    Occupation { name: "Protective-serv",   by_schooling: [ 1.2,  2.1,  2.8,  1.7], by_sex: [0.4, 1.3],  employer: PUBLIC,       week: FULL_TIME,  score: 0.5 },
    Occupation { name: "Sales",             by_schooling: [ 7.0, 10.5, 13.0, 13.0], by_sex: [1.0, 1.0],  employer: BUSINESS,     week: FULL_TIME,  score: 0.3 },
    Occupation { name: "Tech-support",      by_schooling: [ 0.4,  1.8,  5.0,  3.5], by_sex: [1.1, 0.95], employer: BUSINESS,     week: FULL_TIME,  score: 0.6 },
    Occupation { name: "Transport-moving",  by_schooling: [ 9.0,  7.5,  4.0,  1.0], by_sex: [0.2, 1.3],  employer: BUSINESS,     week: LONG_HOURS, score: -0.1 },
];

/// The kind of working week.
pub fn week(age: i16, workclass: usize, occupation: usize) -> usize {
    match (age, workclass) {
        (..20 | 65.., _) => PART_TIME,
        (_, SELF_EMPLOYED_INCORPORATED) => LONG_HOURS,
        _ => OCCUPATIONS[occupation].week,
    }
}
