//! The store that a command takes, by position or by a flag.

use std::path::PathBuf;

use super::error::CliError;

/// The store. Behind it, by position, a command may take the numbers of generations.
#[derive(clap::Args)]
pub struct StoreArgument {
    /// The store, unless --models names it
    #[arg(value_name = "DIRECTORY")]
    directory: Option<String>,

    /// The store
    #[arg(long, value_name = "DIRECTORY")]
    models: Option<String>,
}

impl StoreArgument {
    pub fn path(&self) -> Result<PathBuf, CliError> {
        let (path, []) = self.path_and_generations([])?;
        Ok(path)
    }

    /// The store and the numbers that stand behind it. With --models, the first number stands where
    /// the store would.
    pub fn path_and_generations<const N: usize>(
        &self,
        behind: [&Option<String>; N],
    ) -> Result<(PathBuf, [u64; N]), CliError> {
        let mut words: Vec<&String> = self
            .directory
            .iter()
            .chain(behind.into_iter().flatten())
            .collect();
        let store = match &self.models {
            Some(models) if words.len() > N => return Err(twice(words[0], models)),
            Some(models) => models,
            None if words.is_empty() => return Err(none()),
            None => words.remove(0),
        };
        let numbers: Vec<u64> = words.into_iter().map(number).collect::<Result<_, _>>()?;
        let given = numbers.len();
        let numbers = numbers.try_into().map_err(|_| {
            CliError::Usage(format!(
                "behind the store '{store}', {given} of {N} numbers of generations are given; `per-entity history {store}` lists them"
            ))
        })?;
        Ok((store.into(), numbers))
    }
}

fn number(word: &String) -> Result<u64, CliError> {
    word.parse().map_err(|_| {
        CliError::Usage(format!(
            "'{word}' is not the number of a generation; `per-entity history` lists them"
        ))
    })
}

fn twice(directory: &str, models: &str) -> CliError {
    CliError::Usage(format!(
        "the store is given twice, as '{directory}' and as --models {models}; give one of them"
    ))
}

fn none() -> CliError {
    CliError::Usage(
        "no store is given; name its directory before the flags, or say --models DIRECTORY".into(),
    )
}
