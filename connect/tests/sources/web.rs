//! Servers that answer as a test says, and a way out that is watched.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connect::fetch::{FetchRules, Fetcher, Outside, Patience};
use model::doors::BoxFuture;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// Method, path and query.
    pub(crate) line: String,
    /// All of the head, in small letters.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    /// A parameter of the query, decoded where it has `+` and `%xx`.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let target = self.line.split(' ').nth(1)?;
        let url = url::Url::parse(&format!("http://x{target}")).ok()?;
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    pub(crate) fn path(&self) -> &str {
        let target = self.line.split(' ').nth(1).unwrap_or_default();
        target.split('?').next().unwrap_or_default()
    }
}

/// What a server does with a request.
pub(crate) enum Answer {
    /// Sends these bytes and closes.
    Raw(Vec<u8>),
    /// Sends these bytes and then nothing, for as long as the other side stays.
    Stall(Vec<u8>),
    /// Sends these bytes and then a byte now and then, for as long as the other side stays.
    Drip(Vec<u8>),
    /// Sends the bytes, then the others again and again, for as long as the other side takes them.
    Flood(Vec<u8>, Vec<u8>),
}

/// A whole answer.
pub(crate) fn answer(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Answer {
    let body = body.as_ref();
    let mut bytes = format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    Answer::Raw(bytes)
}

/// A server on loopback; ended with its owner.
pub(crate) struct Web {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: JoinHandle<()>,
}

impl Drop for Web {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Web {
    pub(crate) async fn start(answers: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        Web::start_with(None, answers).await
    }

    /// The same over TLS.
    pub(crate) async fn start_with(
        tls: Option<tokio_rustls::TlsAcceptor>,
        answers: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (connections, asked, answers) = (Arc::new(AtomicUsize::new(0)), Arc::default(), Arc::new(answers));
        let (counter, log) = (Arc::clone(&connections), Arc::clone(&asked));
        let task = tokio::spawn(async move {
            let mut tasks = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                let (tls, log, answers) = (tls.clone(), Arc::clone(&log), Arc::clone(&answers));
                tasks.spawn(async move {
                    let _ = match tls {
                        None => serve(stream, &log, &*answers).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => serve(stream, &log, &*answers).await,
                            Err(error) => Err(error),
                        },
                    };
                });
            }
        });
        Web { address, connections, asked, task }
    }

    /// Connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("whole").clone()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A fetcher that may go there, and nowhere else that is private.
    pub(crate) fn fetcher(&self) -> Fetcher {
        Fetcher::new(&self.rules()).expect("rules").with_patience(quick())
    }

    pub(crate) fn rules(&self) -> FetchRules {
        let allow_private = vec![self.address.to_string().parse().expect("an exception")];
        FetchRules { allow_http: true, allow_private: allow_private.try_into().expect("few"), ..FetchRules::default() }
    }
}

/// Patience that a test can wait for; the total is the shortest that a loaded machine keeps.
pub(crate) fn quick() -> Patience {
    let long = Duration::from_secs(20);
    Patience { connect: long, answer: long, idle: long, total: long }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    log: &Mutex<Vec<Asked>>,
    answers: &(impl Fn(&Asked) -> Answer + Sync),
) -> io::Result<()> {
    let mut bytes = Vec::new();
    let head_length = loop {
        if let Some(found) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break found + 4;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_length]).into_owned();
    let line = head.lines().next().unwrap_or_default().to_owned();
    let head = head.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
    let mut body = bytes.split_off(head_length);
    while body.len() < length.unwrap_or(0) && stream.read_buf(&mut body).await? > 0 {}
    let asked = Asked { line, head, body };
    log.lock().expect("whole").push(asked.clone());
    match answers(&asked) {
        Answer::Raw(bytes) => {
            stream.write_all(&bytes).await?;
            stream.shutdown().await
        }
        Answer::Stall(bytes) => {
            stream.write_all(&bytes).await?;
            stream.flush().await?;
            while stream.read_buf(&mut Vec::with_capacity(16)).await? > 0 {}
            Ok(())
        }
        Answer::Drip(bytes) => {
            stream.write_all(&bytes).await?;
            let mut clock = tokio::time::interval(Duration::from_millis(10));
            loop {
                clock.tick().await;
                stream.write_all(b"x").await?;
                stream.flush().await?;
            }
        }
        Answer::Flood(first, again) => {
            stream.write_all(&first).await?;
            loop {
                stream.write_all(&again).await?;
            }
        }
    }
}

/// A way out that answers names as it is told, and leads public addresses to servers of the test.
#[derive(Default)]
pub(crate) struct Watched {
    names: Mutex<BTreeMap<String, VecDeque<Vec<IpAddr>>>>,
    leads: BTreeMap<SocketAddr, SocketAddr>,
    pub(crate) lookups: AtomicUsize,
    pub(crate) dialled: Mutex<Vec<SocketAddr>>,
}

impl Watched {
    /// A name that has these addresses the first time, those the second time, and so on; the last for ever.
    pub(crate) fn name(self, name: &str, answers: &[&[&str]]) -> Self {
        let parse = |addresses: &&[&str]| addresses.iter().map(|text| text.parse().expect("an address")).collect();
        self.names.lock().expect("whole").insert(name.to_owned(), answers.iter().map(parse).collect());
        self
    }

    /// A public address that is really this server.
    pub(crate) fn lead(mut self, public: &str, server: &Web) -> Self {
        self.leads.insert(public.parse().expect("an address"), server.address);
        self
    }

    pub(crate) fn dialled(&self) -> Vec<SocketAddr> {
        self.dialled.lock().expect("whole").clone()
    }
}

impl Outside for Watched {
    fn addresses<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        self.lookups.fetch_add(1, Ordering::SeqCst);
        let mut names = self.names.lock().expect("whole");
        let found = names.get_mut(name).and_then(|answers| match answers.len() {
            0 | 1 => answers.front().cloned(),
            _ => answers.pop_front(),
        });
        Box::pin(std::future::ready(found.ok_or_else(|| io::ErrorKind::NotFound.into())))
    }

    fn dial(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<TcpStream>> {
        self.dialled.lock().expect("whole").push(address);
        match self.leads.get(&address) {
            Some(server) => Box::pin(TcpStream::connect(*server)),
            // An address that should not have been dialled and is on this machine: the canary is to see it.
            None if address.ip().to_canonical().is_loopback() => Box::pin(TcpStream::connect(address)),
            None => Box::pin(std::future::ready(Err(io::ErrorKind::ConnectionRefused.into()))),
        }
    }
}
