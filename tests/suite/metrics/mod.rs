//! The metrics agree with scikit-learn, Fairlearn and SciPy, and hold what they promise on any
//! predictions.

mod bootstrap;
mod golden;
mod limits;
mod properties;
mod tasks;
mod values;
