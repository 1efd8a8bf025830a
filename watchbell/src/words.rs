//! Figures as people read them.

pub(crate) use model::words::grouped as count;

/// `1 rule`, `2 rules`, `2 entries`, `2 days`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    format!("{} {}", count(number), model::words::noun_of(number, noun))
}

/// Bytes in the largest unit that leaves a whole part.
pub(crate) fn bytes(number: u64) -> String {
    let mut figure = number as f64;
    for unit in ["B", "KiB", "MiB"] {
        if figure < 1024.0 {
            return if unit == "B" { format!("{number} B") } else { format!("{figure:.1} {unit}") };
        }
        figure /= 1024.0;
    }
    format!("{figure:.1} GiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(counted(1, "rule"), "1 rule");
        assert_eq!(counted(1000, "rule"), "1,000 rules");
        assert_eq!(counted(0, "entry"), "0 entries");
        assert_eq!(counted(90, "day"), "90 days");
        assert_eq!(bytes(12), "12 B");
        assert_eq!(bytes(300 * 1024 * 1024), "300.0 MiB");
        assert_eq!(bytes(5 << 30), "5.0 GiB");
    }
}
