//! Harm in words and figures.

use engine::office::Unit;

/// A figure with marks between the thousands, without a part after the point.
pub(crate) fn whole(value: f64) -> String {
    let rounded = value.abs().round().min(1e18) as u64;
    let out = model::words::grouped(rounded);
    if value < 0.0 && rounded > 0 { format!("-{out}") } else { out }
}

/// A figure as short as people read it: `420`, `12,300`, `1.2 million`.
pub(crate) fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 1e12 => format!("{:.1} trillion", value / 1e12),
        size if size >= 1e9 => format!("{:.1} billion", value / 1e9),
        size if size >= 1e6 => format!("{:.1} million", value / 1e6),
        size if size >= 100.0 => whole(to_three_digits(value)),
        size if size >= 10.0 => format!("{value:.0}"),
        size if size >= 1.0 => format!("{value:.1}"),
        size if size > 0.0 => format!("{value:.2}"),
        _ => "0".to_owned(),
    }
}

fn to_three_digits(value: f64) -> f64 {
    let step = 10_f64.powi(value.abs().log10().floor() as i32 - 2);
    (value / step).round() * step
}

/// What a unit is called behind a figure.
pub(crate) fn unit_words(unit: Unit, currency: &str) -> String {
    match unit {
        Unit::Money => currency.to_owned(),
        other => other.to_string(),
    }
}

/// Harm with its unit: `1.2 million EUR`.
pub(crate) fn amount(value: f64, unit: Unit, currency: &str) -> String {
    format!("{} {}", short(value), unit_words(unit, currency))
}

/// A probability as people read it: `12 %`, `0.4 %`.
pub(crate) fn percent(value: f64) -> String {
    match value * 100.0 {
        hundredths if hundredths >= 9.95 => format!("{hundredths:.0} %"),
        hundredths if hundredths >= 0.095 => format!("{hundredths:.1} %"),
        hundredths if hundredths > 0.0 => "less than 0.1 %".to_owned(),
        _ => "0 %".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures() {
        let cases = [
            (0.0, "0"),
            (0.034, "0.03"),
            (4.24, "4.2"),
            (42.4, "42"),
            (1_234.0, "1,230"),
            (310_000.0, "310,000"),
            (1_250_000.0, "1.2 million"),
            (2.0e9, "2.0 billion"),
        ];
        for (value, expected) in cases {
            assert_eq!(short(value), expected, "{value}");
        }
        assert_eq!(whole(-1_234_567.4), "-1,234,567");
        assert_eq!(amount(5e6, Unit::Money, "EUR"), "5.0 million EUR");
        assert_eq!(amount(12.0, Unit::ResidentHours, "EUR"), "12 resident hours");
        assert_eq!(
            [percent(0.5), percent(0.012), percent(0.0001), percent(0.0)],
            ["50 %", "1.2 %", "less than 0.1 %", "0 %"]
        );
    }
}
