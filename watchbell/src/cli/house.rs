//! Commands about the house: who may come in, what was done, keys, backups, and how the installation is.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use engine::office::JobId;
use model::{AgencyId, Role};
use store::state::Scope;

use super::{DataArgs, WhoseArgs};

#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    #[command(subcommand)]
    pub(crate) command: TokenCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token and print it, once.
    Add {
        /// What people call it.
        name: String,
        #[command(flatten)]
        whose: WhoseArgs,
        /// What it may do: ingest, findings, hunt, share.
        #[arg(long, value_name = "SCOPE", value_delimiter = ',', value_parser = scope, default_value = "ingest")]
        scope: Vec<Scope>,
        /// Days until it ends.
        #[arg(long, value_name = "N", default_value_t = 365)]
        days: u32,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// List tokens, without their secrets.
    List {
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object a token.
        #[arg(long)]
        json: bool,
    },
    /// End a token at once.
    Revoke {
        /// Its name.
        name: String,
        #[command(flatten)]
        whose: WhoseArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct PeopleArgs {
    #[command(subcommand)]
    pub(crate) command: PeopleCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PeopleCommand {
    /// List everybody.
    List {
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object a person.
        #[arg(long)]
        json: bool,
    },
    /// Admit somebody and print the link that lets them in, once.
    Admit {
        /// The name, as colleagues know it.
        name: String,
        /// What they are here for: analyst, lead, service_owner, board, auditor, administrator.
        #[arg(long, value_name = "ROLE", value_delimiter = ',', required = true)]
        roles: Vec<Role>,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Print another link: the first one ended, or every passkey is lost.
    Link {
        /// The person's id.
        id: String,
        /// Every passkey and account that they had is lost, and lets nobody in any more.
        #[arg(long)]
        lost: bool,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Give somebody other roles.
    Roles {
        /// The person's id.
        id: String,
        /// All that they are to have.
        #[arg(long, value_name = "ROLE", value_delimiter = ',', required = true)]
        roles: Vec<Role>,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Destroy the key to somebody's name, who is let in no more: it cannot be read again, in no backup either.
    Forget {
        /// The person's id.
        id: String,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Let somebody in no more.
    Disable {
        /// The person's id.
        id: String,
        #[command(flatten)]
        whose: WhoseArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct HoldArgs {
    #[command(subcommand)]
    pub(crate) command: HoldCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum HoldCommand {
    /// Place a hold on everything that happened in a time.
    Place {
        /// The name of the case.
        name: String,
        #[command(flatten)]
        whose: WhoseArgs,
        /// From this time on (RFC 3339).
        #[arg(long, value_name = "TIME")]
        from: String,
        /// Before this time (RFC 3339).
        #[arg(long, value_name = "TIME")]
        to: String,
        /// Who ordered it, and why.
        #[arg(long)]
        reason: String,
    },
    /// List holds, lifted ones included.
    List {
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object a hold.
        #[arg(long)]
        json: bool,
    },
    /// Lift a hold.
    Lift {
        /// The name of the case.
        name: String,
        #[command(flatten)]
        whose: WhoseArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct EraseArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Whose data; the installation's own agency unless given.
    #[arg(long)]
    pub(crate) agency: Option<AgencyId>,
    /// A log-on name of the person, without its domain.
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Vec<String>,
    /// An e-mail address of the person.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: Vec<String>,
    /// An IP or MAC address of the person.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) address: Vec<String>,
    /// Why, with the reference of the request.
    #[arg(long, value_name = "TEXT")]
    pub(crate) purpose: String,
    /// Only search, and say where the person is named.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// One JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    #[command(subcommand)]
    pub(crate) command: AuditCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Compare every entry with what was signed. Exit 1 when something is wrong; the first thing is named.
    Verify {
        #[command(flatten)]
        data: DataArgs,
        /// A checkpoint that was kept elsewhere: finds what was rolled back together with its files.
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        checkpoint: Vec<PathBuf>,
        /// One JSON object.
        #[arg(long)]
        json: bool,
        /// No progress.
        #[arg(long, short)]
        quiet: bool,
    },
    /// List entries, newest first.
    List {
        #[command(flatten)]
        whose: WhoseArgs,
        /// Only what this account, token or part did, for example `account:0`.
        #[arg(long, value_name = "ID", default_value = "")]
        actor: String,
        /// Only this operation, for example `hunt.run`.
        #[arg(long, value_name = "NAME", default_value = "")]
        operation: String,
        /// Only what was done to this.
        #[arg(long, value_name = "KIND:ID", default_value = "")]
        object: String,
        /// Only from this time on (RFC 3339), or so long ago: 90d, 12h, 30m.
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
        /// Most entries.
        #[arg(long, value_name = "N", default_value_t = 50)]
        rows: usize,
        /// One JSON object an entry.
        #[arg(long)]
        json: bool,
    },
    /// Print the newest signed checkpoint. Keep it where nobody who can change this machine can change it.
    Checkpoint {
        #[command(flatten)]
        data: DataArgs,
        /// The key instead, by which others verify checkpoints.
        #[arg(long)]
        key: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// One JSON object a check.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// A folder that is not there yet.
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) to: PathBuf,
    /// The journal and the lake, too; needs the data folder to itself.
    #[arg(long)]
    pub(crate) all: bool,
    /// One JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The backup's folder.
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) from: PathBuf,
    /// The data folder that is to be made; must not be there yet.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) data: PathBuf,
    /// Keys that `watchbell keys export` has written, if they are to come along.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) keys: Option<PathBuf>,
    /// One JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    pub(crate) command: KeysCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a new master key, wrap everybody's keys with it, and forget the old one.
    Rotate {
        #[command(flatten)]
        data: DataArgs,
    },
    /// Copy all keys into a folder, for a safe place apart from the backups.
    Export {
        /// A folder that is not there yet.
        #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
        to: PathBuf,
        #[command(flatten)]
        data: DataArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct JobsArgs {
    #[command(subcommand)]
    pub(crate) command: JobsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// List jobs: those that failed for good first.
    List {
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object a job.
        #[arg(long)]
        json: bool,
    },
    /// Have a job tried again that failed for good.
    Retry {
        /// Which, as `jobs list` names it.
        #[arg(value_parser = job_id)]
        id: JobId,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Forget a job that failed for good.
    Drop {
        /// Which, as `jobs list` names it.
        #[arg(value_parser = job_id)]
        id: JobId,
        #[command(flatten)]
        whose: WhoseArgs,
    },
}

fn job_id(text: &str) -> Result<JobId, String> {
    JobId::parse(text).ok_or_else(|| format!("{text:?} is no job: an id has 32 hexadecimal digits"))
}

fn scope(text: &str) -> Result<Scope, String> {
    let read = serde_json::from_value(serde_json::Value::String(text.to_owned()));
    read.map_err(|_| format!("{text:?} is no scope; scopes are ingest, findings, hunt, share"))
}
