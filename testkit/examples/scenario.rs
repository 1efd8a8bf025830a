//! Writes the logs of a scenario and its tables: `cargo run -p testkit --example scenario -- SCENARIO FOLDER`.

use std::io::{self, Write};
use std::path::Path;

use testkit::scenario::Scenario;

fn main() -> io::Result<()> {
    let usage = || io::Error::new(io::ErrorKind::InvalidInput, "usage: scenario SCENARIO FOLDER");
    let mut arguments = std::env::args().skip(1);
    let (file, folder) = (arguments.next().ok_or_else(usage)?, arguments.next().ok_or_else(usage)?);
    let scenario = Scenario::read(Path::new(&file)).map_err(|error| io::Error::other(error.to_string()))?;
    let written = scenario.write(Path::new(&folder), |_| {})?;
    let mut out = io::stdout().lock();
    for path in written.logs.iter().chain(&written.tables) {
        writeln!(out, "{}", path.display())?;
    }
    for scene in &written.truth.scenes {
        writeln!(io::stderr(), "{} {}: {} lines", scene.part.name(), scene.label, scene.count)?;
    }
    writeln!(io::stderr(), "{} lines", written.lines)
}
