//! Sockets, limits and counters of the server.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use model::doors::Clock;
use model::limits::{
    RPZ_CHANGES_WAITING_MAX, RPZ_CONNECTIONS_MAX, RPZ_IDLE_SECONDS_MAX, RPZ_QUESTION_BYTES_MAX, RPZ_QUESTIONS_MAX,
    RPZ_SECONDARIES_MAX, RPZ_TRANSFER_SECONDS_MAX, RPZ_WRITE_SECONDS_MAX,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::answer::{Reply, Transfer, Way, buffer, judge};
use super::notify::notify;
use super::{Secondary, Zones};

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RpzError {
    /// An address cannot be listened at.
    #[error("cannot listen at {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        #[source]
        cause: std::io::Error,
    },
}

/// What the server has done since it started.
#[derive(Debug, Default)]
pub struct Counts {
    questions: AtomicU64,
    refused: AtomicU64,
    whole: AtomicU64,
    changes: AtomicU64,
    broken: AtomicU64,
    turned_away: AtomicU64,
    told: AtomicU64,
    silent: AtomicU64,
    untold: AtomicU64,
}

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        impl Counts {
            $($(#[$doc])* pub fn $name(&self) -> u64 { self.$name.load(Ordering::Relaxed) })*
        }
    };
}

counts! {
    /// Messages that came.
    questions;
    /// Messages without a key that is good; they were told nothing.
    refused;
    /// Whole zones that were sent to their end.
    whole;
    /// Transfers of changes that were sent to their end.
    changes;
    /// Transfers that ended before that.
    broken;
    /// Connections for which there was no place.
    turned_away;
    /// Times that a resolver confirmed to have been told of a change.
    told;
    /// Times that one did not.
    silent;
    /// Changes of which nobody was told, because too many waited.
    untold;
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// By which others say that a zone has changed.
#[derive(Clone, Debug)]
pub struct Notices {
    changes: mpsc::Sender<String>,
    counts: Arc<Counts>,
}

impl Notices {
    /// The zone of that name has a new version: its resolvers are told. Never waits; a change for which there is no room is
    /// counted, and resolvers find it at their next refresh.
    pub fn changed(&self, zone_name: &str) {
        if self.changes.try_send(zone_name.trim_end_matches('.').to_ascii_lowercase()).is_err() {
            add(&self.counts.untold);
        }
    }
}

/// What every connection needs.
#[derive(Clone)]
struct Shared {
    zones: Arc<dyn Zones>,
    clock: Arc<dyn Clock>,
    counts: Arc<Counts>,
}

/// The server, with its sockets open.
pub struct Server {
    sockets: Vec<(TcpListener, UdpSocket)>,
    shared: Shared,
    changes: mpsc::Receiver<String>,
    notices: Notices,
}

impl Server {
    /// Opens the sockets: TCP and UDP at each address; port 0 takes a free one, the same for both.
    ///
    /// # Errors
    /// When an address cannot be listened at.
    pub async fn bind(
        addresses: &[SocketAddr],
        zones: Arc<dyn Zones>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, RpzError> {
        let mut sockets = Vec::with_capacity(addresses.len());
        for &address in addresses {
            let failed = |cause| RpzError::Listen { address, cause };
            let tcp = TcpListener::bind(address).await.map_err(failed)?;
            let udp = UdpSocket::bind(tcp.local_addr().map_err(failed)?).await.map_err(failed)?;
            sockets.push((tcp, udp));
        }
        let counts = Arc::new(Counts::default());
        let (sender, changes) = mpsc::channel(RPZ_CHANGES_WAITING_MAX);
        let notices = Notices { changes: sender, counts: Arc::clone(&counts) };
        Ok(Server { sockets, shared: Shared { zones, clock, counts }, changes, notices })
    }

    /// Where it listens.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.sockets.iter().filter_map(|(tcp, _)| tcp.local_addr().ok()).collect()
    }

    /// By which others say that a zone has changed.
    pub fn notices(&self) -> Notices {
        self.notices.clone()
    }

    /// Its counters.
    pub fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.shared.counts)
    }

    /// Serves until it has to stop. Transfers that are under way then are broken off: resolvers ask again.
    pub async fn run(self, shutdown: CancellationToken) {
        let Server { sockets, shared, changes, notices } = self;
        // Its own sender would keep the teller waiting for ever.
        drop(notices);
        let mut tasks = JoinSet::new();
        let places = Arc::new(Semaphore::new(RPZ_CONNECTIONS_MAX));
        for (tcp, udp) in sockets {
            tasks.spawn(listen(tcp, shared.clone(), Arc::clone(&places)));
            tasks.spawn(datagrams(udp, shared.clone()));
        }
        tasks.spawn(tell(changes, shared));
        shutdown.cancelled().await;
        tasks.shutdown().await;
    }
}

async fn listen(listener: TcpListener, shared: Shared, places: Arc<Semaphore>) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((stream, peer)) = accepted else {
            // No descriptor left, or a connection that broke at once: neither ends the listener.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            add(&shared.counts.turned_away);
            continue;
        };
        let shared = shared.clone();
        connections.spawn(async move {
            let _place = place;
            if let Err(error) = converse(stream, &shared).await {
                tracing::debug!(%peer, "connection of a resolver from {peer} ended: {error}");
            }
        });
    }
}

/// One connection. What ends it early is the other side's doing, or a limit.
async fn converse(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    for _ in 0..RPZ_QUESTIONS_MAX {
        let Some(question) = in_time(RPZ_IDLE_SECONDS_MAX, read_question(&mut stream)).await? else { return Ok(()) };
        add(&shared.counts.questions);
        match judge(question, Way::Tcp, &*shared.zones, shared.clock.now()) {
            Reply::Silence => return Ok(()),
            Reply::Stranger(message) => {
                add(&shared.counts.refused);
                in_time(RPZ_WRITE_SECONDS_MAX, stream.write_all(message.as_stream_slice())).await?;
                // Who has no key has nothing more to ask.
                return stream.shutdown().await;
            }
            Reply::Message(message) => {
                in_time(RPZ_WRITE_SECONDS_MAX, stream.write_all(message.as_stream_slice())).await?;
            }
            Reply::Transfer(mut transfer) => {
                if !shared.zones.sends(transfer.zone(), transfer.key_name()) {
                    add(&shared.counts.broken);
                    return Ok(());
                }
                let sent = in_time(RPZ_TRANSFER_SECONDS_MAX, send(&mut stream, &mut transfer, shared)).await;
                let counter = match (&sent, transfer.is_of_changes()) {
                    (Err(_), _) => &shared.counts.broken,
                    (Ok(()), true) => &shared.counts.changes,
                    (Ok(()), false) => &shared.counts.whole,
                };
                add(counter);
                sent?;
            }
        }
    }
    Ok(())
}

/// The next question; `None` when the other side has hung up, or asks for more than a question takes.
async fn read_question(stream: &mut TcpStream) -> std::io::Result<Option<Vec<u8>>> {
    let length = match stream.read_u16().await {
        Ok(length) => usize::from(length),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    };
    if length > RPZ_QUESTION_BYTES_MAX {
        return Ok(None);
    }
    let mut question = vec![0; length];
    stream.read_exact(&mut question).await?;
    Ok(Some(question))
}

/// Sends one message after the other. Writing one takes some tens of microseconds, and the socket is waited for in between.
async fn send(stream: &mut TcpStream, transfer: &mut Transfer, shared: &Shared) -> std::io::Result<()> {
    let mut messages = transfer.messages();
    let mut memory = buffer();
    while let Some(message) = messages.next(memory, shared.clock.now()).map_err(std::io::Error::other)? {
        in_time(RPZ_WRITE_SECONDS_MAX, stream.write_all(message.as_stream_slice())).await?;
        memory = message;
    }
    Ok(())
}

async fn in_time<T>(seconds: u64, work: impl Future<Output = std::io::Result<T>>) -> std::io::Result<T> {
    match tokio::time::timeout(Duration::from_secs(seconds), work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(std::io::ErrorKind::TimedOut.into()),
    }
}

async fn datagrams(socket: UdpSocket, shared: Shared) {
    let mut datagram = vec![0; RPZ_QUESTION_BYTES_MAX];
    loop {
        let Ok((bytes, from)) = socket.recv_from(&mut datagram).await else {
            // An ICMP answer to something we sent, or a passing lack of memory.
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        };
        add(&shared.counts.questions);
        let question = datagram.get(..bytes).unwrap_or_default().to_vec();
        let message = match judge(question, Way::Udp, &*shared.zones, shared.clock.now()) {
            Reply::Stranger(message) => {
                add(&shared.counts.refused);
                message
            }
            Reply::Message(message) => message,
            // Nothing is transferred over UDP.
            Reply::Silence | Reply::Transfer(_) => continue,
        };
        // What cannot be sent is as if it were lost on the way, which UDP may do.
        let _ = socket.try_send_to(message.as_dgram_slice(), from);
    }
}

/// Tells resolvers. A newer version of a zone makes an older notice to the same resolver pointless.
async fn tell(mut changes: mpsc::Receiver<String>, shared: Shared) {
    let mut tasks = JoinSet::new();
    let mut under_way: HashMap<(String, SocketAddr), AbortHandle> = HashMap::new();
    loop {
        let name = tokio::select! {
            name = changes.recv() => name,
            Some(_) = tasks.join_next() => {
                under_way.retain(|_, handle| !handle.is_finished());
                continue;
            }
        };
        let Some(name) = name else { break };
        for secondary in shared.zones.secondaries(&name) {
            let Some(zone) = shared.zones.zone(&name, secondary.key.name()) else { continue };
            let place = (name.clone(), secondary.address);
            if let Some(older) = under_way.remove(&place) {
                older.abort();
            }
            if under_way.len() >= RPZ_SECONDARIES_MAX {
                add(&shared.counts.untold);
                continue;
            }
            under_way.insert(place, tasks.spawn(tell_one(secondary, zone, shared.clone())));
        }
    }
    // Nobody can say any more that something changed; who is being told is told to the end.
    while tasks.join_next().await.is_some() {}
}

async fn tell_one(secondary: Secondary, zone: Arc<super::Zone>, shared: Shared) {
    let (address, name) = (secondary.address, zone.settings().name());
    match notify(&secondary, &zone, &*shared.clock).await {
        Ok(()) => add(&shared.counts.told),
        Err(error) => {
            add(&shared.counts.silent);
            tracing::warn!(%address, zone = name, "resolver {address} was not told of zone {name}: {error}");
        }
    }
}
