//! Which small files are worth merging.
//!
//! Size-tiered: a file is read again only together with others of about its size, so each row is rewritten a few times in
//! its life and not once for every commit after it. A day that is over is merged sooner, but not for every straggler: a
//! backfill of old days must not rewrite each of them every minute.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::limits;

use crate::files::{FileEntry, Partition};

/// From this size a file is left alone.
const LARGE_BYTES: u64 = limits::LAKE_FILE_BYTES / 2;

/// The next files to merge: of the partition with the most small files.
pub(super) fn next_merge<'a>(
    files: impl Iterator<Item = &'a Arc<FileEntry>>,
    today: i32,
) -> Option<(Partition, Vec<Arc<FileEntry>>)> {
    let mut small: BTreeMap<&Partition, Vec<&Arc<FileEntry>>> = BTreeMap::new();
    for file in files.filter(|file| file.size < LARGE_BYTES) {
        small.entry(&file.partition).or_default().push(file);
    }
    let candidates = small.into_iter().filter_map(|(partition, files)| {
        let is_over = partition.day < today - 1;
        let chosen = choose(files, is_over);
        (!chosen.is_empty()).then_some((partition, chosen))
    });
    let (partition, chosen) = candidates.max_by_key(|(_, chosen)| chosen.len())?;
    Some((partition.clone(), chosen.into_iter().map(Arc::clone).collect()))
}

fn choose(mut files: Vec<&Arc<FileEntry>>, is_over: bool) -> Vec<&Arc<FileEntry>> {
    files.sort_by(|a, b| a.size.cmp(&b.size).then_with(|| a.path.cmp(&b.path)));
    let (files_min, growth) = if is_over { (2, 4) } else { (limits::LAKE_MERGE_FILES_MIN, 1) };
    let (mut bytes, mut taken) = (0, 0);
    for file in &files {
        let is_first = taken == 0 || (!is_over && taken < files_min);
        let is_of_size = is_first || file.size <= bytes * growth;
        if !is_of_size || taken == limits::LAKE_MERGE_FILES_MAX || bytes >= limits::LAKE_FILE_BYTES {
            break;
        }
        bytes += file.size;
        taken += 1;
    }
    files.truncate(if taken >= files_min { taken } else { 0 });
    files
}

#[cfg(test)]
mod tests {
    use model::AgencyId;

    use super::*;
    use crate::statistics::Statistics;

    /// Sizes of the small files of a day, and the sizes that are merged.
    fn check(sizes: &[u64], is_over: bool, merged: &[u64]) {
        let partition = Partition { agency: AgencyId::home(), day: if is_over { 10 } else { 20 } };
        let file = |(at, size): (usize, &u64)| {
            let (path, partition) = (format!("{at:04}"), partition.clone());
            Arc::new(FileEntry { path, partition, size: *size, hash: None, statistics: Statistics::default() })
        };
        let files: Vec<_> = sizes.iter().enumerate().map(file).collect();
        let chosen = next_merge(files.iter(), 20).map(|(_, files)| files).unwrap_or_default();
        assert_eq!(chosen.iter().map(|file| file.size).collect::<Vec<_>>(), merged, "{sizes:?}");
    }

    #[test]
    fn files_of_a_size_are_merged() {
        check(&[1, 1, 1], false, &[]);
        check(&[1; 8], false, &[1; 8]);
        // The large one of the last round is left alone until enough has come together.
        check(&[1, 1, 1, 1, 1, 1, 1, 1, 5_000], false, &[1; 8]);
        check(&[1, 1, 1, 1, 1, 1, 1, 1, 8], false, &[1, 1, 1, 1, 1, 1, 1, 1, 8]);
        check(&[LARGE_BYTES; 9], false, &[]);
    }

    #[test]
    fn a_day_that_is_over_is_merged_sooner() {
        check(&[1_300, 5_000], true, &[1_300, 5_000]);
        check(&[1, 1, 5_000], true, &[1, 1]);
        check(&[1, 5_000], true, &[]);
        check(&[1], true, &[]);
    }

    #[test]
    fn a_merge_reads_so_many_files() {
        check(&vec![1; limits::LAKE_MERGE_FILES_MAX + 1], false, &[1; limits::LAKE_MERGE_FILES_MAX]);
    }
}
