//! What a user relies on when models predict: each row by its own entity's model, in order, with
//! nothing lost on the way.

mod bad_rows;
mod files;
mod frames;
mod parents;
mod python;
mod shared_parents;
mod shops;
mod stream;
