//! How much entities differ, by the moments of what they are told by.

/// How much the means of entities differ, against how much their rows do: what the mean of all counts
/// for, in rows, where that of an entity is estimated (Efron and Morris 1975; Searle, Casella and
/// McCulloch 1992, section 3.6).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Moments {
    /// The variance within entities over that between them.
    pub prior_rows: f64,
    pub mean: f64,
    /// The variance within entities.
    pub within: f64,
}

/// Weights and sums of one entity's rows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct EntitySums {
    pub weight: f64,
    pub sum: f64,
    pub squares: f64,
}

impl EntitySums {
    pub fn add(&mut self, value: f64, weight: f64) {
        self.weight += weight;
        self.sum += weight * value;
        self.squares += weight * value * value;
    }
}

impl Moments {
    /// The moments of some entities.
    pub fn of(entities: &[EntitySums]) -> Self {
        let mut all = EntitySums::default();
        let (mut within, mut degrees, mut count, mut squared_weights) = (0.0, 0.0, 0.0, 0.0);
        let present = || entities.iter().filter(|entity| entity.weight > 0.0);
        for entity in present() {
            all.weight += entity.weight;
            all.sum += entity.sum;
            all.squares += entity.squares;
            within += (entity.squares - entity.sum * entity.sum / entity.weight).max(0.0);
            degrees += (entity.weight - 1.0).max(0.0);
            count += 1.0;
            squared_weights += entity.weight * entity.weight;
        }
        if all.weight <= 0.0 {
            return Self {
                prior_rows: MOST_PRIOR_ROWS,
                mean: 0.0,
                within: 0.0,
            };
        }
        let mean = all.sum / all.weight;
        let within = match degrees > 0.0 {
            true => within / degrees,
            false => (all.squares / all.weight - mean * mean).max(0.0),
        };
        let spread: f64 = present()
            .map(|entity| entity.weight * (entity.sum / entity.weight - mean).powi(2))
            .sum();
        let size = (all.weight - squared_weights / all.weight).max(1e-9);
        let between = ((spread - (count - 1.0) * within) / size).max(1e-9 * within.max(1e-12));
        Self {
            prior_rows: (within / between).clamp(LEAST_PRIOR_ROWS, MOST_PRIOR_ROWS),
            mean,
            within,
        }
    }

    /// The mean of an entity, shrunk towards that of all.
    pub fn shrunk(&self, weight: f64, sum: f64) -> f64 {
        (sum + self.prior_rows * self.mean) / (weight + self.prior_rows)
    }
}

const LEAST_PRIOR_ROWS: f64 = 0.01;
const MOST_PRIOR_ROWS: f64 = 1e6;
