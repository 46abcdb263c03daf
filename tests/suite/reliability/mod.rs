//! What a store survives: faults injected into the real binary, and into the directory of a store.

mod buckets;
mod damage;
mod disk;
mod faults;
mod ground;
mod kill;
mod obstacles;
mod sequences;
mod shops;
mod system_calls;
mod update;
mod writers;
