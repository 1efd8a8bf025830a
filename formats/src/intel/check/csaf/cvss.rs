//! Scores: tests 6.1.8 (form), 6.1.9 (the score follows from the vector), 6.1.10 (properties agree with the vector).
//!
//! CVSS 3.0 and 3.1 (FIRST, section 7.1: base equations; 3.1 appendix A: rounding up), CVSS 2.0 (section 3.2.1). Judged are base
//! scores; temporal and environmental ones only in their range.

use serde_json::{Map, Value};

use crate::intel::check::Judgement;

/// A metric: its letters in a vector, its name as a property, and its values: letters, words, number.
type Metric = (&'static str, &'static str, &'static [(&'static str, &'static str, f64)]);

/// Base metrics of CVSS 3 (table 15 to 17 of 3.1). The weight of privileges depends on the scope: here it is unchanged.
const BASE_3: [Metric; 8] = [
    (
        "AV",
        "attackVector",
        &[("N", "NETWORK", 0.85), ("A", "ADJACENT_NETWORK", 0.62), ("L", "LOCAL", 0.55), ("P", "PHYSICAL", 0.2)],
    ),
    ("AC", "attackComplexity", &[("L", "LOW", 0.77), ("H", "HIGH", 0.44)]),
    ("PR", "privilegesRequired", &[("N", "NONE", 0.85), ("L", "LOW", 0.62), ("H", "HIGH", 0.27)]),
    ("UI", "userInteraction", &[("N", "NONE", 0.85), ("R", "REQUIRED", 0.62)]),
    ("S", "scope", &[("U", "UNCHANGED", 0.0), ("C", "CHANGED", 1.0)]),
    ("C", "confidentialityImpact", &[("H", "HIGH", 0.56), ("L", "LOW", 0.22), ("N", "NONE", 0.0)]),
    ("I", "integrityImpact", &[("H", "HIGH", 0.56), ("L", "LOW", 0.22), ("N", "NONE", 0.0)]),
    ("A", "availabilityImpact", &[("H", "HIGH", 0.56), ("L", "LOW", 0.22), ("N", "NONE", 0.0)]),
];

/// Base metrics of CVSS 2.
const BASE_2: [Metric; 6] = [
    ("AV", "accessVector", &[("N", "NETWORK", 1.0), ("A", "ADJACENT_NETWORK", 0.646), ("L", "LOCAL", 0.395)]),
    ("AC", "accessComplexity", &[("L", "LOW", 0.71), ("M", "MEDIUM", 0.61), ("H", "HIGH", 0.35)]),
    ("Au", "authentication", &[("N", "NONE", 0.704), ("S", "SINGLE", 0.56), ("M", "MULTIPLE", 0.45)]),
    ("C", "confidentialityImpact", &[("C", "COMPLETE", 0.66), ("P", "PARTIAL", 0.275), ("N", "NONE", 0.0)]),
    ("I", "integrityImpact", &[("C", "COMPLETE", 0.66), ("P", "PARTIAL", 0.275), ("N", "NONE", 0.0)]),
    ("A", "availabilityImpact", &[("C", "COMPLETE", 0.66), ("P", "PARTIAL", 0.275), ("N", "NONE", 0.0)]),
];

/// Other metrics that a vector of CVSS 3 may have, each with its letters.
const OTHER_3: [(&str, &str); 14] = [
    ("E", "XUPFH"),
    ("RL", "XOTWU"),
    ("RC", "XURC"),
    ("CR", "XLMH"),
    ("IR", "XLMH"),
    ("AR", "XLMH"),
    ("MAV", "XNALP"),
    ("MAC", "XLH"),
    ("MPR", "XNLH"),
    ("MUI", "XNR"),
    ("MS", "XUC"),
    ("MC", "XNLH"),
    ("MI", "XNLH"),
    ("MA", "XNLH"),
];

/// Other metrics of CVSS 2.
const OTHER_2: [(&str, &[&str]); 8] = [
    ("E", &["U", "POC", "F", "H", "ND"]),
    ("RL", &["OF", "TF", "W", "U", "ND"]),
    ("RC", &["UC", "UR", "C", "ND"]),
    ("CDP", &["N", "L", "LM", "MH", "H", "ND"]),
    ("TD", &["N", "L", "M", "H", "ND"]),
    ("CR", &["L", "M", "H", "ND"]),
    ("IR", &["L", "M", "H", "ND"]),
    ("AR", &["L", "M", "H", "ND"]),
];

pub(super) fn check(cvss: &Map<String, Value>, is_2: bool, place: &str, out: &mut Judgement) {
    let text = |name: &str| cvss.get(name).and_then(Value::as_str);
    let versions: &[&str] = if is_2 { &["2.0"] } else { &["3.0", "3.1"] };
    let Some(version) = text("version").filter(|version| versions.contains(version)) else {
        return out.must("6.1.8", place, format!("`version` should be {}", versions.join(" or ")));
    };
    let Some(score) = cvss.get("baseScore").and_then(Value::as_f64).filter(|score| (0.0..=10.0).contains(score)) else {
        return out.must("6.1.8", place, "`baseScore` should be a number from 0 to 10");
    };
    for name in ["temporalScore", "environmentalScore"] {
        if cvss.get(name).is_some_and(|score| !score.as_f64().is_some_and(|score| (0.0..=10.0).contains(&score))) {
            out.must("6.1.8", place, format!("`{name}` should be a number from 0 to 10"));
        }
    }
    let Some(vector) = text("vectorString") else {
        return out.must("6.1.8", place, "`vectorString` is missing or no text");
    };
    let base: &[Metric] = if is_2 { &BASE_2 } else { &BASE_3 };
    let Some(weights) = weights(vector, version, base) else {
        return out.must("6.1.8", place, format!("`vectorString` should be a vector of CVSS {version}"));
    };
    let computed = if is_2 { base_2(&weights) } else { base_3(&weights) };
    if (computed - score).abs() > 0.001 {
        out.must("6.1.9", place, format!("`baseScore` should be {computed:.1}, as the vector has it"));
    }
    if !is_2 {
        match text("baseSeverity") {
            None => out.must("6.1.8", place, "`baseSeverity` is missing or no text"),
            Some(word) if word != severity(score) => {
                out.must("6.1.9", place, format!("`baseSeverity` should be {}", severity(score)));
            }
            Some(_) => {}
        }
    }
    for (letters, name, values) in base {
        let Some(said) = cvss.get(*name) else { continue };
        let meant = part(vector, letters).and_then(|value| values.iter().find(|(letter, ..)| *letter == value));
        if meant.is_none_or(|(_, word, _)| said != word) {
            out.must("6.1.10", place, format!("`{name}` should be what the vector says"));
        }
    }
}

/// The value of a metric in a vector.
fn part<'v>(vector: &'v str, letters: &str) -> Option<&'v str> {
    vector.split('/').find_map(|part| part.split_once(':').filter(|(name, _)| *name == letters).map(|(_, value)| value))
}

/// The weights of the base metrics; `None` when the vector is not right: a metric that is missing, unknown, or there twice.
fn weights(vector: &str, version: &str, base: &[Metric]) -> Option<Vec<(f64, &'static str)>> {
    let is_2 = version == "2.0";
    let metrics = if is_2 { vector } else { vector.strip_prefix("CVSS:")?.strip_prefix(version)?.strip_prefix('/')? };
    let mut seen = std::collections::BTreeSet::new();
    for part in metrics.split('/') {
        let (name, value) = part.split_once(':')?;
        let is_base = base
            .iter()
            .any(|(letters, _, values)| *letters == name && values.iter().any(|(letter, ..)| *letter == value));
        let is_other = if is_2 {
            OTHER_2.iter().any(|(known, values)| *known == name && values.contains(&value))
        } else {
            OTHER_3.iter().any(|(known, values)| *known == name && value.len() == 1 && values.contains(value))
        };
        if !(is_base || is_other) || !seen.insert(name) {
            return None;
        }
    }
    base.iter()
        .map(|(letters, _, values)| {
            let value = part(metrics, letters)?;
            values.iter().find(|(letter, ..)| *letter == value).map(|(letter, _, weight)| (*weight, *letter))
        })
        .collect()
}

/// CVSS 3.1, section 7.1.
fn base_3(weights: &[(f64, &str)]) -> f64 {
    let [(av, _), (ac, _), (pr, privileges), (ui, _), (_, scope), (c, _), (i, _), (a, _)] = *weights else {
        return f64::NAN;
    };
    let is_changed = scope == "C";
    let pr = match (is_changed, privileges) {
        (true, "L") => 0.68,
        (true, "H") => 0.5,
        _ => pr,
    };
    let iss = 1.0 - (1.0 - c) * (1.0 - i) * (1.0 - a);
    let impact = if is_changed { 7.52 * (iss - 0.029) - 3.25 * (iss - 0.02).powi(15) } else { 6.42 * iss };
    if impact <= 0.0 {
        return 0.0;
    }
    let sum = impact + 8.22 * av * ac * pr * ui;
    rounded_up(if is_changed { (1.08 * sum).min(10.0) } else { sum.min(10.0) })
}

/// CVSS 3.1, appendix A: up to one decimal, on whole numbers so that no float spoils it.
fn rounded_up(value: f64) -> f64 {
    let whole = (value * 100_000.0).round();
    if whole % 10_000.0 == 0.0 { whole / 100_000.0 } else { ((whole / 10_000.0).floor() + 1.0) / 10.0 }
}

/// CVSS 2.0, section 3.2.1.
fn base_2(weights: &[(f64, &str)]) -> f64 {
    let [(av, _), (ac, _), (au, _), (c, _), (i, _), (a, _)] = *weights else { return f64::NAN };
    let impact = 10.41 * (1.0 - (1.0 - c) * (1.0 - i) * (1.0 - a));
    let exploitability = 20.0 * av * ac * au;
    let factor = if impact == 0.0 { 0.0 } else { 1.176 };
    (((0.6 * impact) + (0.4 * exploitability) - 1.5) * factor * 10.0).round() / 10.0
}

/// CVSS 3.1, table 14.
fn severity(score: f64) -> &'static str {
    match score {
        score if score < 0.1 => "NONE",
        score if score < 4.0 => "LOW",
        score if score < 7.0 => "MEDIUM",
        score if score < 9.0 => "HIGH",
        _ => "CRITICAL",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_follow_from_vectors() {
        let check = |vector: &str, version: &str, expected: Option<f64>| {
            let base: &[Metric] = if version == "2.0" { &BASE_2 } else { &BASE_3 };
            let found = weights(vector, version, base)
                .map(|weights| if version == "2.0" { base_2(&weights) } else { base_3(&weights) });
            assert_eq!(found, expected, "{vector}");
        };
        check("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "3.1", Some(9.8));
        check("CVSS:3.0/AV:N/AC:L/PR:L/UI:R/S:C/C:L/I:L/A:N", "3.0", Some(5.4));
        check("CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:N", "3.1", Some(0.0));
        check("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H/E:P/RL:O", "3.1", Some(10.0));
        check("AV:N/AC:L/Au:N/C:C/I:C/A:C", "2.0", Some(10.0));
        check("AV:N/AC:M/Au:N/C:N/I:P/A:N", "2.0", Some(4.3));
        check("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "3.1", None);
        check("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H", "3.1", None);
        check("CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "3.1", None);
        check("CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "3.1", None);
    }

    #[test]
    fn scores_agree_with_those_of_others() {
        let Some(data) = testkit::reference_data() else { return };
        let mut compared = 0;
        for name in ["calculator2", "calculator3", "cvsslib2", "cvsslib3", "simple2", "simple3", "simple31"] {
            let text = std::fs::read_to_string(data.join(format!("risk/cvss/rh_vectors_{name}"))).unwrap();
            for line in text.lines() {
                let Some((vector, score)) = line.split_once(" - ") else { continue };
                let is_2 = !vector.starts_with("CVSS:");
                let version = if is_2 { "2.0" } else { vector.get(5..8).unwrap() };
                let expected: f64 = score.trim_matches(['(', ' ']).split(',').next().unwrap().parse().unwrap();
                let base: &[Metric] = if is_2 { &BASE_2 } else { &BASE_3 };
                let weights = weights(vector, version, base).unwrap_or_else(|| panic!("{vector}"));
                let found = if is_2 { base_2(&weights) } else { base_3(&weights) };
                // 3.0 rounds as floats do (section 8.1); 3.1 does not.
                assert!(
                    (found - expected).abs() < 0.11 && (version == "3.0" || (found - expected).abs() < 1e-9),
                    "{vector}: {found} {expected}"
                );
                compared += 1;
            }
        }
        assert!(compared > 1_000, "{compared}");
    }
}
