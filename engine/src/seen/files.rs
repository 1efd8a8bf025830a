//! Runs of seen values as files: a folder for each agency, in it one for each day (by its number since 1970), in it runs that are named by the
//! journal's offsets that they count: `FROM-UPTO.run`, without FROM.
//!
//! A run is written whole and then named, and the offset up to which all are written stands in a file of its own, which is written last: what
//! a crash leaves beyond it is counted again. Small runs of a day are brought together as they come; a run whose offsets another one covers is
//! left over from that, and goes.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use detect::indicators::IndicatorSet;
use detect::seen::{Pasts, Run, RunError, Seen, merge, sweep};
use model::{AgencyId, limits};

/// Where the offset stands up to which everything is written.
const UPTO: &str = "upto";
/// Held by whoever changes files.
const LOCK: &str = "lock";
/// Runs of a day that are brought together at least.
const RUNS_TOGETHER: usize = 8;
const COMPRESSION_LEVEL: i32 = 1;

/// Why seen values are not kept or read.
#[derive(Debug, thiserror::Error)]
#[error("{doing} {path}")]
pub struct SeenError {
    doing: &'static str,
    path: String,
    source: std::io::Error,
}

pub(super) fn failed<'p>(doing: &'static str, path: &'p Path) -> impl FnOnce(std::io::Error) -> SeenError + use<'p> {
    move |source| SeenError { doing, path: path.display().to_string(), source }
}

/// What a sweep went through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// Days of which something is known.
    pub days: u32,
    /// Sightings of indicators beyond the most that are told apart.
    pub left_out: u64,
    /// Parts of files that could not be read.
    pub damaged: u64,
}

/// A run's file, and which offsets it counts: those behind `from`, up to and with `upto`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct RunFile {
    path: PathBuf,
    from: u64,
    upto: u64,
    bytes: u64,
}

/// The files of one installation.
#[derive(Clone, Debug)]
pub struct SeenFiles {
    folder: PathBuf,
}

impl SeenFiles {
    /// Those in this folder, to read; it need not be there.
    pub fn at(folder: PathBuf) -> Self {
        SeenFiles { folder }
    }

    /// Opens the folder to write, and clears away what a crash left. Gives the offset up to which everything is there.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn open(&self) -> Result<Option<u64>, SeenError> {
        make_folder(&self.folder)?;
        let _held = self.lock()?;
        let upto = self.upto()?;
        for agency in self.agencies()? {
            for day in self.days_of(&agency)? {
                let runs = self.runs(&agency, day)?;
                for run in &runs {
                    let is_beyond = upto.is_none_or(|upto| run.upto > upto);
                    let is_covered = runs.iter().any(|other| other != run && covers(other, run));
                    if is_beyond || is_covered {
                        remove(&run.path)?;
                    }
                }
            }
        }
        Ok(upto)
    }

    fn upto(&self) -> Result<Option<u64>, SeenError> {
        let path = self.folder.join(UPTO);
        match fs::read_to_string(&path) {
            Ok(text) => {
                let number = text.trim().parse().map_err(|_| std::io::Error::other("it holds no number"));
                number.map(Some).map_err(failed("reading", &path))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("reading", &path)(error)),
        }
    }

    /// Held as long as the file is open.
    pub(super) fn lock(&self) -> Result<File, SeenError> {
        let path = self.folder.join(LOCK);
        let file = open_new(&path).map_err(failed("opening", &path))?;
        file.lock().map_err(failed("locking", &path))?;
        Ok(file)
    }

    /// Keeps runs that count the offsets behind `from` up to `upto`; durable when it returns.
    ///
    /// # Errors
    /// When the system refuses; nothing counts then.
    pub fn keep(&self, runs: &[((AgencyId, i32), Vec<u8>)], (from, upto): (Option<u64>, u64)) -> Result<(), SeenError> {
        let _held = self.lock()?;
        let from = from.unwrap_or(0);
        for ((agency, day), image) in runs {
            let folder = self.day_folder(agency, *day);
            make_folder(&folder)?;
            write_run(&folder, (from, upto), image)?;
        }
        write_whole(&self.folder.join(UPTO), upto.to_string().as_bytes())?;
        for ((agency, day), _) in runs {
            self.bring_together(agency, *day)?;
        }
        Ok(())
    }

    /// Brings the newest runs of a day together as soon as there are several that are no larger than what came after them, so that each value
    /// is written again only as often as its run doubles.
    fn bring_together(&self, agency: &AgencyId, day: i32) -> Result<(), SeenError> {
        let runs = self.runs(agency, day)?;
        let (mut count, mut bytes) = (0, 0_u64);
        for run in runs.iter().rev() {
            let is_larger = count > 0 && run.bytes > bytes.max(1);
            if (is_larger && count >= RUNS_TOGETHER) || bytes + run.bytes > limits::SEEN_MERGE_BYTES_MAX {
                break;
            }
            count += 1;
            bytes += run.bytes;
        }
        if count < RUNS_TOGETHER {
            return Ok(());
        }
        let parts = runs.get(runs.len() - count..).unwrap_or_default();
        self.rewrite(agency, day, parts, |_| true)
    }

    /// Writes one run instead of several.
    fn rewrite(
        &self,
        agency: &AgencyId,
        day: i32,
        parts: &[RunFile],
        keep: impl FnMut(&Seen) -> bool,
    ) -> Result<(), SeenError> {
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return Ok(()) };
        let images = parts.iter().map(|part| read_run(&part.path)).collect::<Result<Vec<_>, _>>()?;
        let mut merged = Vec::new();
        let mut damages = Vec::new();
        let mut opened = Vec::new();
        for image in images.iter().flatten() {
            match Run::open(image) {
                Ok(run) => opened.push(run),
                Err(error) => damages.push(error),
            }
        }
        merge(opened, &mut merged, keep, |error| damages.push(error));
        tell(agency, day, &damages);
        let folder = self.day_folder(agency, day);
        let written = write_run(&folder, (first.from, last.upto), &merged)?;
        for part in parts.iter().filter(|part| part.path != written) {
            remove(&part.path)?;
        }
        sync_folder(&folder)
    }

    /// Asks the indicators of `set` of what the agency saw on the days `days`, the newest first, and puts what they name into `found`, up to
    /// `most` indicators.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn sweep(
        &self,
        agency: &AgencyId,
        days: std::ops::RangeInclusive<i32>,
        set: &IndicatorSet,
        (found, most): (&mut Pasts, usize),
    ) -> Result<SweepReport, SeenError> {
        let mut left_out = 0;
        let report = self.each_run(agency, days, |day, run, damages| {
            left_out += sweep((day, run), set, (&mut *found, most), |error| damages.push(error));
        })?;
        Ok(SweepReport { left_out, ..report })
    }

    /// Tells of each value that the agency saw on the days `days`, the newest first; a value that was seen on several days comes as often.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn each(
        &self,
        agency: &AgencyId,
        days: std::ops::RangeInclusive<i32>,
        mut tell: impl FnMut(i32, &Seen),
    ) -> Result<SweepReport, SeenError> {
        self.each_run(agency, days, |day, mut run, damages| {
            loop {
                match run.next_value() {
                    Ok(Some(seen)) => tell(day, &seen),
                    Ok(None) => break,
                    Err(error) => damages.push(error),
                }
            }
        })
    }

    /// Has each run of those days read once, the newest day first.
    fn each_run(
        &self,
        agency: &AgencyId,
        days: std::ops::RangeInclusive<i32>,
        mut read: impl FnMut(i32, Run<'_>, &mut Vec<RunError>),
    ) -> Result<SweepReport, SeenError> {
        let mut report = SweepReport::default();
        for day in self.days_of(agency)?.into_iter().rev().filter(|day| days.contains(day)) {
            report.days += 1;
            let mut damages: Vec<RunError> = Vec::new();
            let mut done = Vec::new();
            // Runs are brought together while we read: what is gone stands in a run that came since, which the next look shows.
            loop {
                let runs = self.runs(agency, day)?;
                let next = runs.iter().find(|run| !done.iter().any(|known| covers(known, run)));
                let Some(next) = next else { break };
                let Some(image) = read_run(&next.path)? else {
                    if self.runs(agency, day)? == runs {
                        break;
                    }
                    continue;
                };
                match Run::open(&image) {
                    Ok(run) => read(day, run, &mut damages),
                    Err(error) => damages.push(error),
                }
                done.push(next.clone());
            }
            tell(agency, day, &damages);
            report.damaged += damages.len() as u64;
        }
        Ok(report)
    }

    /// Counts what of it cannot be read, of all agencies and days.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn check(&self) -> Result<Vec<(PathBuf, String)>, SeenError> {
        let mut damaged = Vec::new();
        for agency in self.agencies()? {
            for day in self.days_of(&agency)? {
                damaged.extend(self.check_software(&agency, day));
                for file in self.runs(&agency, day)? {
                    let image = match read_run(&file.path) {
                        Ok(Some(image)) => image,
                        Ok(None) => continue,
                        Err(error) => {
                            damaged.push((file.path, error.source.to_string()));
                            continue;
                        }
                    };
                    let checked = Run::open(&image).and_then(|mut run| {
                        while run.next_value()?.is_some() {}
                        Ok(())
                    });
                    damaged.extend(checked.err().map(|error| (file.path, error.to_string())));
                }
            }
        }
        Ok(damaged)
    }

    /// How many of the agency's values `is_meant` means.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn count(&self, agency: &AgencyId, mut is_meant: impl FnMut(&[u8]) -> bool) -> Result<u64, SeenError> {
        let mut count = 0;
        for day in self.days_of(agency)? {
            count += self.count_software((agency, day), &mut is_meant)?;
            for file in self.runs(agency, day)? {
                let Some(image) = read_run(&file.path)? else { continue };
                let Ok(mut run) = Run::open(&image) else { continue };
                loop {
                    match run.next_value() {
                        Ok(Some(seen)) => count += u64::from(is_named(&seen, &mut is_meant)),
                        Ok(None) => break,
                        // Whoever searches for a person must not take what cannot be read for free of them.
                        Err(_) => count += 1,
                    }
                }
            }
        }
        Ok(count)
    }

    /// Deletes the agency's values that `is_meant` means, and what cannot be read.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn erase(&self, agency: &AgencyId, mut is_meant: impl FnMut(&[u8]) -> bool) -> Result<(), SeenError> {
        if !self.folder.exists() {
            return Ok(());
        }
        let _held = self.lock()?;
        for day in self.days_of(agency)? {
            let runs = self.runs(agency, day)?;
            self.rewrite(agency, day, &runs, |seen| !is_named(seen, &mut is_meant))?;
            self.erase_software((agency, day), &mut is_meant)?;
        }
        Ok(())
    }

    /// Deletes the days before `day`; `is_held` keeps those that somebody must not delete. Says how many went.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn forget_before(&self, day: i32, is_held: impl Fn(&AgencyId, i32) -> bool) -> Result<u64, SeenError> {
        if !self.folder.exists() {
            return Ok(0);
        }
        let _held = self.lock()?;
        let mut gone = 0;
        for agency in self.agencies()? {
            for old in self.days_of(&agency)?.into_iter().filter(|known| *known < day) {
                if !is_held(&agency, old) {
                    let folder = self.day_folder(&agency, old);
                    fs::remove_dir_all(&folder).map_err(failed("deleting", &folder))?;
                    gone += 1;
                }
            }
        }
        Ok(gone)
    }

    /// How many of these days are known.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn days_known(&self, agency: &AgencyId, days: &std::ops::RangeInclusive<i32>) -> Result<u32, SeenError> {
        let known = self.days_of(agency)?.into_iter().filter(|day| days.contains(day)).count();
        Ok(u32::try_from(known).unwrap_or(u32::MAX))
    }

    pub(super) fn day_folder(&self, agency: &AgencyId, day: i32) -> PathBuf {
        self.folder.join(agency.as_str()).join(day.to_string())
    }

    fn agencies(&self) -> Result<Vec<AgencyId>, SeenError> {
        Ok(names(&self.folder)?.iter().filter_map(|name| AgencyId::parse(name).ok()).filter(|a| self.has(a)).collect())
    }

    /// The files beside the agencies' folders have names that could be theirs.
    fn has(&self, agency: &AgencyId) -> bool {
        self.folder.join(agency.as_str()).is_dir()
    }

    /// Days of which something is known, in their order.
    pub(super) fn days_of(&self, agency: &AgencyId) -> Result<Vec<i32>, SeenError> {
        let names = names(&self.folder.join(agency.as_str()))?;
        let mut days: Vec<i32> = names.iter().filter_map(|name| name.parse().ok()).collect();
        days.sort_unstable();
        Ok(days)
    }

    /// The runs of a day in the order of their offsets.
    fn runs(&self, agency: &AgencyId, day: i32) -> Result<Vec<RunFile>, SeenError> {
        let folder = self.day_folder(agency, day);
        let mut runs = Vec::new();
        for name in names(&folder)? {
            let span = name.strip_suffix(".run").and_then(|name| name.split_once('-'));
            let Some((Ok(from), Ok(upto))) = span.map(|(from, upto)| (from.parse(), upto.parse())) else { continue };
            let path = folder.join(&name);
            let bytes = fs::metadata(&path).map_or(0, |about| about.len());
            runs.push(RunFile { path, from, upto, bytes });
        }
        runs.sort_by_key(|run| (run.from, run.upto));
        Ok(runs)
    }
}

fn covers(run: &RunFile, other: &RunFile) -> bool {
    run.from <= other.from && other.upto <= run.upto
}

fn is_named(seen: &Seen, is_meant: &mut impl FnMut(&[u8]) -> bool) -> bool {
    let subject = seen.example.subject.as_deref().unwrap_or_default();
    let value = seen.observable().map_or("", |observable| observable.value);
    is_meant(value.as_bytes()) || is_meant(subject.as_bytes())
}

fn tell(agency: &AgencyId, day: i32, damages: &[RunError]) {
    if let Some(first) = damages.first() {
        tracing::error!(%agency, day, parts = damages.len(), error = %first, "a part of what was seen cannot be read");
    }
}

fn names(folder: &Path) -> Result<Vec<String>, SeenError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed("reading", folder)(error)),
    };
    let names = entries.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()));
    names.collect::<Result<_, _>>().map_err(failed("reading", folder))
}

pub(super) fn make_folder(folder: &Path) -> Result<(), SeenError> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed("making", folder))
}

fn open_new(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}

fn sync_folder(folder: &Path) -> Result<(), SeenError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("syncing", folder))
}

pub(super) fn remove(path: &Path) -> Result<(), SeenError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed("deleting", path)(error)),
        _ => Ok(()),
    }
}

/// Whoever reads sees the old file or the new one.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), SeenError> {
    let beside = path.with_extension("new");
    let written = open_new(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    });
    written.map_err(failed("writing", path))?;
    path.parent().map_or(Ok(()), sync_folder)
}

fn write_run(folder: &Path, (from, upto): (u64, u64), image: &[u8]) -> Result<PathBuf, SeenError> {
    let path = folder.join(format!("{from:020}-{upto:020}.run"));
    let packed = zstd::bulk::compress(image, COMPRESSION_LEVEL).map_err(failed("compressing", &path))?;
    write_whole(&path, &packed)?;
    Ok(path)
}

/// A run's bytes; `None` when the file is gone.
fn read_run(path: &Path) -> Result<Option<Vec<u8>>, SeenError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("reading", path)(error)),
    };
    let mut image = Vec::new();
    let unpacked = zstd::stream::read::Decoder::new(file)
        .and_then(|decoder| decoder.take(limits::SEEN_RUN_BYTES_MAX).read_to_end(&mut image));
    unpacked.map_err(failed("reading", path))?;
    Ok(Some(image))
}
