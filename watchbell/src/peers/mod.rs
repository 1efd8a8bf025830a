//! `watchbell peer`: agencies with whom this one shares.

pub(crate) mod ask;
mod list;
pub(crate) mod pull;
pub(crate) mod share;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use connect::peers::{PeerClient, PeerWire};
use engine::office::{Invitation as Invited, PeerAsked};
use engine::share::PeerTerms;
use model::{Marking, Pap};
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;

use crate::cli::{AddressArgs, AgreedArgs, PeerAddArgs, PeerArgs, PeerCommand, ReachArgs};
use crate::config::Config;
use crate::exit::Exit;
use crate::intel::{Opened, index, open, say};
use crate::serve::TOKEN_PREFIX;
use crate::{node, times};

/// What one node tells the other so that it can come in. Holds a token: it is for the peer alone.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Invitation {
    /// The form of this.
    watchbell_peer: u32,
    /// The collection that is filled for whoever is invited.
    url: String,
    /// The collection that they may write into, where they want to.
    inbox: String,
    token: String,
    /// The key by which whoever invites signs.
    key: String,
}

const INVITATION_FORM: u32 = 1;
/// No invitation is longer.
const INVITATION_BYTES_MAX: u64 = 64 * 1024;

pub(crate) fn run(arguments: &PeerArgs) -> Result<Exit> {
    node::runtime()?.block_on(async {
        let opened = open(arguments.command.whose()).await?;
        let exit = dispatch(&opened, &arguments.command).await?;
        node::sign(&opened.config, &opened.state).await?;
        Ok(exit)
    })
}

async fn dispatch(opened: &Opened, command: &PeerCommand) -> Result<Exit> {
    let Opened { office, ctx, .. } = opened;
    match command {
        PeerCommand::Add(arguments) => add(opened, arguments).await,
        PeerCommand::Join { name, invitation, reach, .. } => join(opened, name, invitation, reach).await,
        PeerCommand::Invite { name, address, .. } => {
            let base = base(&opened.config, address)?;
            let invited = office.invite_peer(ctx, name).await.context("cannot invite the peer")?;
            print(&base, &invited)
        }
        PeerCommand::Agree { name, agreed, .. } => {
            let key = office.peer(ctx, name).await?.terms.key;
            let terms = PeerTerms { key, ..terms(agreed)? };
            office.change_peer(ctx, name, Some(&terms), (None, None)).await.context("cannot change what was agreed")?;
            eprintln!("agreed: {name}");
            Ok(Exit::Ok)
        }
        PeerCommand::List { json, .. } => list::all(opened, *json).await,
        PeerCommand::Show { name, json, .. } => list::one(opened, name, *json).await,
        PeerCommand::Pull { name, json, .. } => pull_now(opened, name, *json).await,
        PeerCommand::Pause { name, .. } => pause(opened, name, true).await,
        PeerCommand::Resume { name, .. } => pause(opened, name, false).await,
        PeerCommand::Remove { name, .. } => {
            let claims = office.remove_peer(ctx, name).await.context("cannot remove the peer")?;
            index::write(&opened.config, office, ctx).await?;
            eprintln!("removed: {name}, with {}", crate::words::counted(claims, "claim"));
            Ok(Exit::Ok)
        }
    }
}

async fn pause(opened: &Opened, name: &str, is_paused: bool) -> Result<Exit> {
    opened.office.pause_peer(&opened.ctx, name, is_paused).await.context("cannot change the peer")?;
    let words = if is_paused { "nothing goes there, and it is not asked, for now" } else { "shared with again" };
    eprintln!("{name}: {words}");
    Ok(Exit::Ok)
}

async fn add(opened: &Opened, arguments: &PeerAddArgs) -> Result<Exit> {
    let invitation = arguments.invitation.as_deref().map(read).transpose()?;
    let mut terms = terms(&arguments.agreed)?;
    terms.key = invitation.as_ref().map(|invitation| invitation.key.clone());
    terms.check().map_err(anyhow::Error::msg)?;
    let wire = wire(&arguments.reach, invitation.as_ref().map(|invitation| invitation.url.clone()))?;
    let secret = invitation.as_ref().map(|invitation| invitation.token.as_str());
    if let Some(secret) = secret {
        // Reads certificates, so that a wrong path is said now and not in the night.
        PeerClient::open(&wire, secret).context("the peer cannot be asked like this")?;
    }
    let base = base(&opened.config, &arguments.address)?;
    if arguments.dry_run {
        say(&json!({ "name": arguments.name, "terms": terms, "wire": wire }))?;
        return Ok(Exit::Ok);
    }
    let asked = PeerAsked {
        name: &arguments.name,
        terms,
        wire: serde_json::to_value(&wire)?,
        secret,
        grade: arguments.grade,
        marking: Marking { tlp: arguments.tlp, pap: Pap::Clear },
    };
    let invited = opened.office.add_peer(&opened.ctx, &asked).await.context("cannot add the peer")?;
    if arguments.agreed.clearance.is_none() || arguments.agreed.share.is_empty() {
        eprintln!(
            "hint: nothing goes there yet; say --share and --clearance with: watchbell peer agree {}",
            arguments.name
        );
    }
    eprintln!("added: {}; the invitation holds a token: hand it to that peer and nobody else", arguments.name);
    print(&base, &invited)
}

async fn join(opened: &Opened, name: &str, file: &Path, reach: &ReachArgs) -> Result<Exit> {
    let invitation = read(file)?;
    let wire = wire(reach, Some(invitation.url.clone()))?;
    PeerClient::open(&wire, &invitation.token).context("the peer cannot be asked like this")?;
    let view = opened.office.peer(&opened.ctx, name).await?;
    if let Some(known) = &view.terms.key {
        ensure!(
            *known == invitation.key,
            "{name} signs with another key than before; hint: remove the peer and add it anew, if that is right"
        );
    }
    let terms = PeerTerms { key: Some(invitation.key), ..view.terms };
    let (value, secret) = (serde_json::to_value(&wire)?, invitation.token.as_str());
    let change = opened.office.change_peer(&opened.ctx, name, Some(&terms), (Some(&value), Some(secret)));
    change.await.context("cannot take the invitation")?;
    eprintln!("joined: {name}; the watch listens to it within seconds, or pull now: watchbell peer pull {name}");
    Ok(Exit::Ok)
}

async fn pull_now(opened: &Opened, name: &str, is_json: bool) -> Result<Exit> {
    let peer = opened.office.peer(&opened.ctx, name).await?.peer;
    let took =
        pull::once(&opened.office, &opened.ctx, &peer).await.with_context(|| format!("cannot pull from {name}"))?;
    if took.claims > 0 {
        index::write(&opened.config, &opened.office, &opened.ctx).await?;
    }
    match is_json {
        true => say(&took)?,
        false => eprintln!(
            "{name}: {} new or changed, {}, {} could not be read",
            crate::words::counted(took.claims, "claim"),
            crate::words::counted(took.sightings, "new sighting"),
            took.bad
        ),
    }
    Ok(Exit::Ok)
}

fn terms(agreed: &AgreedArgs) -> Result<PeerTerms> {
    let now = model::doors::Clock::now(&node::SystemClock);
    let until = agreed.until.as_deref().map(|text| times::parse(text, now)).transpose()?;
    Ok(PeerTerms {
        key: None,
        shares: agreed.share.iter().copied().collect(),
        relation: agreed.relation,
        clearance: agreed.clearance,
        pap: agreed.heeds,
        fields: agreed.fields.iter().copied().collect::<BTreeSet<_>>(),
        is_named: agreed.named,
        has_pseudonyms: agreed.pseudonyms,
        organisations_min: Some(agreed.organisations_min),
        noise: agreed.noise,
        may_look_up: agreed.look_up,
        until,
    })
}

fn wire(reach: &ReachArgs, url: Option<String>) -> Result<PeerWire> {
    let mut wire = PeerWire { url, interval: reach.every, ..PeerWire::default() };
    wire.fetch.allow_http = reach.allow_http;
    let allowed = json!(reach.allow_private);
    wire.fetch.allow_private = serde_json::from_value(allowed).context("--allow-private")?;
    wire.fetch.ca = reach.ca.clone();
    Ok(wire)
}

/// Where we are reached.
fn base(config: &Config, address: &AddressArgs) -> Result<Url> {
    let url = match (&address.address, &config.public_url) {
        (Some(text), _) => Url::parse(text).context("--address")?,
        (None, Some(url)) => url.clone(),
        (None, None) => {
            let scheme = if config.tls.is_some() { "https" } else { "http" };
            Url::parse(&format!("{scheme}://{}", config.listen)).context("the address at which this watch listens")?
        }
    };
    Ok(url)
}

fn print(base: &Url, invited: &Invited) -> Result<Exit> {
    let place = |(root, id): &(String, String)| -> Result<String> {
        Ok(base.join(&format!("/taxii2/{root}/collections/{id}/"))?.to_string())
    };
    let invitation = Invitation {
        watchbell_peer: INVITATION_FORM,
        url: place(&invited.outbox)?,
        inbox: place(&invited.inbox)?,
        token: format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(invited.secret)),
        key: invited.key.clone(),
    };
    writeln!(std::io::stdout().lock(), "{}", serde_json::to_string_pretty(&invitation)?)?;
    Ok(Exit::Ok)
}

fn read(path: &Path) -> Result<Invitation> {
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().take(INVITATION_BYTES_MAX).read_to_string(&mut text)?;
    } else {
        let file = std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        file.take(INVITATION_BYTES_MAX).read_to_string(&mut text)?;
    }
    // What is wrong is said without its text, which may hold the token.
    let read: Result<Invitation, _> = serde_json::from_str(&text);
    let invitation = read.map_err(|error| {
        let (line, column) = (error.line(), error.column());
        anyhow::anyhow!("{} is no invitation (line {line}, column {column})", path.display())
    })?;
    ensure!(invitation.watchbell_peer == INVITATION_FORM, "the invitation is of a newer form; use a newer program");
    Ok(invitation)
}
