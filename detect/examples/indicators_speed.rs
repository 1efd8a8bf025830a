//! How fast and how small: the `indicators` bench of `docs/performance.md`.
//!
//! `cargo run --release -p detect --example indicators_speed -- DIR`, where DIR is the folder of the reference data, or its folder of block lists. All
//! figures come from one run. The rival is a BinaryFuse8 filter in front of a hash table over an arena of names. It does
//! the same work: takes the name as the event has it, makes sure that it is lower case, asks for the name and each parent
//! above the public suffix, and compares what passes. It is timed three times: as most would write it (a fast hash over
//! each name); with the public suffix found by the `psl` crate, as a set that trusts it must; and with the rolling hash
//! of ours, which is the hardest to beat. The bar is held against the fastest of them.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints, and stops at the first trouble")]

use std::hint::black_box;
use std::io::Read;
use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use detect::indicators::{Builder, Defaults, Hit, IndicatorSet, Segment, parse_list};
use model::IndicatorKind;
use model::ocsf::{Observable, ObservableKind};
use xorf::{BinaryFuse8, Filter};

const QUERIES: usize = 1_000_000;
const ROUNDS: usize = 5;
const LISTS: [&str; 7] = [
    "maltrail-domain.tsv.gz",
    "maltrail-ipv4port.tsv.gz",
    "maltrail-path.tsv.gz",
    "maltrail-url.tsv.gz",
    "maltrail-ipv4.tsv.gz",
    "maltrail-cidr.tsv.gz",
    "ipsum.txt",
];

fn main() {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "../shared/data".to_owned());
    let folder = Path::new(&folder);
    let inside = folder.join("intel/blocklists");
    let lists = if inside.is_dir() { inside } else { folder.to_path_buf() };
    let domains = domains(&lists);
    speed(&domains);
    everything(&lists);
}

fn read(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    if path.extension().is_some_and(|extension| extension == "gz") {
        let mut out = Vec::new();
        flate2::read::MultiGzDecoder::new(&*bytes).read_to_end(&mut out).unwrap();
        return out;
    }
    bytes
}

fn domains(lists: &Path) -> Vec<String> {
    let mut domains = Vec::new();
    parse_list(&read(&lists.join(LISTS[0])), &Defaults::of_source("maltrail"), |indicator| {
        if indicator.kind == IndicatorKind::Domain {
            domains.push(indicator.value);
        }
    });
    domains.sort_unstable();
    domains.dedup();
    domains
}

/// A generator of no quality that is the same everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn label(&mut self, least: u64, most: u64) -> String {
        let length = least + self.next() % (most - least + 1);
        (0..length).map(|_| char::from(b'a' + (self.next() % 26) as u8)).collect()
    }
}

/// Names under the suffixes of the listed ones, in their proportions, with up to two labels in front.
fn strangers(domains: &[String], dice: &mut Dice) -> Vec<String> {
    let name = |dice: &mut Dice| {
        let like = &domains[(dice.next() as usize) % domains.len()];
        let suffix = psl::suffix_str(like).unwrap_or("com");
        let front = ["", "www.", "a.b.", "cdn-7.img."][(dice.next() % 4) as usize];
        format!("{front}{}.{suffix}", dice.label(5, 14))
    };
    (0..QUERIES * 3 / 2).map(|_| name(dice)).collect()
}

/// Names beside the listed ones, under the same parents: the walk goes as far as it can and finds nothing.
fn neighbours(domains: &[String], dice: &mut Dice) -> Vec<String> {
    let name = |dice: &mut Dice| {
        let like = &domains[(dice.next() as usize) % domains.len()];
        let parent = like.split_once('.').map_or("com", |(_, parent)| parent);
        format!("{}.{parent}", dice.label(5, 14))
    };
    (0..QUERIES * 3 / 2).map(|_| name(dice)).collect()
}

/// Subdomains of listed names.
fn members(domains: &[String], dice: &mut Dice) -> Vec<String> {
    let name = |dice: &mut Dice| format!("www.{}", domains[(dice.next() as usize) % domains.len()]);
    (0..QUERIES).map(|_| name(dice)).collect()
}

fn speed(domains: &[String]) {
    let mut builder = Builder::new();
    let mut bytes = Vec::new();
    for domain in domains {
        bytes.extend_from_slice(format!("{domain}\tmalware/x\n").as_bytes());
    }
    parse_list(&bytes, &Defaults::of_source("maltrail"), |indicator| builder.push(&indicator).unwrap());
    let mut image = Vec::new();
    builder.finish(&mut image).unwrap();
    let before = heap_bytes();
    let (mapped, path) = mapped(&image);
    drop(image);
    let segment = Segment::open(mapped).unwrap();
    let after = heap_bytes();
    let count = domains.len() as f64;
    println!("{} domains", domains.len());
    println!("  image mapped     {:6.2} B an indicator", segment.image_bytes() as f64 / count);
    let (first, second) = (segment.first_filter_bytes() as f64 / count, segment.second_filter_bytes() as f64 / count);
    println!("  filters, in it   {first:6.2} B an indicator that every question touches, {second:.2} B that few do");
    println!("  heap             {:6.2} B an indicator ({} B)", (after - before).max(0) as f64 / count, after - before);
    let ours = IndicatorSet::of(segment);
    let rivals = [Rival::new(domains, plain), Rival::new(domains, rolling)];
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    // Names below a listed public suffix (`ddns.net`) are no misses.
    let missed = |mut names: Vec<String>| {
        names.retain(|name| rivals[0].find(name, plain_suffix(name)) == 0);
        names.truncate(QUERIES);
        names
    };
    let sets = [
        ("miss, strangers", missed(strangers(domains, &mut dice))),
        ("miss, neighbours", missed(neighbours(domains, &mut dice))),
        ("hit, subdomains", members(domains, &mut dice)),
    ];
    for (what, queries) in &sets {
        compare(what, queries, &ours, &rivals);
    }
    std::fs::remove_file(path).unwrap();
}

fn compare(what: &str, queries: &[String], ours: &IndicatorSet, rivals: &[Rival; 2]) {
    let [plain_rival, rolling_rival] = rivals;
    let mut best = [Duration::MAX; 4];
    let mut found = [0usize; 4];
    for _ in 0..ROUNDS {
        let mut hits: Vec<Hit> = Vec::new();
        let runs: [&mut dyn FnMut(&str) -> usize; 4] = [
            &mut |name| {
                hits.clear();
                let kind = ObservableKind::Hostname;
                ours.find(&Observable { kind, attribute: "query.hostname", value: name, port: None }, &mut hits);
                hits.len()
            },
            &mut |name| plain_rival.find(name, plain_suffix(name)),
            &mut |name| plain_rival.find(name, psl_suffix(name)),
            &mut |name| rolling_rival.find_rolling(name),
        ];
        for (run, (best, found)) in runs.into_iter().zip(best.iter_mut().zip(&mut found)) {
            let started = cpu_time();
            *found = queries.iter().map(|name| black_box(run(black_box(name)))).sum();
            *best = cpu_time().saturating_sub(started).min(*best);
        }
    }
    let ns = best.map(|best| best.as_nanos() as f64 / queries.len() as f64);
    let rival = ns[1..].iter().copied().fold(f64::MAX, f64::min);
    println!("{what}: {} queries, found {found:?}", queries.len());
    println!("  ours             {:6.1} ns, {:.2} x the fastest rival", ns[0], ns[0] / rival);
    println!(
        "  fuse + arena     {:6.1} ns plain, {:.1} ns with psl, {:.1} ns with our rolling hash",
        ns[1], ns[2], ns[3]
    );
}

/// A filter in front of a hash table over an arena.
struct Rival {
    filter: BinaryFuse8,
    arena: Vec<u8>,
    /// Offset + 1 and length of a name, 0 for an empty place.
    table: Vec<(u32, u8)>,
}

/// FxHash over eight bytes at a time, finished by a multiplication: about as fast as a hash of short names gets.
fn plain(name: &[u8]) -> u64 {
    let mut hash = 0x51_7c_c1_b7_27_22_0a_95u64;
    for chunk in name.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        hash = (hash.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
    let hash = (hash ^ name.len() as u64 ^ hash >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^ hash >> 29
}

/// From the last label to the first, so that the hash of a name contains those of its parents.
fn rolling(name: &[u8]) -> u64 {
    name.rsplit(|&b| b == b'.').fold(7, step)
}

fn step(hash: u64, label: &[u8]) -> u64 {
    let mut state = hash ^ label.len() as u64;
    for chunk in label.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        let product = u128::from(state ^ u64::from_le_bytes(word)) * 0x9e37_79b9_7f4a_7c15_f39c_u128;
        state = product as u64 ^ (product >> 64) as u64;
    }
    state
}

/// Where the last label starts: names above that are not asked.
fn plain_suffix(name: &str) -> usize {
    name.rfind('.').map_or(0, |dot| dot + 1)
}

fn psl_suffix(name: &str) -> usize {
    name.len() - psl::suffix(name.as_bytes()).map_or(0, |suffix| suffix.as_bytes().len())
}

impl Rival {
    fn new(domains: &[String], hash: fn(&[u8]) -> u64) -> Self {
        let mut hashes: Vec<u64> = domains.iter().map(|domain| hash(domain.as_bytes())).collect();
        let size = (domains.len() * 2).next_power_of_two();
        let (mut arena, mut table) = (Vec::new(), vec![(0u32, 0u8); size]);
        for (domain, hash) in domains.iter().zip(&hashes) {
            let mut at = *hash as usize & (size - 1);
            while table[at].0 != 0 {
                at = (at + 1) & (size - 1);
            }
            table[at] = (arena.len() as u32 + 1, domain.len() as u8);
            arena.extend_from_slice(domain.as_bytes());
        }
        hashes.sort_unstable();
        hashes.dedup();
        Rival { filter: BinaryFuse8::try_from(&hashes).unwrap(), arena, table }
    }

    fn holds(&self, name: &[u8], hash: u64) -> bool {
        if !self.filter.contains(&hash) {
            return false;
        }
        let mut at = hash as usize & (self.table.len() - 1);
        while self.table[at].0 != 0 {
            let (start, length) = (self.table[at].0 as usize - 1, usize::from(self.table[at].1));
            if &self.arena[start..start + length] == name {
                return true;
            }
            at = (at + 1) & (self.table.len() - 1);
        }
        false
    }

    /// The name and its parents, as long as they start before `suffix`.
    fn find(&self, name: &str, suffix: usize) -> usize {
        if !name.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
            return 0;
        }
        let (mut start, mut found) = (0, 0);
        while start < suffix {
            let name = &name.as_bytes()[start..];
            found += usize::from(self.holds(name, plain(name)));
            match memchr::memchr(b'.', name) {
                Some(dot) => start += dot + 1,
                None => break,
            }
        }
        found
    }

    fn find_rolling(&self, name: &str) -> usize {
        let name = name.as_bytes();
        if !name.iter().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
            return 0;
        }
        let (mut end, mut hash, mut found) = (name.len(), 7, 0);
        loop {
            let dot = memchr::memrchr(b'.', &name[..end]);
            let start = dot.map_or(0, |dot| dot + 1);
            hash = step(hash, &name[start..end]);
            if end != name.len() {
                found += usize::from(self.holds(&name[start..], hash));
            }
            match dot {
                Some(dot) => end = dot,
                None => return found,
            }
        }
    }
}

/// Writes the image to a file and maps it.
#[expect(unsafe_code, reason = "the file is ours, in a folder of ours, and nobody changes it while it is mapped")]
fn mapped(image: &[u8]) -> (memmap2::Mmap, std::path::PathBuf) {
    let path = std::env::temp_dir().join(format!("watchbell-indicators-{}", std::process::id()));
    std::fs::write(&path, image).unwrap();
    let file = std::fs::File::open(&path).unwrap();
    (unsafe { memmap2::Mmap::map(&file) }.unwrap(), path)
}

/// Resident bytes that no file stands behind: `RssAnon` of `/proc/self/status`; 0 where there is no such file.
fn heap_bytes() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<i64>().ok());
    kib.unwrap_or(0) * 1024
}

/// What this thread has cost so far, so that neighbours on the machine do not count; wall time where Linux does not say.
fn cpu_time() -> Duration {
    static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let ns = text.split(' ').next().and_then(|ns| ns.parse().ok());
    ns.map_or_else(|| STARTED.elapsed(), Duration::from_nanos)
}

/// All lists: how long loading takes once, and how long reopening takes ever after.
fn everything(lists: &Path) {
    let started = Instant::now();
    let (mut builder, mut bad) = (Builder::new(), 0);
    for list in LISTS {
        bad += parse_list(&read(&lists.join(list)), &Defaults::of_source(list), |indicator| {
            builder.push(&indicator).unwrap();
        })
        .bad;
    }
    let mut image = Vec::new();
    let built = builder.finish(&mut image).unwrap();
    println!(
        "all lists: {} indicators, {bad} bad lines, {} B, built in {:?}",
        built.indicators,
        built.image_bytes,
        started.elapsed()
    );
    let (mapped, path) = mapped(&image);
    drop(image);
    let opened = Instant::now();
    let segment = Segment::open(mapped).unwrap();
    println!("  reopened in {:?}: {:?}", opened.elapsed(), segment.counts());
    println!("  image mapped     {:6.2} B an indicator", segment.image_bytes() as f64 / segment.len() as f64);
    let set = IndicatorSet::of(segment);
    let mut dice = Dice(7);
    let addresses: Vec<String> =
        (0..QUERIES).map(|_| std::net::Ipv4Addr::from_bits(dice.next() as u32).to_string()).collect();
    let mut hits = Vec::new();
    let started = cpu_time();
    for value in &addresses {
        let attribute = "dst_endpoint.ip";
        set.find(&Observable { kind: ObservableKind::Ip, attribute, value, port: Some(443) }, &mut hits);
    }
    let ns = (cpu_time() - started).as_nanos() as f64 / addresses.len() as f64;
    println!("  random IPv4 address with port: {ns:.1} ns (alone, with port, in ranges), {} found", hits.len());
    std::fs::remove_file(path).unwrap();
}
