//! Thrift's compact protocol, as far as it says where everything ends: what tells of more than its
//! bytes can hold is found before room is made for it.

/// Structures and lists within each other.
const MOST_NESTED: usize = 32;

/// Why bytes are no structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// They end before it does.
    Short,
    /// They are none, however many follow.
    Damaged,
}

/// Walks through the structure that bytes begin with, and tells `see` of each whole number and of
/// the length of each text: the numbers of the fields that lead to it, lists aside, and the value.
/// Returns the length of the structure.
///
/// # Errors
///
/// The flaw.
pub(super) fn walk(bytes: &[u8], see: &mut dyn FnMut(&[i16], i64)) -> Result<usize, Flaw> {
    let mut walker = Walker {
        bytes,
        place: 0,
        nested: 0,
        path: Vec::new(),
        see,
    };
    walker.structure()?;
    Ok(walker.place)
}

struct Walker<'a> {
    bytes: &'a [u8],
    place: usize,
    nested: usize,
    path: Vec<i16>,
    see: &'a mut dyn FnMut(&[i16], i64),
}

impl Walker<'_> {
    fn structure(&mut self) -> Result<(), Flaw> {
        let mut field = 0_i16;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Ok(());
            }
            field = match head >> 4 {
                0 => self.whole()?.try_into().map_err(|_| Flaw::Damaged)?,
                step => field.checked_add(step.into()).ok_or(Flaw::Damaged)?,
            };
            self.path.push(field);
            match head & 15 {
                // Their value is in the head.
                TRUE | FALSE => {}
                kind => self.value(kind)?,
            }
            self.path.pop();
        }
    }

    fn value(&mut self, kind: u8) -> Result<(), Flaw> {
        match kind {
            TRUE | FALSE | BYTE => self.skip(1),
            SHORT | INTEGER | LONG => {
                let value = self.whole()?;
                (self.see)(&self.path, value);
                Ok(())
            }
            DOUBLE => self.skip(8),
            TEXT => {
                let length = self.number()?;
                (self.see)(&self.path, length.try_into().unwrap_or(i64::MAX));
                self.skip(length)
            }
            LIST | SET | MAP | STRUCTURE => {
                self.nested += 1;
                if self.nested > MOST_NESTED {
                    return Err(Flaw::Damaged);
                }
                match kind {
                    STRUCTURE => self.structure()?,
                    MAP => self.map()?,
                    _ => self.list()?,
                }
                self.nested -= 1;
                Ok(())
            }
            _ => Err(Flaw::Damaged),
        }
    }

    fn list(&mut self) -> Result<(), Flaw> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.number()?,
            few => few.into(),
        };
        // Each value takes a byte or more.
        self.holds(count)?;
        (0..count).try_for_each(|_| self.value(head & 15))
    }

    fn map(&mut self) -> Result<(), Flaw> {
        let count = self.number()?;
        if count == 0 {
            return Ok(());
        }
        let kinds = self.byte()?;
        self.holds(count)?;
        (0..count).try_for_each(|_| {
            self.value(kinds >> 4)?;
            self.value(kinds & 15)
        })
    }

    fn byte(&mut self) -> Result<u8, Flaw> {
        let byte = self.bytes.get(self.place).ok_or(Flaw::Short)?;
        self.place += 1;
        Ok(*byte)
    }

    fn holds(&self, bytes: u64) -> Result<(), Flaw> {
        match bytes <= (self.bytes.len() - self.place) as u64 {
            true => Ok(()),
            false => Err(Flaw::Short),
        }
    }

    fn skip(&mut self, bytes: u64) -> Result<(), Flaw> {
        self.holds(bytes)?;
        self.place += bytes as usize;
        Ok(())
    }

    /// A number without a sign, seven bits a byte.
    fn number(&mut self) -> Result<u64, Flaw> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Flaw::Damaged)
    }

    /// A number whose lowest bit is its sign.
    fn whole(&mut self) -> Result<i64, Flaw> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }
}

const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BYTE: u8 = 3;
const SHORT: u8 = 4;
const INTEGER: u8 = 5;
const LONG: u8 = 6;
const DOUBLE: u8 = 7;
const TEXT: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
const STRUCTURE: u8 = 12;

#[cfg(test)]
mod tests {
    use super::*;

    type Seen = Vec<(Vec<i16>, i64)>;

    fn seen(bytes: &[u8]) -> Result<(usize, Seen), Flaw> {
        let mut seen = Vec::new();
        let length = walk(bytes, &mut |path, value| seen.push((path.to_vec(), value)))?;
        Ok((length, seen))
    }

    #[test]
    fn numbers_and_lengths_are_seen_with_the_fields_that_lead_to_them() {
        // 1: -1, 2: true, 3: [{1: 300}, {}], 20: "ab", and bytes behind it.
        let bytes = [
            0x15, 1, 0x11, 0x19, 0x2C, 0x15, 0xD8, 4, 0, 0, 0x08, 40, 2, b'a', b'b', 0, 9,
        ];
        let expected = vec![(vec![1], -1), (vec![3, 1], 300), (vec![20], 2)];
        assert_eq!(seen(&bytes), Ok((16, expected)));
    }

    #[test]
    fn what_tells_of_more_than_there_is_is_no_structure() {
        // A list of 2³¹ structures, a text of as many bytes, and a structure that goes on.
        for bytes in [
            &[0x19, 0xFC, 0x80, 0x80, 0x80, 0x80, 8, 0, 0][..],
            &[0x18, 0x80, 0x80, 0x80, 0x80, 8, 0],
            &[0x15, 0x80],
            &[],
        ] {
            assert_eq!(seen(bytes), Err(Flaw::Short), "{bytes:?}");
        }
        let lists = [&[0x19][..], &[0x19; 100_000]].concat();
        assert_eq!(seen(&lists), Err(Flaw::Damaged));
        assert_eq!(seen(&[0x15; 100_000]).unwrap_err(), Flaw::Damaged);
        assert_eq!(seen(&[0x1D, 0]), Err(Flaw::Damaged));
    }
}
