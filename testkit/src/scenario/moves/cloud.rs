//! The cloud: calls that an identity makes, from wherever, in whichever region.

use std::time::Duration;

use model::Timestamp;
use serde::Deserialize;

use super::{Act, Entities, When, series_takes};
use crate::city::{Call, Stage};
use crate::scenario::lines::CloudCallLine;
use crate::scenario::terms::{End, Host, Name, Span, Words};

impl Stage {
    /// A log-in to the cloud's console that was refused.
    pub(crate) fn cloud_refusal(&mut self, at: Timestamp, user: &str, from: &str) {
        let call = Call { user, from, service: "signin", name: "ConsoleLogin", read_only: false };
        let record = self
            .cloud_record(at, &call, (HOME_REGION, AGENT))
            .text("errorMessage", "Failed authentication")
            .raw("requestParameters", "null")
            .raw("responseElements", "{\"ConsoleLogin\":\"Failure\"}")
            .raw("additionalEventData", "{\"MobileVersion\":\"No\",\"MFAUsed\":\"No\"}");
        self.cloud_end(at, record, "AwsConsoleSignIn", false);
    }
}

/// Where the city's part of the cloud is.
pub(crate) const HOME_REGION: &str = "eu-central-1";
/// What calls by hand say that they are.
pub(crate) const AGENT: &str = "aws-cli/2.15.30 Python/3.11.8 Linux/6.1";

fn home_region() -> Host {
    Host(HOME_REGION.to_owned())
}

fn agent() -> Words {
    Words(AGENT.to_owned())
}

fn once() -> u64 {
    1
}

/// A call to the cloud's API: a new key, a snapshot shared, a trail stopped, or anything else by its name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CloudCall {
    identity: Name,
    from: End,
    service: Host,
    call: Host,
    #[serde(default = "home_region")]
    region: Host,
    #[serde(default = "agent")]
    agent: Words,
    /// The request's parameters, as JSON.
    request: Option<Words>,
    /// The error's code, where it is refused: `AccessDenied`.
    error: Option<Host>,
    #[serde(default = "once")]
    count: u64,
    /// With more than one: scattered over the step's time when it is not given.
    every: Option<Span>,
}

impl Act for CloudCall {
    fn play(&self, stage: &mut Stage, when: &When) {
        let name = &self.call.0;
        let read_only = ["Describe", "List", "Get", "Head", "Lookup"].iter().any(|word| name.starts_with(word));
        let moments = match (self.every, self.count) {
            (Some(every), count) => when.series(count, every),
            (None, 1) => vec![when.start],
            (None, count) => when.scattered(stage, count),
        };
        for at in moments {
            let line = CloudCallLine {
                call: Call { user: &self.identity.0, from: &self.from.0, service: &self.service.0, name, read_only },
                region: &self.region.0,
                agent: &self.agent.0,
                request: self.request.as_ref().map_or("null", |request| &request.0),
                error: self.error.as_ref().map_or("", |error| &error.0),
            };
            stage.cloud_call(at, &line);
        }
    }

    fn beats(&self, _: Duration) -> u64 {
        self.count
    }

    fn takes(&self) -> Duration {
        self.every.map_or(Duration::ZERO, |every| series_takes(self.count, every))
    }

    fn entities(&self, into: &mut Entities) {
        into.account(&self.identity);
        into.end(&self.from);
    }

    fn check(&self) -> Result<(), String> {
        let request = self.request.as_ref().map_or("null", |request| &request.0);
        match serde_json::from_str::<serde_json::Value>(request) {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("`request` is no JSON: {error}")),
        }
    }
}
