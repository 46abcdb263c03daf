//! The arguments that hold rows out by time.

use per_entity::schema::{Holdout, Span, Timestamp};

use super::error::CliError;

#[derive(clap::Args)]
pub struct TimeHoldoutArguments {
    /// Hold out the rows from this time on, that time included: a date, or a date with a time,
    /// which is UTC where it has no offset
    #[arg(
        long,
        value_name = "TIME",
        requires = "time",
        conflicts_with_all = ["holdout", "holdout_last"]
    )]
    holdout_after: Option<Timestamp>,

    /// Hold out the rows of the last span of time: a number and s, min, h, d, w, mo or y, such as
    /// 8w
    #[arg(
        long,
        value_name = "SPAN",
        requires = "time",
        conflicts_with = "holdout"
    )]
    holdout_last: Option<Span>,

    /// The column of dates, or of dates with times, to hold out by; rows without are left out
    #[arg(long, value_name = "COLUMN")]
    time: Option<String>,
}

impl TimeHoldoutArguments {
    /// What is held out by time, where that is asked for.
    ///
    /// # Errors
    ///
    /// Where a column is named for nothing.
    pub fn holdout(&self) -> Result<Option<Holdout>, CliError> {
        match (&self.time, self.holdout_after, self.holdout_last) {
            (Some(time), Some(from), _) => Ok(Some(Holdout::after(time, from))),
            (Some(time), None, Some(last)) => Ok(Some(Holdout::last(time, last))),
            (Some(_), None, None) => Err(CliError::Usage(
                "--time without --holdout-after or --holdout-last: say what is held out".into(),
            )),
            (None, ..) => Ok(None),
        }
    }
}
