//! CISA's catalogue of known exploited vulnerabilities (JSON; schema `known_exploited_vulnerabilities_schema.json` of cisagov/kev-data).

use serde_json::Value;

use super::object::Object;
use super::walk;
use super::{Counted, Known, Product, Sink, Tally, Vulnerability};
use crate::Trouble;

/// Reads the catalogue; each entry is a [`Vulnerability`] that is exploited.
pub fn read(bytes: &[u8], sink: &mut Sink<'_>) -> Tally {
    let mut out = Counted::new(sink);
    let list = match walk::shape(bytes) {
        Ok(walk::Shape::Array) => Some(bytes),
        Ok(walk::Shape::Object) => walk::open(bytes, "vulnerabilities").filter(|list| list.starts_with(b"[")),
        Err(trouble) => {
            out.refused("document", trouble);
            return out.tally;
        }
    };
    let Some(list) = list else {
        out.refused("document", Trouble::malformed("`vulnerabilities` is missing"));
        return out.tally;
    };
    for (number, member) in (1u64..).zip(walk::inner(list)) {
        out.tally.records += 1;
        let place = format!("entry {number}");
        match member.and_then(|(_, bytes)| entry(bytes)) {
            Ok((known, lost)) => {
                out.known(Known::Vulnerability(known));
                if let Some(trouble) = lost {
                    out.refused(place, trouble);
                }
            }
            Err(trouble) => out.refused(place, trouble),
        }
    }
    // The catalogue says how many there are: fewer would be a loss that nobody sees.
    let count = walk::member(bytes, "count").and_then(|count| std::str::from_utf8(count).ok()?.parse::<u64>().ok());
    if let Some(count) = count.filter(|count| *count != out.tally.records) {
        let found = out.tally.records;
        out.refused("document", Trouble::part_lost(format!("`count` is {count}, but {found} entries are there")));
    }
    out.tally
}

fn entry(bytes: &[u8]) -> Result<(Vulnerability, Option<Trouble>), Trouble> {
    let Value::Object(map) = walk::parsed(bytes)? else { return Err(Trouble::malformed("no JSON object")) };
    let mut object = Object::new(&map);
    let id = object.name("cveID");
    if id.is_empty() {
        return Err(Trouble::malformed("an entry without `cveID`"));
    }
    let product = Product { vendor: object.name("vendorProject"), name: object.name("product"), ..Product::default() };
    let is_used_for_ransom =
        object.text("knownRansomwareCampaignUse").is_some_and(|use_| use_.eq_ignore_ascii_case("known"));
    let known = Vulnerability {
        id,
        name: object.name("vulnerabilityName"),
        description: object.prose("shortDescription"),
        products: vec![product],
        weaknesses: object.texts("cwes"),
        is_exploited: true,
        is_used_for_ransom,
        added: object.time("dateAdded"),
        due: object.time("dueDate"),
        remedies: Some(object.prose("requiredAction")).filter(|action| !action.is_empty()).into_iter().collect(),
        ..Vulnerability::default()
    };
    Ok((known, object.trouble()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intel::testing::{notes, only_known};

    #[test]
    fn an_entry() {
        let text = br#"{"count": 3, "vulnerabilities": [{"cveID": "CVE-2024-1", "vendorProject": "V", "product": "P", "dateAdded": "2024-10-24",
            "dueDate": "2024-11-14", "knownRansomwareCampaignUse": "Known", "requiredAction": "Mend it.", "cwes": ["CWE-79"]}, {"product": "x"}]}"#;
        let mut found = Vec::new();
        let tally = read(text, &mut |item| found.push(item));
        assert_eq!((tally.records, tally.items, tally.refused), (2, 1, 2));
        assert_eq!(
            notes(&found),
            ["entry 2: an entry without `cveID`", "document: `count` is 3, but 2 entries are there"]
        );
        let Known::Vulnerability(known) = only_known(found) else { panic!() };
        assert_eq!((known.id.as_str(), known.is_exploited, known.is_used_for_ransom), ("CVE-2024-1", true, true));
        assert_eq!(known.due.map(|due| due.to_string()).as_deref(), Some("2024-11-14T00:00:00Z"));
    }

    #[test]
    fn the_real_catalogue_loads_completely() {
        let Some(data) = testkit::reference_data() else { return };
        let bytes = std::fs::read(data.join("risk/known_exploited_vulnerabilities.json")).unwrap();
        let tally = read(&bytes, &mut |item| assert!(item.is_ok(), "{item:?}"));
        assert_eq!((tally.records, tally.items, tally.refused), (1_201, 1_201, 0));
    }
}
