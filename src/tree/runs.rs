//! The rows of a node brought together as *runs*, the sums of all rows that share a code:
//! by a histogram where the node has rows enough for the feature's codes, by a sort where it has
//! not.

use std::cmp::Ordering;

use super::statistic::{NodeRows, Statistic};

/// A histogram is built where it has at most this many slots per row of the node.
const HISTOGRAM_SLOTS_PER_ROW: usize = 8;

/// The runs of a node on one feature, and the buffers that make them; kept from node to node.
pub(super) struct Runs<S: Statistic> {
    /// The code of each run, ascending.
    pub codes: Vec<u32>,
    /// Slots, run after run.
    pub slots: Vec<S::Slot>,
    /// Rows of each run; kept only where rows have weights.
    pub rows: Vec<u32>,
    /// Codes to be sorted, each with its label in the low bits.
    labelled: Vec<u32>,
    /// Codes to be sorted, each with its position in the node in the low half.
    positioned: Vec<u64>,
    /// The sums on the left of the split at hand.
    pub left: Vec<S::Sum>,
    /// Runs by what sets of categories are cut off by, each with its rank.
    pub order: Vec<(f64, u32)>,
    /// What is known of the rows on both sides of the split at hand beside sums.
    pub sides: S::Sides,
    /// The categories on the left of the best split that sets them apart, ascending.
    pub set: Vec<u32>,
}

impl<S: Statistic> Default for Runs<S> {
    fn default() -> Self {
        Self {
            codes: Vec::new(),
            slots: Vec::new(),
            rows: Vec::new(),
            labelled: Vec::new(),
            positioned: Vec::new(),
            left: Vec::new(),
            order: Vec::new(),
            sides: S::Sides::default(),
            set: Vec::new(),
        }
    }
}

impl<S: Statistic> Runs<S> {
    /// Makes the runs of a node from the codes of all rows.
    #[inline(always)]
    pub fn collect<C: Copy + Into<u32>>(
        &mut self,
        codes: &[C],
        cardinality: u32,
        width: usize,
        node: &NodeRows<S>,
    ) {
        let rows = node.rows.len();
        let slots = cardinality as usize * width;
        let by_histogram = !S::BY_ROWS && slots <= HISTOGRAM_SLOTS_PER_ROW * rows;
        self.clear(
            if by_histogram {
                cardinality as usize
            } else {
                rows
            },
            width,
        );
        let runs = if by_histogram {
            self.histogram(codes, width, node)
        } else {
            self.sort(codes, cardinality, width, node)
        };
        self.codes.truncate(runs);
        self.slots.truncate(runs * width);
    }

    /// Takes runs from sums by code of rows that all count the same.
    #[inline(always)]
    pub fn copy(&mut self, by_code: &[S::Slot], width: usize) {
        let codes = by_code.len() / width;
        self.codes.resize(codes, 0);
        self.slots.resize(codes * width, S::Slot::default());
        // A code without rows is overwritten by the next one.
        let mut runs = 0;
        for (code, slots) in by_code.chunks_exact(width).enumerate() {
            self.codes[runs] = code as u32;
            self.slots[runs * width..][..width].copy_from_slice(slots);
            runs += usize::from(S::rows(slots) > 0);
        }
        self.codes.truncate(runs);
        self.slots.truncate(runs * width);
    }

    /// Moves the rows of a run to the left of the split at hand, of which `left_rows` are there.
    #[inline(always)]
    pub fn move_left(
        &mut self,
        run: usize,
        width: usize,
        left_rows: &mut usize,
        node: &NodeRows<S>,
    ) {
        let slots = &self.slots[run * width..][..width];
        *left_rows += match S::WEIGHTED {
            true => self.rows[run] as usize,
            false => S::rows(slots),
        };
        for (sum, &slot) in self.left[..width].iter_mut().zip(slots) {
            *sum += S::sum(slot);
        }
        if S::BY_ROWS {
            let first: u32 = self.rows[..run].iter().sum();
            let keys = self.positioned[first as usize..].iter();
            for &key in keys.take(self.rows[run] as usize) {
                S::move_left(&mut self.sides, key as u32 as usize, node);
            }
        }
    }

    /// Begins with all rows on the right of the split at hand.
    #[inline(always)]
    pub fn begin(&mut self, width: usize, node: &NodeRows<S>) {
        self.left.clear();
        self.left.resize(width, S::Sum::default());
        S::begin(&mut self.sides, node);
    }

    /// Brings the runs into an order by rank, and by code where ranks are equal.
    pub fn order_by_rank(&mut self, width: usize, rank: impl Fn(&[S::Slot]) -> f64) {
        let ranks = self.slots.chunks_exact(width).map(rank);
        self.order.clear();
        self.order.extend(ranks.zip(0..));
        self.order
            .sort_unstable_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
    }

    /// Takes the categories of the lighter side of a cut, so that whatever is not among them goes
    /// with the heavier one; of the side of fewer categories, or of the lowest one, where both weigh
    /// the same.
    pub fn take_lighter(&mut self, cut: usize, [left, right]: [f64; 2]) {
        let (front, back) = self.order.split_at(cut + 1);
        let lowest = |side: &[(f64, u32)]| side.iter().map(|&(_, run)| run).min();
        let front_is_lighter = match left.total_cmp(&right) {
            Ordering::Equal => (front.len(), lowest(front)) < (back.len(), lowest(back)),
            order => order.is_lt(),
        };
        let lighter = if front_is_lighter { front } else { back };
        self.set.clear();
        self.set
            .extend(lighter.iter().map(|&(_, run)| self.codes[run as usize]));
        self.set.sort_unstable();
    }

    /// Makes room for this many runs, without any rows.
    fn clear(&mut self, runs: usize, width: usize) {
        self.codes.resize(runs, 0);
        self.slots.clear();
        self.slots.resize(runs * width, S::Slot::default());
        if S::WEIGHTED {
            self.rows.clear();
            self.rows.resize(runs, 0);
        }
    }

    #[inline(always)]
    fn histogram<C: Copy + Into<u32>>(
        &mut self,
        codes: &[C],
        width: usize,
        node: &NodeRows<S>,
    ) -> usize {
        let (slots, run_rows) = (&mut self.slots[..], &mut self.rows[..]);
        for (position, (&row, &outcome)) in node.rows.iter().zip(node.outcomes).enumerate() {
            let code = codes[row as usize].into() as usize;
            S::add(slots, code * width, outcome, node.weight(position));
            if S::WEIGHTED {
                run_rows[code] += 1;
            }
        }
        // The runs close ranks: a code without rows is overwritten by the next one.
        let mut runs = 0;
        for code in 0..self.codes.len() {
            let rows = match S::WEIGHTED {
                true => run_rows[code] as usize,
                false => S::rows(&slots[code * width..][..width]),
            };
            self.codes[runs] = code as u32;
            slots.copy_within(code * width..(code + 1) * width, runs * width);
            if S::WEIGHTED {
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
        width: usize,
        node: &NodeRows<S>,
    ) -> usize {
        let label_bits = usize::BITS - (width - 1).leading_zeros();
        let is_labelled = node.outcomes.first().copied().and_then(S::label).is_some();
        if is_labelled && (cardinality - 1).leading_zeros() >= label_bits {
            self.sort_labelled(codes, width, label_bits, node)
        } else {
            self.sort_positioned(codes, width, node)
        }
    }

    /// Where all rows count the same, code and label are all that is to be sorted.
    #[inline(always)]
    fn sort_labelled<C: Copy + Into<u32>>(
        &mut self,
        codes: &[C],
        width: usize,
        label_bits: u32,
        node: &NodeRows<S>,
    ) -> usize {
        let mut keys = std::mem::take(&mut self.labelled);
        keys.clear();
        let rows = node.rows.iter().zip(node.outcomes);
        keys.extend(rows.map(|(&row, &outcome)| {
            codes[row as usize].into() << label_bits | S::label(outcome).unwrap_or_default()
        }));
        keys.sort_unstable();
        let label_mask = (1 << label_bits) - 1;
        let mut run = 0;
        let mut last = keys[0] >> label_bits;
        for &key in &keys {
            let code = key >> label_bits;
            run += usize::from(code != last);
            last = code;
            self.codes[run] = code;
            if let Some(outcome) = S::of_label(key & label_mask) {
                S::add(&mut self.slots, run * width, outcome, 1.0);
            }
        }
        self.labelled = keys;
        run + 1
    }

    fn sort_positioned<C: Copy + Into<u32>>(
        &mut self,
        codes: &[C],
        width: usize,
        node: &NodeRows<S>,
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
            let weight = node.weight(position);
            S::add(
                &mut self.slots,
                run * width,
                node.outcomes[position],
                weight,
            );
            if S::WEIGHTED {
                self.rows[run] += 1;
            }
        }
        self.positioned = keys;
        run + 1
    }
}
