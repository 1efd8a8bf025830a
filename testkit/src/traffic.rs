//! Invented access logs of one city portal: an hour as usual, then half an hour of a crowd, of an attack, or of neither.
//!
//! Each scene is written from what is published about such streams (flash crowds and floods: Jung and others, WWW 2002; slow and low
//! floods: MITRE ATT&CK T1499), before any detector is held against it. Visitors load parts of a page and go on after seconds; machines
//! do what their scripts say. Addresses are of networks that nobody's log is about; they are numbers, and belong to nobody.

use model::Timestamp;

use crate::random::Random;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// When.
    pub time: Timestamp,
    /// From which address.
    pub source: String,
    /// Path and query.
    pub path: String,
    /// The answer.
    pub status: u16,
    /// What the client calls itself.
    pub agent: &'static str,
    /// Where it says that it comes from.
    pub referrer: Option<&'static str>,
}

/// What happens in the second hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scene {
    /// Nothing.
    Quiet,
    /// A storm warning went to all telephones.
    Warning,
    /// A large site links to a page.
    Linked,
    /// Machines ask for the front page.
    Flood,
    /// Machines ask for pages that no cache has.
    CacheBusting,
    /// Machines that call themselves browsers and load a part now and then.
    Careful,
    /// Many machines, each rarely, ask for what is dear.
    LowAndSlow,
    /// A flood in the middle of a crowd.
    FloodInCrowd,
    /// A school behind one address.
    School,
    /// One machine takes page after page.
    Scraper,
}

/// What a minute should be told as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Label {
    /// As usual, or nothing that anybody must act on.
    Normal,
    /// Many people.
    Crowd,
    /// An attack.
    Flood,
}

impl Scene {
    /// All of them.
    pub const ALL: [Scene; 10] = [
        Scene::Quiet,
        Scene::Warning,
        Scene::Linked,
        Scene::Flood,
        Scene::CacheBusting,
        Scene::Careful,
        Scene::LowAndSlow,
        Scene::FloodInCrowd,
        Scene::School,
        Scene::Scraper,
    ];

    /// What its minutes are, while it lasts.
    pub const fn label(self) -> Label {
        match self {
            Scene::Quiet | Scene::School | Scene::Scraper => Label::Normal,
            Scene::Warning | Scene::Linked => Label::Crowd,
            Scene::Flood | Scene::CacheBusting | Scene::Careful | Scene::LowAndSlow | Scene::FloodInCrowd => {
                Label::Flood
            }
        }
    }
}

/// The minute in which a scene begins, and the one in which it is over.
pub const SCENE_MINUTES: (u64, u64) = (60, 90);
/// Minutes of a stream.
pub const STREAM_MINUTES: u64 = 100;
/// The host of the portal.
pub const PORTAL: &str = "www.brunnfeld.example";

const BROWSERS: &[&str] = &[
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Version/18.6 Mobile Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.6 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
];
const PAGES: &[&str] = &[
    "/",
    "/permits",
    "/waste/calendar",
    "/library",
    "/school/register",
    "/council",
    "/jobs",
    "/contact",
    "/tram",
    "/news",
];
const ASSETS: &[&str] = &["/s/site.css", "/s/site.js", "/s/logo.svg", "/s/head.jpg", "/s/font.woff2"];
const OWN: &str = "https://www.brunnfeld.example/";

struct Stage {
    random: Random,
    visits: Vec<Visit>,
    start_us: i64,
}

/// Who comes.
#[derive(Clone)]
struct Visitor {
    source: String,
    agent: &'static str,
    referrer: Option<&'static str>,
    first: String,
    /// Of a hundred, how many go on to a second page.
    goes_on: u64,
    /// Of a hundred, how many have the parts of the page already.
    has_parts: u64,
    /// Of a hundred answers, how many say that there is too much to do.
    overloaded: u64,
}

impl Stage {
    fn at(&self, minute: u64, second: u64, millis: u64) -> Timestamp {
        let us = (minute * 60_000 + second * 1_000 + millis) * 1_000;
        Timestamp::from_micros(self.start_us + i64::try_from(us).unwrap_or(0))
    }

    fn ask(&mut self, time: Timestamp, visitor: &Visitor, path: String, referrer: Option<&'static str>) {
        let status = if self.random.chance(visitor.overloaded, 100) { 503 } else { 200 };
        self.visits.push(Visit { time, source: visitor.source.clone(), path, status, agent: visitor.agent, referrer });
    }

    /// A person: a page, its parts, and perhaps more pages.
    fn person(&mut self, minute: u64, visitor: &Visitor) {
        let (second, millis) = (self.random.between(0, 60), self.random.between(0, 1_000));
        let mut us = self.at(minute, second, millis).as_micros();
        let mut path = visitor.first.clone();
        let mut referrer = visitor.referrer;
        for _ in 0..6 {
            self.ask(Timestamp::from_micros(us), visitor, path, referrer);
            if !self.random.chance(visitor.has_parts, 100) {
                for part in ASSETS {
                    let later = i64::try_from(self.random.between(80_000, 900_000)).unwrap_or(0);
                    self.ask(Timestamp::from_micros(us + later), visitor, (*part).to_owned(), Some(OWN));
                }
            }
            if !self.random.chance(visitor.goes_on, 100) {
                break;
            }
            us += i64::try_from(self.random.between(4_000_000, 40_000_000)).unwrap_or(0);
            path = (*self.random.pick(PAGES)).to_owned();
            referrer = Some(OWN);
        }
    }

    /// An address in one of the networks of the region.
    fn local(&mut self) -> String {
        let network = self.random.between(0, 24);
        format!("10.{network}.{}.{}", self.random.between(0, 256), self.random.between(1, 255))
    }

    /// An address anywhere.
    fn anywhere(&mut self) -> String {
        let first = self.random.between(11, 220);
        format!(
            "{first}.{}.{}.{}",
            self.random.between(0, 256),
            self.random.between(0, 256),
            self.random.between(1, 255)
        )
    }

    fn resident(&mut self) -> Visitor {
        Visitor {
            source: self.local(),
            agent: self.random.pick::<&str>(BROWSERS),
            referrer: if self.random.chance(1, 3) { Some("https://search.example/") } else { None },
            first: (*self.random.pick(PAGES)).to_owned(),
            goes_on: 55,
            has_parts: 30,
            overloaded: 0,
        }
    }

    /// A minute as usual: about a hundred people, a search engine, a monitor.
    fn usual(&mut self, minute: u64, people: u64) {
        let wobble = self.random.between(people * 8 / 10, people * 12 / 10 + 1);
        for _ in 0..wobble {
            let resident = self.resident();
            self.person(minute, &resident);
        }
        for (source, agent, times) in [("11.1.1.1", "SearchBot/2.1", 4), ("10.3.0.9", "Monitor/1.0", 1)] {
            for _ in 0..times {
                let second = self.random.between(0, 60);
                let time = self.at(minute, second, 0);
                let path = (*self.random.pick(PAGES)).to_owned();
                let visitor = Visitor { source: source.to_owned(), agent, ..self.resident() };
                self.ask(time, &visitor, path, None);
            }
        }
    }

    fn crowd(&mut self, minute: u64, people: u64, is_linked: bool) {
        for _ in 0..people {
            let mut visitor = self.resident();
            visitor.overloaded = 8;
            if is_linked {
                visitor.source = if self.random.chance(4, 5) { self.anywhere() } else { visitor.source };
                visitor.first = "/news/otter".to_owned();
                visitor.referrer = if self.random.chance(4, 5) { Some("https://large.example/thread") } else { None };
                visitor.goes_on = 15;
                visitor.has_parts = 3;
            } else {
                visitor.first = if self.random.chance(4, 5) { "/warnings/storm".to_owned() } else { visitor.first };
                visitor.referrer = None;
                visitor.goes_on = 40;
                visitor.has_parts = 20;
            }
            self.person(minute, &visitor);
        }
    }

    /// Machines: so many requests in this minute, of a herd that was drawn before.
    fn machines(&mut self, minute: u64, requests: u64, herd: &[Visitor], path: &mut dyn FnMut(&mut Random) -> String) {
        for _ in 0..requests {
            let visitor = self.random.pick(herd).clone();
            let (second, millis) = (self.random.between(0, 60), self.random.between(0, 1_000));
            let time = self.at(minute, second, millis);
            let path = path(&mut self.random);
            self.ask(time, &visitor, path, visitor.referrer);
        }
    }

    fn herd(&mut self, machines: u64, agents: &'static [&'static str]) -> Vec<Visitor> {
        let one = |stage: &mut Stage| Visitor {
            source: stage.anywhere(),
            agent: stage.random.pick::<&str>(agents),
            referrer: None,
            first: String::new(),
            goes_on: 0,
            has_parts: 100,
            overloaded: 25,
        };
        (0..machines).map(|_| one(self)).collect()
    }
}

/// The requests of a scene, in order of time. `people` come in a usual minute.
pub fn traffic(scene: Scene, seed: u64, people: u64, start: Timestamp) -> Vec<Visit> {
    let mut stage = Stage { random: Random::new(seed), visits: Vec::new(), start_us: start.as_micros() };
    let machines = stage.random.between(400, 3_000);
    let factor = stage.random.between(4, 16);
    let agents: &'static [&'static str] = match scene {
        Scene::Careful | Scene::LowAndSlow => BROWSERS,
        _ if stage.random.chance(1, 2) => &["Mozilla/5.0 (Windows NT 6.1) Chrome/41.0"],
        _ => BROWSERS,
    };
    let herd = stage.herd(machines, agents);
    for minute in 0..STREAM_MINUTES {
        stage.usual(minute, people);
        let (begin, end) = SCENE_MINUTES;
        if (begin..end).contains(&minute) {
            happens(&mut stage, scene, (minute, minute - begin), people * factor, &herd);
        }
    }
    let mut visits = stage.visits;
    visits.sort_by(|one, other| (one.time, &one.source, &one.path).cmp(&(other.time, &other.source, &other.path)));
    visits
}

fn happens(stage: &mut Stage, scene: Scene, at: (u64, u64), many: u64, herd: &[Visitor]) {
    let (minute, since) = at;
    match scene {
        Scene::Quiet => {}
        // Within four minutes to the top, then it fades.
        Scene::Warning => stage.crowd(minute, many * (since + 1).min(4) / 4 * 20 / (20 + since), false),
        Scene::Linked => stage.crowd(minute, many * (since + 1).min(15) / 15, true),
        Scene::Flood => stage.machines(minute, many * 6, herd, &mut |_| "/".to_owned()),
        Scene::CacheBusting => {
            stage.machines(minute, many * 5, herd, &mut |random| format!("/search?q={}", random.hex(8)));
        }
        Scene::Careful => stage.machines(minute, many * 6, herd, &mut |random| {
            let list = if random.chance(1, 6) { ASSETS } else { PAGES };
            (*random.pick(list)).to_owned()
        }),
        Scene::LowAndSlow => {
            stage.machines(minute, many * 2, herd, &mut |random| format!("/search?q={}", random.between(0, 5_000)))
        }
        Scene::FloodInCrowd => {
            stage.crowd(minute, many / 2, false);
            stage.machines(minute, many * 5, herd, &mut |_| "/warnings/storm".to_owned());
        }
        Scene::School => {
            for _ in 0..many / 3 {
                let pupil = Visitor { source: "10.5.7.7".to_owned(), has_parts: 60, ..stage.resident() };
                stage.person(minute, &pupil);
            }
        }
        Scene::Scraper => {
            let one = Visitor {
                source: "203.7.7.7".to_owned(),
                agent: "python-requests/2.32",
                overloaded: 0,
                ..stage.resident()
            };
            let one = Visitor { referrer: None, ..one };
            stage.machines(minute, many.min(700), &[one], &mut |random| {
                format!("/council/minutes/{}", random.between(1, 9_000))
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_stream_in_order() {
        for scene in Scene::ALL {
            let visits = traffic(scene, 3, 20, Timestamp::EPOCH);
            assert_eq!(visits, traffic(scene, 3, 20, Timestamp::EPOCH));
            assert!(visits.is_sorted_by_key(|visit| visit.time));
            let minute = |visit: &&Visit| visit.time.as_micros() / 60_000_000;
            let before = visits.iter().filter(|visit| (30..60).contains(&minute(visit))).count();
            let during = visits.iter().filter(|visit| (60..90).contains(&minute(visit))).count();
            assert_eq!(during > before * 5 / 4, scene != Scene::Quiet, "{scene:?}: {before} and {during}");
        }
    }
}
