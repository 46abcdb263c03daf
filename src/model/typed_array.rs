//! Typed arrays of CBOR (RFC 8746).

use ciborium::tag::Captured;
use serde_bytes::ByteBuf;

use crate::error::{Error, Result};

/// A typed array (RFC 8746): tagged bytes, little-endian.
pub(super) type Array = Captured<ByteBuf>;

const UINT8: u64 = 64;
const UINT16: u64 = 69;
const UINT32: u64 = 70;
const FLOAT32: u64 = 85;
const FLOAT64: u64 = 86;

fn array<const N: usize>(tag: u64, items: impl Iterator<Item = [u8; N]>) -> Array {
    Captured(
        Some(tag),
        ByteBuf::from(items.flatten().collect::<Vec<u8>>()),
    )
}

pub(super) fn whole_array(values: &[u32]) -> Array {
    let values_ = values.iter();
    match values.iter().max().copied().unwrap_or(0) {
        0..=0xFF => array(UINT8, values_.map(|&value| [value as u8])),
        0x100..=0xFFFF => array(UINT16, values_.map(|&value| (value as u16).to_le_bytes())),
        _ => array(UINT32, values_.map(|&value| value.to_le_bytes())),
    }
}

pub(super) fn float_array(values: &[f64]) -> Array {
    if values.iter().all(|&value| f64::from(value as f32) == value) {
        array(
            FLOAT32,
            values.iter().map(|&value| (value as f32).to_le_bytes()),
        )
    } else {
        array(FLOAT64, values.iter().map(|&value| value.to_le_bytes()))
    }
}

/// Whole numbers where all counts are, floats where rows have weights or are shared out.
pub(super) fn count_array(values: &[f64]) -> Array {
    match values.iter().all(|&value| f64::from(value as u32) == value) {
        true => whole_array(&values.iter().map(|&value| value as u32).collect::<Vec<_>>()),
        false => float_array(values),
    }
}

fn items<const N: usize>(bytes: &[u8]) -> Result<impl Iterator<Item = [u8; N]> + '_> {
    let (items, rest) = bytes.as_chunks::<N>();
    if !rest.is_empty() {
        return Err(Error::BadModel(
            "an array's bytes are not a multiple of its item".into(),
        ));
    }
    Ok(items.iter().copied())
}

pub(super) fn whole_numbers(Captured(tag, bytes): &Array) -> Result<Vec<u32>> {
    Ok(match *tag {
        Some(UINT8) => bytes.iter().map(|&byte| byte.into()).collect(),
        Some(UINT16) => items(bytes)?
            .map(|item| u16::from_le_bytes(item).into())
            .collect(),
        Some(UINT32) => items(bytes)?.map(u32::from_le_bytes).collect(),
        _ => {
            return Err(Error::BadModel(
                "an array of whole numbers has another tag".into(),
            ));
        }
    })
}

pub(super) fn floats(array: &Array) -> Result<Vec<f64>> {
    let Captured(tag, bytes) = array;
    Ok(match *tag {
        Some(FLOAT32) => items(bytes)?
            .map(|item| f32::from_le_bytes(item).into())
            .collect(),
        Some(FLOAT64) => items(bytes)?.map(f64::from_le_bytes).collect(),
        _ => whole_numbers(array)?.into_iter().map(f64::from).collect(),
    })
}
