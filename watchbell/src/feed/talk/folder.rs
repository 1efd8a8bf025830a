//! The folder of a MISP feed. Events are held as files beside the data, so that a run fetches what changed and still knows all that the
//! feed says: what an event says no more, and events that are gone from the manifest, count as gone.
//!
//! Only a folder that is held completely speaks for the whole feed. Until then each event adds to what is known.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use connect::feeds::Feed;
use connect::feeds::misp::{Folder, Manifest, MispError};
use connect::fetch::Fetched;
use engine::intel::{Gatherer, IntelFormat};
use engine::unpack;
use formats::intel::list::ListMapping;
use model::Timestamp;
use model::limits::{FETCH_MEMORY_BYTES_MAX, MISP_FOLDER_BYTES_MAX};
use store::state::MergeKind;

use super::Talk;

/// Events that a glance reads, the latest ones.
const GLANCED: usize = 3;

pub(super) async fn lead(talk: &mut Talk<'_>, feed: &Feed) -> Result<()> {
    let folder = feed.misp();
    let held = Held::open(talk.asked.config.feed_dir(&talk.asked.source.agency, talk.asked.source.number))?;
    // A folder that was lost is filled again, whatever the manifest says.
    let is_good = !held.events.is_empty() && !held.is_unfinished;
    let conditional = if !is_good { Default::default() } else { talk.memory.conditional.clone() };
    let received = match folder.manifest(conditional).await? {
        Fetched::NotModified => return Ok(()),
        Fetched::Body(received) => received,
    };
    // Until all of it is there, the next run asks again.
    talk.memory.conditional = Default::default();
    let manifest = received.body;
    manifest.refused.iter().take(10).for_each(|refused| talk.note(refused.to_string()));
    let changes = manifest.changes(&held.times());
    let (mut held, mut is_complete) = (held, true);
    let is_changed = held.is_unfinished || !changes.fetch.is_empty() || !changes.gone.is_empty();
    if is_changed {
        held.begin()?;
    }
    for (number, uuid) in changes.fetch.iter().enumerate() {
        if talk.is_at_limit() {
            is_complete = false;
            break;
        }
        let changed = manifest.entries.get(uuid).and_then(|entry| entry.timestamp);
        let Some(bytes) = event(talk, &folder, uuid).await? else { continue };
        held.put(uuid, changed, &bytes)?;
        talk.take(IntelFormat::Misp, bytes, 1).await?;
        talk.say(&format!("event {} of {}", number + 1, changes.fetch.len()));
        talk.keep_if_large().await?;
    }
    changes.gone.iter().try_for_each(|uuid| held.drop(uuid))?;
    // What an event said before, and says no more, is seen only beside all others.
    if is_complete && is_changed {
        talk.keep().await?;
        whole(talk, held.paths()).await?;
        held.end()?;
    }
    if is_complete {
        talk.memory.conditional = received.conditional;
    }
    Ok(())
}

/// An event's bytes; nothing of one that is in the manifest and not in the folder.
async fn event(talk: &mut Talk<'_>, folder: &Folder, uuid: &str) -> Result<Option<Vec<u8>>> {
    match folder.event(uuid).await {
        Ok(received) => Ok(Some(received.body)),
        Err(MispError::Fetch(error)) if matches!(error.status(), Some(404 | 410)) => {
            talk.refuse(format!("event {uuid} is in the manifest, and not there"));
            Ok(None)
        }
        Err(MispError::EventId(_)) => {
            talk.refuse(format!("{uuid:?} in the manifest is no id of an event"));
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Reads all events, and brings them as all that the feed says.
async fn whole(talk: &mut Talk<'_>, paths: Vec<PathBuf>) -> Result<()> {
    let mut gatherer = talk.asked.gatherer(super::WHOLE_PAGES);
    let gathered = tokio::task::spawn_blocking(move || {
        for path in paths {
            read_into(&path, &mut gatherer);
        }
        gatherer.finish()
    });
    let gathered = gathered.await.context("reading ended by a panic")?;
    // Events of this run were counted when they came.
    talk.tally = Default::default();
    talk.bring(MergeKind::Whole, gathered).await
}

fn read_into(path: &Path, gatherer: &mut Gatherer) {
    match bytes(path) {
        Ok(bytes) => {
            IntelFormat::Misp.read(&bytes, &ListMapping::plain(), gatherer);
        }
        Err(error) => gatherer.refuse(format!("{}: {error:#}", path.display())),
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    unpack::open(path)?.take(FETCH_MEMORY_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    ensure!(bytes.len() as u64 <= FETCH_MEMORY_BYTES_MAX, "larger than {FETCH_MEMORY_BYTES_MAX} bytes");
    Ok(bytes)
}

/// Events that are held, by UUID: when each was changed, and its file.
struct Held {
    folder: PathBuf,
    events: BTreeMap<String, (Option<Timestamp>, PathBuf)>,
    bytes: u64,
    /// A run has changed events and not come to its end: what they say may not have been brought.
    is_unfinished: bool,
}

/// The file that says so.
const UNFINISHED: &str = "unfinished";

impl Held {
    fn open(folder: PathBuf) -> Result<Self> {
        use std::os::unix::fs::DirBuilderExt;
        let about = || format!("the folder of events {}", folder.display());
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).with_context(about)?;
        let (mut events, mut bytes, mut is_unfinished) = (BTreeMap::new(), 0, false);
        for entry in fs::read_dir(&folder).with_context(about)? {
            let entry = entry.with_context(about)?;
            let path = entry.path();
            if path.file_name().is_some_and(|name| name == UNFINISHED) {
                is_unfinished = true;
                continue;
            }
            match path.file_name().and_then(|name| name.to_str()).and_then(named) {
                Some((uuid, changed)) => {
                    bytes += entry.metadata().with_context(about)?.len();
                    events.insert(uuid, (changed, path));
                }
                // Half written, by a run that was cut off.
                None => fs::remove_file(&path).with_context(about)?,
            }
        }
        Ok(Held { folder, events, bytes, is_unfinished })
    }

    fn begin(&self) -> Result<()> {
        let path = self.folder.join(UNFINISHED);
        fs::write(&path, "").with_context(|| format!("cannot write {}", path.display()))
    }

    fn end(&self) -> Result<()> {
        Self::remove(&self.folder.join(UNFINISHED))
    }

    fn times(&self) -> BTreeMap<String, Timestamp> {
        let time = |(uuid, (changed, _)): (&String, &(Option<Timestamp>, PathBuf))| Some((uuid.clone(), (*changed)?));
        self.events.iter().filter_map(time).collect()
    }

    fn paths(&self) -> Vec<PathBuf> {
        self.events.values().map(|(_, path)| path.clone()).collect()
    }

    fn put(&mut self, uuid: &str, changed: Option<Timestamp>, bytes: &[u8]) -> Result<()> {
        use std::io::Write;
        use std::os::unix::fs::OpenOptionsExt;
        self.bytes += bytes.len() as u64;
        if self.bytes > MISP_FOLDER_BYTES_MAX {
            bail!("its events have more than {MISP_FOLDER_BYTES_MAX} bytes");
        }
        let name = format!("{uuid}_{}.json", changed.map_or("x".to_owned(), |at| at.as_micros().to_string()));
        let (beside, path) = (self.folder.join("new.part"), self.folder.join(name));
        let write = || -> std::io::Result<()> {
            let mut file = fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
            file.write_all(bytes)?;
            fs::rename(&beside, &path)
        };
        write().with_context(|| format!("cannot write {}", path.display()))?;
        let old = self.events.insert(uuid.to_owned(), (changed, path.clone()));
        match old {
            Some((_, old)) if old != path => Self::remove(&old),
            _ => Ok(()),
        }
    }

    fn drop(&mut self, uuid: &str) -> Result<()> {
        self.events.remove(uuid).map_or(Ok(()), |(_, path)| Self::remove(&path))
    }

    fn remove(path: &Path) -> Result<()> {
        fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))
    }
}

/// Which event a file is, and when it was changed.
fn named(name: &str) -> Option<(String, Option<Timestamp>)> {
    let (uuid, changed) = name.strip_suffix(".json")?.split_once('_')?;
    let changed = if changed == "x" { None } else { Some(Timestamp::from_micros(changed.parse().ok()?)) };
    Some((uuid.to_owned(), changed))
}

/// A folder on this machine is read as a whole, each time.
pub(super) async fn read_here(talk: &mut Talk<'_>) -> Result<()> {
    let (manifest, folder) = manifest_here(talk)?;
    let paths = manifest.entries.keys().map(|uuid| folder.join(format!("{uuid}.json"))).collect::<Vec<_>>();
    let items = paths.len() as u64;
    talk.count(0, items);
    whole(talk, paths).await
}

fn manifest_here(talk: &Talk<'_>) -> Result<(Manifest, PathBuf)> {
    let path = talk.asked.settings.feed.path.clone().context("it has neither url nor path")?;
    let folder = if path.is_dir() { path } else { path.parent().map(Path::to_owned).unwrap_or_default() };
    let file = folder.join("manifest.json");
    let read = bytes(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let manifest =
        Manifest::read(&read).map_err(|trouble| anyhow::anyhow!("{}: {}", file.display(), trouble.detail))?;
    Ok((manifest, folder))
}

fn offered(manifest: &Manifest) -> Vec<String> {
    vec![format!("a manifest of {} events", manifest.entries.len())]
}

/// The events that were changed last.
fn latest(manifest: &Manifest) -> Vec<String> {
    let mut entries: Vec<_> = manifest.entries.iter().map(|(uuid, entry)| (entry.timestamp, uuid.clone())).collect();
    entries.sort();
    entries.into_iter().rev().take(GLANCED).map(|(_, uuid)| uuid).collect()
}

pub(super) async fn glance(talk: &mut Talk<'_>, feed: &Feed) -> Result<Vec<String>> {
    let folder = feed.misp();
    let Fetched::Body(received) = folder.manifest(Default::default()).await? else {
        bail!("the server says that nothing changed, though nobody asked");
    };
    for uuid in latest(&received.body) {
        if let Some(bytes) = event(talk, &folder, &uuid).await? {
            talk.take(IntelFormat::Misp, bytes, 1).await?;
        }
    }
    Ok(offered(&received.body))
}

pub(super) async fn glance_here(talk: &mut Talk<'_>) -> Result<Vec<String>> {
    let (manifest, folder) = manifest_here(talk)?;
    for uuid in latest(&manifest) {
        talk.take(IntelFormat::Misp, bytes(&folder.join(format!("{uuid}.json")))?, 1).await?;
    }
    Ok(offered(&manifest))
}
