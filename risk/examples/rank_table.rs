//! Fits the weights of the order of vulnerabilities, and shows how good the order is: `rank_table DIR DAY [UNTIL]`.
//!
//! DIR holds files named as `formats::risk::Source` knows them, and SSVC's tables. Prints the weights that are fitted on DAY,
//! as `risk/src/vulnerability/rank/weights.toml` has them, and with UNTIL a table of how the orders of DAY did until then.

use std::io::{Read as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use model::Day;
use model::vulnerability::Known;
use risk::chance::Chance;
use risk::vulnerability::rank::contest::{Tables, contest};
use risk::vulnerability::rank::fit::fit;
use risk::vulnerability::ssvc::Decisions;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().context("usage: rank_table DIR DAY [UNTIL]")?;
    let day: Day = arguments.next().context("usage: rank_table DIR DAY [UNTIL]")?.parse()?;
    let until: Option<Day> = arguments.next().map(|until| until.parse()).transpose()?;
    let mut known = Known::default();
    gather(Path::new(&folder), &mut known)?;
    let weights = fit(&known, day)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", weights.written())?;
    let Some(until) = until else { return Ok(()) };
    let table = |name: &str| -> Result<Decisions> {
        let bytes = std::fs::read(Path::new(&folder).join("ssvc").join(name))?;
        let table = formats::risk::ssvc::json(&bytes).map_err(|trouble| anyhow::anyhow!(trouble.detail))?;
        Ok(Decisions::new(table)?)
    };
    let (coordinator, directive) = (table("cisa_coordinator_2_0_3.json")?, table("cisa_bod_26_04_1_0_0.json")?);
    let tables = Tables { coordinator: &coordinator, directive: &directive };
    let found = contest(&known, (day, until), &weights, &tables, &Chance::new(1))?.context("nothing was added")?;
    writeln!(out, "{} cases, {} hits", found.cases, found.hits)?;
    writeln!(out, "| order | area | ours above it | hits at 1 % | hits at 5 % |\n|---|---|---|---|---|")?;
    for (contestant, result) in found.results {
        let cell = |measured: risk::vulnerability::rank::measure::Measured| {
            format!("{:.3} ({:.3} to {:.3})", measured.value, measured.interval.low, measured.interval.high)
        };
        let cells = [result.area, result.ours_above, result.hits_at_1, result.hits_at_5].map(cell);
        writeln!(out, "| {contestant:?} | {} |", cells.join(" | "))?;
    }
    Ok(())
}

/// Reads every file of a known name, in the order of names.
fn gather(folder: &Path, known: &mut Known) -> Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for path in entries.into_iter().map(|entry| entry.path()) {
        if path.is_dir() {
            gather(&path, known)?;
            continue;
        }
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if formats::risk::Source::of(name).is_some() {
            let mut bytes = std::fs::read(&path)?;
            if name.ends_with(".gz") {
                let packed = std::mem::take(&mut bytes);
                flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut bytes)?;
            }
            let refused = formats::risk::add(known, name, &bytes).map_or(0, |read| read.refused_count);
            eprintln!("{name}: {refused} refused");
        }
    }
    Ok(())
}
