//! Trees are exact: they agree node for node with a naive reference that calculates in fractions,
//! and with scikit-learn.

mod data;
mod estimator;
mod importance;
mod oracle;
mod properties;
mod recorded;
mod reference;
mod regressor;
mod scikit_learn;
mod shapes;
mod strategies;
mod subsets;
mod threads;
mod ties;
