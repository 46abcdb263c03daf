//! An allocator that counts what is taken of it, and gives no more than it may.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering};

/// Bytes that may be taken from now on.
static LEFT: AtomicIsize = AtomicIsize::new(isize::MAX);

/// Whether anything is counted.
static COUNTS: AtomicBool = AtomicBool::new(false);

/// Bytes that a thread takes before it says so: threads that allocate must not wait for one another.
/// What a thread has not told of when it ends is lost.
const TOLD_TOGETHER: isize = 1 << 14;

thread_local! {
    /// What this thread took and has not told of; below 0 for what it gave back.
    static TAKEN: Cell<isize> = const { Cell::new(0) };
}

/// Counts what is taken of another allocator once [`allow`](Self::allow) was called. Who asks for
/// more than is left gets nothing.
pub struct CountingAllocator<A>(pub A);

impl<A> CountingAllocator<A> {
    /// Allows so many bytes to be taken from now on, beside those that are.
    pub fn allow(bytes: usize) {
        LEFT.store(bytes.try_into().unwrap_or(isize::MAX), Ordering::Relaxed);
        COUNTS.store(true, Ordering::Relaxed);
    }
}

/// Notes that so many bytes are taken, or given back where it is below 0. Returns whether they may
/// be.
#[inline]
fn take(bytes: isize) -> bool {
    !COUNTS.load(Ordering::Relaxed) || count(bytes)
}

fn count(bytes: isize) -> bool {
    let taken = TAKEN.get() + bytes;
    if taken.abs() < TOLD_TOGETHER {
        TAKEN.set(taken);
        return true;
    }
    if LEFT.fetch_sub(taken, Ordering::Relaxed) < taken && bytes > 0 {
        LEFT.fetch_add(taken, Ordering::Relaxed);
        return false;
    }
    TAKEN.set(0);
    true
}

/// What a piece of so many bytes takes: allocators hand out pieces of a few sizes, eight for each
/// doubling.
#[inline]
fn size(bytes: usize) -> isize {
    let doubling = usize::BITS - bytes.leading_zeros();
    let step = (1 << doubling.saturating_sub(4)).max(SMALLEST);
    // No layout is larger than that.
    bytes.saturating_add(step - 1) as isize & -(step as isize)
}

/// Bytes of the smallest piece, of which small ones are multiples.
const SMALLEST: usize = 16;

// SAFETY: all is done by the allocator within; what it is not asked for is null, which says that
// there is no memory.
unsafe impl<A: GlobalAlloc> GlobalAlloc for CountingAllocator<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match take(size(layout.size())) {
            true => unsafe { self.0.alloc(layout) },
            false => std::ptr::null_mut(),
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        match take(size(layout.size())) {
            true => unsafe { self.0.alloc_zeroed(layout) },
            false => std::ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        take(-size(layout.size()));
        unsafe { self.0.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        match take(size(bytes) - size(layout.size())) {
            true => unsafe { self.0.realloc(memory, layout, bytes) },
            false => std::ptr::null_mut(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_take_at_most_an_eighth_more_or_a_multiple_of_the_smallest() {
        for (bytes, taken) in [(0, 0), (1, 16), (17, 32), (64, 64), (255, 256), (257, 288)] {
            assert_eq!(size(bytes), taken, "{bytes}");
        }
        for bytes in (128..100_000).step_by(7) {
            let taken = size(bytes);
            assert!(taken >= bytes as isize && taken <= (bytes + bytes / 8) as isize);
        }
    }
}
