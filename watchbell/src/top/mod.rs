//! `watchbell top`: the watch in the terminal. Figures come from the running watch's `/metrics`, findings from the state.

mod figures;
mod view;

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use engine::office::{InboxRow, Office};
use model::doors::Clock;
use model::{OpContext, Timestamp};
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};

use crate::cli::TopArgs;
use crate::exit::Exit;
use crate::node::{self, SystemClock};
use figures::Figures;

/// Findings that are read for the view; what does not fit is not shown.
const FINDINGS_MAX: usize = 100;

/// The watch at one moment.
struct Look {
    at: Timestamp,
    address: SocketAddr,
    /// `None` when the watch does not answer.
    figures: Option<Figures>,
    findings: Vec<InboxRow>,
}

pub(crate) fn run(arguments: &TopArgs) -> Result<Exit> {
    let (config, ctx) = arguments.whose.open()?;
    // The door may listen on any address of this machine; it is asked on this one.
    let mut address = config.listen()?;
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    let runtime = node::runtime()?;
    let office = runtime.block_on(async {
        let state = node::state(&config).await?;
        node::office(&config, &state).await
    })?;
    let every = Duration::from_secs(arguments.every);
    let mut look = || runtime.block_on(take(&office, &ctx, address));
    if arguments.once || arguments.json || !std::io::stdout().is_terminal() {
        return once(&mut look, every, arguments.json);
    }
    let mut terminal = ratatui::init();
    let outcome = stay(&mut terminal, &mut look, every);
    ratatui::restore();
    outcome.map(|()| Exit::Ok)
}

async fn take(office: &Office, ctx: &OpContext, address: SocketAddr) -> Result<Look> {
    let at = SystemClock.now();
    let ctx = OpContext { now: at, ..ctx.clone() };
    let page = tokio::task::spawn_blocking(move || node::ask(address, "/metrics")).await?;
    let findings = office.latest_findings(&ctx, FINDINGS_MAX).await.context("cannot read findings")?;
    Ok(Look { at, address, figures: page.ok().map(|page| Figures::read(&page, Instant::now())), findings })
}

/// Two looks, for the rates, and what they show.
fn once(look: &mut impl FnMut() -> Result<Look>, every: Duration, json: bool) -> Result<Exit> {
    let first = look()?;
    if first.figures.is_some() {
        std::thread::sleep(every);
    }
    let second = look()?;
    let rates = figures::rates(first.figures.as_ref(), second.figures.as_ref());
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", view::json(&second, &rates))?;
    } else {
        writeln!(out, "{}", view::text(&second, &rates))?;
    }
    Ok(if second.figures.is_some() { Exit::Ok } else { Exit::Unreachable })
}

fn stay(
    terminal: &mut ratatui::DefaultTerminal,
    look: &mut impl FnMut() -> Result<Look>,
    every: Duration,
) -> Result<()> {
    let mut past = figures::Past::default();
    let mut shown = look()?;
    let mut is_paused = false;
    loop {
        let rates = past.add(shown.figures.as_ref());
        terminal.draw(|frame| view::draw(frame, &shown, &rates, &past, is_paused))?;
        let until = Instant::now() + every;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            if !event::poll(left)? {
                continue;
            }
            match event::read()? {
                Event::Key(key) if key.kind == KeyEventKind::Press => match key.code {
                    KeyCode::Char('q') | KeyCode::Esc => return Ok(()),
                    KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => return Ok(()),
                    KeyCode::Char('p' | ' ') => is_paused = !is_paused,
                    _ => continue,
                },
                Event::Resize(..) => {}
                _ => continue,
            }
            terminal.draw(|frame| view::draw(frame, &shown, &rates, &past, is_paused))?;
        }
        if !is_paused {
            shown = look()?;
        }
    }
}
