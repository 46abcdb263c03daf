//! SIGINT and SIGTERM ask a command to stop; a second one stops the process at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use per_entity::Cancel;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Whether the user wants the command to stop.
pub struct Interrupt {
    requested: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

impl Interrupt {
    pub fn listen() -> std::io::Result<Self> {
        let interrupt = Self {
            requested: Arc::default(),
            signal: Arc::default(),
        };
        for signal in [SIGINT, SIGTERM] {
            let exit_code = 128 + signal;
            flag::register_conditional_shutdown(signal, exit_code, interrupt.requested.clone())?;
            flag::register_usize(signal, interrupt.signal.clone(), signal as usize)?;
            flag::register(signal, interrupt.requested.clone())?;
        }
        Ok(interrupt)
    }

    /// The request to stop that a signal makes.
    pub fn cancel(&self) -> Cancel {
        self.requested.clone().into()
    }

    /// 128 plus the signal, as shells have it.
    pub fn exit_code(&self) -> u8 {
        128 + self.signal.load(Ordering::Relaxed) as u8
    }
}
