//! Objects in the buckets of clouds: `s3://`, `gs://` and `az://`. All calls wait for their answers,
//! which come by a runtime of the room's own.

mod address;
mod bucket;
mod client;
mod object_reader;
mod profile;
mod runtime;

pub(crate) use address::Address;
pub(crate) use bucket::{Bucket, ObjectPart};
pub(crate) use object_reader::ObjectReader;
pub(crate) use runtime::{runtime, wait_for};
