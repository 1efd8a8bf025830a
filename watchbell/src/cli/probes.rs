//! Commands about probes.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use engine::office::ProbeKind;

use super::WhoseArgs;

#[derive(Debug, Args)]
pub(crate) struct ProbeArgs {
    #[command(subcommand)]
    pub(crate) command: ProbeCommand,
}

#[derive(Debug, Args)]
pub(crate) struct ProbeAddArgs {
    /// What it is called: small letters, digits, -, _ and .
    pub(crate) name: String,
    /// What is looked at: a URL, or a name.
    pub(crate) place: String,
    /// The service, by its name in the register.
    #[arg(long, value_name = "ID")]
    pub(crate) service: String,
    /// What it looks at: http (does it answer?), page (what do people see?), data (what do programs get?), name (where does it lead?).
    #[arg(long, value_name = "KIND", default_value = "page")]
    pub(crate) kind: ProbeKind,
    /// Of a name: the server that is asked, ADDRESS:PORT.
    #[arg(long, value_name = "ADDR")]
    pub(crate) server: Option<SocketAddr>,
    /// Seconds between two looks.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub(crate) every: u32,
    /// The probe of something that is not ours and never down: when it fails, too, it is our own line.
    #[arg(long, value_name = "PROBE")]
    pub(crate) control: Option<String>,
    /// This is such a control target itself.
    #[arg(long, conflicts_with = "control")]
    pub(crate) is_control: bool,
    /// TOML file with what is expected: statuses, answers, hosts, keys, text, hash, fields, stale_after_seconds, slow_us, planned.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) expect: Option<PathBuf>,
    /// A private place that may be reached, HOST:PORT as in the URL.
    #[arg(long, value_name = "PLACE")]
    pub(crate) allow_private: Vec<String>,
    /// Change the probe that has the name, in place of adding one.
    #[arg(long)]
    pub(crate) change: bool,
    /// Say what would be added, and add nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) whose: WhoseArgs,
    /// One JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProbeCommand {
    /// Add a probe, or change one.
    Add(Box<ProbeAddArgs>),
    /// List probes: how each service is.
    List {
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object a probe.
        #[arg(long)]
        json: bool,
    },
    /// Look now, and print what is seen; nothing of it is kept. Ends with 1 when something does not answer.
    Run {
        /// Only these.
        names: Vec<String>,
        /// Say what would be looked at, and look at nothing.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object an observation.
        #[arg(long)]
        json: bool,
    },
    /// Say that what is there now is right: what is open of it ends.
    Accept {
        /// The probe.
        name: String,
        /// What is open: defaced, foreign-part, tampered, stale, certificate-changed, name-changed, redirected, slow and so on.
        problem: String,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Have nobody look for now.
    Pause {
        /// The probe.
        name: String,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Have somebody look again.
    Resume {
        /// The probe.
        name: String,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Remove a probe with all that was seen.
    Remove {
        /// The probe.
        name: String,
        /// Say what would be removed, and remove nothing.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        whose: WhoseArgs,
    },
}
