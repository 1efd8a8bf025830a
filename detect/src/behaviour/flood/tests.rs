use std::collections::BTreeMap;

use model::limits::FLOOD_SERVICES_MAX;
use testkit::traffic::{Label, PORTAL, SCENE_MINUTES, Scene, Visit, traffic};

use super::*;

fn start() -> Timestamp {
    Timestamp::parse("2026-11-02T10:00:00Z").unwrap()
}

fn hit(visit: &Visit) -> Hit<'_> {
    Hit {
        time: visit.time,
        source: &visit.source,
        host: PORTAL,
        path: &visit.path,
        status: visit.status,
        agent: visit.agent,
        referrer: visit.referrer,
    }
}

fn told(scene: Scene, seed: u64, people: u64) -> Vec<Told> {
    let mut watcher = Watcher::new([7; 32]);
    if scene == Scene::Warning {
        let at = start().plus(std::time::Duration::from_secs(SCENE_MINUTES.0 * 60 - 60));
        watcher.cause("portal", Cause { at, words: "a storm warning was sent".to_owned() });
    }
    traffic(scene, seed, people, start()).iter().flat_map(|visit| watcher.observe("portal", &hit(visit))).collect()
}

/// Minutes of the scene by verdict, its first two and last one left out: a ramp is neither.
fn counts(told: &[Told]) -> BTreeMap<Verdict, usize> {
    let (begin, end) = SCENE_MINUTES;
    let minute = |told: &Told| (told.minute.as_micros() - start().as_micros()) / 60_000_000;
    let inner = begin as i64 + 2..end as i64 - 1;
    let mut counts = BTreeMap::new();
    told.iter()
        .filter(|told| inner.contains(&minute(told)))
        .for_each(|told| *counts.entry(told.judgement.verdict).or_default() += 1);
    counts
}

#[test]
fn each_scene_is_told_as_what_it_is() {
    for scene in Scene::ALL {
        let told = told(scene, 11, 40);
        let counts = counts(&told);
        let of = |verdict| counts.get(&verdict).copied().unwrap_or(0);
        let begun = told.iter().filter(|told| told.began.is_some()).count();
        match scene.label() {
            Label::Flood => {
                assert!(of(Verdict::Flood) >= 24 && begun == 1, "{scene:?}: {counts:?}, begun {begun} times");
                assert_eq!(told.iter().filter(|told| told.ended.is_some()).count(), 1, "{scene:?}");
            }
            Label::Crowd => assert!(of(Verdict::Crowd) >= 20 && begun == 0, "{scene:?}: {counts:?}"),
            Label::Normal => assert!(of(Verdict::Flood) == 0 && begun == 0, "{scene:?}: {counts:?}"),
        }
    }
}

#[test]
fn a_flood_says_why() {
    let told = told(Scene::CacheBusting, 5, 40);
    let detection = told.iter().find_map(|told| told.began.as_deref()).unwrap();
    let because: Vec<String> = detection.because.iter().map(ToString::to_string).collect();
    assert!(because[0].contains("requests in a minute, usually"), "{because:?}");
    assert!(because.iter().any(|words| words.contains("ask for what nobody asked for before")), "{because:?}");
    assert!(because.iter().any(|words| words.contains("go on as browsers do")), "{because:?}");
    assert_eq!(detection.subject.as_deref(), Some("portal"));
}

#[test]
fn no_address_is_kept_or_told() {
    let mut watcher = Watcher::new([7; 32]);
    let mut words = String::new();
    for visit in traffic(Scene::Flood, 5, 40, start()) {
        words.push_str(&format!("{:?}", watcher.observe("portal", &hit(&visit))));
    }
    assert!(words.contains("Flood"));
    let dotted = words.split(|letter: char| !letter.is_ascii_digit() && letter != '.');
    assert!(dotted.into_iter().all(|word| word.parse::<std::net::Ipv4Addr>().is_err()));
    // The same address is another number tomorrow, and under another secret.
    let visit = &traffic(Scene::Quiet, 1, 20, start())[0];
    let key = |secret: u8, days: u64| {
        let time = visit.time.plus(std::time::Duration::from_secs(days * 86_400));
        Keys::of(&[secret; 32], &Hit { time, ..hit(visit) }).source
    };
    assert!(key(7, 0) != key(7, 1) && key(7, 0) != key(8, 0) && key(7, 0) == key(7, 0));
}

#[test]
fn quiet_services_and_many_services() {
    let mut watcher = Watcher::new([7; 32]);
    let visits = traffic(Scene::Quiet, 1, 20, start());
    for at in 0..FLOOD_SERVICES_MAX + 3 {
        watcher.observe(&format!("s{at}"), &hit(&visits[0]));
    }
    assert_eq!(watcher.refused(), 3);
    let later = start().plus(std::time::Duration::from_secs(30 * 86_400));
    let told = watcher.advance(later);
    assert_eq!(told.len(), FLOOD_SERVICES_MAX);
    assert!(told.iter().all(|told| told.judgement.verdict == Verdict::Normal));
}

#[test]
fn causes_and_visitors_are_bounded() {
    use model::limits::{FLOOD_CAUSES_MAX, FLOOD_FOLLOWED_MAX};
    let mut watcher = Watcher::new([7; 32]);
    for at in 0..FLOOD_CAUSES_MAX + 3 {
        watcher.cause("portal", Cause { at: start(), words: at.to_string() });
    }
    assert_eq!(watcher.services["portal"].causes.len(), FLOOD_CAUSES_MAX);
    let sources: Vec<String> =
        (0..FLOOD_FOLLOWED_MAX + 50).map(|at| format!("10.1.{}.{}", at / 250, at % 250)).collect();
    let visit = &traffic(Scene::Quiet, 1, 20, start())[0];
    for source in &sources {
        watcher.observe("portal", &Hit { source, ..hit(visit) });
    }
    assert_eq!(watcher.services["portal"].counting.as_ref().unwrap().followed_len(), FLOOD_FOLLOWED_MAX);
}

#[test]
fn what_ocsf_says_is_read() {
    use model::ocsf::{Class, Endpoint, HttpRequest, HttpResponse, Url};
    let mut event = Event::new(model::EventId::default(), model::AgencyId::home(), start(), Class::HTTP, 6);
    assert!(Hit::of(&event).is_none());
    event.attributes.src_endpoint =
        Some(Box::new(Endpoint { ip: Some("192.0.2.1".to_owned()), ..Endpoint::default() }));
    let url = Url { path: Some("/a".to_owned()), hostname: Some(PORTAL.to_owned()), ..Url::default() };
    let request = HttpRequest { url: Some(Box::new(url)), user_agent: Some("x".to_owned()), ..HttpRequest::default() };
    event.attributes.http_request = Some(Box::new(request));
    event.attributes.http_response = Some(Box::new(HttpResponse { code: Some(404), ..HttpResponse::default() }));
    let hit = Hit::of(&event).unwrap();
    assert_eq!((hit.source, hit.path, hit.status, hit.agent, hit.referrer), ("192.0.2.1", "/a", 404, "x", None));
}
