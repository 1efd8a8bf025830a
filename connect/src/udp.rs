//! What the UDP sources share: a socket with a large buffer, a task that always reads, and one that hands in.
//!
//! Nothing holds a UDP sender back. While ingest is busy, the reader goes on and fills a bounded queue; when that is
//! full too, datagrams are dropped and counted. What the kernel drops before we read is counted where it says so.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use model::doors::Incoming;
use model::limits::{
    BATCH_QUEUE_MAX, BATCH_RECORDS_MAX, UDP_DATAGRAM_BYTES_MAX, UDP_DROPS_POLL_MS, UDP_RECEIVE_BUFFER_BYTES,
};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

use crate::gather::Gather;
use crate::health::{Count, SourceState};
use crate::kernel;
use crate::link::{Link, SourceError};

/// Where to listen, and how.
#[derive(Clone, Debug)]
pub(crate) struct Listen {
    pub(crate) address: String,
    pub(crate) receive_buffer_bytes: Option<usize>,
}

/// Receives until shutdown. `read` makes records of each datagram; it may not wait.
pub(crate) async fn receive(
    listen: Listen,
    link: &Link,
    read: impl FnMut(&Link, SocketAddr, &[u8], &mut Vec<Incoming>) + Send,
) -> Result<(), SourceError> {
    let socket = Arc::new(open(&listen).await?);
    link.health.set_listening(socket.local_addr().ok());
    link.health.set_state(SourceState::Running);
    let (full, batches) = mpsc::channel(BATCH_QUEUE_MAX);
    // A task of its own, so that the work inside `submit` does not keep the reader from its socket.
    let submitter = AbortOnDrop(tokio::spawn(submit_all(batches, link.clone())));
    let read_outcome = read_all(&socket, link, full, read).await;
    link.health.set_kernel_dropped(kernel::dropped_datagrams(&*socket));
    let submit_outcome = submitter.join().await;
    submit_outcome.and(read_outcome)
}

async fn open(listen: &Listen) -> Result<UdpSocket, SourceError> {
    let cannot_listen = |cause| SourceError::Listen { address: listen.address.clone(), cause };
    let socket = UdpSocket::bind(&listen.address).await.map_err(cannot_listen)?;
    let wanted = listen.receive_buffer_bytes.unwrap_or(UDP_RECEIVE_BUFFER_BYTES);
    let options = socket2::SockRef::from(&socket);
    // The kernel silently gives less than asked for when `net.core.rmem_max` is lower: said once, in the log.
    let given = options.set_recv_buffer_size(wanted).and_then(|()| options.recv_buffer_size()).unwrap_or(0);
    if given < wanted {
        tracing::info!(
            given_bytes = given,
            wanted_bytes = wanted,
            "UDP receive buffer at {} is smaller than wanted",
            listen.address
        );
    }
    Ok(socket)
}

async fn read_all(
    socket: &UdpSocket,
    link: &Link,
    full: mpsc::Sender<Vec<Incoming>>,
    mut read: impl FnMut(&Link, SocketAddr, &[u8], &mut Vec<Incoming>) + Send,
) -> Result<(), SourceError> {
    let mut datagram = vec![0; UDP_DATAGRAM_BYTES_MAX];
    let mut drops_poll = tokio::time::interval(Duration::from_millis(UDP_DROPS_POLL_MS));
    let mut gather = Gather::default();
    let mut records = Vec::new();
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut datagram) => received,
            place = full.reserve(), if !gather.is_empty() => {
                // No receiver means that the submitter failed; its error is the one that counts.
                let Ok(place) = place else { return Ok(()) };
                place.send(gather.take());
                continue;
            }
            _ = drops_poll.tick() => {
                link.health.set_kernel_dropped(kernel::dropped_datagrams(socket));
                continue;
            }
            () = link.shutdown.cancelled() => break,
        };
        let mut next = Some(received);
        // Much of what is there already: one wake-up for many datagrams, and still an ear for the word to stop.
        for _ in 0..BATCH_RECORDS_MAX {
            let Some(received) = next.take() else { break };
            match received {
                Ok((bytes, from)) => read(link, from, &datagram[..bytes], &mut records),
                // An ICMP answer to something we sent, or a passing lack of memory: not the end of the socket.
                Err(_) => link.health.add(Count::Refused, 1),
            }
            let stored = keep(&mut records, &mut gather, &full, link);
            next = socket.try_recv_from(&mut datagram).ok().filter(|_| stored).map(Ok);
        }
        if full.is_closed() {
            return Ok(());
        }
    }
    if !gather.is_empty() {
        // Shutdown: the last batch waits for its place, and the submitter gives up at shutdown rather than block.
        if let Err(unsent) = full.send(gather.take()).await {
            link.health.add(Count::Dropped, unsent.0.len() as u64);
        }
    }
    Ok(())
}

/// Puts records into the batch; drops and counts those for which there is no room. False when something was dropped.
fn keep(records: &mut Vec<Incoming>, gather: &mut Gather, full: &mpsc::Sender<Vec<Incoming>>, link: &Link) -> bool {
    let mut all_kept = true;
    for record in records.drain(..) {
        if !gather.has_room(record.body.len()) {
            match full.try_reserve() {
                Ok(place) => place.send(gather.take()),
                Err(_) => {
                    link.health.add(Count::Dropped, 1);
                    all_kept = false;
                    continue;
                }
            }
        }
        // Room was made above, so that no batch comes back.
        let _ = gather.push(record);
    }
    all_kept
}

async fn submit_all(mut batches: mpsc::Receiver<Vec<Incoming>>, link: Link) -> Result<(), SourceError> {
    while let Some(batch) = batches.recv().await {
        if let Err(error) = link.hand_in(batch).await {
            batches.close();
            while let Ok(lost) = batches.try_recv() {
                link.health.add(Count::Dropped, lost.len() as u64);
            }
            return Err(error.into());
        }
    }
    Ok(())
}

/// A task that ends with its owner.
struct AbortOnDrop(tokio::task::JoinHandle<Result<(), SourceError>>);

impl AbortOnDrop {
    async fn join(mut self) -> Result<(), SourceError> {
        match (&mut self.0).await {
            Ok(outcome) => outcome,
            Err(error) => Err(SourceError::Io { what: "hand in datagrams", cause: std::io::Error::other(error) }),
        }
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
