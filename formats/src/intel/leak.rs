//! Posts of extortionists' leak sites, as collectors hand them out: a JSON array of posts in the words of ransomwatch (`post_title`,
//! `group_name`) or of ransomware.live (`victim`, `group`, `attackdate`).
//!
//! A post is a criminal's word: who is named need not have been attacked.

use serde_json::Value;

use super::object::{Object, cut};
use super::walk;
use super::{Counted, Known, LeakPost, Sink, Tally};
use crate::Trouble;

/// Reads posts.
pub fn read(bytes: &[u8], sink: &mut Sink<'_>) -> Tally {
    let mut out = Counted::new(sink);
    let list = match walk::shape(bytes) {
        Ok(walk::Shape::Array) => Some(bytes),
        Ok(walk::Shape::Object) => {
            let named = ["victims", "posts", "data", "results"].iter().find_map(|name| walk::open(bytes, name));
            named.filter(|list| list.starts_with(b"["))
        }
        Err(trouble) => {
            out.refused("document", trouble);
            return out.tally;
        }
    };
    let Some(list) = list else {
        out.refused("document", Trouble::malformed("a list of posts is missing"));
        return out.tally;
    };
    for (number, member) in (1u64..).zip(walk::inner(list)) {
        out.tally.records += 1;
        let place = format!("post {number}");
        match member.and_then(|(_, bytes)| post(bytes)) {
            Ok((post, lost)) => {
                out.known(Known::LeakPost(post));
                if let Some(trouble) = lost {
                    out.refused(place, trouble);
                }
            }
            Err(trouble) => out.refused(place, trouble),
        }
    }
    out.tally
}

fn post(bytes: &[u8]) -> Result<(LeakPost, Option<Trouble>), Trouble> {
    let Value::Object(map) = walk::parsed(bytes)? else { return Err(Trouble::malformed("no JSON object")) };
    let mut object = Object::new(&map);
    let mut first = |names: &[&str]| names.iter().map(|name| object.name(name)).find(|name| !name.is_empty());
    let victim = first(&["victim", "post_title", "title"]);
    let group = first(&["group", "group_name", "gang"]);
    let (Some(victim), Some(group)) = (victim, group) else {
        return Err(Trouble::malformed("a post without a victim or a group"));
    };
    let site = first(&["domain", "website", "victim_domain"]);
    let country = first(&["country", "country_code"]);
    let sector = first(&["activity", "sector"]);
    let url = first(&["post_url", "claim_url", "url"]);
    let description = ["description", "summary"].iter().map(|name| object.prose(name)).find(|text| !text.is_empty());
    let published = ["published", "attackdate", "date"].iter().find_map(|name| object.time(name));
    let post = LeakPost {
        domain: site.as_deref().and_then(domain_of).or_else(|| domain_of(&victim)),
        victim,
        group,
        country,
        sector,
        discovered: object.time("discovered"),
        published,
        url,
        description: description.unwrap_or_default(),
    };
    Ok((post, object.trouble()))
}

/// The domain in an address, or in a title that is nothing but a domain, in small letters.
fn domain_of(text: &str) -> Option<String> {
    let text = text.trim();
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let host = rest.split(['/', '?', ':']).next().unwrap_or_default().trim_end_matches('.');
    let is_name = |part: &str| !part.is_empty() && part.chars().all(|letter| letter.is_alphanumeric() || letter == '-');
    let (_, top) = host.rsplit_once('.')?;
    let is_domain =
        host.split('.').all(is_name) && top.len() >= 2 && !top.chars().any(|letter| letter.is_ascii_digit());
    is_domain.then(|| cut(host, 253).to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intel::testing::{notes, only_known};

    #[test]
    fn a_post_in_either_words() {
        let check = |text: &str, expected: LeakPost| {
            let mut found = Vec::new();
            read(text.as_bytes(), &mut |item| found.push(item));
            assert_eq!(notes(&found), Vec::<String>::new());
            assert_eq!(only_known(found), Known::LeakPost(expected));
        };
        let at = model::Timestamp::parse("2021-06-18T00:00:00Z");
        check(
            r#"[{"post_title": "Springfield.gov", "group_name": "g", "discovered": "2021-06-18 00:00:00.000000", "published": "", "post_url": ""}]"#,
            LeakPost {
                victim: "Springfield.gov".into(),
                group: "g".into(),
                domain: Some("springfield.gov".into()),
                discovered: at,
                ..LeakPost::default()
            },
        );
        check(
            r#"{"victims": [{"victim": "City of X", "group": "g", "attackdate": "2021-06-18", "domain": "https://X.example/", "country": "US"}]}"#,
            LeakPost {
                victim: "City of X".into(),
                group: "g".into(),
                domain: Some("x.example".into()),
                country: Some("US".into()),
                published: at,
                ..LeakPost::default()
            },
        );
    }

    #[test]
    fn a_broken_post_costs_itself() {
        let mut found = Vec::new();
        let tally =
            read(br#"[{"post_title": "x"}, 7, {"victim": "a", "group": "b", "discovered": "soon"}]"#, &mut |item| {
                found.push(item)
            });
        assert_eq!((tally.records, tally.items), (3, 1));
        assert_eq!(
            notes(&found),
            [
                "post 1: a post without a victim or a group",
                "post 2: no JSON object",
                "post 3: left out: discovered should be a time",
            ]
        );
        assert_eq!((domain_of("Geneva, Ohio"), domain_of("A. B. Inc."), domain_of("v1.2")), (None, None, None));
    }

    #[test]
    fn the_real_sample_loads_completely() {
        let Some(data) = testkit::reference_data() else { return };
        let bytes = std::fs::read(data.join("intel/ransomware-posts-format-sample.json")).unwrap();
        let tally = read(&bytes, &mut |item| assert!(item.is_ok(), "{item:?}"));
        assert_eq!((tally.items, tally.refused), (3, 0));
    }
}
