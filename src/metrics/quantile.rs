//! A quantile of numbers.

/// The linearly interpolated quantile of sorted numbers, of which there is at least one:
/// definition 7 of R. J. Hyndman and Y. Fan (1996), "Sample quantiles in statistical packages",
/// The American Statistician 50(4), 361–365, and the default of `numpy.quantile`.
pub(super) fn quantile(sorted: &[f64], probability: f64) -> f64 {
    let position = probability * (sorted.len() - 1) as f64;
    let below = sorted[position.floor() as usize];
    let above = sorted[position.ceil() as usize];
    below + (above - below) * position.fract()
}
