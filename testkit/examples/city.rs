//! Writes the logs of the invented city and its register: `cargo run -p testkit --example city -- FOLDER [DAYS [SEED]]`.

use std::io::{self, Write};
use std::path::Path;

use testkit::city::City;

fn main() -> io::Result<()> {
    let usage = || io::Error::new(io::ErrorKind::InvalidInput, "usage: city FOLDER [DAYS [SEED]]");
    let number = |text: Option<String>, default: u64| match text {
        Some(text) => text.parse().map_err(|_| usage()),
        None => Ok(default),
    };
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or_else(usage)?;
    let days = number(arguments.next(), 7)?;
    let seed = number(arguments.next(), 1)?;
    let days = u32::try_from(days).map_err(|_| usage())?;

    let city = City::new(seed);
    let written = city.write_logs(Path::new(&folder), days)?;
    let register = city.register();
    let text = serde_json::json!({ "items": register.items, "links": register.links }).to_string();
    std::fs::write(Path::new(&folder).join("register.json"), text)?;
    let mut out = io::stdout().lock();
    for log in &written.logs {
        writeln!(out, "{}", log.display())?;
    }
    writeln!(io::stderr(), "{} lines, labels in {}", written.lines, written.labels.display())
}
