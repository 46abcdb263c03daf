//! Boosting as linfa has estimators: fitted by [`Fit`], asked by [`PredictInplace`].

use std::marker::PhantomData;

use linfa::dataset::AsSingleTargets;
use linfa::traits::{Fit, PredictInplace};
use linfa::{DatasetBase, Float, Label, ParamGuard};
use ndarray::{Array1, ArrayBase, Data, Ix2};

use super::shared_fit::boost_alone;
use super::shared_rows::{SharedRows, scrambled};
use super::{AdditiveTrees, Loss, SharedSettings};
use crate::cancel::Cancel;
use crate::codes::{MAX_BINS, NumberBins};
use crate::error::ParamsError;

/// Hyperparameters of gradient boosting on numbers in bins (Friedman 2001; Ke et al. 2017), checked
/// by [`check`](ParamGuard::check).
///
/// | name | default | purpose | range |
/// | --- | --- | --- | --- |
/// | [`max_rounds`](Self::max_rounds) | 1500 | the most trees one after another | 1 or more |
/// | [`patience`](Self::patience) | 50 | rounds without a lower loss on rows left out after which it is enough | 1 or more |
/// | [`folds`](Self::folds) | 5 | parts of the rows, each of which is left out once to tell the number of rounds | 2 to 255 |
/// | [`learning_rate`](Self::learning_rate) | 0.1 | what each tree's steps are multiplied by | above 0, up to 1 |
/// | [`max_leaves`](Self::max_leaves) | 31 | the most leaves of a tree | 2 or more |
/// | [`min_samples_leaf`](Self::min_samples_leaf) | 20 | the fewest rows of a leaf | 1 or more |
/// | [`l2`](Self::l2) | 0 | what is added to the hessian of a leaf | 0 or more |
/// | [`seed`](Self::seed) | 0 | which rows are in which fold | any |
///
/// `T` is [`Quantities`] or [`Classes`]: what is told.
#[derive(Clone, Debug, PartialEq)]
pub struct GradientBoostingParams<T>(GradientBoostingValidParams<T>);

/// Checked hyperparameters; see [`GradientBoostingParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct GradientBoostingValidParams<T> {
    settings: SharedSettings,
    seed: u64,
    told: PhantomData<T>,
}

/// Quantities are told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantities;

/// Classes are told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Classes;

impl<T> Default for GradientBoostingParams<T> {
    fn default() -> Self {
        Self(GradientBoostingValidParams {
            settings: SharedSettings {
                max_leaves: Some(31),
                ..SharedSettings::default()
            },
            seed: 0,
            told: PhantomData,
        })
    }
}

impl<T> GradientBoostingParams<T> {
    /// Sets the most trees one after another.
    #[must_use]
    pub fn max_rounds(mut self, rounds: usize) -> Self {
        self.0.settings.max_rounds = rounds;
        self
    }

    /// Sets the rounds without a lower loss on rows left out after which it is enough.
    #[must_use]
    pub fn patience(mut self, rounds: usize) -> Self {
        self.0.settings.patience = rounds;
        self
    }

    /// Sets the parts of the rows, each of which is left out once.
    #[must_use]
    pub fn folds(mut self, folds: usize) -> Self {
        self.0.settings.folds = folds;
        self
    }

    /// Sets what each tree's steps are multiplied by.
    #[must_use]
    pub fn learning_rate(mut self, rate: f64) -> Self {
        self.0.settings.learning_rate = rate;
        self
    }

    /// Sets the most leaves of a tree.
    #[must_use]
    pub fn max_leaves(mut self, leaves: usize) -> Self {
        self.0.settings.max_leaves = Some(leaves);
        self
    }

    /// Sets the fewest rows of a leaf.
    #[must_use]
    pub fn min_samples_leaf(mut self, rows: usize) -> Self {
        self.0.settings.min_samples_leaf = rows;
        self
    }

    /// Sets what is added to the hessian of a leaf.
    #[must_use]
    pub fn l2(mut self, l2: f64) -> Self {
        self.0.settings.l2 = l2;
        self
    }

    /// Sets which rows are in which fold.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }
}

impl<T> ParamGuard for GradientBoostingParams<T> {
    type Checked = GradientBoostingValidParams<T>;
    type Error = ParamsError;

    fn check_ref(&self) -> Result<&Self::Checked, ParamsError> {
        let settings = &self.0.settings;
        let counts = [
            ("max_rounds", settings.max_rounds, 1),
            ("patience", settings.patience, 1),
            ("folds", settings.folds, 2),
            ("max_leaves", settings.max_leaves.unwrap_or(2), 2),
            ("min_samples_leaf", settings.min_samples_leaf, 1),
        ];
        for (name, value, least) in counts {
            if value < least {
                return Err(ParamsError::TooFew(name, value, least));
            }
        }
        if settings.folds > usize::from(u8::MAX) {
            return Err(ParamsError::TooMany("folds", settings.folds, 255));
        }
        let rate = settings.learning_rate;
        if !(rate > 0.0 && rate <= 1.0) {
            return Err(ParamsError::LearningRate(rate));
        }
        match settings.l2 >= 0.0 && settings.l2.is_finite() {
            true => Ok(&self.0),
            false => Err(ParamsError::L2(settings.l2)),
        }
    }

    fn check(self) -> Result<Self::Checked, ParamsError> {
        self.check_ref()?;
        Ok(self.0)
    }
}

/// Boosted trees that tell a quantity.
///
/// ```
/// use linfa::prelude::*;
/// use ndarray::{Array1, Array2};
/// use per_entity::ensemble::GradientBoostingRegressor;
///
/// let hours = Array2::from_shape_fn((400, 1), |(row, _)| row as f64 / 10.0);
/// let sales: Array1<f64> = hours.column(0).mapv(|hour| (hour / 6.0).sin());
/// let model = GradientBoostingRegressor::params().fit(&Dataset::new(hours.clone(), sales.clone()))?;
/// let errors = model.predict(&hours) - sales;
/// assert!(errors.mapv(|error| error * error).mean().unwrap() < 0.001);
/// # Ok::<(), linfa::Error>(())
/// ```
///
/// # Panics
///
/// Predicting panics where the records have another number of columns than those of the fit, or
/// where there is not one target for each row.
#[derive(Clone, Debug, PartialEq)]
pub struct GradientBoostingRegressor {
    boosted: Boosted,
}

/// Boosted trees that tell a class, of two or more.
///
/// ```
/// use linfa::prelude::*;
/// use ndarray::{Array1, Array2};
/// use per_entity::ensemble::GradientBoostingClassifier;
///
/// let hours = Array2::from_shape_fn((400, 1), |(row, _)| (row % 24) as f64);
/// let busy: Array1<bool> = hours.column(0).mapv(|hour| (9.0..18.0).contains(&hour));
/// let model = GradientBoostingClassifier::params().fit(&Dataset::new(hours.clone(), busy.clone()))?;
/// assert_eq!(model.predict(&hours), busy);
/// # Ok::<(), linfa::Error>(())
/// ```
///
/// # Panics
///
/// As [`GradientBoostingRegressor`].
#[derive(Clone, Debug, PartialEq)]
pub struct GradientBoostingClassifier<L> {
    boosted: Boosted,
    /// Ascending.
    labels: Vec<L>,
}

/// Bins and trees.
#[derive(Clone, Debug, PartialEq)]
struct Boosted {
    bins: Vec<NumberBins>,
    loss: Loss,
    trees: AdditiveTrees,
}

impl GradientBoostingRegressor {
    /// The default hyperparameters.
    pub fn params() -> GradientBoostingParams<Quantities> {
        GradientBoostingParams::default()
    }
}

impl GradientBoostingClassifier<bool> {
    /// The default hyperparameters, to be fitted to labels of any kind.
    pub fn params() -> GradientBoostingParams<Classes> {
        GradientBoostingParams::default()
    }
}

impl<L> GradientBoostingClassifier<L> {
    /// The labels, in the order of probabilities.
    pub fn labels(&self) -> &[L] {
        &self.labels
    }

    /// The probability of each label in each row, row by row.
    pub fn probabilities<F: Float, D: Data<Elem = F>>(
        &self,
        records: &ArrayBase<D, Ix2>,
    ) -> ndarray::Array2<f64> {
        let scores = self.boosted.scores(records);
        let outputs = self.boosted.loss.outputs();
        let mut probabilities = ndarray::Array2::zeros((records.nrows(), self.labels.len()));
        let rows = probabilities.rows_mut().into_iter();
        for (mut row, scores) in rows.zip(scores.chunks_exact(outputs)) {
            let mut own = vec![0.0; self.labels.len()];
            self.boosted.loss.predict(scores, &mut own);
            row.assign(&ndarray::aview1(&own));
        }
        probabilities
    }
}

impl Boosted {
    fn fit<F, D, T, P>(
        params: &GradientBoostingValidParams<P>,
        dataset: &DatasetBase<ArrayBase<D, Ix2>, T>,
        targets: Vec<f64>,
        loss: Loss,
    ) -> Result<Self, linfa::Error>
    where
        F: Float,
        D: Data<Elem = F>,
    {
        let rows = dataset.records.nrows();
        if rows == 0 {
            return Err(linfa::Error::NotEnoughSamples);
        }
        if targets.len() != rows {
            return Err(linfa::Error::MismatchedShapes(targets.len(), rows));
        }
        if let Some(row) = targets.iter().position(|target| !target.is_finite()) {
            let problem = format!("the target of row {row} is {}; give numbers", targets[row]);
            return Err(linfa::Error::Parameters(problem));
        }
        let columns: Vec<Vec<f64>> = dataset.records.columns().into_iter().map(numbers).collect();
        let bins: Vec<NumberBins> = columns
            .iter()
            .map(|numbers| NumberBins::of(numbers, MAX_BINS))
            .collect();
        let features = bins.iter().zip(&columns);
        let folds = params.settings.folds;
        let fold = |row: usize| (scrambled(params.seed ^ row as u64) % folds as u64) as u8;
        let weights = dataset.weights().map(|weights| {
            let weights = weights.iter();
            weights.map(|&weight| f64::from(weight)).collect()
        });
        let mut training = SharedRows {
            features: features
                .map(|(bins, numbers)| bins.column(numbers.iter().copied()))
                .collect(),
            targets,
            weights,
            loss,
            entity: vec![0; rows],
            category: None,
            offsets: vec![0, rows],
            fold: (0..rows).map(fold).collect(),
            folds,
        };
        training.scale_weights();
        let trees = boost_alone(&training, &params.settings, &Cancel::new());
        let trees = trees.map_err(|error| linfa::Error::Parameters(error.to_string()))?;
        Ok(Self { bins, loss, trees })
    }

    /// By row and output.
    fn scores<F: Float, D: Data<Elem = F>>(&self, records: &ArrayBase<D, Ix2>) -> Vec<f64> {
        let width = self.bins.len();
        assert_eq!(records.ncols(), width, "as many columns as were fitted");
        let codes: Vec<u8> = records
            .rows()
            .into_iter()
            .flat_map(|row| {
                let values = row.iter().zip(&self.bins);
                let codes = values.map(|(value, bins)| bins.code(number(*value)));
                codes.collect::<Vec<u8>>()
            })
            .collect();
        let mut scores = vec![0.0; records.nrows() * self.loss.outputs()];
        self.trees.add(&codes, width, 1.0, &mut scores);
        scores
    }
}

fn number<F: Float>(value: F) -> f64 {
    value.to_f64().unwrap_or(f64::NAN)
}

fn numbers<F: Float>(column: ndarray::ArrayView1<F>) -> Vec<f64> {
    column.iter().map(|&value| number(value)).collect()
}

/// # Errors
///
/// [`linfa::Error::NotEnoughSamples`] without rows, [`linfa::Error::MismatchedShapes`] where there is
/// not one target for each, [`linfa::Error::Parameters`] for a target that is no finite number.
impl<F, D, T> Fit<ArrayBase<D, Ix2>, T, linfa::Error> for GradientBoostingValidParams<Quantities>
where
    F: Float,
    D: Data<Elem = F>,
    T: AsSingleTargets<Elem = F>,
{
    type Object = GradientBoostingRegressor;

    fn fit(
        &self,
        dataset: &DatasetBase<ArrayBase<D, Ix2>, T>,
    ) -> Result<Self::Object, linfa::Error> {
        let targets = dataset.as_single_targets();
        let targets = targets.iter().map(|&target| number(target)).collect();
        let boosted = Boosted::fit(self, dataset, targets, Loss::Squared)?;
        Ok(GradientBoostingRegressor { boosted })
    }
}

/// # Errors
///
/// As for quantities.
impl<F, L, D, T> Fit<ArrayBase<D, Ix2>, T, linfa::Error> for GradientBoostingValidParams<Classes>
where
    F: Float,
    L: Label + Ord,
    D: Data<Elem = F>,
    T: AsSingleTargets<Elem = L>,
{
    type Object = GradientBoostingClassifier<L>;

    fn fit(
        &self,
        dataset: &DatasetBase<ArrayBase<D, Ix2>, T>,
    ) -> Result<Self::Object, linfa::Error> {
        let targets = dataset.as_single_targets();
        let mut labels: Vec<L> = targets.iter().cloned().collect();
        labels.sort();
        labels.dedup();
        let place = |label: &L| labels.partition_point(|other| other < label) as f64;
        let targets = targets.iter().map(place).collect();
        let boosted = Boosted::fit(self, dataset, targets, Loss::of_classes(labels.len()))?;
        Ok(GradientBoostingClassifier { boosted, labels })
    }
}

impl<F, D> PredictInplace<ArrayBase<D, Ix2>, Array1<F>> for GradientBoostingRegressor
where
    F: Float,
    D: Data<Elem = F>,
{
    fn predict_inplace<'a>(&'a self, records: &'a ArrayBase<D, Ix2>, targets: &mut Array1<F>) {
        assert_eq!(records.nrows(), targets.len(), "one target for each row");
        let scores = self.boosted.scores(records);
        for (target, score) in targets.iter_mut().zip(scores) {
            *target = F::cast(score);
        }
    }

    fn default_target(&self, records: &ArrayBase<D, Ix2>) -> Array1<F> {
        Array1::zeros(records.nrows())
    }
}

impl<F, L, D> PredictInplace<ArrayBase<D, Ix2>, Array1<L>> for GradientBoostingClassifier<L>
where
    F: Float,
    L: Label + Default,
    D: Data<Elem = F>,
{
    fn predict_inplace<'a>(&'a self, records: &'a ArrayBase<D, Ix2>, targets: &mut Array1<L>) {
        assert_eq!(records.nrows(), targets.len(), "one target for each row");
        let probabilities = self.probabilities(records);
        for (target, row) in targets.iter_mut().zip(probabilities.rows()) {
            let best = crate::tree::heaviest(&row.to_vec());
            *target = self.labels[best].clone();
        }
    }

    fn default_target(&self, records: &ArrayBase<D, Ix2>) -> Array1<L> {
        Array1::default(records.nrows())
    }
}
