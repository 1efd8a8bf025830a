//! Services, looked at from outside: what is looked at, what was seen, and what that says.
//!
//! Who looks (`connect::probe`, in the node) brings observations; here they are judged by `detect::behaviour::probe`, and what begins and
//! ends is kept together with what was learnt, in one transaction. Nobody's visits are looked at.

use detect::behaviour::probe::{Expected, Problem, Turn, Watcher};
use formats::finding;
use model::probe::{Observation, Outcome};
use model::register::ItemId;
use model::{Cursor, Detection, EventId, OpContext, SourceId, Timestamp, limits};
use serde::{Deserialize, Serialize};
use store::state::{NewFinding, Probe, ProbeEpisode, ProbeResult, ProbeRound};

use super::{Office, OfficeError};
use crate::access::Operation;

/// The source that findings about probes name.
const SOURCE: &str = "probes";
/// Results that a page shows of one probe.
const RESULTS_SHOWN: usize = 288;

/// What a probe looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeKind {
    /// A place on the web: does it answer?
    Http,
    /// A page for people.
    Page,
    /// Data for programs.
    Data,
    /// A name.
    Name,
}

impl ProbeKind {
    /// All of them.
    pub const ALL: [ProbeKind; 4] = [ProbeKind::Http, ProbeKind::Page, ProbeKind::Data, ProbeKind::Name];

    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            ProbeKind::Http => "http",
            ProbeKind::Page => "page",
            ProbeKind::Data => "data",
            ProbeKind::Name => "name",
        }
    }
}

impl std::str::FromStr for ProbeKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = ProbeKind::ALL.into_iter().find(|kind| kind.name() == text);
        named.ok_or_else(|| "a probe looks at http, page, data or name".to_owned())
    }
}

/// What a probe looks at, how often, and what is expected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeSettings {
    /// What it looks at.
    pub kind: ProbeKind,
    /// The URL; of a name, the name.
    pub place: String,
    /// Of a name: the server that is asked, `ADDRESS:PORT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<std::net::SocketAddr>,
    /// Seconds between two looks.
    pub interval_seconds: u32,
    /// Private places that may be reached, each written `HOST:PORT`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow_private: Vec<String>,
    /// What is expected.
    #[serde(default)]
    pub expected: Expected,
}

impl ProbeSettings {
    /// Why nobody can look like this; in words.
    ///
    /// # Errors
    /// When something is missing or too much.
    pub fn check(&self) -> Result<(), String> {
        let within = limits::PROBE_INTERVAL_SECONDS_MIN..=limits::PROBE_INTERVAL_SECONDS_MAX;
        if !within.contains(&self.interval_seconds) {
            let (least, most) = (within.start(), within.end());
            return Err(format!("an interval has {least} to {most} seconds"));
        }
        let is_web = self.place.starts_with("https://") || self.place.starts_with("http://");
        match (self.kind, is_web, self.server) {
            (ProbeKind::Name, true, _) => return Err("a name is no URL".to_owned()),
            (ProbeKind::Name, false, None) => {
                return Err("say which server is asked; hint: --server 192.0.2.53:53".to_owned());
            }
            (ProbeKind::Name, false, Some(_)) | (_, true, _) => {}
            (_, false, _) => {
                return Err("the place is no URL; hint: write it whole, as in https://www.city.example/".to_owned());
            }
        }
        let expected = &self.expected;
        let counts = [
            self.allow_private.len(),
            expected.statuses.len(),
            expected.answers.len(),
            expected.hosts.len(),
            expected.keys.len(),
            expected.fields.len(),
            expected.planned.len(),
        ];
        match counts.iter().all(|count| *count <= limits::PROBE_EXPECTED_MAX) {
            true => Ok(()),
            false => Err(format!("at most {} of each sort are expected", limits::PROBE_EXPECTED_MAX)),
        }
    }
}

/// What one look saw, as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProbeSeen {
    /// Microseconds until the whole answer, where there was one.
    pub total_us: Option<u64>,
    /// What each check saw, in words.
    pub checks: Vec<String>,
    /// Nothing came.
    pub is_failed: bool,
}

/// A probe as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct ProbeView {
    /// The probe.
    pub probe: Probe,
    /// What it looks at.
    pub settings: ProbeSettings,
    /// What is wrong now, worst first.
    pub open: Vec<ProbeEpisode>,
    /// What was seen last, newest first.
    pub seen: Vec<(Timestamp, String, ProbeSeen)>,
}

impl ProbeView {
    /// How it is, in one word.
    pub fn status(&self) -> &'static str {
        match (self.probe.paused, self.open.first(), self.seen.first()) {
            (Some(_), ..) => "paused",
            (None, Some(worst), _) if worst.problem == Problem::Down.word() => "down",
            (None, Some(_), _) => "not as it should be",
            (None, None, Some(_)) => "as usual",
            (None, None, None) => "not looked at yet",
        }
    }
}

/// Looks of one probe that are to be judged.
pub struct Looked<'a> {
    /// The probe.
    pub probe: &'a Probe,
    /// What is expected.
    pub settings: &'a ProbeSettings,
    /// What was seen.
    pub observations: &'a [Observation],
}

impl Office {
    /// The agency's probes, with what is wrong and what was seen last.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn probes(&self, ctx: &OpContext) -> Result<Vec<ProbeView>, OfficeError> {
        self.may(ctx, Operation::ProbeRead).await?;
        let open = self.state.probe_episodes_open(ctx).await?;
        let mut views = Vec::new();
        for probe in self.state.probes(ctx).await? {
            views.push(self.view_of_probe(ctx, probe, &open).await?);
        }
        Ok(views)
    }

    /// One of them.
    ///
    /// # Errors
    /// When the context may not, there is none, or the state refuses.
    pub async fn probe(&self, ctx: &OpContext, name: &str) -> Result<ProbeView, OfficeError> {
        self.may(ctx, Operation::ProbeRead).await?;
        let open = self.state.probe_episodes_open(ctx).await?;
        let probe = self.state.probe(ctx, name).await?;
        self.view_of_probe(ctx, probe, &open).await
    }

    async fn view_of_probe(
        &self,
        ctx: &OpContext,
        probe: Probe,
        open: &[ProbeEpisode],
    ) -> Result<ProbeView, OfficeError> {
        let settings = settings_of(&probe)?;
        let open = open.iter().filter(|episode| episode.probe == probe.name).cloned().collect();
        let results = self.state.probe_results(ctx, &probe.name, RESULTS_SHOWN).await?;
        // What cannot be read of an older version is shown as nothing seen.
        let seen =
            |result: ProbeResult| (result.at, result.vantage, serde_json::from_str(&result.body).unwrap_or_default());
        Ok(ProbeView { seen: results.into_iter().map(seen).collect(), probe, settings, open })
    }

    /// What was wrong last, newest first.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn probe_history(&self, ctx: &OpContext, rows_max: usize) -> Result<Vec<ProbeEpisode>, OfficeError> {
        self.may(ctx, Operation::ProbeRead).await?;
        Ok(self.state.probe_episodes(ctx, rows_max).await?)
    }

    /// Adds a probe.
    ///
    /// # Errors
    /// When the context may not, the settings make no sense, the name is none or taken, or the state refuses.
    pub async fn add_probe(
        &self,
        ctx: &OpContext,
        name: &str,
        service: &str,
        settings: &ProbeSettings,
    ) -> Result<(), OfficeError> {
        self.may(ctx, Operation::ProbeManage).await?;
        let config = written(service, settings)?;
        Ok(self.state.add_probe(ctx, name, service, &config).await?)
    }

    /// Changes what a probe looks at.
    ///
    /// # Errors
    /// As [`Office::add_probe`], and when there is none.
    pub async fn change_probe(
        &self,
        ctx: &OpContext,
        name: &str,
        service: &str,
        settings: &ProbeSettings,
    ) -> Result<(), OfficeError> {
        self.may(ctx, Operation::ProbeManage).await?;
        let config = written(service, settings)?;
        Ok(self.state.change_probe(ctx, name, service, &config).await?)
    }

    /// Has nobody look for now.
    ///
    /// # Errors
    /// When the context may not, there is none, or the state refuses.
    pub async fn pause_probe(&self, ctx: &OpContext, name: &str) -> Result<(), OfficeError> {
        self.may(ctx, Operation::ProbeManage).await?;
        Ok(self.state.pause_probe(ctx, name, Some(ctx.now)).await?)
    }

    /// Has somebody look again.
    ///
    /// # Errors
    /// When the context may not, there is none, or the state refuses.
    pub async fn resume_probe(&self, ctx: &OpContext, name: &str) -> Result<(), OfficeError> {
        self.may(ctx, Operation::ProbeManage).await?;
        Ok(self.state.pause_probe(ctx, name, None).await?)
    }

    /// Wants a look at once: the node makes it within seconds.
    ///
    /// # Errors
    /// When the context may not, there is none, or the state refuses.
    pub async fn run_probe(&self, ctx: &OpContext, name: &str) -> Result<(), OfficeError> {
        self.may(ctx, Operation::ProbeManage).await?;
        Ok(self.state.want_probe(ctx, name).await?)
    }

    /// Removes a probe with all that was seen.
    ///
    /// # Errors
    /// When the context may not, there is none, or the state refuses.
    pub async fn remove_probe(&self, ctx: &OpContext, name: &str) -> Result<(), OfficeError> {
        self.may(ctx, Operation::ProbeManage).await?;
        Ok(self.state.remove_probe(ctx, name).await?)
    }

    /// Says that what is there now is right: what is open of it ends, and the next looks teach what is usual.
    ///
    /// # Errors
    /// When the context may not, nothing of that sort is open, or the state refuses.
    pub async fn accept_probe(&self, ctx: &OpContext, name: &str, problem: Problem) -> Result<(), OfficeError> {
        self.may(ctx, Operation::ProbeManage).await?;
        let memories = self.state.probe_memories(ctx).await?;
        let memory = memories.into_iter().find(|(probe, _)| probe == name);
        let none = || OfficeError::NotFound { what: "open problem", name: format!("{name} {problem}") };
        let (_, memory) = memory.ok_or_else(none)?;
        let mut watcher = Watcher::default();
        let unreadable = |error: detect::behaviour::probe::SnapshotError| OfficeError::Refused(error.to_string());
        watcher.recall(name, &memory).map_err(unreadable)?;
        let turn = watcher.accept(name, problem, ctx.now).ok_or_else(none)?;
        let memory = watcher.memory(name).map_err(unreadable)?.ok_or_else(none)?;
        let mut round = ProbeRound { memories: vec![(name.to_owned(), memory)], ..ProbeRound::default() };
        if let Turn::Ended(ended) = turn {
            round.ended.push(ended_of(&ended));
        }
        Ok(self.state.accept_probe(ctx, name, problem.word(), &round).await?)
    }

    /// What was learnt of the agency's probes before. What cannot be read is learnt again.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn probe_watcher(&self, ctx: &OpContext) -> Result<Watcher, OfficeError> {
        self.may(ctx, Operation::ProbeManage).await?;
        let mut watcher = Watcher::default();
        for (probe, memory) in self.state.probe_memories(ctx).await? {
            if let Err(error) = watcher.recall(&probe, &memory) {
                tracing::warn!(%probe, %error, "what was learnt of probe {probe} cannot be read; it is learnt again");
            }
        }
        Ok(watcher)
    }

    /// Judges looks and keeps what they say; says what begins and ends.
    ///
    /// # Errors
    /// When the context may not, or the state refuses: the watcher has seen the looks then, and they are not kept.
    pub async fn judge_probes(
        &self,
        ctx: &OpContext,
        watcher: &mut Watcher,
        looked: &[Looked<'_>],
    ) -> Result<Vec<Turn>, OfficeError> {
        self.may(ctx, Operation::ProbeManage).await?;
        let mut round = ProbeRound::default();
        let mut turns = Vec::new();
        for Looked { probe, settings, observations } in looked {
            for seen in *observations {
                turns.extend(watcher.observe(seen, &settings.expected));
            }
            round.results.extend(result_of(&probe.name, observations));
            let memory = watcher.memory(&probe.name).map_err(|error| OfficeError::Refused(error.to_string()))?;
            // A memory that is too large is not kept: it costs learning again, not the looks.
            let memory = memory.filter(|memory| memory.len() <= limits::PROBE_MEMORY_BYTES_MAX);
            round.memories.extend(memory.map(|memory| (probe.name.clone(), memory)));
        }
        for turn in &turns {
            match turn {
                Turn::Began { probe, problem, detection } => {
                    let detection = named(ctx, probe, *problem, detection);
                    round.began.push(began_of(probe, *problem, &detection));
                    round.findings.push(NewFinding { ocsf: finding::to_json(&detection, None, None), detection });
                }
                Turn::Ended(ended) => round.ended.push(ended_of(ended)),
            }
        }
        self.state.keep_probe_round(ctx, &round).await?;
        Ok(turns)
    }
}

/// Reads the settings of a probe.
///
/// # Errors
/// When they make no sense, as those of a newer program.
pub fn settings_of(probe: &Probe) -> Result<ProbeSettings, OfficeError> {
    let refused =
        |error: serde_json::Error| OfficeError::Refused(format!("the settings of probe {}: {error}", probe.name));
    serde_json::from_str(&probe.config).map_err(refused)
}

fn written(service: &str, settings: &ProbeSettings) -> Result<String, OfficeError> {
    ItemId::parse(service).map_err(|error| OfficeError::Refused(error.to_string()))?;
    settings.check().map_err(OfficeError::Refused)?;
    serde_json::to_string(settings).map_err(|error| OfficeError::Refused(error.to_string()))
}

/// The detection with a name of its own: one episode, one finding, also when the same thing was wrong before.
fn named(ctx: &OpContext, probe: &str, problem: Problem, detection: &Detection) -> Detection {
    let mut detection = detection.clone();
    if let Ok(source) = SourceId::parse(SOURCE) {
        let id = format!("{probe}:{problem}:{}", detection.time.as_micros());
        detection.events = vec![EventId::of(&ctx.agency, &source, &Cursor::Batch { id: id.into(), index: 0 })];
    }
    detection
}

fn began_of(probe: &str, problem: Problem, detection: &Detection) -> ProbeEpisode {
    let words: Vec<String> = detection.because.iter().map(ToString::to_string).collect();
    ProbeEpisode {
        probe: probe.to_owned(),
        problem: problem.word().to_owned(),
        since: detection.time,
        until: None,
        level: detection.level,
        words: words.join("; "),
    }
}

fn ended_of(ended: &detect::behaviour::probe::Ended) -> ProbeEpisode {
    ProbeEpisode {
        probe: ended.probe.clone(),
        problem: ended.problem.word().to_owned(),
        since: ended.since,
        until: Some(ended.until),
        level: ended.problem.level(),
        words: ended.words.clone(),
    }
}

fn result_of(probe: &str, observations: &[Observation]) -> Option<ProbeResult> {
    let last = observations.last()?;
    let mut seen = ProbeSeen::default();
    for observation in observations {
        if let Outcome::Http(facts) = &observation.outcome {
            seen.total_us = Some(facts.total_us);
        }
        seen.is_failed |= matches!(observation.outcome, Outcome::Failed(_));
        seen.checks.push(words_of(&observation.outcome).chars().take(limits::PROBE_WORDS_BYTES_MAX).collect());
    }
    let body = serde_json::to_string(&seen).ok()?;
    Some(ProbeResult { probe: probe.to_owned(), at: last.time, vantage: last.vantage.clone(), body })
}

/// An outcome in a line.
pub fn words_of(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Http(facts) => {
            format!("answers {} in {} ms, {} bytes", facts.status, facts.total_us / 1_000, facts.bytes)
        }
        Outcome::Dns(facts) => format!("{}: {}", facts.code.words(), facts.answers.join(", ")),
        Outcome::Certificate(facts) => {
            let trust = facts.distrust.as_deref().unwrap_or("trusted");
            format!("certificate until {}, {trust}", facts.not_after)
        }
        Outcome::Page(facts) => format!("page {:?}, {} blocks of text", facts.title, facts.blocks.len()),
        Outcome::Data(facts) => format!("{}, {} rows, {} fields", facts.form.name(), facts.rows, facts.fields.len()),
        Outcome::Failed(failure) => failure.words.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_make_no_sense_say_why() {
        let settings = |kind, place: &str, interval_seconds| ProbeSettings {
            kind,
            place: place.to_owned(),
            server: None,
            interval_seconds,
            allow_private: Vec::new(),
            expected: Expected::default(),
        };
        let check = |settings: &ProbeSettings, expected: &str| {
            let found = settings.check().err().unwrap_or_default();
            assert!(found.starts_with(expected) && found.is_empty() == expected.is_empty(), "{found}");
        };
        check(&settings(ProbeKind::Page, "https://www.city.example/", 300), "");
        check(&settings(ProbeKind::Page, "www.city.example", 300), "the place is no URL");
        check(&settings(ProbeKind::Page, "https://www.city.example/", 1), "an interval has");
        check(&settings(ProbeKind::Name, "www.city.example", 300), "say which server");
        check(&settings(ProbeKind::Name, "https://www.city.example/", 300), "a name is no URL");
        let mut many = settings(ProbeKind::Page, "https://www.city.example/", 300);
        many.expected.statuses = vec![200; limits::PROBE_EXPECTED_MAX + 1];
        check(&many, "at most");
        let again: ProbeSettings = serde_json::from_str(&serde_json::to_string(&many).unwrap()).unwrap();
        assert_eq!(again, many);
    }
}
