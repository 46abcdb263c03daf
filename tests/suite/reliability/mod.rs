//! What a store survives: faults injected into the real binary, and into the directory of a store.

mod damage;
mod disk;
mod ground;
mod kill;
mod obstacles;
mod shops;
mod update;
mod writers;
