//! Order statistics of a handful of measurements.

/// What is said about one series: no mean, as one slow run would move it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    pub min: f64,
    pub lower_quartile: f64,
    pub median: f64,
    pub upper_quartile: f64,
}

impl Summary {
    /// `None` for an empty series.
    pub fn of(mut series: Vec<f64>) -> Option<Summary> {
        series.sort_by(f64::total_cmp);
        Some(Summary {
            min: *series.first()?,
            lower_quartile: quantile(&series, 0.25),
            median: quantile(&series, 0.5),
            upper_quartile: quantile(&series, 0.75),
        })
    }

    /// How far the middle half of the runs lies apart: what noise to reckon with.
    pub fn interquartile_range(&self) -> f64 {
        self.upper_quartile - self.lower_quartile
    }
}

/// Between the two nearest measurements, linearly. `sorted` is not empty.
fn quantile(sorted: &[f64], fraction: f64) -> f64 {
    let position = fraction * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[position.floor() as usize], sorted[position.ceil() as usize]);
    below + (above - below) * position.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_measurements() {
        let summary = Summary::of(vec![4.0, 1.0, 3.0, 2.0, 5.0]).unwrap();
        let expected = Summary { min: 1.0, lower_quartile: 2.0, median: 3.0, upper_quartile: 4.0 };
        assert_eq!(summary, expected);
        assert_eq!(Summary::of(vec![1.0, 2.0]).unwrap().median, 1.5);
        assert_eq!(Summary::of(vec![7.0]).unwrap().interquartile_range(), 0.0);
        assert_eq!(Summary::of(vec![]), None);
    }
}
