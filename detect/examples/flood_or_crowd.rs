//! How well floods are told from crowds, on generated streams: a confusion table and the area under the curve.
//!
//! ```text
//! cargo run --release -p detect --example flood_or_crowd -- [FIRST-SEED] [SEEDS]
//! ```
//!
//! The weights were set by hand and looked at with seeds 1 to 10; figures in documents come from seeds 1000 to 1019, which nobody
//! tuned to. The streams are invented, so the figures say that the parts fit together, not how it goes in the world.
#![expect(clippy::print_stdout, reason = "an evaluation prints")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use detect::behaviour::flood::{Cause, Hit, Told, Verdict, Watcher};
use model::Timestamp;
use testkit::traffic::{Label, PORTAL, SCENE_MINUTES, Scene, traffic};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let first = arguments.next().transpose()?.unwrap_or(1);
    let seeds = arguments.next().transpose()?.unwrap_or(10);
    let start = Timestamp::from_millis(1_793_000_000_000 / 60_000 * 60_000);
    let mut table: BTreeMap<(Scene, Verdict), u32> = BTreeMap::new();
    let mut scores: Vec<(f64, bool)> = Vec::new();
    let (mut hits, mut spent) = (0, Duration::ZERO);
    for scene in Scene::ALL {
        for seed in first..first + seeds {
            // Half of the warnings are known here, half are sent by somebody else.
            let has_cause = scene == Scene::Warning && seed % 2 == 0;
            let visits = traffic(scene, seed, 60, start);
            let began = Instant::now();
            let mut watcher = Watcher::new([9; 32]);
            if has_cause {
                let at = start.plus(Duration::from_secs(SCENE_MINUTES.0 * 60 - 60));
                watcher.cause("portal", Cause { at, words: "a storm warning was sent".to_owned() });
            }
            let mut told: Vec<Told> = Vec::new();
            for visit in &visits {
                let hit = Hit {
                    time: visit.time,
                    source: &visit.source,
                    host: PORTAL,
                    path: &visit.path,
                    status: visit.status,
                    agent: visit.agent,
                    referrer: visit.referrer,
                };
                told.extend(watcher.observe("portal", &hit));
            }
            spent += began.elapsed();
            hits += visits.len();
            for told in told {
                let minute = (told.minute.as_micros() - start.as_micros()) / 60_000_000;
                let is_scene = u64::try_from(minute).is_ok_and(|at| (SCENE_MINUTES.0..SCENE_MINUTES.1).contains(&at));
                // The first twenty minutes are learnt from.
                if minute < 20 {
                    continue;
                }
                let scene = if is_scene { scene } else { Scene::Quiet };
                *table.entry((scene, told.judgement.verdict)).or_default() += 1;
                scores.push((told.judgement.flood, scene.label() == Label::Flood));
            }
        }
    }
    println!("{:<14} {:<8} {:>7} {:>7} {:>7} {:>7}", "scene", "is", "normal", "crowd", "flood", "unsure");
    for scene in Scene::ALL {
        let of = |verdict| table.get(&(scene, verdict)).copied().unwrap_or(0);
        let [normal, crowd, flood, unsure] = [Verdict::Normal, Verdict::Crowd, Verdict::Flood, Verdict::Unsure].map(of);
        let label = format!("{:?}", scene.label());
        println!("{:<14} {label:<8} {normal:>7} {crowd:>7} {flood:>7} {unsure:>7}", format!("{scene:?}"));
    }
    println!("area under the curve, flood against everything else, by minute: {:.4}", area(&mut scores));
    println!("{:.2} µs a request, {hits} requests", spent.as_secs_f64() * 1e6 / hits as f64);
    Ok(())
}

/// The probability that a flood's minute scores higher than another one (Mann and Whitney), ties counted half.
fn area(scores: &mut [(f64, bool)]) -> f64 {
    scores.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (mut sum, mut floods, mut others) = (0.0, 0.0, 0.0);
    for group in scores.chunk_by(|one, other| one.0 == other.0) {
        let here = group.iter().filter(|(_, is_flood)| *is_flood).count() as f64;
        let not = group.len() as f64 - here;
        sum += here * (others + not / 2.0);
        floods += here;
        others += not;
    }
    sum / (floods * others)
}
