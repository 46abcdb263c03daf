//! The metrics agree with scikit-learn, Fairlearn, SciPy and NumPy, and hold what they promise on any
//! predictions.

mod bootstrap;
mod golden;
mod limits;
mod properties;
mod quantities;
mod quantity_properties;
mod tasks;
mod threshold;
mod values;
