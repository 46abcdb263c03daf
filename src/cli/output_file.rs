//! The file that a command writes: none of those that it reads, and whole or not there.

use std::fs::{Permissions, metadata};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
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
    refuse_input(output, inputs)
}

/// Refuses an output that is one of the inputs, as [`refuse_read`] does.
pub fn refuse_input<'a>(
    output: &Path,
    inputs: impl IntoIterator<Item = &'a PathBuf>,
) -> Result<(), CliError> {
    let mut partial = output.as_os_str().to_owned();
    partial.push(".partial");
    let written = [redirected(output, "/dev/stdout"), Path::new(&partial)].map(identity);
    for input in inputs {
        let read = identity(redirected(input, "/dev/stdin"));
        let is_same = address(input).is_some() && address(input) == address(output);
        if is_same || (read.is_some() && written.contains(&read)) {
            let (output, input) = (output.display(), input.display());
            return Err(CliError::Usage(format!(
                "--output {output}: would overwrite the input {input}; name another file"
            )));
        }
    }
    Ok(())
}

/// Writes a file, which bears its name only when it is whole. What is there and no regular file, such
/// as `/dev/stdout`, is written to as it is.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let written = match metadata(path) {
        Ok(there) if !there.is_file() => std::fs::write(path, bytes),
        // Of a link, what it leads to is replaced.
        Ok(_) => path
            .canonicalize()
            .and_then(|path| write_anew(&path, bytes)),
        Err(_) => write_anew(path, bytes),
    };
    written.map_err(|cause| {
        let path = path.to_path_buf();
        per_entity::Error::Io { path, cause }.into()
    })
}

fn write_anew(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    // As any new file has them: the user's mask is taken from these.
    let permissions = Permissions::from_mode(0o666);
    let mut builder = tempfile::Builder::new();
    let builder = builder.permissions(permissions);
    let mut file = builder.tempfile_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn lies_in(output: &Path, store: &Path) -> bool {
    let output = redirected(output, "/dev/stdout");
    let folder = output.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new("."));
    let place = output.canonicalize().or_else(|_| folder.canonicalize());
    match (place, store.canonicalize()) {
        (Ok(place), Ok(store)) => place.starts_with(store),
        // In a bucket, names are all that there is.
        _ => match (address(output), address(store)) {
            (Some(output), Some(store)) => Path::new(&output).starts_with(store),
            _ => false,
        },
    }
}

/// An address in a bucket, spelled as all of the same are.
fn address(path: &Path) -> Option<String> {
    let (scheme, rest) = path.to_str()?.split_once("://")?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "s3a" => "s3".to_owned(),
        "azure" => "az".to_owned(),
        scheme => scheme.to_owned(),
    };
    let parts = rest.split('/').filter(|part| !part.is_empty());
    Some(format!(
        "{scheme}://{}",
        parts.collect::<Vec<_>>().join("/")
    ))
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
