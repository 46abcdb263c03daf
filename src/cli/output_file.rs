//! The file that a command writes, which is none of those that it reads.

use std::fs::metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::error::CliError;

/// Refuses an output that is something the command reads: one of the inputs, whatever path or link
/// leads to it, a file that would be written by way of one (`FILE.partial`), or a part of the
/// store. `-` is what stdin and stdout are redirected to.
pub fn refuse_read<'a>(
    output: &Path,
    store: &Path,
    inputs: impl IntoIterator<Item = &'a PathBuf>,
) -> Result<(), CliError> {
    let refused = |problem: String| {
        let output = output.display();
        let problem = format!("--output {output}: {problem}; name another file");
        Err(CliError::Usage(problem))
    };
    if lies_in(output, store) {
        return refused(format!("lies in the store {}", store.display()));
    }
    let mut partial = output.as_os_str().to_owned();
    partial.push(".partial");
    let written = [redirected(output, "/dev/stdout"), Path::new(&partial)].map(identity);
    for input in inputs {
        let read = identity(redirected(input, "/dev/stdin"));
        if read.is_some() && written.contains(&read) {
            return refused(format!("would overwrite the input {}", input.display()));
        }
    }
    Ok(())
}

fn lies_in(output: &Path, store: &Path) -> bool {
    let output = redirected(output, "/dev/stdout");
    let folder = output.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new("."));
    let place = output.canonicalize().or_else(|_| folder.canonicalize());
    match (place, store.canonicalize()) {
        (Ok(place), Ok(store)) => place.starts_with(store),
        _ => false,
    }
}

fn redirected<'a>(path: &'a Path, stream: &'static str) -> &'a Path {
    match path == Path::new("-") {
        true => Path::new(stream),
        false => path,
    }
}

/// The device and the number of a regular file; nothing where there is none.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = metadata(path).ok().filter(|metadata| metadata.is_file())?;
    Some((metadata.dev(), metadata.ino()))
}
