//! `watchbell serve`: the watch, live. Puts the parts together, runs them, and takes them down in order.

mod chores;
mod console;
mod doors;
mod feeds;
mod gauges;
mod http;
mod hunter;
mod knowing;
mod outlets;
mod peers;
mod probes;
mod shelf;
mod upkeep;
mod zones;

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use arc_swap::ArcSwap;
use connect::{SourceConfig, Sources};
use engine::content::{Content, ContentPaths};
use engine::ingest::{JournalIntake, Shelf, Watch, WatchOptions, WatchParts};
use engine::intel::JudgeSetting;
use engine::office::{Hunter, Office};
use engine::seen::{SeenFiles, SeenShelf};
use model::doors::Clock;
use model::{OpContext, Roles, SourceId};
use store::journal::{Journal, JournalHandle, JournalThread, Options};
use store::state::State;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::cli::ServeArgs;
use crate::config::{Config, Overrides};
use crate::exit::Exit;
use crate::node::SystemClock;
use crate::{intel, node, progress, scan, words};

pub(crate) use doors::TOKEN_PREFIX;
pub(crate) use shelf::LakeShelf;
pub(crate) use upkeep::holds;

/// What is logged unless `WATCHBELL_LOG` says otherwise: our own words, and of others only what somebody must act on.
const LOG: &str = "warn,watchbell=info,engine=info,connect=info,store=info,lake=info";

/// How long work that can be begun again keeps a watch that stops.
const STOP_WAITS: Duration = Duration::from_secs(5);

/// The source that is there when none is configured.
const DEFAULT_SOURCE: &str = "http";

pub(crate) fn run(arguments: &ServeArgs) -> Result<Exit> {
    init_log(arguments.json);
    let mut config = Config::load(&overrides(arguments))?;
    add_sources(&mut config, arguments)?;
    config.make_data_dir()?;
    let runtime = node::runtime()?;
    let exit = runtime.block_on(serve(config, arguments));
    // What is written anew from the state (the index, what outlets give) can be begun again; nobody waits for its end.
    runtime.shutdown_timeout(STOP_WAITS);
    exit
}

/// Logs go to stderr, so that stdout is for what programs read.
fn init_log(as_json: bool) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("WATCHBELL_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(LOG));
    let has_colour = std::io::IsTerminal::is_terminal(&std::io::stderr()) && std::env::var_os("NO_COLOR").is_none();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(has_colour);
    // A second call, in tests, finds a log already.
    let _ = if as_json { log.json().try_init() } else { log.try_init() };
}

fn overrides(arguments: &ServeArgs) -> Overrides {
    let mut overrides = arguments.data.overrides();
    let paths = |paths: &[std::path::PathBuf]| paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
    let content = &arguments.content;
    let lists = [
        ("content.rules", &content.rules),
        ("content.indicators", &content.indicators),
        ("content.suppress", &content.suppress),
        ("content.mappings", &content.mapping),
    ];
    for (key, files) in lists {
        if !files.is_empty() {
            overrides.set(key, paths(files));
        }
    }
    for (key, file) in [("content.routing", &content.routing), ("content.placeholders", &content.placeholders)] {
        if let Some(file) = file {
            overrides.set(key, file.display().to_string());
        }
    }
    if let Some(level) = content.indicator_level {
        overrides.set("content.indicator_level", level.name());
    }
    if let Some(listen) = &arguments.listen {
        overrides.set("listen", listen.clone());
    }
    if let Some(listen) = &arguments.rpz_listen {
        overrides.set("rpz_listen", listen.clone());
    }
    if arguments.behind_proxy {
        overrides.set("behind_proxy", true);
    }
    overrides
}

/// Sources that flags name, and the one that is there when nothing is said.
fn add_sources(config: &mut Config, arguments: &ServeArgs) -> Result<()> {
    // A JSON string is a basic string of TOML, too.
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut add = |name: &str, table: String| -> Result<()> {
        let name = SourceId::parse(name)?;
        let source: SourceConfig = toml::from_str(&table)?;
        source.check(&name)?;
        config.sources.insert(name, source);
        Ok(())
    };
    if let Some(listen) = &arguments.syslog_udp {
        add("syslog-udp", format!("kind = 'syslog-udp'\nlisten = {}", quoted(listen)))?;
    }
    if let Some(listen) = &arguments.syslog_tcp {
        add("syslog-tcp", format!("kind = 'syslog-tcp'\nlisten = {}", quoted(listen)))?;
    }
    if !arguments.tail.is_empty() {
        let paths: Vec<_> = arguments.tail.iter().map(|path| quoted(path)).collect();
        add("tail", format!("kind = 'tail'\npaths = [{}]", paths.join(", ")))?;
    }
    let has_http = config.sources.values().any(|source| matches!(source, SourceConfig::Http(_)));
    if !has_http {
        config
            .sources
            .insert(SourceId::parse(DEFAULT_SOURCE)?, SourceConfig::Http(connect::http::HttpConfig::default()));
    }
    Ok(())
}

async fn serve(config: Config, arguments: &ServeArgs) -> Result<Exit> {
    let address = config.listen()?;
    let tls = config.tls.as_ref().map(connect::tls::listen).transpose().context("the HTTP door's certificate")?;
    let content = read_content(&config, arguments.quiet);
    // Before the first record is looked at.
    for agency in config.agencies() {
        match intel::index::read(&config.intel_index_file(&agency)) {
            Ok(index) => content.indicators.know(&agency, index),
            Err(error) => tracing::error!("the index of intelligence is not taken up: {error:#}"),
        }
    }
    let content = Arc::new(ArcSwap::from_pointee(content));
    let state = node::state(&config).await?;
    let ledger = node::ledger(&config)?;
    let clock = Arc::new(SystemClock);
    let ctx = OpContext::new(config.agency.clone(), "node", Roles::NODE, clock.now());
    let (journal, journal_thread) = open_journal(&config, &state, &ctx).await?;
    let shelf = Arc::new(LakeShelf::new(config.lake_dir(), node::lake_options()));
    let seen = SeenShelf::open(Arc::clone(&shelf) as Arc<dyn Shelf>, SeenFiles::at(config.seen_dir()));
    let seen = Arc::new(seen.context("cannot open what was seen")?);
    let parts = WatchParts {
        journal: journal.clone(),
        state: state.clone(),
        shelf: Some(Arc::clone(&seen) as Arc<dyn Shelf>),
        content: Arc::clone(&content),
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        runtime: tokio::runtime::Handle::current(),
    };
    let threads = config.threads.or_else(|| std::thread::available_parallelism().ok().map(usize::from)).unwrap_or(1);
    let options = WatchOptions { threads, memory: config.memory_file(), agency: config.agency.clone() };
    // Neither may a record pass before patterns are known.
    let office = node::office(&config, &state).await?;
    for agency in config.agencies() {
        let ctx = OpContext::new(agency, "node", Roles::NODE, clock.now());
        knowing::know_patterns(&office, &ctx, &content.load()).await;
        knowing::know_own(&office, &ctx, &seen, None).await;
    }
    let watch = Watch::start(parts, &options).await.context("cannot start the watch")?;
    let intake = JournalIntake::new(journal.clone(), doors::agencies(&config));
    let doors = doors::doors(&config, Arc::new(intake), &state, clock);
    let sources = Arc::new(Sources::start(&config.sources, &doors)?);
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen at {address}"))?;
    let listening = listener.local_addr().context("the HTTP door has no address")?;
    let vitals = http::Vitals {
        journal: journal.clone(),
        counters: Arc::clone(watch.counters()),
        sources: Arc::clone(&sources),
        shelf: Arc::clone(&shelf),
        content: Arc::clone(&content),
    };
    let shutdown = CancellationToken::new();
    let gauges = Arc::new(gauges::Counted::new(vitals.clone(), &config));
    let looking = tokio::spawn(Arc::clone(&gauges).watch(shutdown.clone()));
    let hunter = Arc::clone(&shelf) as Arc<dyn Hunter>;
    let console = console::open(&config, &state, listening, (hunter, gauges), shutdown.clone()).await?;
    // Before anything is weighed: what is harmless must not leave, not even for a moment.
    let lists = Arc::clone(&content.load().suppression);
    console.app.office.judge_anew(|setting| JudgeSetting { suppression: Arc::clone(&lists), ..setting });
    intel::back::tell(&config, &console.app.office);
    let knowing = knowing::Knowing {
        config: config.clone(),
        content: Arc::clone(&content),
        office: console.app.office.clone(),
        journal: journal.clone(),
        counters: Arc::clone(watch.counters()),
        seen,
    };
    let knowing = tokio::spawn(knowing.watch(shutdown.clone()));
    let asking = feeds::watch(config.clone(), state.clone(), console.app.office.clone(), shutdown.clone());
    let asking = tokio::spawn(asking);
    let mut resolvers = Resolvers::open(&config, &console.app.office, &shutdown).await?;
    let making = outlets::watch(
        config.clone(),
        state.clone(),
        console.app.office.clone(),
        resolvers.zones.take(),
        shutdown.clone(),
    );
    let making = tokio::spawn(making);
    let sharing = peers::watch(config.clone(), console.app.office.clone(), shutdown.clone());
    let sharing = tokio::spawn(sharing);
    let probing = probes::watch(state.clone(), console.app.office.clone(), shutdown.clone());
    let probing = tokio::spawn(probing);
    let (vital, document) = http::router(vitals);
    let settings = Arc::clone(&console.app.settings);
    let router = sources.ingest_router().merge(vital).merge(web::router(console.app, document));
    let router = web::told(router, settings);
    let server = tokio::spawn(connect::http::serve(listener, tls.clone(), router, shutdown.clone()));
    let upkeep = tokio::spawn(upkeep::run(shelf, state.clone(), config.clone(), shutdown.clone()));
    let workshop = chores::workshop(&state, node::ledger(&config)?, &ctx).await?;
    let working = tokio::spawn(workshop.run(shutdown.clone().cancelled_owned()));
    let signing = tokio::spawn(upkeep::sign_ledger(ledger, state.clone(), shutdown.clone()));
    let places = (listening, resolvers.listening);
    announce(&config, places, arguments, &state, &ctx, console.setup_url.as_deref()).await?;

    wait_for_the_end(&config, &content).await?;
    tracing::info!("stopping: sources first, then what they brought is looked at and kept");
    shutdown.cancel();
    // Requests under way and what sources hold are handed in before the watch ends.
    let served = server.await.context("the HTTP door ended by a panic")?;
    match Arc::try_unwrap(sources) {
        Ok(sources) => sources.stop().await,
        Err(shared) => drop(shared),
    }
    watch.stop().await;
    let _ = tokio::join!(upkeep, signing, looking, working, knowing, asking, making, sharing, probing);
    resolvers.stop().await;
    let closed = tokio::task::spawn_blocking(move || journal_thread.close()).await;
    state.close().await;
    served.context("the HTTP door failed")?;
    closed.context("the journal's thread ended by a panic")?.context("the journal was not closed well")?;
    tracing::info!("stopped");
    Ok(Exit::Ok)
}

/// The server of policy zones, where one is wanted.
struct Resolvers {
    listening: Option<SocketAddr>,
    zones: outlets::ZonesAndNotices,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Resolvers {
    async fn open(config: &Config, office: &Office, shutdown: &CancellationToken) -> Result<Self> {
        let Some(address) = config.rpz_listen()? else {
            return Ok(Resolvers { listening: None, zones: None, tasks: Vec::new() });
        };
        let (zones, transfers) = zones::OutletZones::new();
        let served = Arc::clone(&zones) as Arc<dyn connect::rpz::Zones>;
        let server = connect::rpz::Server::bind(&[address], served, Arc::new(SystemClock)).await?;
        let (listening, notices) = (server.addresses().first().copied(), server.notices());
        let serving = tokio::spawn(server.run(shutdown.clone()));
        let writing = tokio::spawn(zones::write_down(office.clone(), transfers));
        Ok(Resolvers { listening, zones: Some((zones, notices)), tasks: vec![serving, writing] })
    }

    /// Waits until the last transfer is written down.
    async fn stop(self) {
        drop(self.zones);
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "the server of policy zones ended by a panic");
            }
        }
    }
}

fn read_content(config: &Config, quiet: bool) -> Content {
    let spinner = progress::spinner(quiet);
    let content = Content::read(&ContentPaths::from(&config.content), |what| {
        spinner.set_message(format!("reading {what}"));
    });
    spinner.finish_and_clear();
    if !quiet {
        scan::say_content(&content);
    }
    content
}

/// Opens the journal and says what was wrong with it.
///
/// # Errors
/// When another process has it, or the system refuses.
pub(crate) async fn open_journal(
    config: &Config,
    state: &State,
    ctx: &OpContext,
) -> Result<(JournalHandle, JournalThread)> {
    let consumers = state.progress_of_all(ctx).await.context("cannot read how far consumers are")?;
    let floor = consumers.into_iter().map(|progress| progress.upto).max().unwrap_or_default();
    let folder = config.journal_dir();
    let opened = tokio::task::spawn_blocking(move || Journal::open(&folder, Options { floor, ..Options::default() }));
    let (journal, recovery) = opened.await.context("opening the journal")??;
    for damage in &recovery.damages {
        tracing::error!(
            file = %damage.file, from = damage.from, upto = damage.upto, is_kept = damage.is_kept,
            "the journal was damaged: {}", damage.why
        );
    }
    if recovery.looked_through > 0 {
        tracing::info!(
            segments = recovery.looked_through,
            records = recovery.records_recovered,
            "the journal had not been closed; {} records were read back",
            recovery.records_recovered
        );
    }
    JournalHandle::start(journal).context("cannot start the journal's thread")
}

/// The first line on stdout: where we are. With `--json` for programs, else for people.
async fn announce(
    config: &Config,
    (listening, rpz): (SocketAddr, Option<SocketAddr>),
    arguments: &ServeArgs,
    state: &State,
    ctx: &OpContext,
    setup_url: Option<&str>,
) -> Result<()> {
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let mut line = serde_json::json!({ "listening": listening, "setup_url": setup_url });
        if let Some(rpz) = rpz {
            line["rpz"] = rpz.to_string().into();
        }
        writeln!(out, "{line}")?;
    } else {
        writeln!(out, "watching: {scheme}://{listening}, data in {}", config.data_dir.display())?;
        if let Some(rpz) = rpz {
            writeln!(out, "policy zones for resolvers: {rpz}")?;
        }
        if let Some(setup_url) = setup_url {
            writeln!(out, "nobody works here yet; this link lets the first person in, for 15 minutes: {setup_url}")?;
        }
    }
    out.flush()?;
    drop(out);
    if arguments.quiet {
        return Ok(());
    }
    for (name, source) in &config.sources {
        eprintln!("source {name}: {}", doors::describe(name, source));
    }
    if state.tokens(ctx).await.is_ok_and(|tokens| tokens.is_empty()) {
        let data = config.data_dir.display();
        eprintln!("hint: nobody can post records yet; make a token with: watchbell token add NAME --data {data}");
    }
    Ok(())
}

/// Waits for the word to stop; reads rules and indicators anew when told so (SIGHUP).
async fn wait_for_the_end(config: &Config, content: &ArcSwap<Content>) -> Result<()> {
    let listen = |kind| signal(kind).context("cannot listen to signals");
    let mut stops: [Signal; 2] = [listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?];
    let mut reload = listen(SignalKind::hangup())?;
    let [terminate, interrupt] = &mut stops;
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
            _ = reload.recv() => {
                let paths = ContentPaths::from(&config.content);
                let read = tokio::task::spawn_blocking(move || Content::read(&paths, |_| {})).await;
                let fresh = read.context("reading rules and indicators")?;
                for complaint in fresh.complaints.iter().take(20) {
                    tracing::warn!(path = %complaint.path, reason = %complaint.reason, "not loaded: {}", complaint.path);
                }
                let (rules, indicators) = (fresh.rules.len(), fresh.indicator_count);
                fresh.indicators.take_over(&content.load().indicators);
                content.store(Arc::new(fresh));
                tracing::info!(rules, indicators, "read anew: {} and {}",
                    words::counted(rules as u64, "rule"), words::counted(indicators, "indicator"));
            }
        }
    }
}
