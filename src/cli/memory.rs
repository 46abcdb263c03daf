//! What becomes of a request for more memory than there is.

use std::fs::File;
use std::io::Write;
use std::mem::ManuallyDrop;
use std::os::fd::FromRawFd;
use std::sync::OnceLock;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::system::sysinfo;
use signal_hook::consts::SIGABRT;
use signal_hook::low_level;

/// What is said where the process gets no memory, or no more stack.
static MESSAGE: OnceLock<String> = OnceLock::new();

/// Has the process end with a word and exit code 2 where it asks for more memory than there is,
/// which a damaged file of a few bytes can make the readers of Parquet and Arrow IPC do. Otherwise
/// the kernel would look for a process to kill, and it might find another one. What was committed to
/// a store stays, and nothing else is.
pub fn guard_memory() {
    let words = std::env::args_os().skip(1);
    let words: Vec<String> = words
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let command = super::visible::visible_line(&words.join(" ")).into_owned();
    let _ = MESSAGE.set(format!(
        "error: more memory was asked for than there is; a file is damaged or too large in: {command}\n"
    ));
    limit_to_memory();
    let told = || {
        // SAFETY: the descriptor is open as long as the process is, and is not closed here.
        let stderr = ManuallyDrop::new(unsafe { File::from_raw_fd(2) });
        if let Some(message) = MESSAGE.get() {
            let _ = (&*stderr).write_all(message.as_bytes());
        }
        low_level::exit(2);
    };
    // SAFETY: the action only writes and exits; it neither allocates nor takes a lock.
    let _ = unsafe { low_level::register(SIGABRT, told) };
}

/// No more than the memory and swap space of the machine, unless less is allowed already.
fn limit_to_memory() {
    let system = sysinfo();
    let total = (system.totalram as u64).saturating_add(system.totalswap as u64);
    let total = total.saturating_mul(u64::from(system.mem_unit).max(1));
    let limit = getrlimit(Resource::Data);
    if limit.current.is_none_or(|current| current > total) {
        let limited = Rlimit {
            current: Some(total),
            maximum: limit.maximum,
        };
        // Where that is not allowed, all is as it was.
        let _ = setrlimit(Resource::Data, limited);
    }
}
