//! Trees against what trying everything finds: every split of every node, and every pruning.

mod averaging;
mod extremes;
mod invariance;
mod measure;
mod nodes;
mod pruning;
mod prunings;
mod sample;
mod sides;
mod strategies;
