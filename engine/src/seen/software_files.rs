//! Software as it was seen, in files: `software.jsonl` in the folder of its day.

use std::io::Read;
use std::path::{Path, PathBuf};

use model::{AgencyId, limits};

use super::files::{SeenError, SeenFiles, SweepReport, failed, make_folder, remove, write_whole};
use super::software::{Day, Days, SoftwareRow, SoftwareTimes, is_named, join, read, write};

const NAME: &str = "software.jsonl";

impl SeenFiles {
    fn software_file(&self, agency: &AgencyId, day: i32) -> PathBuf {
        self.day_folder(agency, day).join(NAME)
    }

    /// Joins what is new with what is there; durable when it returns. Says for how much there was no room.
    pub(super) fn keep_software(&self, days: Days) -> Result<u64, SeenError> {
        if days.is_empty() {
            return Ok(0);
        }
        let _held = self.lock()?;
        let mut left_out = 0;
        for ((agency, number), new) in days {
            let path = self.software_file(&agency, number);
            make_folder(&self.day_folder(&agency, number))?;
            let (mut day, damaged) = read_file(&path)?;
            if damaged > 0 {
                tracing::error!(%agency, day = number, lines = damaged, "what was seen of software cannot be read in part, and is left out");
            }
            left_out += join(&mut day, new);
            write_whole(&path, &write(&day))?;
        }
        Ok(left_out)
    }

    /// Tells of each piece of software that was seen on the days `days`, the newest first.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn each_software(
        &self,
        agency: &AgencyId,
        days: std::ops::RangeInclusive<i32>,
        mut tell: impl FnMut(i32, SoftwareRow, SoftwareTimes),
    ) -> Result<SweepReport, SeenError> {
        let mut report = SweepReport::default();
        for number in self.days_of(agency)?.into_iter().rev().filter(|day| days.contains(day)) {
            report.days += 1;
            let (day, damaged) = read_file(&self.software_file(agency, number))?;
            report.damaged += damaged;
            day.into_iter().for_each(|(row, times)| tell(number, row, times));
        }
        Ok(report)
    }

    /// How many rows of that day `is_meant` means; what cannot be read counts, since whoever searches for a person must not take it for free of them.
    pub(super) fn count_software(
        &self,
        (agency, day): (&AgencyId, i32),
        is_meant: &mut impl FnMut(&[u8]) -> bool,
    ) -> Result<u64, SeenError> {
        let (rows, damaged) = read_file(&self.software_file(agency, day))?;
        Ok(damaged + rows.keys().filter(|row| is_named(row, is_meant)).count() as u64)
    }

    /// Deletes the rows of that day that `is_meant` means, and what cannot be read. The caller holds the lock.
    pub(super) fn erase_software(
        &self,
        (agency, day): (&AgencyId, i32),
        is_meant: &mut impl FnMut(&[u8]) -> bool,
    ) -> Result<(), SeenError> {
        let path = self.software_file(agency, day);
        let (mut rows, damaged) = read_file(&path)?;
        let before = rows.len();
        rows.retain(|row, _| !is_named(row, is_meant));
        match (rows.is_empty(), rows.len() == before && damaged == 0) {
            (true, _) => remove(&path),
            (false, true) => Ok(()),
            (false, false) => write_whole(&path, &write(&rows)),
        }
    }

    /// What of that day cannot be read.
    pub(super) fn check_software(&self, agency: &AgencyId, day: i32) -> Option<(PathBuf, String)> {
        let path = self.software_file(agency, day);
        match read_file(&path) {
            Ok((_, 0)) => None,
            Ok((_, damaged)) => Some((path, format!("{damaged} lines make no sense, or are too many"))),
            Err(error) => Some((path, error.to_string())),
        }
    }
}

/// A day's rows, and how many of its lines make no sense; a file that is not there has none.
fn read_file(path: &Path) -> Result<(Day, u64), SeenError> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((Day::new(), 0)),
        Err(error) => return Err(failed("reading", path)(error)),
    };
    let mut bytes = Vec::new();
    file.take(limits::SOFTWARE_SEEN_FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(failed("reading", path))?;
    Ok(read(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_of_a_file_is_read_than_the_limit() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("day");
        let most = usize::try_from(limits::SOFTWARE_SEEN_FILE_BYTES_MAX).expect("a number");
        let row = br#"{"address":"10.0.0.1","is_client":false,"how":"banner","software":{"product":"bell"}}"#;
        let mut bytes = vec![b' '; most];
        bytes.push(b'\n');
        bytes.extend_from_slice(row);
        std::fs::write(&path, &bytes).expect("written");
        let (day, _) = read_file(&path).expect("read");
        assert!(day.is_empty(), "what stands behind the limit is not read");
    }
}
