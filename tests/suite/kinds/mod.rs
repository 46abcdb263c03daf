//! One test for each kind of fault that types of columns bring about, through the program: what is
//! told apart stays apart, what is the same stays the same, and what cannot be taken is said by
//! name.

mod described;
mod files;
mod gaps;
mod keys;
mod notations;
mod refusals;
mod rows_lost;
mod tables;
mod task;
