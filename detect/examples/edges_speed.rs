//! The bench `edges`: how fast edges are scored, and how well attacks are told apart, beside MIDAS, MIDAS-R and MIDAS-F in the same run.
//!
//! ```text
//! cargo run --release -p detect --example edges_speed [EDGES.csv]
//! ```
//!
//! Streams are those of `testkit::edges`; seeds that the scorer's figures were not found on. With a file (source, destination, time, label; a
//! label of `-` or 0 is no attack; rows in the order of time) that is measured as well: the way to a data set that is not ours to copy.
#![expect(clippy::print_stdout, reason = "a bench prints")]

use std::collections::HashMap;
use std::time::Instant;

use detect::behaviour::edges::{Edge, Scorer, Settings};
use formats::edges::Edges;
use model::ToldTime;
use testkit::edges::peers::{Midas, MidasF, MidasR, Peer};
use testkit::edges::{Family, Plan, auc};

type Failure = Box<dyn std::error::Error>;

/// An edge as both kinds of scorers want it.
struct Row {
    names: (String, String),
    numbers: (u32, u32),
    time: ToldTime,
    /// The number of the time among all different ones, from 1, as the authors of MIDAS prepare theirs.
    tick: u64,
    is_attack: bool,
}

/// A result: area under the curve, and edges a second.
type Measured = (f64, f64);

fn main() -> Result<(), Failure> {
    println!("streams              edges  attack    MIDAS       R       F    ours   edges/s ours, MIDAS-F");
    let mut sums = [0.0; 4];
    let mut count = 0.0;
    for family in Family::ALL {
        let mut of_family = [0.0; 4];
        let mut speeds = (0.0, 0.0);
        let (mut edges, mut attacks) = (0, 0);
        let plans = [(2_160, 40, 1), (2_160, 40, 60), (600, 200, 60_000_000), (4_000, 12, 1)];
        for (seed, (minutes, edges_a_minute, units_a_minute)) in (500..).zip(plans) {
            let rows = rows(&Plan { family, seed, minutes, edges_a_minute, units_a_minute });
            edges += rows.len();
            attacks += rows.iter().filter(|row| row.is_attack).count();
            let found = all(&rows)?;
            for (sum, (area, _)) in of_family.iter_mut().zip(found) {
                *sum += area / plans.len() as f64;
            }
            speeds = (speeds.0 + found[3].1 / plans.len() as f64, speeds.1 + found[2].1 / plans.len() as f64);
        }
        print(family.name(), (edges, attacks), of_family, speeds);
        sums.iter_mut().zip(of_family).for_each(|(sum, area)| *sum += area);
        count += 1.0;
    }
    print("mean", (0, 0), sums.map(|sum| sum / count), (0.0, 0.0));
    if let Some(path) = std::env::args().nth(1) {
        let rows = file(&path)?;
        let found = all(&rows)?;
        let attacks = rows.iter().filter(|row| row.is_attack).count();
        print(&path, (rows.len(), attacks), found.map(|found| found.0), (found[3].1, found[2].1));
    }
    Ok(())
}

fn print(name: &str, (edges, attacks): (usize, usize), areas: [f64; 4], (ours, theirs): (f64, f64)) {
    let [midas, relational, filtering, scorer] = areas;
    println!(
        "{name:<16} {edges:>9} {attacks:>7}  {midas:>7.4} {relational:>7.4} {filtering:>7.4} {scorer:>7.4}   {:.2} M, {:.2} M",
        ours / 1e6,
        theirs / 1e6
    );
}

/// MIDAS, MIDAS-R, MIDAS-F, ours.
fn all(rows: &[Row]) -> Result<[Measured; 4], Failure> {
    Ok([
        peer(&mut Midas::new(1), rows)?,
        peer(&mut MidasR::new(1), rows)?,
        peer(&mut MidasF::new(1), rows)?,
        ours(rows)?,
    ])
}

fn peer(peer: &mut dyn Peer, rows: &[Row]) -> Result<Measured, Failure> {
    let started = Instant::now();
    let scores: Vec<f32> = rows.iter().map(|row| peer.score(row.numbers.0, row.numbers.1, row.tick)).collect();
    let speed = rows.len() as f64 / started.elapsed().as_secs_f64();
    Ok((area(rows, scores.into_iter().map(f64::from))?, speed))
}

fn ours(rows: &[Row]) -> Result<Measured, Failure> {
    let started = Instant::now();
    let mut scorer = Scorer::new(Settings::default());
    let score = |row: &Row| {
        let (source, destination) = (row.names.0.as_bytes(), row.names.1.as_bytes());
        scorer.score(&Edge { source, destination, time: row.time }).score
    };
    let scores: Vec<f64> = rows.iter().map(score).collect();
    let speed = rows.len() as f64 / started.elapsed().as_secs_f64();
    Ok((area(rows, scores)?, speed))
}

fn area(rows: &[Row], scores: impl IntoIterator<Item = f64>) -> Result<f64, Failure> {
    auc(scores.into_iter().zip(rows).map(|(score, row)| (score, row.is_attack))).ok_or("only one kind of edges".into())
}

fn rows(plan: &Plan) -> Vec<Row> {
    let row = |edge: testkit::edges::LabelledEdge| Row {
        names: (edge.source.to_string(), edge.destination.to_string()),
        numbers: (edge.source, edge.destination),
        time: ToldTime::Number { whole: i64::try_from(edge.time).unwrap_or(i64::MAX), millionths: 0 },
        tick: edge.time / plan.units_a_minute + 1,
        is_attack: edge.is_attack,
    };
    plan.stream().into_iter().map(row).collect()
}

fn file(path: &str) -> Result<Vec<Row>, Failure> {
    let text = std::fs::read_to_string(path)?;
    let (mut reader, mut numbers, mut rows) = (Edges::default(), HashMap::new(), Vec::<Row>::new());
    for line in text.lines() {
        let Some(Ok(edge)) = reader.line(line.as_bytes()) else { continue };
        let mut number = |name: &[u8]| {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            *numbers.entry(name.to_vec()).or_insert(next)
        };
        let label = line.rsplit(',').next().unwrap_or_default().trim();
        let tick = rows.last().map_or(1, |last| last.tick + u64::from(last.time != edge.time));
        rows.push(Row {
            numbers: (number(&edge.source), number(&edge.destination)),
            names: (
                String::from_utf8_lossy(&edge.source).into_owned(),
                String::from_utf8_lossy(&edge.destination).into_owned(),
            ),
            time: edge.time,
            tick,
            is_attack: !matches!(label, "-" | "0" | ""),
        });
    }
    Ok(rows)
}
