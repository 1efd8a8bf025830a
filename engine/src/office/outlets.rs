//! Outlets: who fetches which intelligence for blocklists and detectors, making what they fetch, and giving it.
//!
//! An outlet's token opens that outlet and nothing else; the right to fetch is a [`Subscriber`], which is had for a token only. A ledger line
//! comes before the first byte of a version. What the gate cleared longer ago than an hour is not given.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use formats::release::{Producer, Release};
use model::{AgencyId, OpContext, Role, Roles, Timestamp, limits};
use store::state::{Deed, NewOutlet, Outlet, object_named};

use super::{Office, OfficeError};
use crate::access::Operation;
use crate::entrance::{Secret, secret};
use crate::intel::outlets::{NAMES_FILE, Sieve, finish, gather, tidy};
use crate::intel::{OutletError, OutletFile, OutletMade, OutletSettings, RpzSettings};

/// An outlet with what it gives.
#[derive(Clone, Debug)]
pub struct OutletView {
    /// The outlet.
    pub outlet: Outlet,
    /// What it gives, in which form, and to whom.
    pub settings: OutletSettings,
    /// What was made for it last.
    pub made: Option<OutletMade>,
}

impl OutletView {
    fn of(outlet: Outlet) -> Result<Self, OfficeError> {
        let settings = OutletSettings::read(&outlet.config)
            .map_err(|why| OfficeError::Refused(format!("the outlet {} makes no sense: {why}", outlet.name)))?;
        let made = OutletMade::read(&outlet.made);
        Ok(OutletView { outlet, settings, made })
    }

    /// `paused`, `ended`, `new` when nothing was made yet, `old` when it has to be made anew before it is given, else `good`.
    pub fn status(&self, now: Timestamp) -> &'static str {
        match &self.made {
            _ if self.outlet.paused.is_some() => "paused",
            _ if self.outlet.has_ended(now) => "ended",
            None => "new",
            Some(made) if !is_fresh(made, now) => "old",
            Some(_) => "good",
        }
    }

    /// The name of its transfer key, where it has one: no other outlet of the installation has it.
    pub fn transfer_key_name(&self) -> Option<String> {
        self.outlet.has_transfer_key().then(|| key_name(&self.outlet.name, &self.outlet.agency))
    }
}

fn key_name(outlet: &str, agency: &AgencyId) -> String {
    format!("{outlet}.{agency}")
}

fn is_fresh(made: &OutletMade, now: Timestamp) -> bool {
    let long = Duration::from_secs(limits::CLEARED_SECONDS_MAX);
    made.cleared.is_some_and(|cleared| now < cleared.plus(long))
}

/// An outlet that was made, and its secrets: shown once.
pub struct AddedOutlet {
    /// Its token.
    pub secret: Secret,
    /// When it ends.
    pub expires: Timestamp,
    /// Name and secret of its transfer key, where it is a policy zone.
    pub transfer_key: Option<(String, Secret)>,
}

impl std::fmt::Debug for AddedOutlet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AddedOutlet").field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// A program that an outlet's token has let in. Only [`Office::subscriber`] makes one.
#[derive(Clone, Debug)]
pub struct Subscriber {
    ctx: OpContext,
    outlet: Outlet,
}

/// Which file is asked for.
pub struct OutletAsked<'a> {
    /// The outlet's name in the address.
    pub name: &'a str,
    /// The file; the main one when none is named.
    pub file: Option<&'a str>,
    /// What whoever asks calls itself.
    pub by: &'a str,
    /// Whether it has that file already, as of that time.
    pub has: &'a (dyn Fn(&OutletFile, Timestamp) -> bool + Send + Sync),
    /// Whether only the head is wanted, and nothing leaves.
    pub only_head: bool,
}

/// What comes back.
#[derive(Debug)]
pub enum OutletReply {
    /// The file, open.
    File(OutletDownload),
    /// It is what they have.
    Unchanged(OutletDownload),
    /// Somebody has paused the outlet.
    Paused,
    /// Its token has ended.
    Ended(Timestamp),
    /// It is being made.
    NotYet,
}

/// A file of an outlet.
#[derive(Debug)]
pub struct OutletDownload {
    /// The file; nothing where none is wanted.
    pub file: Option<File>,
    /// What it is.
    pub about: OutletFile,
    /// Since when it is like this.
    pub changed: Timestamp,
}

/// What became of making one outlet's files.
#[derive(Debug)]
pub struct OutletMaking {
    /// The outlet.
    pub name: String,
    /// Whether its content is new, or why there is none.
    pub outcome: Result<bool, String>,
    /// How many entries it has.
    pub entries: u64,
}

/// Takes what an outlet gives: what was made, and the folder of its files.
pub type GiveOutlet<'a> = dyn FnMut(&OutletMade, &Path) -> std::io::Result<()> + Send + 'a;

/// A policy zone as the server of zones needs it.
#[derive(Clone, Debug)]
pub struct OutletZone {
    subscriber: Subscriber,
    /// The name of its key.
    pub key_name: String,
    /// The zone.
    pub settings: RpzSettings,
    /// What was made last.
    pub made: OutletMade,
    /// Where the names of each version are.
    folder: PathBuf,
}

impl OutletZone {
    /// Names the outlet, and no other one ever.
    pub fn id(&self) -> &str {
        &self.subscriber.outlet.id
    }

    /// When its key ends.
    pub fn expires(&self) -> Timestamp {
        self.subscriber.outlet.expires
    }

    /// The names of a version, one a line.
    pub fn names_file(&self, version: &str) -> PathBuf {
        self.folder.join(version).join(NAMES_FILE)
    }
}

/// Days for which an outlet's token is good.
fn expiry(ctx: &OpContext, days: u32) -> Result<Timestamp, OfficeError> {
    let days_max = limits::TOKEN_DAYS_MAX;
    if !(1..=days_max).contains(&days) {
        return Err(OfficeError::Refused(format!("a token is good for 1 to {days_max} days")));
    }
    Ok(ctx.now.plus(Duration::from_secs(u64::from(days) * 86_400)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Secret> {
    let mut secret = [0; 32];
    let pairs = (text.len() == 64 && text.is_ascii()).then(|| text.as_bytes().chunks_exact(2))?;
    for (byte, pair) in secret.iter_mut().zip(pairs) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(secret)
}

fn failed(error: OutletError) -> OfficeError {
    match error {
        OutletError::State(error) => error.into(),
        error => {
            let cause = std::error::Error::source(&error).map_or_else(String::new, ToString::to_string);
            OfficeError::Refused(format!("{error}: {cause}"))
        }
    }
}

impl Office {
    /// The same, with a folder for what outlets give.
    #[must_use]
    pub fn with_outlets(self, folder: PathBuf) -> Self {
        Office { outlets: Some(folder), ..self }
    }

    fn outlets_folder(&self) -> Result<&Path, OfficeError> {
        let none = || OfficeError::Refused("there is no folder for what outlets give".to_owned());
        self.outlets.as_deref().ok_or_else(none)
    }

    /// The agency's outlets, by name.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn outlets(&self, ctx: &OpContext) -> Result<Vec<OutletView>, OfficeError> {
        self.may(ctx, Operation::OutletRead).await?;
        self.state.outlets(ctx).await?.into_iter().map(OutletView::of).collect()
    }

    /// One of them.
    ///
    /// # Errors
    /// When the context may not, there is none of that name, or the state refuses.
    pub async fn outlet(&self, ctx: &OpContext, name: &str) -> Result<OutletView, OfficeError> {
        self.may(ctx, Operation::OutletRead).await?;
        OutletView::of(self.state.outlet(ctx, name).await?)
    }

    /// Makes an outlet, whose token is good for so many days.
    ///
    /// # Errors
    /// When the context may not, it cannot work like this, the name is none or taken, or the state refuses.
    pub async fn add_outlet(
        &self,
        ctx: &OpContext,
        name: &str,
        settings: &OutletSettings,
        days: u32,
    ) -> Result<AddedOutlet, OfficeError> {
        self.may(ctx, Operation::OutletManage).await?;
        settings.check().map_err(OfficeError::Refused)?;
        let expires = expiry(ctx, days)?;
        let (token, id) = (secret()?, secret()?);
        let transfer_key = settings.rpz.as_ref().map(|_| secret()).transpose()?;
        let config = serde_json::to_string(settings).map_err(|error| OfficeError::Refused(error.to_string()))?;
        let kept_key = transfer_key.as_ref().map(|key| hex(key));
        let id = hex(id.get(..16).unwrap_or_default());
        let new =
            NewOutlet { id: &id, name, config: &config, secret: &token, expires, transfer_key: kept_key.as_deref() };
        self.state.add_outlet(ctx, &new).await?;
        let transfer_key = transfer_key.map(|key| (key_name(name, &ctx.agency), key));
        Ok(AddedOutlet { secret: token, expires, transfer_key })
    }

    /// Gives an outlet another token for so many days; the old one opens nothing any more. A transfer key stays, and ends with the new token.
    ///
    /// # Errors
    /// When the context may not, there is no such outlet, or the state refuses.
    pub async fn renew_outlet(&self, ctx: &OpContext, name: &str, days: u32) -> Result<AddedOutlet, OfficeError> {
        self.may(ctx, Operation::OutletManage).await?;
        let (token, expires) = (secret()?, expiry(ctx, days)?);
        self.state.renew_outlet(ctx, name, &token, expires).await?;
        Ok(AddedOutlet { secret: token, expires, transfer_key: None })
    }

    /// Has an outlet give nothing for now, or give again.
    ///
    /// # Errors
    /// When the context may not, there is no such outlet, or the state refuses.
    pub async fn pause_outlet(&self, ctx: &OpContext, name: &str, is_paused: bool) -> Result<(), OfficeError> {
        self.may(ctx, Operation::OutletManage).await?;
        Ok(self.state.pause_outlet(ctx, name, is_paused.then_some(ctx.now)).await?)
    }

    /// Removes an outlet with what was made for it.
    ///
    /// # Errors
    /// When the context may not, there is no such outlet, or the state or the system refuses.
    pub async fn remove_outlet(&self, ctx: &OpContext, name: &str) -> Result<(), OfficeError> {
        self.may(ctx, Operation::OutletManage).await?;
        let outlet = self.state.remove_outlet(ctx, name).await?;
        match std::fs::remove_dir_all(self.outlets_folder()?.join(&outlet.id)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(OfficeError::Refused(format!("the outlet is removed, its files are not: {error}")))
            }
            _ => Ok(()),
        }
    }

    fn release(&self, ctx: &OpContext, name: &str) -> Release {
        // The ledger's key tells one installation's agency `home` from another's.
        let unique = format!("{}@{}", ctx.agency, self.ledger.verifier());
        let producer = Producer::new(ctx.agency.to_string(), &unique);
        Release { title: name.to_owned(), producer, made: ctx.now }
    }

    /// Makes what the agency's outlets give: weighs all claims, clears what may leave, and writes the forms. It takes seconds of a processor, and
    /// reads and writes files as it goes.
    ///
    /// # Errors
    /// When the context may not, the state refuses, or nothing can be written. What went wrong with one outlet is said with it.
    pub async fn make_outlets(&self, ctx: &OpContext) -> Result<Vec<OutletMaking>, OfficeError> {
        self.may(ctx, Operation::OutletManage).await?;
        let began = Instant::now();
        self.sweep().await?;
        let (mut views, mut makings) = (Vec::new(), Vec::new());
        for outlet in self.state.outlets(ctx).await? {
            if outlet.paused.is_some() || outlet.has_ended(ctx.now) {
                continue;
            }
            let name = outlet.name.clone();
            match OutletView::of(outlet) {
                Ok(view) => views.push(view),
                Err(error) => makings.push(OutletMaking { name, outcome: Err(error.to_string()), entries: 0 }),
            }
        }
        if views.is_empty() {
            return Ok(makings);
        }
        let mut sieves = Vec::new();
        for view in &views {
            sieves.push(self.sieve(ctx, view, &self.outlets_folder()?.join(&view.outlet.id))?);
        }
        let sources = self.state.intel_sources(ctx).await?;
        let judge = self.judge_of(ctx, &sources).await?;
        gather(&self.state, ctx, (&sources, &judge), &mut sieves).await.map_err(failed)?;
        let gathered = began.elapsed();
        for (view, sieve) in views.into_iter().zip(sieves) {
            let writing = Instant::now();
            let folder = self.outlets_folder()?.join(&view.outlet.id);
            let release = self.release(ctx, &view.outlet.name);
            let done = sieve.done().and_then(|sieved| finish(sieved, &release, &folder, view.made.clone()));
            let name = view.outlet.name.clone();
            let making = match done {
                Ok(mut making) => {
                    let took = gathered + writing.elapsed();
                    making.made.millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
                    let made = serde_json::to_string(&making.made).unwrap_or_default();
                    self.state.keep_outlet_made(ctx, &view.outlet.id, &made).await?;
                    // Whoever has an old file open reads it to its end.
                    let outcome =
                        tidy(&folder, &making.made).map(|()| making.is_new).map_err(|error| error.to_string());
                    OutletMaking { name, outcome, entries: making.made.entries }
                }
                Err(error) => OutletMaking { name, outcome: Err(failed(error).to_string()), entries: 0 },
            };
            makings.push(making);
        }
        Ok(makings)
    }

    /// Removes what belongs to no outlet any more: one was removed while its files were written, or a program ended in the middle of it.
    async fn sweep(&self) -> Result<(), OfficeError> {
        let known = self.state.outlets_everywhere().await?;
        let Ok(entries) = std::fs::read_dir(self.outlets_folder()?) else { return Ok(()) };
        for entry in entries.flatten() {
            let is_known = known.iter().any(|outlet| entry.file_name().to_str() == Some(outlet.id.as_str()));
            // What is young may be somebody's work in progress.
            let age = entry.metadata().and_then(|about| about.modified()).ok().and_then(|at| at.elapsed().ok());
            if !is_known
                && age.is_some_and(|age| age > ABANDONED)
                && let Err(error) = std::fs::remove_dir_all(entry.path())
            {
                let path = entry.path().display().to_string();
                tracing::warn!(%path, %error, "what no outlet needs any more is not removed: {path}");
            }
        }
        Ok(())
    }

    fn sieve(&self, ctx: &OpContext, view: &OutletView, folder: &Path) -> Result<Sieve, OfficeError> {
        use std::os::unix::fs::DirBuilderExt;
        let making = |error| failed(OutletError::Write(error));
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(making)?;
        let spool = folder.join(format!("spool-{}", std::process::id()));
        Sieve::new(&view.outlet, view.settings.clone(), spool, ctx.now).map_err(failed)
    }

    /// Makes what one outlet would give now, without changing what it does give. `give` gets it with the folder of its files, which are gone
    /// afterwards; a line of the ledger comes before. Without `give`, nothing leaves, and it is only told.
    ///
    /// # Errors
    /// When the context may not, there is no such outlet, or state or system refuse.
    pub async fn write_outlet(
        &self,
        ctx: &OpContext,
        name: &str,
        give: Option<&mut GiveOutlet<'_>>,
    ) -> Result<OutletMade, OfficeError> {
        self.may(ctx, Operation::OutletManage).await?;
        let view = OutletView::of(self.state.outlet(ctx, name).await?)?;
        // Beside what the watch serves, which tidies up behind itself.
        let folder = self.outlets_folder()?.join(format!("{}.write-{}", view.outlet.id, std::process::id()));
        let made = self.write_into(ctx, &view, &folder).await;
        let given = match (made, give) {
            (Ok(made), Some(give)) => {
                let line = deed("outlet.write", &view.settings, name, &made);
                match self.state.record(ctx, &[line]).await {
                    Ok(()) => give(&made, &folder.join(&made.version))
                        .map(|()| made)
                        .map_err(|error| failed(OutletError::Write(error))),
                    Err(error) => Err(error.into()),
                }
            }
            (made, _) => made,
        };
        let removed = std::fs::remove_dir_all(&folder);
        let made = given?;
        removed.map(|()| made).map_err(|error| failed(OutletError::Write(error)))
    }

    async fn write_into(&self, ctx: &OpContext, view: &OutletView, folder: &Path) -> Result<OutletMade, OfficeError> {
        let mut sieves = [self.sieve(ctx, view, folder)?];
        let sources = self.state.intel_sources(ctx).await?;
        let judge = self.judge_of(ctx, &sources).await?;
        gather(&self.state, ctx, (&sources, &judge), &mut sieves).await.map_err(failed)?;
        let [sieve] = sieves;
        let release = self.release(ctx, &view.outlet.name);
        let done = sieve.done().and_then(|sieved| finish(sieved, &release, folder, None));
        Ok(done.map_err(failed)?.made)
    }

    /// The program that a token has let in, if it is an outlet's: one that is paused or has ended, too.
    ///
    /// # Errors
    /// When the state refuses.
    pub async fn subscriber(&self, token: &Secret) -> Result<Option<Subscriber>, OfficeError> {
        let outlet = self.state.outlet_of_token(token).await?;
        Ok(outlet.map(|outlet| self.subscriber_of(outlet)))
    }

    fn subscriber_of(&self, outlet: Outlet) -> Subscriber {
        let actor = object_named("outlet", &outlet.name);
        let ctx = OpContext::new(outlet.agency.clone(), actor, Roles::of(Role::Subscriber), self.now());
        Subscriber { ctx, outlet }
    }

    /// Gives a file of the outlet that a subscriber was let in for. The ledger knows of it before.
    ///
    /// # Errors
    /// When it is another outlet's, there is no such file, or state or system refuse.
    pub async fn outlet_file(
        &self,
        subscriber: &Subscriber,
        asked: &OutletAsked<'_>,
    ) -> Result<OutletReply, OfficeError> {
        let Subscriber { ctx, outlet } = subscriber;
        self.may(ctx, Operation::OutletFetch).await?;
        if outlet.name != asked.name {
            let name = asked.name.chars().take(80).collect();
            return Err(OfficeError::NotFound { what: "outlet of this token", name });
        }
        let by: String = asked.by.chars().filter(|c| !c.is_control()).take(limits::OUTLET_ASKED_BY_CHARS_MAX).collect();
        self.state.outlet_asked(ctx, &outlet.id, &by).await?;
        if outlet.paused.is_some() {
            return Ok(OutletReply::Paused);
        }
        if outlet.has_ended(ctx.now) {
            return Ok(OutletReply::Ended(outlet.expires));
        }
        let view = OutletView::of(outlet.clone())?;
        let Some(made) = view.made.filter(|made| is_fresh(made, ctx.now)) else { return Ok(OutletReply::NotYet) };
        let wanted = asked.file.unwrap_or_else(|| view.settings.form.main_file());
        let about = made.files.iter().find(|file| file.name == wanted).cloned();
        let none = || OfficeError::NotFound { what: "file", name: wanted.chars().take(80).collect() };
        let (about, changed) = (about.ok_or_else(none)?, made.changed.unwrap_or(ctx.now));
        if (asked.has)(&about, changed) {
            return Ok(OutletReply::Unchanged(OutletDownload { file: None, about, changed }));
        }
        if asked.only_head {
            return Ok(OutletReply::File(OutletDownload { file: None, about, changed }));
        }
        let path = self.outlets_folder()?.join(&outlet.id).join(&made.version).join(&about.name);
        let file = match File::open(&path) {
            Ok(file) => file,
            // It was just made anew.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(OutletReply::NotYet),
            Err(error) => return Err(failed(OutletError::Write(error))),
        };
        self.tell_of(subscriber, &view.settings, &made).await?;
        Ok(OutletReply::File(OutletDownload { file: Some(file), about, changed }))
    }

    /// Writes down that a version leaves, once a day for each.
    async fn tell_of(
        &self,
        subscriber: &Subscriber,
        settings: &OutletSettings,
        made: &OutletMade,
    ) -> Result<(), OfficeError> {
        let Subscriber { ctx, outlet } = subscriber;
        let today = Timestamp::from_micros(ctx.now.as_micros() - ctx.now.as_micros().rem_euclid(DAY_US));
        let deed = deed("outlet.fetch", settings, &outlet.name, made);
        Ok(self.state.tell_outlet(ctx, &outlet.id, (&made.version, today), deed).await?)
    }

    /// The policy zones of all agencies that are given now, each with the secret of its key, for the server of zones.
    ///
    /// # Errors
    /// When the context may not, or state or vault refuse.
    pub async fn outlet_zones(&self, ctx: &OpContext) -> Result<Vec<(OutletZone, Secret)>, OfficeError> {
        self.may(ctx, Operation::OutletManage).await?;
        let mut zones = Vec::new();
        for outlet in self.state.outlets_everywhere().await? {
            let is_given = outlet.paused.is_none() && !outlet.has_ended(ctx.now) && outlet.has_transfer_key();
            if !is_given {
                continue;
            }
            let Ok(OutletView { outlet, settings, made: Some(made) }) = OutletView::of(outlet) else { continue };
            let Some(rpz) = settings.rpz.filter(|_| is_fresh(&made, ctx.now)) else { continue };
            // A key that nobody can read any more lets nobody in.
            let Some(key) = self.state.transfer_key(&outlet).await?.as_deref().and_then(unhex) else { continue };
            let folder = self.outlets_folder()?.join(&outlet.id);
            let key_name = key_name(&outlet.name, &outlet.agency);
            let subscriber = self.subscriber_of(outlet);
            zones.push((OutletZone { subscriber, key_name, settings: rpz, made, folder }, key));
        }
        Ok(zones)
    }

    /// Writes down that a policy zone was transferred.
    ///
    /// # Errors
    /// When the state refuses.
    pub async fn tell_transfer(&self, zone: &OutletZone) -> Result<(), OfficeError> {
        let subscriber = Subscriber {
            ctx: OpContext { now: self.now(), ..zone.subscriber.ctx.clone() },
            outlet: zone.subscriber.outlet.clone(),
        };
        self.may(&subscriber.ctx, Operation::OutletFetch).await?;
        let settings = OutletSettings::read(&subscriber.outlet.config).map_err(OfficeError::Refused)?;
        let by = format!("key {}", zone.key_name);
        let by: String = by.chars().take(limits::OUTLET_ASKED_BY_CHARS_MAX).collect();
        self.state.outlet_asked(&subscriber.ctx, &subscriber.outlet.id, &by).await?;
        self.tell_of(&subscriber, &settings, &zone.made).await
    }
}

/// Age at which a folder that belongs to no outlet is nobody's work any more.
const ABANDONED: Duration = Duration::from_secs(3_600);

const DAY_US: i64 = 86_400_000_000;

/// What the ledger says of a version that leaves.
fn deed(operation: &'static str, settings: &OutletSettings, name: &str, made: &OutletMade) -> Deed {
    let words = serde_json::json!({
        "outlet": name, "form": settings.form, "for": settings.use_, "entries": made.entries, "bytes": made.bytes(),
        "version": made.version, "serial": made.serial, "hash": made.files.first().map(|file| file.hash.clone()),
    });
    Deed::done(operation, object_named("outlet", name)).saying(words.to_string())
}
