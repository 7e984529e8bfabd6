//! Where on a line a value has its place.

/// How lengths and values go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// From zero: a bar twice as long is twice as much.
    Linear,
    /// From a power of ten: equal steps are equal ratios.
    Logarithmic,
}

impl Scale {
    /// Behind what is measured, for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Linear => "",
            Self::Logarithmic => ", logarithmic scale",
        }
    }
}

/// A line on the drawing, and whether its value stands beside it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tick {
    pub value: f64,
    pub labelled: bool,
}

/// From the drawing's left edge to its right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    scale: Scale,
    pub from: f64,
    to: f64,
}

/// What is left free on the right for the figure behind the longest bar.
const ROOM: f64 = 0.13;

/// The most values that are written on a linear axis.
const TICKS_MAX: f64 = 8.0;

impl Axis {
    /// That holds all of `values`. On a logarithmic one, values that are not positive have no place.
    pub fn of(scale: Scale, values: impl IntoIterator<Item = f64>) -> Self {
        let (least, most) = values
            .into_iter()
            .filter(|value| value.is_finite() && *value > 0.0)
            .fold((f64::INFINITY, 0.0_f64), |(least, most), value| (least.min(value), most.max(value)));
        let (least, most) = if most > 0.0 { (least, most) } else { (1.0, 10.0) };
        match scale {
            Scale::Linear => Self { scale, from: 0.0, to: most / (1.0 - ROOM) },
            Scale::Logarithmic => {
                let lowest = least.log10().floor();
                // A value on the very edge would have no bar at all.
                let lowest = if least.log10() - lowest < 0.15 { lowest - 1.0 } else { lowest };
                let highest = lowest + (most.log10() - lowest) / (1.0 - ROOM);
                Self { scale, from: 10_f64.powf(lowest), to: 10_f64.powf(highest) }
            }
        }
    }

    /// 0 at the left edge, 1 at the right; what does not belong on the axis is at its nearest edge.
    pub fn place(&self, value: f64) -> f64 {
        let place = match self.scale {
            Scale::Linear => (value - self.from) / (self.to - self.from),
            Scale::Logarithmic if value <= 0.0 => 0.0,
            Scale::Logarithmic => (value / self.from).ln() / (self.to / self.from).ln(),
        };
        place.clamp(0.0, 1.0)
    }

    pub fn ticks(&self) -> Vec<Tick> {
        match self.scale {
            Scale::Linear => {
                let step = step(self.to / TICKS_MAX);
                let count = (self.to / step).floor() as usize;
                (0..=count).map(|index| Tick { value: index as f64 * step, labelled: true }).collect()
            }
            Scale::Logarithmic => {
                let lowest = self.from.log10().round() as i32;
                (lowest..=self.to.log10().floor() as i32)
                    .flat_map(|power| (1..10).map(move |digit| (power, digit)))
                    .map(|(power, digit)| Tick {
                        value: f64::from(digit) * 10_f64.powi(power),
                        labelled: digit == 1,
                    })
                    .filter(|tick| tick.value <= self.to)
                    .collect()
            }
        }
    }
}

/// The next 1, 2 or 5 times a power of ten.
fn step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|digit| digit * power)
        .find(|step| *step >= least)
        .unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
    }

    #[test]
    fn equal_ratios_are_equal_lengths_on_a_logarithmic_axis() {
        let axis = Axis::of(Scale::Logarithmic, [421.0, 47_824.0]);
        assert!(near(axis.from, 100.0), "{axis:?}");
        let length = |a, b| axis.place(b) - axis.place(a);
        assert!(near(length(200.0, 2_000.0), length(1_000.0, 10_000.0)));
        assert!(near(axis.place(47_824.0), 1.0 - ROOM));
        assert!(near(axis.place(100.0), 0.0) && near(axis.place(0.0), 0.0) && near(axis.place(1e9), 1.0));
    }

    #[test]
    fn nobody_is_without_a_bar() {
        let axis = Axis::of(Scale::Logarithmic, [1_000.0, 9_000.0]);
        assert!(near(axis.from, 100.0) && axis.place(1_000.0) > 0.3, "{axis:?}");
        let axis = Axis::of(Scale::Logarithmic, [0.0, f64::NAN, 0.32]);
        assert!(near(axis.from, 0.1), "{axis:?}");
        assert!(Axis::of(Scale::Logarithmic, []).place(5.0) > 0.0);
    }

    #[test]
    fn twice_as_much_is_twice_as_long_on_a_linear_axis() {
        let axis = Axis::of(Scale::Linear, [300.0, 870.0]);
        assert!(near(axis.place(600.0), 2.0 * axis.place(300.0)), "{axis:?}");
        assert!(near(axis.place(870.0), 1.0 - ROOM));
        assert!(near(axis.place(0.0), 0.0));
    }

    #[test]
    fn ticks_are_round_and_on_the_axis() {
        let labels = |scale, values: &[f64]| -> Vec<f64> {
            let ticks = Axis::of(scale, values.iter().copied()).ticks();
            ticks.into_iter().filter(|tick| tick.labelled).map(|tick| tick.value).collect()
        };
        assert_eq!(labels(Scale::Linear, &[870.0]), [0.0, 200.0, 400.0, 600.0, 800.0, 1000.0]);
        assert_eq!(labels(Scale::Logarithmic, &[421.0, 47_824.0]), [100.0, 1_000.0, 10_000.0, 100_000.0]);
        let few = labels(Scale::Logarithmic, &[0.2, 1.5]);
        assert!(few.len() == 2 && near(few[0], 0.1) && near(few[1], 1.0), "{few:?}");
    }
}
