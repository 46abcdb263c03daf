//! What a store survives: faults injected into the real binary.

mod damage;
mod disk;
mod ground;
mod kill;
mod update;
mod writers;
