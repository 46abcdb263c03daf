//! The rows of a node brought together as *runs*, the class weights of all rows that share a code:
//! by a histogram where the node has rows enough for the feature's codes, by a sort where it has
//! not.

use super::node_rows::NodeRows;
use super::weight::Weight;

/// A histogram is built where it has at most this many slots per row of the node.
const HISTOGRAM_SLOTS_PER_ROW: usize = 8;

/// The runs of a node on one feature, and the buffers that make them; kept from node to node.
#[derive(Default)]
pub(super) struct Runs<W> {
    /// The code of each run, ascending.
    pub codes: Vec<u32>,
    /// Weight by class, run after run.
    pub counts: Vec<W>,
    /// Rows of each run; kept only where weights are not rows.
    pub rows: Vec<u32>,
    /// Codes to be sorted, each with its label in the low bits.
    labelled: Vec<u32>,
    /// Codes to be sorted, each with its position in the node in the low half.
    positioned: Vec<u64>,
    /// Weight by class on the left of the split at hand.
    pub left: Vec<f64>,
}

impl<W: Weight> Runs<W> {
    /// Makes the runs of a node from the codes of all rows.
    #[inline(always)]
    pub fn collect<C: Copy + Into<u32>>(
        &mut self,
        codes: &[C],
        cardinality: u32,
        classes: usize,
        node: &NodeRows<W>,
    ) {
        let rows = node.rows.len();
        let by_histogram = cardinality as usize * classes <= HISTOGRAM_SLOTS_PER_ROW * rows;
        self.clear(
            if by_histogram {
                cardinality as usize
            } else {
                rows
            },
            classes,
        );
        let runs = if by_histogram {
            self.histogram(codes, classes, node)
        } else {
            self.sort(codes, cardinality, classes, node)
        };
        self.codes.truncate(runs);
        self.counts.truncate(runs * classes);
    }

    /// Takes runs from counts by code and class of rows that all count the same.
    #[inline(always)]
    pub fn copy(&mut self, by_code: &[W], classes: usize) {
        let codes = by_code.len() / classes;
        self.codes.resize(codes, 0);
        self.counts.resize(codes * classes, W::default());
        // A code without rows is overwritten by the next one.
        let mut runs = 0;
        for (code, by_class) in by_code.chunks_exact(classes).enumerate() {
            self.codes[runs] = code as u32;
            self.counts[runs * classes..][..classes].copy_from_slice(by_class);
            runs += usize::from(W::rows(by_class, &[], 0) > 0);
        }
        self.codes.truncate(runs);
        self.counts.truncate(runs * classes);
    }

    /// Makes room for this many runs, without any rows.
    fn clear(&mut self, runs: usize, classes: usize) {
        self.codes.resize(runs, 0);
        self.counts.clear();
        self.counts.resize(runs * classes, W::default());
        if !W::WHOLE {
            self.rows.clear();
            self.rows.resize(runs, 0);
        }
    }

    #[inline(always)]
    fn histogram<C: Copy + Into<u32>>(
        &mut self,
        codes: &[C],
        classes: usize,
        node: &NodeRows<W>,
    ) -> usize {
        let (counts, run_rows) = (&mut self.counts[..], &mut self.rows[..]);
        for (position, (&row, &label)) in node.rows.iter().zip(node.labels).enumerate() {
            let code = codes[row as usize].into() as usize;
            counts[code * classes + label as usize] += W::of(node.weights, position);
            if !W::WHOLE {
                run_rows[code] += 1;
            }
        }
        // The runs close ranks: a code without rows is overwritten by the next one.
        let mut runs = 0;
        for code in 0..self.codes.len() {
            let rows = W::rows(&counts[code * classes..][..classes], run_rows, code);
            self.codes[runs] = code as u32;
            counts.copy_within(code * classes..(code + 1) * classes, runs * classes);
            if !W::WHOLE {
                run_rows[runs] = run_rows[code];
            }
            runs += usize::from(rows > 0);
        }
        runs
    }

    #[inline(always)]
    fn sort<C: Copy + Into<u32>>(
        &mut self,
        codes: &[C],
        cardinality: u32,
        classes: usize,
        node: &NodeRows<W>,
    ) -> usize {
        let label_bits = usize::BITS - (classes - 1).leading_zeros();
        if W::WHOLE && (cardinality - 1).leading_zeros() >= label_bits {
            self.sort_labelled(codes, classes, label_bits, node)
        } else {
            self.sort_positioned(codes, classes, node)
        }
    }

    /// Where all rows count the same, code and label are all that is to be sorted.
    #[inline(always)]
    fn sort_labelled<C: Copy + Into<u32>>(
        &mut self,
        codes: &[C],
        classes: usize,
        label_bits: u32,
        node: &NodeRows<W>,
    ) -> usize {
        let mut keys = std::mem::take(&mut self.labelled);
        keys.clear();
        let rows = node.rows.iter().zip(node.labels);
        keys.extend(rows.map(|(&row, &label)| codes[row as usize].into() << label_bits | label));
        keys.sort_unstable();
        let label_mask = (1 << label_bits) - 1;
        let mut run = 0;
        let mut last = keys[0] >> label_bits;
        for &key in &keys {
            let code = key >> label_bits;
            run += usize::from(code != last);
            last = code;
            self.codes[run] = code;
            self.counts[run * classes + (key & label_mask) as usize] += W::of(&[], 0);
        }
        self.labelled = keys;
        run + 1
    }

    fn sort_positioned<C: Copy + Into<u32>>(
        &mut self,
        codes: &[C],
        classes: usize,
        node: &NodeRows<W>,
    ) -> usize {
        let mut keys = std::mem::take(&mut self.positioned);
        keys.clear();
        keys.extend(node.rows.iter().enumerate().map(|(position, &row)| {
            let code: u32 = codes[row as usize].into();
            u64::from(code) << 32 | position as u64
        }));
        keys.sort_unstable();
        let mut run = 0;
        let mut last = (keys[0] >> 32) as u32;
        for &key in &keys {
            let (code, position) = ((key >> 32) as u32, key as u32 as usize);
            run += usize::from(code != last);
            last = code;
            self.codes[run] = code;
            self.counts[run * classes + node.labels[position] as usize] +=
                W::of(node.weights, position);
            if !W::WHOLE {
                self.rows[run] += 1;
            }
        }
        self.positioned = keys;
        run + 1
    }
}
