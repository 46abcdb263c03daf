//! The order that rows are brought into.

/// Where each row goes when rows are sorted by entity.
pub(crate) enum Order {
    /// Nowhere: they are sorted.
    Sorted,
    /// Row `i` goes to `destinations[i]`, a permutation.
    Moved(Vec<u32>),
}

impl Order {
    /// `values`, each put through `convert`, in their new places.
    pub(crate) fn scatter<S: Copy, T: Copy + Default>(
        &self,
        values: &[S],
        convert: impl Fn(S) -> T,
    ) -> Vec<T> {
        match self {
            Order::Sorted => values.iter().map(|&value| convert(value)).collect(),
            Order::Moved(destinations) => {
                let mut moved = vec![T::default(); values.len()];
                for (&value, &destination) in values.iter().zip(destinations) {
                    moved[destination as usize] = convert(value);
                }
                moved
            }
        }
    }
}

/// The values of the rows that are marked.
pub(crate) fn marked<T: Copy>(values: &[T], keep: &[bool]) -> Vec<T> {
    let pairs = values.iter().zip(keep);
    pairs
        .filter(|(_, keep)| **keep)
        .map(|(&value, _)| value)
        .collect()
}
