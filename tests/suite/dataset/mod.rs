//! What a user relies on when data is read: which rows count, which are left out and why, and that
//! every entity gets exactly its own rows.

mod adult;
mod columns;
mod csv;
mod missing;
mod properties;
mod quotes;
mod rows;
mod tables;
mod targets;
