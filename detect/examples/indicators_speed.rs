//! How fast and how small: the `indicators` bench of `docs/performance.md`.
//!
//! `cargo run --release -p detect --example indicators_speed -- DIR`, where DIR is the folder of the reference data, or its
//! folder of block lists. All figures come from one run. The bar is held against the fastest peer that crates give:
//! BinaryFuse8 in front of an arena with a fast hash over each name, the same with the public suffix found by the `psl`
//! crate, and the same with a hash that rolls on from parent to name. A fourth borrows our way to read and hash names, to
//! show how much of the difference is the filter's.
//!
//! Questions are asked in portions, of ours and of each peer in turn, several rounds; of each portion the median round
//! counts. So whoever else works on the machine delays all of them alike, and what was interrupted falls out.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints, and stops at the first trouble")]

use std::hint::black_box;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use detect::indicators::{Builder, Defaults, Hit, IndicatorSet, Segment, parse_list};
use model::IndicatorKind;
use model::ocsf::{Observable, ObservableKind};
use peer::{Peer, borrowed, last_label, plain, public_suffix, rolling};

#[expect(dead_code, reason = "the peer borrows a part of it")]
#[path = "../src/indicators/name.rs"]
mod name;
#[path = "indicators_speed/peer.rs"]
mod peer;

const QUERIES: usize = 1_000_000;
/// Questions that are asked of one after the other: a fraction of a millisecond, so that few portions are interrupted.
const PORTION: usize = 2_000;
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

/// Names beside the listed ones, under the same parents. Most of those are top-level domains.
fn neighbours(domains: &[String], dice: &mut Dice) -> Vec<String> {
    let name = |dice: &mut Dice| {
        let like = &domains[(dice.next() as usize) % domains.len()];
        let parent = like.split_once('.').map_or("com", |(_, parent)| parent);
        format!("{}.{parent}", dice.label(5, 14))
    };
    (0..QUERIES * 3 / 2).map(|_| name(dice)).collect()
}

/// Neighbours of three labels and more: the walk goes as far as it can and finds nothing.
fn siblings(domains: &[String], dice: &mut Dice) -> Vec<String> {
    let deep: Vec<String> = domains.iter().filter(|name| name.matches('.').count() > 1).cloned().collect();
    neighbours(&deep, dice)
}

/// Subdomains of listed names. Fewer, because a hit takes longer.
fn members(domains: &[String], dice: &mut Dice) -> Vec<String> {
    let name = |dice: &mut Dice| format!("www.{}", domains[(dice.next() as usize) % domains.len()]);
    (0..QUERIES / 5).map(|_| name(dice)).collect()
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
    let (mapped, path) = mapped(&image);
    drop((image, bytes));
    let segment = Segment::open(mapped).unwrap();
    let count = domains.len() as f64;
    println!("{} domains", domains.len());
    println!("  resident heap    {:6.2} B an indicator", segment.heap_bytes() as f64 / count);
    println!("  image mapped     {:6.2} B an indicator", segment.image_bytes() as f64 / count);
    let (first, second) = (segment.first_filter_bytes() as f64 / count, segment.second_filter_bytes() as f64 / count);
    println!(
        "  filters          {first:6.2} B that every question touches (on the heap, too), {second:.2} B that few do"
    );
    let ours = IndicatorSet::of(segment);
    let peers = [Peer::new(domains, plain), Peer::new(domains, rolling), Peer::new(domains, borrowed)];
    println!("  fuse + arena     {:6.2} B an indicator", peers[0].bytes() as f64 / count);
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    // Names below a listed public suffix (`ddns.net`) are no misses.
    let missed = |mut names: Vec<String>| {
        names.retain(|name| peers[0].find(name, last_label) == 0);
        names.truncate(QUERIES);
        names
    };
    let sets = [
        ("miss, strangers", missed(strangers(domains, &mut dice))),
        ("miss, neighbours", missed(neighbours(domains, &mut dice))),
        ("miss, neighbours of three labels and more", missed(siblings(domains, &mut dice))),
        ("hit, subdomains", members(domains, &mut dice)),
    ];
    for (what, queries) in &sets {
        compare(what, queries, &ours, &peers);
    }
    std::fs::remove_file(path).unwrap();
}

/// Asks for all of these names; gives how many were found.
type Run<'a> = &'a mut dyn FnMut(&[String]) -> usize;

fn compare(what: &str, queries: &[String], ours: &IndicatorSet, [of_plain, of_rolling, of_borrowed]: &[Peer; 3]) {
    let mut hits: Vec<Hit> = Vec::new();
    let mut runs: [Run<'_>; 5] = [
        &mut |names| total(names, |name| found(ours, name, &mut hits)),
        &mut |names| total(names, |name| of_plain.find(name, last_label)),
        &mut |names| total(names, |name| of_plain.find(name, public_suffix)),
        &mut |names| total(names, |name| of_rolling.find_rolling(name)),
        &mut |names| total(names, |name| of_borrowed.find_borrowed(name)),
    ];
    let (mut sums, mut counts) = ([Duration::ZERO; 5], [0; 5]);
    for portion in queries.chunks(PORTION) {
        let mut took = [[Duration::ZERO; ROUNDS]; 5];
        for round in 0..ROUNDS {
            for (run, took) in runs.iter_mut().zip(&mut took) {
                let started = Instant::now();
                black_box(run(black_box(portion)));
                took[round] = started.elapsed();
            }
        }
        for (sum, took) in sums.iter_mut().zip(&mut took) {
            took.sort_unstable();
            *sum += took[ROUNDS / 2];
        }
        runs.iter_mut().zip(&mut counts).for_each(|(run, count)| *count += run(portion));
    }
    let [ns, plain, psl, rolling, borrowed] = sums.map(|sum| sum.as_nanos() as f64 / queries.len() as f64);
    let peer = plain.min(psl).min(rolling);
    println!("{what}: {} queries, found {counts:?}", queries.len());
    println!("  ours             {ns:6.1} ns, {:.2} x the fastest peer", ns / peer);
    println!("  fuse + arena     {plain:6.1} ns plain, {psl:.1} ns with psl, {rolling:.1} ns with a rolling hash");
    println!("  with our reading {borrowed:6.1} ns; ours takes {:.2} x that", ns / borrowed);
}

fn total(names: &[String], mut find: impl FnMut(&str) -> usize) -> usize {
    names.iter().map(|name| black_box(find(black_box(name)))).sum()
}

fn found(set: &IndicatorSet, name: &str, hits: &mut Vec<Hit>) -> usize {
    hits.clear();
    let kind = ObservableKind::Hostname;
    set.find(&Observable { kind, attribute: "query.hostname", value: name, port: None }, hits);
    hits.len()
}

/// Writes the image to a file and maps it.
fn mapped(image: &[u8]) -> (memmap2::Mmap, PathBuf) {
    let path = std::env::temp_dir().join(format!("watchbell-indicators-{}", std::process::id()));
    std::fs::write(&path, image).unwrap();
    (map(&path), path)
}

#[expect(unsafe_code, reason = "the file is ours, in a folder of ours, and nobody changes it while it is mapped")]
fn map(path: &Path) -> memmap2::Mmap {
    let file = std::fs::File::open(path).unwrap();
    unsafe { memmap2::Mmap::map(&file) }.unwrap()
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
    let (_, path) = mapped(&image);
    drop(image);
    let mut took = [Duration::ZERO; ROUNDS];
    let mut last = None;
    for took in &mut took {
        drop(last.take());
        let opened = Instant::now();
        last = Some(Segment::open(map(&path)).unwrap());
        *took = opened.elapsed();
    }
    took.sort_unstable();
    let segment = last.unwrap();
    println!("  reopened in {:.4} s: {:?}", took[ROUNDS / 2].as_secs_f64(), segment.counts());
    println!("  resident heap    {:6.2} B an indicator", segment.heap_bytes() as f64 / segment.len() as f64);
    println!("  image mapped     {:6.2} B an indicator", segment.image_bytes() as f64 / segment.len() as f64);
    let set = IndicatorSet::of(segment);
    let mut dice = Dice(7);
    let addresses: Vec<String> =
        (0..QUERIES).map(|_| std::net::Ipv4Addr::from_bits(dice.next() as u32).to_string()).collect();
    let mut hits = Vec::new();
    let started = Instant::now();
    for value in &addresses {
        let attribute = "dst_endpoint.ip";
        set.find(&Observable { kind: ObservableKind::Ip, attribute, value, port: Some(443) }, &mut hits);
    }
    let ns = started.elapsed().as_nanos() as f64 / addresses.len() as f64;
    println!("  random IPv4 address with port: {ns:.1} ns (alone, with port, in ranges), {} found", hits.len());
    std::fs::remove_file(path).unwrap();
}
