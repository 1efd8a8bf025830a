//! From entries to files: written beside what is served, and put in its place only when the content differs.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use formats::release::suricata::Dataset;
use formats::release::{Form, Release, Released, Written, misp, nftables, rpz, stix, suricata, write};
use model::{IndicatorKind, Timestamp, limits};

use super::settings::{OutletForm, OutletSettings, RpzSettings};
use super::sieve::{Left, Sieved};
use super::spool::{Spool, create};
use super::{Making, OutletError, OutletFile, OutletMade};

/// The names of a zone, one a line, for the server of zones.
pub(crate) const NAMES_FILE: &str = "names";

/// The datasets of an outlet for Suricata, each with the kind of indicator that it holds.
const DATASETS: [(Dataset, &[IndicatorKind]); 5] = [
    (Dataset::Addresses, &[IndicatorKind::Ipv4, IndicatorKind::Ipv6]),
    (Dataset::Domains, &[IndicatorKind::Domain]),
    (Dataset::Paths, &[IndicatorKind::UrlPath]),
    (Dataset::Md5, &[IndicatorKind::FileHash]),
    (Dataset::Sha256, &[IndicatorKind::FileHash]),
];
/// Digits of a hash by which a dataset takes it.
const MD5_DIGITS: usize = 32;
const SHA256_DIGITS: usize = 64;

/// Ids of our rules begin here: the range that Suricata's documentation leaves to local rules ends before 2,000,000.
const FIRST_SID: u32 = 1_700_000;

/// A writer that knows what has gone through it.
struct Hashing<W> {
    inner: W,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl<W: Write> Hashing<W> {
    fn new(inner: W) -> Self {
        Hashing { inner, hasher: blake3::Hasher::new(), bytes: 0 }
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(buffer)?;
        self.hasher.update(buffer.get(..written).unwrap_or_default());
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// What is being written: files, and what did not get into them.
struct Work<'a> {
    settings: &'a OutletSettings,
    release: &'a Release,
    spool: &'a Spool,
    folder: &'a Path,
    files: Vec<OutletFile>,
    entries: u64,
    left: Left,
    narrowed: Left,
}

impl Work<'_> {
    /// Writes one file in one form, of the entries that belong there.
    fn file(&mut self, name: &str, form: &Form, belongs: impl Fn(&Released) -> bool) -> Result<(), OutletError> {
        let mut entries = self.spool.entries(self.settings.entries_max)?;
        let mut out = BufWriter::new(Hashing::new(create(&self.folder.join(name))?));
        let written = write(form, self.release, &mut entries.by_ref().filter(belongs), &mut out)?;
        entries.done()?;
        self.count(written);
        self.keep(name, form.media_type(), out.into_inner().map_err(io::IntoInnerError::into_error)?)
    }

    fn keep(&mut self, name: &str, media_type: &str, out: Hashing<File>) -> Result<(), OutletError> {
        out.inner.sync_all()?;
        self.files.push(OutletFile {
            name: name.to_owned(),
            bytes: out.bytes,
            hash: out.hasher.finalize().to_hex().to_string(),
            media_type: media_type.to_owned(),
        });
        Ok(())
    }

    fn count(&mut self, written: Written) {
        self.entries += written.written;
        written.left.iter().for_each(|left| self.left.add(&left.why.to_string(), left.count, &left.first));
        written.narrowed.iter().for_each(|left| self.narrowed.add(&left.why.to_string(), left.count, &left.first));
    }

    fn suricata(&mut self) -> Result<(), OutletError> {
        let mut rules = Vec::new();
        let datasets = DATASETS.map(|(dataset, _)| dataset);
        suricata::rules(self.release, &datasets, FIRST_SID, &mut rules)?;
        let mut out = Hashing::new(create(&self.folder.join(self.settings.form.main_file()))?);
        out.write_all(&rules)?;
        self.keep(self.settings.form.main_file(), Form::Suricata(Dataset::Domains).media_type(), out)?;
        for (dataset, kinds) in DATASETS {
            let digits = match dataset {
                Dataset::Md5 => Some(MD5_DIGITS),
                Dataset::Sha256 => Some(SHA256_DIGITS),
                _ => None,
            };
            let belongs = |released: &Released| {
                kinds.contains(&released.kind) && digits.is_none_or(|digits| released.value.len() == digits)
            };
            self.file(&format!("{}.lst", dataset.name()), &Form::Suricata(dataset), belongs)?;
        }
        let is_other = |released: &Released| {
            released.kind == IndicatorKind::FileHash && ![MD5_DIGITS, SHA256_DIGITS].contains(&released.value.len())
        };
        let mut entries = self.spool.entries(self.settings.entries_max)?;
        for released in entries.by_ref().filter(is_other) {
            self.left.add("the form has no place for this kind of hash", 1, &released.value);
        }
        Ok(entries.done()?)
    }

    fn misp(&mut self) -> Result<(), OutletError> {
        let files: Arc<Mutex<Vec<OutletFile>>> = Arc::default();
        let mut folder = Files { folder: self.folder.to_owned(), files: Arc::clone(&files) };
        let mut entries = self.spool.entries(self.settings.entries_max)?;
        let events = misp::events_for(self.spool.len().min(self.settings.entries_max));
        let written = misp::feed(self.release, events, &mut entries, &mut folder)?;
        entries.done()?;
        self.count(written);
        let mut files = std::mem::take(&mut *files.lock().unwrap_or_else(PoisonError::into_inner));
        let main = self.settings.form.main_file();
        files.sort_by(|a, b| (a.name != main, &a.name).cmp(&(b.name != main, &b.name)));
        self.files = files;
        Ok(())
    }

    /// The names of a zone in a file of their own; their hash says whether the zone has changed.
    fn names(&mut self, rpz: &RpzSettings) -> Result<String, OutletError> {
        let mut entries = self.spool.entries(self.settings.entries_max)?;
        let mut out = BufWriter::new(Hashing::new(create(&self.folder.join(NAMES_FILE))?));
        for released in entries.by_ref() {
            let Ok(owners) = rpz::owners(&released, self.release, &rpz.zone) else { continue };
            for name in owners.iter() {
                writeln!(out, "{name}")?;
            }
        }
        entries.done()?;
        let out = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        out.inner.sync_all()?;
        Ok(out.hasher.finalize().to_hex().to_string())
    }
}

/// Where the files of a MISP feed go.
struct Files {
    folder: PathBuf,
    files: Arc<Mutex<Vec<OutletFile>>>,
}

impl misp::Folder for Files {
    fn create(&mut self, name: &str) -> io::Result<Box<dyn Write>> {
        let out = BufWriter::new(Hashing::new(create(&self.folder.join(name))?));
        Ok(Box::new(FileOf { name: name.to_owned(), out, files: Arc::clone(&self.files) }))
    }
}

/// A file that is told of when it is done.
struct FileOf {
    name: String,
    out: BufWriter<Hashing<File>>,
    files: Arc<Mutex<Vec<OutletFile>>>,
}

impl Write for FileOf {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.out.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for FileOf {
    fn drop(&mut self) {
        // The feed's writer flushes before it ends a file, and sees what goes wrong there.
        let out = self.out.get_ref();
        let is_json = self.name.ends_with(".json");
        let file = OutletFile {
            name: std::mem::take(&mut self.name),
            bytes: out.bytes,
            hash: out.hasher.finalize().to_hex().to_string(),
            media_type: if is_json { "application/json" } else { "text/csv; charset=utf-8" }.to_owned(),
        };
        self.files.lock().unwrap_or_else(PoisonError::into_inner).push(file);
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Short enough for a name of a folder, long enough to be no other.
fn version_of(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex().as_str().get(..32).unwrap_or_default().to_owned()
}

/// Writes what went through a sieve into the outlet's folder. What is there already stays, unless the content differs.
///
/// # Errors
/// When the system refuses; what was served before stays.
pub(crate) fn finish(
    sieved: Sieved,
    release: &Release,
    folder: &Path,
    old: Option<OutletMade>,
) -> Result<Making, OutletError> {
    let Sieved { settings, spool, left } = sieved;
    let config = serde_json::to_string(&settings).unwrap_or_default();
    let source = version_of(&[&config, &release.producer.id.to_string(), spool.hash.to_hex().as_str()]);
    let old = old.filter(|old| folder.join(&old.version).is_dir());
    if let Some(old) = &old
        && old.source == source
    {
        let made = OutletMade { cleared: Some(release.made), left: left.list(), ..old.clone() };
        return Ok(Making { made, is_new: false });
    }
    let beside = folder.join(format!("new-{}", std::process::id()));
    fs::remove_dir_all(&beside).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })?;
    make_folder(&beside)?;
    let mut work = Work {
        settings: &settings,
        release,
        spool: &spool,
        folder: &beside,
        files: Vec::new(),
        entries: 0,
        left,
        narrowed: Left::default(),
    };
    let too_many = spool.len().saturating_sub(settings.entries_max);
    if too_many > 0 {
        work.left.add("beyond the most entries that it has", too_many, "");
    }
    let (content, serial) = fill(&mut work, old.as_ref())?;
    let Work { files, entries, left, narrowed, .. } = work;
    let version = version_of(&[&content]);
    let made = OutletMade {
        version,
        source,
        serial,
        entries,
        left: left.list(),
        narrowed: narrowed.list(),
        files,
        earlier: Vec::new(),
        cleared: Some(release.made),
        changed: Some(release.made),
        millis: 0,
    };
    put_in_place(made, old, folder, &beside)
}

/// Writes all files of a form. Gives what says whether the content is another one, and the number of a zone's version.
fn fill(work: &mut Work<'_>, old: Option<&OutletMade>) -> Result<(String, Option<u32>), OutletError> {
    let main = work.settings.form.main_file();
    let all = |_: &Released| true;
    match (work.settings.form, &work.settings.rpz) {
        (OutletForm::Suricata, _) => work.suricata()?,
        (OutletForm::Misp, _) => work.misp()?,
        (OutletForm::Rpz, Some(rpz)) => {
            let names = work.names(rpz)?;
            let is_same = old.is_some_and(|old| old.version == version_of(&[&names]));
            let last = old.and_then(|old| old.serial);
            let serial = match last {
                Some(last) if is_same => last,
                Some(last) => last.wrapping_add(1),
                // Later than any number that a zone of that name had before.
                None => seconds(work.release.made),
            };
            let zone =
                rpz::Zone { name: rpz.zone.clone(), serial, action: rpz.action.action(), ttl_seconds: rpz.ttl_seconds };
            work.file(main, &Form::Rpz(zone), all)?;
            return Ok((names, Some(serial)));
        }
        (OutletForm::Rpz, None) => {
            return Err(OutletError::Write(io::Error::other("the zone has no name")));
        }
        (OutletForm::Stix, _) => work.file(main, &Form::Stix(stix::Observables::Without), all)?,
        (OutletForm::Csv, _) => work.file(main, &Form::Csv, all)?,
        (OutletForm::Text, _) => work.file(main, &Form::Text, all)?,
        (OutletForm::Zeek, _) => work.file(main, &Form::Zeek, all)?,
        (OutletForm::Nftables, _) => work.file(main, &Form::Nftables(nftables::Sets::default()), all)?,
        (OutletForm::Hosts, _) => work.file(main, &Form::Hosts, all)?,
    }
    let content: Vec<String> = work.files.iter().map(|file| format!("{} {}", file.name, file.hash)).collect();
    Ok((content.join("\n"), None))
}

/// RFC 1982 compares numbers in a circle, so that it goes on behind 2106.
fn seconds(at: Timestamp) -> u32 {
    u32::try_from(at.as_micros().div_euclid(1_000_000).rem_euclid(1 << 32)).unwrap_or(1)
}

fn put_in_place(
    mut made: OutletMade,
    old: Option<OutletMade>,
    folder: &Path,
    beside: &Path,
) -> Result<Making, OutletError> {
    if let Some(old) = &old
        && old.version == made.version
    {
        fs::remove_dir_all(beside)?;
        let (files, earlier, changed) = (old.files.clone(), old.earlier.clone(), old.changed);
        let made = OutletMade { files, earlier, changed, ..made };
        return Ok(Making { made, is_new: false });
    }
    let place = folder.join(&made.version);
    if place.exists() {
        // An earlier version has come back.
        fs::remove_dir_all(&place)?;
    }
    fs::rename(beside, &place)?;
    if let (Some(old), Some(_)) = (old, made.serial) {
        made.earlier = old.earlier;
        made.earlier.retain(|(version, _)| *version != made.version && folder.join(version).is_dir());
        made.earlier.extend(old.serial.map(|serial| (old.version, serial)));
        let too_many = made.earlier.len().saturating_sub(limits::OUTLET_VERSIONS_KEPT);
        made.earlier.drain(..too_many);
    }
    Ok(Making { made, is_new: true })
}

/// Removes what belongs to no version that is served or kept.
///
/// # Errors
/// When the system refuses.
pub(crate) fn tidy(folder: &Path, made: &OutletMade) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_kept = |version: &str| name.to_str() == Some(version);
        let is_folder = entry.file_type()?.is_dir();
        if !is_folder {
            // Entries that a program kept for a moment which ended in the middle.
            fs::remove_file(entry.path())?;
        } else if !is_kept(&made.version) && !made.earlier.iter().any(|(version, _)| is_kept(version)) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    // Of earlier versions only the names are asked for.
    for (version, _) in &made.earlier {
        for entry in fs::read_dir(folder.join(version))? {
            let entry = entry?;
            if entry.file_name().to_str() != Some(NAMES_FILE) {
                fs::remove_file(entry.path())?;
            }
        }
    }
    Ok(())
}
