//! What a minute was, with how likely, and why.
//!
//! Two questions: is there more than usual, and is what came on top people or machines? Each sign adds to, or takes from, the log
//! odds of a flood; the weights are set by hand from the literature that [`super`] names and looked at on generated streams
//! (`cargo run -p detect --example flood_or_crowd`). They are not fitted to anybody's traffic, so probabilities are of the model, not
//! of the world.

use std::sync::Arc;

use libm::{exp, log2};
use model::detection::AnalyticKind;
use model::words::counted;
use model::{Analytic, Detection, Level, Reason, Timestamp};

use super::Cause;
use super::minute::Features;

/// What a minute was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// As usual.
    Normal,
    /// Far more people than usual.
    Crowd,
    /// An attack.
    Flood,
    /// It may be either.
    Unsure,
}

impl Verdict {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Verdict::Normal => "normal",
            Verdict::Crowd => "crowd",
            Verdict::Flood => "flood",
            Verdict::Unsure => "unsure",
        }
    }
}

/// One sign, with what it adds to the log odds of a flood.
#[derive(Clone, Debug, PartialEq)]
pub struct Because {
    /// For people.
    pub words: String,
    /// More than 0 speaks for a flood, less for a crowd.
    pub weight: f64,
}

/// A judgement of one minute.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// What it was.
    pub verdict: Verdict,
    /// Probabilities, which add up to 1.
    pub normal: f64,
    /// That of a crowd.
    pub crowd: f64,
    /// That of a flood.
    pub flood: f64,
    /// Signs, the weightiest first.
    pub because: Vec<Because>,
    /// Requests of the minute.
    pub requests: u64,
    /// How many there usually are.
    pub usual_requests: u64,
    /// There are not many more than usual: it may be learnt from.
    pub(super) is_quiet: bool,
}

/// Quiet minutes after which there is a usual.
const LEARN_MINUTES: f64 = 20.0;
/// Minutes over which the usual is taken.
const OVER_MINUTES: f64 = 60.0;
/// So sure must a verdict be.
const SURE: f64 = 0.65;
/// Pages a minute below which nothing floods: one visitor more doubles little.
const PAGES_FLOOR: f64 = 20.0;
/// Minutes after which something outside brings nobody any more.
const CAUSE_MINUTES: f64 = 90.0;

/// What is usual.
#[derive(Clone, Debug, Default)]
pub(super) struct Usual {
    mean: Features,
    minutes: f64,
    pub(super) last_pages: f64,
}

impl Usual {
    /// Learns a quiet minute.
    pub(super) fn learn(&mut self, now: &Features) {
        self.minutes = (self.minutes + 1.0).min(OVER_MINUTES);
        let part = 1.0 / self.minutes;
        let step = |mean: &mut f64, now: f64| *mean += (now - *mean) * part;
        let mean = &mut self.mean;
        step(&mut mean.requests, now.requests);
        step(&mut mean.pages, now.pages);
        step(&mut mean.sources, now.sources);
        step(&mut mean.followed, now.followed);
        step(&mut mean.new_networks, now.new_networks);
        step(&mut mean.new_paths, now.new_paths);
        step(&mut mean.foreign_referrers, now.foreign_referrers);
        step(&mut mean.programs, now.programs);
        step(&mut mean.refused, now.refused);
        step(&mut mean.broken, now.broken);
        step(&mut mean.most_of_one, now.most_of_one);
        step(&mut mean.most_of_agent, now.most_of_agent);
        step(&mut mean.path_entropy, now.path_entropy);
        step(&mut mean.source_entropy, now.source_entropy);
    }
}

/// What came on top of the usual, as shares of it.
struct Extra<'a> {
    now: &'a Features,
    usual: &'a Features,
    requests: f64,
    pages: f64,
    sources: f64,
}

impl<'a> Extra<'a> {
    fn of(now: &'a Features, usual: &'a Features) -> Self {
        let more = |of: fn(&Features) -> f64| (of(now) - of(usual)).max(0.0);
        let requests = more(|features| features.requests);
        Extra { now, usual, requests, pages: more(|f| f.pages), sources: more(|f| f.sources) }
    }

    /// How much of the pages on top is of that sort.
    fn of_pages(&self, of: fn(&Features) -> f64) -> f64 {
        ((of(self.now) - of(self.usual)) / self.pages.max(1.0)).clamp(0.0, 1.0)
    }

    /// How much of the requests on top is of that sort.
    fn of_requests(&self, of: fn(&Features) -> f64) -> f64 {
        ((of(self.now) - of(self.usual)) / self.requests.max(1.0)).clamp(0.0, 1.0)
    }
}

fn odds(log: f64) -> f64 {
    1.0 / (1.0 + exp(-log))
}

pub(super) fn judge(now: &Features, usual: &Usual, cause: Option<&Cause>, minute: Timestamp) -> Judgement {
    let mean = &usual.mean;
    let is_learnt = usual.minutes >= LEARN_MINUTES;
    let ratio = |now: f64, usual: f64| now / usual.max(PAGES_FLOOR);
    let ratio =
        ratio(now.pages, mean.pages).max(ratio(now.sources, mean.sources)).max(ratio(now.requests, mean.requests));
    // Twice the usual is undecided; a quarter more is everyday life.
    let raised = if is_learnt { odds(4.0 * (log2(ratio.max(0.01)) - 1.0)) } else { 0.0 };
    let extra = Extra::of(now, mean);
    let mut signs = Signs::default();
    if is_learnt && raised > 0.05 {
        signs.people(&extra);
        signs.places(&extra);
        signs.asking(&extra);
        signs.outside(&extra, cause, minute, (now.pages, usual.last_pages));
    }
    let is_quiet = raised < 0.5;
    // One machine that takes a lot burdens, but floods nothing, and is no crowd either.
    let raised = if signs.is_few_and_harmless(&extra) { raised * 0.2 } else { raised };
    let is_machine = odds(signs.sum());
    let (flood, crowd) = (raised * is_machine, raised * (1.0 - is_machine));
    let normal = 1.0 - raised;
    let verdict = if flood >= SURE {
        Verdict::Flood
    } else if crowd >= SURE {
        Verdict::Crowd
    } else if normal >= 0.5 {
        Verdict::Normal
    } else {
        Verdict::Unsure
    };
    let mut because = signs.0;
    because.sort_by(|one, other| other.weight.abs().total_cmp(&one.weight.abs()));
    because.retain(|sign| sign.weight != 0.0);
    Judgement {
        verdict,
        normal,
        crowd,
        flood,
        because,
        requests: whole(now.requests),
        usual_requests: whole(mean.requests),
        is_quiet,
    }
}

/// Counts are whole, not negative, and below 2⁵³.
fn whole(number: f64) -> u64 {
    number.round() as u64
}

#[derive(Default)]
struct Signs(Vec<Because>);

impl Signs {
    fn sum(&self) -> f64 {
        // Somewhat more raised minutes are crowds than floods.
        self.0.iter().map(|sign| sign.weight).sum::<f64>() - 0.5
    }

    fn add(&mut self, weight: f64, words: String) {
        self.0.push(Because { words, weight });
    }

    /// Do they do what people do?
    fn people(&mut self, extra: &Extra<'_>) {
        let usual = (extra.usual.followed / extra.usual.pages.max(1.0)).clamp(0.05, 1.0);
        let here = (extra.of_pages(|features| features.followed) / usual).min(1.0);
        self.add(
            6.0 * (0.45 - here),
            format!(
                "{} of the additional visits go on as browsers do, usually {}",
                percent(here * usual),
                percent(usual)
            ),
        );
        let programs = extra.of_requests(|features| features.programs);
        if programs > 0.2 {
            self.add(
                2.0 * programs,
                format!("{} of the additional requests are of programs, not browsers", percent(programs)),
            );
        }
        let agent = extra.of_requests(|features| features.most_of_agent);
        if agent > 0.5 && extra.sources > 50.0 {
            let words = format!("{} of the additional requests call themselves the same", percent(agent));
            self.add(1.5 * agent, words);
        }
    }

    /// Where do they come from?
    fn places(&mut self, extra: &Extra<'_>) {
        let new = extra.of_pages(|features| features.new_networks);
        self.add(
            3.0 * (new - 0.45),
            format!("{} of the additional visits come from networks that never came before", percent(new)),
        );
    }

    /// Whether it comes from few sources more than usual, and the service keeps up.
    fn is_few_and_harmless(&mut self, extra: &Extra<'_>) -> bool {
        // People come and go: what is less than a third of the usual visitors cannot be counted.
        let is_few = extra.sources < (0.3 * extra.usual.sources).max(5.0);
        let is_harmless = extra.of_requests(|features| features.broken) < 0.05;
        let is_so = is_few && is_harmless && !self.0.is_empty();
        if is_so {
            let words = format!(
                "they come from about {} sources more than usual, and the service keeps up",
                whole(extra.sources)
            );
            self.add(-1.0, words);
        }
        is_so
    }

    /// What do they ask for?
    fn asking(&mut self, extra: &Extra<'_>) {
        let new = extra.of_pages(|features| features.new_paths);
        if new > 0.3 {
            self.add(
                3.0 * (new - 0.3),
                format!("{} of the additional visits ask for what nobody asked for before", percent(new)),
            );
        }
        let refused = extra.of_requests(|features| features.refused);
        if refused > 0.2 {
            self.add(2.0 * refused, format!("{} of the additional requests are refused", percent(refused)));
        }
        let usual = extra.usual.pages / extra.usual.sources.max(1.0);
        let each = extra.pages / extra.sources.max(1.0) / usual.max(0.5);
        if each > 3.0 && extra.sources >= 5.0 {
            let words = format!("each additional source asks for {} times as many pages as usual", whole(each));
            self.add(log2(each / 3.0).min(2.0), words);
        }
        let spread = extra.now.path_entropy - extra.usual.path_entropy;
        if spread < -1.0 && new < 0.1 {
            // A crowd wants one thing, too; a flood often does. It only explains.
            self.add(
                0.1,
                format!("they ask for less different pages than usual, by {} bits of entropy", whole(-spread)),
            );
        }
    }

    /// Does something outside explain it?
    fn outside(&mut self, extra: &Extra<'_>, cause: Option<&Cause>, minute: Timestamp, pages: (f64, f64)) {
        let referred = extra.of_pages(|features| features.foreign_referrers);
        if referred > 0.2 {
            self.add(-3.0 * referred, format!("another site led {} of the additional visits here", percent(referred)));
        }
        let age = cause.map(|cause| (minute.as_micros().saturating_sub(cause.at.as_micros()) as f64 / 6e7).max(0.0));
        match (cause, age) {
            (Some(cause), Some(age)) if age < CAUSE_MINUTES => {
                let words = format!("{}, {} before", cause.words, counted(whole(age), "minute"));
                self.add(-2.0 * (1.0 - age / CAUSE_MINUTES), words);
            }
            _ => {
                let jump = pages.0 / pages.1.max(PAGES_FLOOR);
                if jump > 4.0 {
                    self.add(
                        0.7,
                        format!("{} times as many as in the minute before, and nothing that explains it", whole(jump)),
                    );
                }
            }
        }
    }
}

fn percent(share: f64) -> String {
    format!("{} %", whole(share * 100.0))
}

/// A flood as a detection.
pub(super) fn detection(service: &str, judgement: &Judgement, minute: Timestamp) -> Detection {
    let analytic = Analytic {
        uid: "flood:http".to_owned(),
        title: "Service is flooded with requests".to_owned(),
        kind: AnalyticKind::Behaviour,
        level: Level::High,
        techniques: vec!["T1498".to_owned(), "T1499.002".to_owned()],
        tactics: vec!["impact".to_owned()],
        path: None,
    };
    // Between 0 and 100: probabilities are shares.
    let surprise = whole(judgement.flood * 100.0).min(100) as u8;
    let first = format!(
        "{} requests in a minute, usually {}; a flood with probability {}",
        judgement.requests,
        judgement.usual_requests,
        percent(judgement.flood)
    );
    let signs = judgement.because.iter().filter(|sign| sign.weight > 0.0).map(|sign| sign.words.clone());
    let against =
        judgement.because.iter().filter(|sign| sign.weight < 0.0).map(|sign| format!("against it: {}", sign.words));
    let reason = |text: String| Reason::Behaviour { text, surprise };
    Detection {
        analytic: Arc::new(analytic),
        level: Level::High,
        time: minute,
        events: Vec::new(),
        subject: Some(service.to_owned()),
        because: std::iter::once(first).chain(signs).chain(against).map(reason).collect(),
        suppressed_by: None,
        involved: Vec::new(),
    }
}
