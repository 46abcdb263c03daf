//! What becomes of a request for more memory than there is, or than is allowed.

use std::ffi::{c_int, c_long};
use std::fs::File;
use std::io::Write;
use std::mem::ManuallyDrop;
use std::os::fd::FromRawFd;
use std::sync::OnceLock;

use mimalloc::MiMalloc;
use per_entity::schema::ByteSize;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::system::sysinfo;
use signal_hook::consts::SIGABRT;
use signal_hook::low_level;

use super::counting_allocator::CountingAllocator;

/// What is said where the process gets no memory, or no more stack.
static MESSAGE: OnceLock<String> = OnceLock::new();

/// What is said where it gets no memory since a limit is reached.
static LIMIT_MESSAGE: OnceLock<String> = OnceLock::new();

/// Has the process end with a word and exit code 2 where it asks for more memory than there is,
/// which a damaged file of a few bytes can make the readers of Parquet and Arrow IPC do. Otherwise
/// the kernel would look for a process to kill, and it might find another one. What was committed to
/// a store stays, and nothing else is.
pub fn guard_memory() {
    let command = command();
    let _ = MESSAGE.set(format!(
        "error: more memory was asked for than there is; a file is damaged or too large in: {command}\n"
    ));
    limit_to_memory();
    let told = || {
        // SAFETY: the descriptor is open as long as the process is, and is not closed here.
        let stderr = ManuallyDrop::new(unsafe { File::from_raw_fd(2) });
        if let Some(message) = LIMIT_MESSAGE.get().or(MESSAGE.get()) {
            let _ = (&*stderr).write_all(message.as_bytes());
        }
        low_level::exit(2);
    };
    // SAFETY: the action only writes and exits; it neither allocates nor takes a lock.
    let _ = unsafe { low_level::register(SIGABRT, told) };
}

/// The words of the command, on one line.
fn command() -> String {
    let words = std::env::args_os().skip(1);
    let words: Vec<String> = words
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    super::visible::visible_line(&words.join(" ")).into_owned()
}

/// What the program, the stacks of its threads and gaps between what is allocated take.
const UNCOUNTED: u64 = 64 << 20;

/// Settings of Polars that keep few rows on their way where a slow reader of them follows: instead
/// of four batches for each core in each of several queues.
const FEW_ON_THEIR_WAY: [(&str, &str); 3] = [
    ("POLARS_DEFAULT_LINEARIZER_BUFFER_SIZE", "1"),
    ("POLARS_DEFAULT_DISTRIBUTOR_BUFFER_SIZE", "1"),
    ("POLARS_ROW_GROUP_PREFETCH_SIZE", "1"),
];

/// mimalloc's option of how many milliseconds memory is kept that was given back.
const PURGE_DELAY: c_int = 15;

unsafe extern "C" {
    fn mi_option_set(option: c_int, value: c_long);
}

/// Has the process end with a word and exit code 2 rather than take more memory than this. To be
/// called before Polars reads anything.
pub fn hold_memory(ByteSize(limit): ByteSize) {
    let mebibytes = limit >> 20;
    let command = command();
    let _ = LIMIT_MESSAGE.set(format!(
        "error: more memory is needed than the limit of {mebibytes} MiB: {command}\nhint: --memory-limit with more, or fewer rows or columns\n"
    ));
    for (name, value) in FEW_ON_THEIR_WAY {
        // SAFETY: only the thread that waits for signals has been started, and it reads no
        // environment.
        unsafe { std::env::set_var(name, value) };
    }
    // SAFETY: a number is set that is read as one.
    unsafe { mi_option_set(PURGE_DELAY, 0) };
    let counted = limit.saturating_sub(UNCOUNTED);
    CountingAllocator::<MiMalloc>::allow(usize::try_from(counted).unwrap_or(usize::MAX));
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
