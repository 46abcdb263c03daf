//! What `evaluate`, `compare` and `train --holdout` tell of models.

mod adult;
mod compare;
mod figures;
mod golden;
mod held_out;
mod holdout;
mod quantities;
mod report;
mod shops;
