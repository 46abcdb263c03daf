//! What rows come from: files, or a frame at hand.

use polars::prelude::{DataFrame, IntoLazy, LazyFrame};

use crate::source::Source;

/// What rows come from.
///
/// ```
/// use per_entity::table::Input;
/// use polars::prelude::*;
///
/// let frame = df!("store" => ["A", "B"], "sales" => [1, 2]).unwrap();
/// let input = Input::from(frame);
/// assert!(input.paths().is_empty());
/// ```
#[derive(Clone)]
pub enum Input {
    /// Files.
    Files(Source),
    /// A frame. One that is yet to be computed may be computed several times, and must give the
    /// same rows each time.
    Frame(Box<LazyFrame>),
}

impl From<Source> for Input {
    fn from(source: Source) -> Self {
        Input::Files(source)
    }
}

impl From<LazyFrame> for Input {
    fn from(frame: LazyFrame) -> Self {
        Input::Frame(Box::new(frame))
    }
}

impl From<DataFrame> for Input {
    fn from(frame: DataFrame) -> Self {
        frame.lazy().into()
    }
}

impl Input {
    /// The files, in the order in which they are read; none for a frame.
    pub fn paths(&self) -> Vec<String> {
        let paths = match self {
            Input::Files(source) => source.paths(),
            Input::Frame(_) => &[],
        };
        paths
            .iter()
            .map(|path| path.display().to_string())
            .collect()
    }

    /// Rows of text files with the wrong number of fields, which are left out.
    pub fn ragged(&self) -> u64 {
        match self {
            Input::Files(source) => source.ragged(),
            Input::Frame(_) => 0,
        }
    }

    /// All rows but the ragged ones; nothing where only a query can tell.
    pub(super) fn whole_rows(&self) -> Option<u64> {
        match self {
            Input::Files(source) => source.known_rows().map(|rows| rows - source.ragged()),
            Input::Frame(_) => None,
        }
    }
}
