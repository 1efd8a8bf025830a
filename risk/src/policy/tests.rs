use super::*;

fn refused(from: &str, to: &str, expected: &str) {
    assert!(BUILT_IN.contains(from), "{from}");
    let error = Policy::read(&BUILT_IN.replacen(from, to, 1)).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn the_built_in_one_is_read() {
    let policy = Policy::built_in().unwrap();
    assert_eq!(policy.rates.len(), ItemKind::ALL.len());
    assert_eq!(policy.record(DataCategory::Health), 200.0);
    assert_eq!(policy.record(DataCategory::Contact), policy.harms.record);
    assert_eq!(policy.record_worst(), 200.0);
    assert_eq!(policy.watching, None);
    let watched = Policy::read(&BUILT_IN.replacen("# watching = ", "watching = ", 1)).unwrap().watching.unwrap();
    assert_eq!(watched.noticed.get(), 0.5);
    assert!(policy.measures.iter().all(|offer| offer.cost > 0.0));
}

#[test]
fn what_a_policy_has_to_say() {
    refused("public = 1.0", "", "reach says nothing of public");
    refused("runs-on = [0.5, 0.8, 1.0]\n", "", "passes says nothing of runs-on");
    refused("record = 40.0", "record = -1.0", "harms.record is -1: 0 or more");
    refused("record = 40.0", "record = nan", "harms.record is NaN");
    refused("spread = 4.0", "spread = 0.5", "harms.spread is 0.5: from 1 to 1000");
    refused("cost = 20000.0", "cost = 0.0", "cost of proof is 0: above 0");
    refused("id = \"shield\"", "id = \"proof\"", "names no measure, or two");
    refused("currency = \"EUR\"", "currency = \"EUR\"\nhope = 1", "unknown field");
    refused("[0.005, 0.02, 0.10]", "[0.5, 0.02, 0.10]", "a belief has three probabilities in order");
    let (head, _) = BUILT_IN.split_once("[tolerances]").unwrap();
    assert!(Policy::read(&format!("{head}[tolerances]\n")).unwrap_err().to_string().contains("any unit"));
}

#[test]
fn a_policy_has_a_size() {
    let long = format!("{BUILT_IN}\n#{}", "x".repeat(RISK_POLICY_BYTES_MAX));
    assert!(matches!(Policy::read(&long), Err(PolicyError::Size(_))));
    let title = format!("title = \"{}\"", "x".repeat(TEXT_BYTES_MAX + 1));
    refused("title = \"a filter for requests in front of it\"", &title, "at most 300 bytes");
}
