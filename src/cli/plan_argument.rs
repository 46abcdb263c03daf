//! The plan that a command goes by.

use std::path::PathBuf;

use per_entity::Error;
use per_entity::train::cluster::Plan;

use super::error::CliError;

#[derive(clap::Args)]
pub struct PlanArgument {
    /// The plan, as `per-entity plan` wrote it
    #[arg(long, value_name = "FILE")]
    plan: PathBuf,
}

impl PlanArgument {
    pub fn read(&self) -> Result<Plan, CliError> {
        let path = self.plan.clone();
        let bytes = std::fs::read(&path).map_err(|cause| Error::Io { path, cause })?;
        Ok(Plan::from_bytes(&bytes)?)
    }
}
