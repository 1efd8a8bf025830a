//! `watchbell hunt`: a question in SQL about everything that was kept.

use std::io::{self, BufWriter, IsTerminal, Read, Write};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use comfy_table::{Cell, ContentArrangement, Table, presets};
use lake::{
    HuntColumn, HuntLimits, HuntPage, HuntStream, HuntSummary, write_csv_header, write_csv_row, write_json_row,
};
use model::limits;
use serde_json::Value;
use store::state::Deed;

use crate::cli::HuntArgs;
use crate::exit::Exit;
use crate::{node, words};

/// Letters of a cell in a table for people.
const CELL_CHARS_MAX: usize = 120;
/// Rows of a table for people, unless more are asked for.
const TABLE_ROWS: usize = 200;

pub(crate) fn run(arguments: &HuntArgs) -> Result<Exit> {
    node::runtime()?.block_on(hunt(arguments))
}

async fn hunt(arguments: &HuntArgs) -> Result<Exit> {
    let config = arguments.data.config()?;
    let ctx = node::context(arguments.agency.as_ref().unwrap_or(&config.agency), arguments.purpose.as_deref())?;
    let mut sql = text_of(arguments.sql.as_deref().unwrap_or_default())?;
    if arguments.saved.is_some() || arguments.save.is_some() || ctx.purpose.is_some() {
        let state = node::state(&config).await?;
        if let Some(name) = &arguments.saved {
            sql = state.saved_hunt(&ctx, name).await?.query;
        }
        if let Some(name) = &arguments.save {
            state.save_hunt(&ctx, name, &sql).await.context("cannot save the hunt")?;
        }
        if let Some(purpose) = &ctx.purpose {
            // Whoever sees personal data leaves a line, before they see it.
            let words = serde_json::json!({ "purpose": purpose, "sql": sql }).to_string();
            let deed = Deed::done("hunt.run", "events").saying(words);
            state
                .record(&ctx, &[deed])
                .await
                .context("the hunt cannot be written into the ledger, so it is not run")?;
        }
        node::sign(&config, &state).await?;
    }
    let lake = node::lake_to_read(&config).await?;
    let is_table = !arguments.json && !arguments.csv;
    let default = HuntLimits::default();
    let limits = HuntLimits {
        time: arguments.seconds.map_or(default.time, Duration::from_secs),
        memory_bytes: arguments.memory_mib.map_or(default.memory_bytes, |mib| mib.saturating_mul(1024 * 1024)),
        rows: arguments.rows.unwrap_or(if is_table { TABLE_ROWS } else { default.rows }),
    };
    let summary = if is_table {
        let page = lake.hunt(&ctx, &sql, limits).await?;
        print_table(&page)?;
        HuntSummary { rows: page.rows.len() as u64, cut: page.cut, elapsed: page.elapsed, scanned: page.scanned }
    } else {
        let mut stream = lake.hunt_stream(&ctx, &sql, limits).await?;
        write_rows(&mut stream, arguments.csv).await?;
        stream.summary()
    };
    if !arguments.quiet {
        say(&summary, ctx.purpose.is_some());
    }
    Ok(Exit::Ok)
}

/// The hunt's text; `-` stands for what comes on stdin.
fn text_of(argument: &str) -> Result<String> {
    if argument != "-" {
        return Ok(argument.to_owned());
    }
    let mut text = String::new();
    let longest = limits::HUNT_SQL_BYTES_MAX as u64;
    io::stdin().take(longest + 1).read_to_string(&mut text).context("cannot read the hunt from stdin")?;
    if text.len() as u64 > longest {
        bail!("the hunt is longer than {longest} bytes");
    }
    Ok(text)
}

/// Rows as they are found. A reader that has seen enough (`head`) ends the hunt.
async fn write_rows(stream: &mut HuntStream, as_csv: bool) -> Result<()> {
    let columns: Vec<HuntColumn> = stream.columns().to_vec();
    let mut out = BufWriter::new(io::stdout());
    let mut written = if as_csv { write_csv_header(&columns, &mut out) } else { Ok(()) };
    while written.is_ok()
        && let Some(rows) = stream.next().await?
    {
        let mut write = |row: &Vec<Value>| match as_csv {
            true => write_csv_row(row, &mut out),
            false => write_json_row(&columns, row, &mut out),
        };
        written = rows.iter().try_for_each(&mut write);
    }
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn print_table(page: &HuntPage) -> Result<()> {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if !io::stdout().is_terminal() {
        table.force_no_tty();
        table.set_content_arrangement(ContentArrangement::Disabled);
    }
    table.set_header(page.columns.iter().map(|column| column.name.as_str()));
    for row in &page.rows {
        table.add_row(row.iter().map(|cell| Cell::new(shown(cell))));
    }
    writeln!(io::stdout().lock(), "{table}")?;
    Ok(())
}

fn shown(cell: &Value) -> String {
    let text = match cell {
        Value::Null => "–".to_owned(),
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    };
    if text.chars().count() <= CELL_CHARS_MAX {
        return text;
    }
    format!("{}…", text.chars().take(CELL_CHARS_MAX - 1).collect::<String>())
}

fn say(summary: &HuntSummary, has_purpose: bool) {
    let scanned = &summary.scanned;
    eprintln!(
        "{} in {:.2} s; read {} and {} of {}",
        words::counted(summary.rows, "row"),
        summary.elapsed.as_secs_f64(),
        words::counted(scanned.rows, "event"),
        words::bytes(scanned.bytes),
        words::counted(scanned.files, "file"),
    );
    if summary.cut {
        eprintln!("there is more: --rows N shows more");
    }
    if !has_purpose {
        eprintln!("accounts are pseudonyms and free text is hidden; --purpose TEXT says why personal data is needed");
    }
}
