//! The arguments that say which rows are held out.

use per_entity::Error;
use per_entity::error::SpecError;
use per_entity::schema::{Holdout, HoldoutTable};

use super::error::CliError;
use super::time_holdout_arguments::TimeHoldoutArguments;

#[derive(clap::Args)]
pub struct HoldoutArguments {
    /// Hold out this share of each entity's rows and report how good its model is on them
    #[arg(long, value_name = "SHARE")]
    holdout: Option<f64>,

    /// Hold out whole values of this column, say of customers, instead of single rows
    #[arg(long, value_name = "COLUMN")]
    holdout_by: Option<String>,

    /// What the draw of the rows held out depends on [default: 0]
    #[arg(long)]
    seed: Option<u64>,

    #[command(flatten)]
    time: TimeHoldoutArguments,
}

impl HoldoutArguments {
    /// Sets what is given.
    ///
    /// # Errors
    ///
    /// Where what is given does not say which rows are held out.
    pub fn override_in(&self, holdout: &mut Option<Holdout>) -> Result<(), CliError> {
        let before = holdout.as_ref().map(HoldoutTable::from);
        let mut table = before.clone().unwrap_or_default();
        if self.holdout.is_some() {
            table = HoldoutTable {
                share: self.holdout,
                seed: table.seed,
                by: table.by,
                ..HoldoutTable::default()
            };
        }
        self.time.override_in(&mut table);
        if self.holdout_by.is_some() {
            table.by.clone_from(&self.holdout_by);
        }
        table.seed = self.seed.or(table.seed);
        if table != before.unwrap_or_default() {
            let overridden = Holdout::try_from(table).map_err(SpecError::from);
            *holdout = Some(overridden.map_err(Error::from)?);
        }
        Ok(())
    }
}
