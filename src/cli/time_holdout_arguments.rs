//! The arguments that hold rows out by time.

use per_entity::schema::{HoldoutTable, Span, Timestamp};

#[derive(clap::Args)]
pub struct TimeHoldoutArguments {
    /// Hold out the rows from this time on, that time included: a date, or a date with a time,
    /// which is UTC where it has no offset
    #[arg(
        long,
        value_name = "TIME",
        conflicts_with_all = ["holdout", "holdout_last"]
    )]
    holdout_after: Option<Timestamp>,

    /// Hold out the rows of the last span of time: a number and s, min, h, d, w, mo or y, such as
    /// 8w
    #[arg(long, value_name = "SPAN", conflicts_with = "holdout")]
    holdout_last: Option<Span>,

    /// The column of dates, or of dates with times, to hold out by; rows without are left out
    #[arg(long, value_name = "COLUMN")]
    time: Option<String>,
}

impl TimeHoldoutArguments {
    /// Sets what is given; from when on rows are held out takes the place of whatever else said
    /// which they are.
    pub fn override_in(&self, table: &mut HoldoutTable) {
        if self.holdout_after.is_some() || self.holdout_last.is_some() {
            *table = HoldoutTable {
                time: table.time.take(),
                from: self.holdout_after,
                last: self.holdout_last,
                ..HoldoutTable::default()
            };
        }
        if self.time.is_some() {
            table.time.clone_from(&self.time);
        }
    }
}
