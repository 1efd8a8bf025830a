//! What concerns the city itself: a look-alike of its name, a leak that names it, its staff in a breach, holes in what it runs, results
//! of its own tests, and its own addresses on others' lists. Each becomes a finding, once.
//!
//! What was known long before somebody told us what the city runs is told together, so that the first day does not drown in it.
//! A concern's name is made of what it is about, so that the next run of a feed makes none anew.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use formats::finding;
use formats::intel::{BreachHash, NewName};
use intel::lookalike::{LookReason, Lookalike};
use intel::weigh::Weighed;
use model::detection::AnalyticKind;
use model::{Analytic, Confidence, Detection, Explained, IndicatorId, IndicatorKind, Level, Reason, Timestamp};
use serde_json::Value;
use store::state::{KeptClaim, NewFinding, NewIntelObject};

use super::city::{City, StaffAccount};

/// Types of objects that can concern the city.
pub const CONCERNING: [&str; 3] = ["vulnerability", "leak-post", "own-finding"];

/// Age from which holes in what the city runs are told together, one finding a product.
const OLD: Duration = Duration::from_secs(90 * 86_400);

/// Reasons that one finding carries.
const REASONS_MAX: usize = 12;

/// Something that concerns the city.
#[derive(Clone, Debug, PartialEq)]
pub struct Concern {
    /// What it is about, for ever: without the prefix of all of them.
    name: String,
    title: String,
    level: Level,
    subject: String,
    because: Vec<Reason>,
    /// The product and the time, where it may be told together with others.
    hole: Option<(String, Timestamp)>,
}

impl Concern {
    fn new(name: String, title: String, (level, subject): (Level, &str), because: Vec<Reason>) -> Self {
        Concern { name, title, level, subject: subject.to_owned(), because, hole: None }
    }

    fn into_finding(mut self, now: Timestamp) -> NewFinding {
        self.because.truncate(REASONS_MAX);
        let analytic = Analytic {
            uid: format!("{}{}", Analytic::TARGETED_PREFIX, self.name),
            title: self.title,
            kind: AnalyticKind::Targeted,
            level: self.level,
            techniques: Vec::new(),
            tactics: Vec::new(),
            path: None,
        };
        let detection = Detection {
            analytic: Arc::new(analytic),
            level: self.level,
            time: now,
            events: Vec::new(),
            subject: Some(self.subject),
            because: self.because,
            suppressed_by: None,
            involved: Vec::new(),
        };
        NewFinding { ocsf: finding::to_json(&detection, None, None), detection }
    }
}

/// Concerns as findings; holes that are old are told together, one finding for each product.
pub(crate) fn findings(concerns: Vec<Concern>, now: Timestamp) -> Vec<NewFinding> {
    let mut old: BTreeMap<String, Vec<Concern>> = BTreeMap::new();
    let mut found = Vec::new();
    for concern in concerns {
        match &concern.hole {
            Some((product, at)) if at.plus(OLD) < now => old.entry(product.clone()).or_default().push(concern),
            _ => found.push(concern.into_finding(now)),
        }
    }
    found.extend(old.into_iter().filter_map(|(product, holes)| Some(together(&product, holes)?.into_finding(now))));
    found
}

/// Holes of a product that were known before.
fn together(product: &str, mut holes: Vec<Concern>) -> Option<Concern> {
    holes.sort_by(|a, b| b.hole.cmp(&a.hole).then_with(|| a.name.cmp(&b.name)));
    let many = holes.len();
    let level = holes.iter().map(|hole| hole.level).max()?;
    let noun = if many == 1 { "known hole" } else { "known holes" };
    let title = format!("{many} older {noun} in {product}, which runs here");
    let because = holes.into_iter().filter_map(|hole| hole.because.into_iter().next()).collect();
    // Somebody has to look once whether all of it was mended; nothing of it is new.
    Some(Concern::new(format!("older:{}", product.to_lowercase()), title, (level.min(Level::High), product), because))
}

fn concern(ours: &str, text: impl Into<String>, source: &str) -> Reason {
    Reason::Concern { ours: ours.to_owned(), text: text.into(), source: source.to_owned() }
}

/// A new domain that looks like one of ours.
pub(crate) fn of_lookalike(found: &Explained<Lookalike, LookReason>, new: &NewName, source: &str) -> Concern {
    let Lookalike { domain, registered, brand, score, .. } = &found.value;
    let level = match score {
        85.. => Level::High,
        65.. => Level::Medium,
        _ => Level::Low,
    };
    let mut because: Vec<Reason> =
        found.because.iter().map(|reason| concern(brand, reason.to_string(), source)).collect();
    because.push(concern(brand, format!("{score} of 100 that it is meant to mislead"), source));
    if let Some(issuer) = &new.issuer {
        because.push(concern(brand, format!("it has a certificate of {issuer}"), source));
    }
    let title = format!("Look-alike of {brand}: {domain}");
    Concern::new(format!("look-alike:{registered}"), title, (level, domain), because)
}

/// An account of the staff that is in a breach.
pub(crate) fn of_breach(account: &StaffAccount, hash: &BreachHash, source: &str) -> Concern {
    let named = if hash.breaches.is_empty() { "a breach".to_owned() } else { hash.breaches.join(", ") };
    let because = vec![concern(&account.address, format!("it is in {named}"), source)];
    let title = "An account of the staff is in a breach".to_owned();
    // Another breach of the same account is another finding.
    let name = blake3::hash(hash.breaches.join("\n").as_bytes()).to_hex();
    Concern::new(
        format!("breach:{}", name.get(..16).unwrap_or_default()),
        title,
        (Level::Medium, &account.address),
        because,
    )
}

/// A thing of ours that others list.
pub(crate) fn of_listed(
    weighed: &Explained<Weighed, impl ToString>,
    (kind, value): (IndicatorKind, &str),
    claims: &[(String, &KeptClaim)],
    now: Timestamp,
) -> Option<Concern> {
    let ours = weighed.value.own_asset.as_deref()?;
    let said = claims.iter().filter(|(_, kept)| kept.gone.is_none()).map(|(source, kept)| {
        let claim = &kept.claim;
        Reason::Indicator {
            id: IndicatorId::of(kind, value),
            indicator: kind,
            value: value.to_owned(),
            observed: value.to_owned(),
            attribute: "own asset".to_owned(),
            label: claim.label.clone(),
            source: source.clone(),
            confidence: claim.confidence,
            age_days: claim.seen.map(|seen| days_between(seen, now)),
        }
    });
    let mut because: Vec<Reason> = said.collect();
    let (_, first) = claims.first()?;
    let source = claims.iter().map(|(source, _)| source.as_str()).min()?;
    because.push(concern(
        ours,
        "it is our own: nothing of it is blocked, and somebody has to look why it is listed",
        source,
    ));
    let title = format!("Somebody lists what is ours: {value} ({})", first.claim.label);
    Some(Concern::new(format!("listed:{kind}:{value}"), title, (weighed.value.level, ours), because))
}

fn days_between(from: Timestamp, to: Timestamp) -> u32 {
    let micros = to.as_micros().saturating_sub(from.as_micros()).max(0);
    u32::try_from(micros / 86_400_000_000).unwrap_or(u32::MAX)
}

/// What is kept of a source, held against the city.
pub(crate) fn of_object(city: &City, object: &NewIntelObject, source: &str) -> Option<Concern> {
    let body: Value = serde_json::from_str(&object.body).ok()?;
    if body["revoked"].as_bool() == Some(true) {
        return None;
    }
    match object.kind.as_str() {
        "vulnerability" => of_vulnerability(city, &body, object.modified, source),
        "leak-post" => of_leak(city, &body, &object.id, source),
        "own-finding" => of_test(city, &body, source),
        _ => None,
    }
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

fn level_of(body: &Value) -> Option<Level> {
    text(body, "severity").parse().ok()
}

fn texts<'v>(value: &'v Value, name: &str) -> Vec<&'v str> {
    value[name].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn of_vulnerability(city: &City, body: &Value, modified: Timestamp, source: &str) -> Option<Concern> {
    let concerning = |product: &&Value| matches!(text(product, "state"), "" | "affected" | "under_investigation");
    let products = body["products"].as_array().into_iter().flatten().filter(concerning);
    let (product, ours) = products.into_iter().find_map(|product| {
        let ours = city.runs(text(product, "vendor"), text(product, "name"), &texts(product, "identifiers"))?;
        Some((product, ours))
    })?;
    let (is_exploited, is_ransom) =
        (body["is_exploited"].as_bool() == Some(true), body["is_used_for_ransom"].as_bool() == Some(true));
    let id = if text(body, "name").is_empty() { text(body, "title") } else { text(body, "name") };
    let what = ours.product.as_str();
    let level = match (is_exploited, is_ransom) {
        (true, true) => Level::Critical,
        (true, false) => Level::High,
        (false, _) => level_of(body).unwrap_or(Level::Medium).min(Level::High),
    };
    let named = format!("{} {}", text(product, "vendor"), text(product, "name"));
    let stands = if is_exploited { "is exploited" } else { "is known" };
    let mut because = vec![concern(what, format!("{id} in {} {stands}", named.trim()), source)];
    let mut say = |text: String| because.push(concern(what, text, source));
    if is_ransom {
        say("it is used for extortion".to_owned());
    }
    if let Some(due) = body["due"].as_str() {
        say(format!("it should be mended by {}", due.get(..10).unwrap_or(due)));
    }
    texts(body, "remedies").first().into_iter().for_each(|remedy| say(format!("what to do: {remedy}")));
    let sort = if is_exploited { "exploited" } else { "hole" };
    let title = format!("{id} in {what}, which runs here{}", if is_exploited { ", is exploited" } else { "" });
    let found = Concern::new(format!("{sort}:{id}"), title, (level, what), because);
    let at = (modified > Timestamp::EPOCH).then_some(modified);
    Some(Concern { hole: at.map(|at| (what.to_owned(), at)), ..found })
}

fn of_leak(city: &City, body: &Value, id: &str, source: &str) -> Option<Concern> {
    let (victim, group) = (text(body, "victim"), text(body, "group"));
    let domain = text(body, "domain");
    let (ours, level) = match city.owns(domain) {
        Some(ours) if !domain.is_empty() => (ours, Level::Critical),
        _ => (city.is_named_in(victim)?, Level::High),
    };
    let because = vec![
        concern(ours, format!("{group} name {victim:?} as their victim"), source),
        concern(ours, "a post is a criminal's word: who is named need not have been attacked", source),
    ];
    let title = format!("A leak site names {victim} ({group})");
    Some(Concern::new(format!("leak:{}", id.rsplit(':').next().unwrap_or(id)), title, (level, ours), because))
}

fn of_test(city: &City, body: &Value, source: &str) -> Option<Concern> {
    let vulnerabilities = texts(body, "vulnerabilities");
    let level = level_of(body).unwrap_or(Level::Informational);
    let level = if vulnerabilities.is_empty() { level } else { level.max(Level::Medium) };
    if level < Level::Low {
        return None;
    }
    let asset = text(body, "asset");
    let names = texts(body, "names");
    // Tests are of our own: where nobody said what is ours, all of them count.
    let is_ours = !city.has_assets() || std::iter::once(asset).chain(names).any(|name| city.owns(name).is_some());
    if !is_ours {
        return None;
    }
    let (tool, check) = (text(body, "tool"), text(body, "check"));
    let title = if text(body, "title").is_empty() { check } else { text(body, "title") };
    let port = body["port"].as_u64().map_or(String::new(), |port| format!(", port {port}"));
    let mut because = vec![concern(asset, format!("{tool} found {title:?}{port}"), source)];
    because.extend((!vulnerabilities.is_empty()).then(|| concern(asset, vulnerabilities.join(", "), source)));
    let name = format!("test:{tool}:{check}:{}", body["port"].as_u64().unwrap_or_default());
    Some(Concern::new(name, format!("Own test: {title}"), (level, asset), because))
}

/// How sure a claim about a look-alike is: what its score says.
pub(crate) fn confidence_of(found: &Lookalike) -> Confidence {
    Confidence::new(found.score.min(100)).unwrap_or(Confidence::UNSTATED)
}
