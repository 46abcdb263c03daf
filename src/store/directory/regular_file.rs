//! Files that are opened as what they are: no link is followed out of the store, and nothing is
//! waited for that comes from elsewhere.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Result as IoResult};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::error::{Error, Result};

/// Opens a regular file, or makes one where the options say so; refuses whatever else has the name.
pub(super) fn open_regular(options: &mut OpenOptions, path: &Path) -> Result<File> {
    // Without waiting: a pipe would not open before somebody is at its other end.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let refused = || Error::bad_store(path, "is not a regular file; remove it");
    let file = match options.custom_flags(flags.bits() as i32).open(path) {
        Ok(file) => file,
        Err(error) => {
            let others = [Errno::LOOP, Errno::NXIO, Errno::ISDIR];
            let is_other = Errno::from_io_error(&error).is_some_and(|no| others.contains(&no));
            return Err(match is_other {
                true => refused(),
                false => Error::io(path)(error),
            });
        }
    };
    let metadata = file.metadata().map_err(Error::io(path))?;
    metadata.is_file().then_some(file).ok_or_else(refused)
}

/// Makes a file that was not there, in the place of whatever has the name: not what a link leads to.
pub(super) fn create_anew(path: &Path) -> IoResult<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => File::create_new(path),
    }
}
