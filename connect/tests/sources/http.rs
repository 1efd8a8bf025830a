//! The ingest door, with requests as they stand on the wire.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use connect::http::{Ingest, TokenCheck, TokenDenied, router, serve};
use connect::{Health, Link};
use model::doors::{BoxFuture, IntakeError};
use model::limits::{BATCH_RECORDS_MAX, INGEST_BODY_BYTES_MAX, INGEST_REQUESTS_MAX, RECORD_BYTES_MAX};
use model::{Cursor, Format, SourceId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::intake::{FakeIntake, busy, link, soon, source_id};
use crate::servers::Certificates;

struct Tokens;

impl TokenCheck for Tokens {
    fn check<'a>(&'a self, token: &'a str, _: &'a SourceId) -> BoxFuture<'a, Result<(), TokenDenied>> {
        Box::pin(std::future::ready(match token {
            "good" => Ok(()),
            "other" => Err(TokenDenied::OtherSource),
            "later" => Err(TokenDenied::Unavailable),
            _ => Err(TokenDenied::Unknown),
        }))
    }
}

struct Door {
    address: SocketAddr,
    health: Arc<Health>,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Door {
    async fn open(intake: &Arc<FakeIntake>, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let link: Link = link(intake);
        let (health, shutdown) = (Arc::clone(&link.health), link.shutdown.clone());
        let sources = BTreeMap::from([(source_id("test"), (None, link))]);
        let ingest = Arc::new(Ingest::new(sources, Arc::new(Tokens)));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let serving = serve(listener, tls, router(ingest), shutdown.clone());
        let task = tokio::spawn(async move { serving.await.expect("served") });
        Door { address, health, shutdown, task }
    }

    async fn close(self) {
        self.shutdown.cancel();
        soon("the server stops", self.task).await.expect("no panic");
    }

    async fn post(&self, request: &Post<'_>) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.expect("connected");
        // The server may answer and close before it has read a body that it refuses.
        let _ = stream.write_all(&request.bytes()).await;
        let mut answer = Vec::new();
        let _ = soon("an answer", stream.read_to_end(&mut answer)).await;
        Answer::of(&answer)
    }
}

/// A request; `head` is more header lines.
struct Post<'a> {
    path: &'a str,
    token: &'a str,
    head: &'a str,
    body: &'a [u8],
}

const NDJSON: &str = "Content-Type: application/x-ndjson\r\n";

impl Post<'_> {
    fn bytes(&self) -> Vec<u8> {
        let Post { path, token, head, body } = self;
        let length = body.len();
        let mut bytes = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n{head}\
             Content-Length: {length}\r\n\r\n"
        )
        .into_bytes();
        bytes.extend_from_slice(body);
        bytes
    }
}

fn good(body: &[u8]) -> Post<'_> {
    Post { path: "/ingest/test", token: "good", head: NDJSON, body }
}

#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn of(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }
}

async fn check(request: Post<'_>, status: u16, body: &str) {
    let intake = FakeIntake::new();
    let door = Door::open(&intake, None).await;
    let answer = door.post(&request).await;
    assert_eq!((answer.status, answer.body.contains(body)), (status, true), "{answer:?}, wanted {body:?}");
    if status != 200 {
        assert!(intake.submitted().is_empty());
    }
    door.close().await;
}

#[tokio::test]
async fn requests_that_are_not_taken_say_why() {
    let line = b"{\"a\":1}\n";
    check(Post { token: "", ..good(line) }, 401, "a bearer token is needed").await;
    check(Post { token: "bad", ..good(line) }, 401, "unknown token").await;
    check(Post { token: "other", ..good(line) }, 403, "token is not for this source").await;
    check(Post { token: "later", ..good(line) }, 503, "tokens cannot be checked now").await;
    check(Post { path: "/ingest/nobody", ..good(line) }, 404, "no such source").await;
    check(Post { path: "/ingest/No%20Label", ..good(line) }, 404, "no such source").await;
    check(Post { path: "/ingest/test?format=zeeek", ..good(line) }, 400, "unknown format").await;
    check(Post { path: "/ingest/test?fromat=zeek", ..good(line) }, 400, "unknown query").await;
    check(Post { head: "Content-Type: image/png\r\n", ..good(line) }, 415, "send application/x-ndjson").await;
    check(Post { head: "Content-Encoding: br\r\n", ..good(line) }, 415, "send gzip, zstd or none").await;
    check(Post { head: "Content-Encoding: gzip\r\n", ..good(line) }, 400, "cannot be unpacked").await;
    check(Post { head: "Idempotency-Key: \r\n", ..good(line) }, 400, "a batch name is").await;
}

#[tokio::test]
async fn requests_that_are_taken_say_what_was_not() {
    check(good(b"{\"a\":1}\n{\"a\":2}\n"), 200, r#"{"accepted":2,"refused":[]}"#).await;
    check(good(b""), 200, r#"{"accepted":0,"refused":[]}"#).await;
    let mixed = b"{\"a\":1}\n\nnot json\n{\"a\":2}";
    check(good(mixed), 200, r#"{"accepted":2,"refused":[{"line":3,"reason":"not JSON"}]}"#).await;
    let plain = Post { head: "Content-Type: text/plain\r\n", ..good(b"<1>a\n<2>b\n") };
    check(plain, 200, r#"{"accepted":2,"refused":[]}"#).await;
    let long = [&vec![b'x'; RECORD_BYTES_MAX + 1][..], b"\nshort\n"].concat();
    let long = Post { head: "", ..good(&long) };
    check(long, 200, r#"{"accepted":1,"refused":[{"line":1,"reason":"longer than a record may be"}]}"#).await;
}

#[tokio::test]
async fn packed_bodies() {
    let text = b"{\"a\":1}\n{\"a\":2}\n";
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(text).expect("packed");
    let gzip = packer.finish().expect("packed");
    let zstd = zstd::encode_all(text.as_slice(), 3).expect("packed");
    check(Post { head: "Content-Encoding: gzip\r\n", ..good(&gzip) }, 200, r#""accepted":2"#).await;
    check(Post { head: "Content-Encoding: zstd\r\n", ..good(&zstd) }, 200, r#""accepted":2"#).await;
    let bomb = zstd::encode_all(vec![b' '; 32 * 1024 * 1024].as_slice(), 3).expect("packed");
    check(Post { head: "Content-Encoding: zstd\r\n", ..good(&bomb) }, 413, "more than 100 times its size").await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_announced_or_not() {
    let intake = FakeIntake::new();
    let door = Door::open(&intake, None).await;
    let head = "POST /ingest/test HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\n";
    let mut announced = TcpStream::connect(door.address).await.expect("connected");
    let length = INGEST_BODY_BYTES_MAX + 1;
    announced.write_all(format!("{head}Content-Length: {length}\r\n\r\n").as_bytes()).await.expect("sent");
    let mut start = [0; 12];
    soon("an answer", announced.read_exact(&mut start)).await.expect("an answer");
    assert_eq!(&start, b"HTTP/1.1 413");

    let mut chunked = TcpStream::connect(door.address).await.expect("connected");
    chunked.write_all(format!("{head}Transfer-Encoding: chunked\r\n\r\n").as_bytes()).await.expect("sent");
    let (mut reader, mut writer) = chunked.into_split();
    let feeding = tokio::spawn(async move {
        let piece = [format!("{:x}\r\n", 1 << 20).as_bytes(), &vec![b'x'; 1 << 20], b"\r\n"].concat();
        for _ in 0..=INGEST_BODY_BYTES_MAX >> 20 {
            if writer.write_all(&piece).await.is_err() {
                break;
            }
        }
        writer
    });
    soon("an answer", reader.read_exact(&mut start)).await.expect("an answer");
    assert_eq!(&start, b"HTTP/1.1 413");
    drop(feeding.await);
    assert!(intake.submitted().is_empty());
    assert_eq!(door.health.snapshot().refused, 2);
    door.close().await;
}

#[tokio::test]
async fn an_intake_that_takes_nothing_is_told_to_the_client() {
    let intake = FakeIntake::new();
    let door = Door::open(&intake, None).await;
    let failed = IntakeError::Failed { reason: "broken".to_owned() };
    let busy_long = IntakeError::Busy { retry_after: Duration::from_millis(6_500) };
    for (error, status, retry_after) in
        [(busy(), 429, "1"), (busy_long, 429, "7"), (IntakeError::NoSpace, 507, "30"), (failed, 503, "30")]
    {
        intake.refuse([error]);
        let answer = door.post(&good(b"{}\n")).await;
        let retry_line = format!("retry-after: {retry_after}\r\n");
        assert!(answer.status == status && answer.head.contains(&retry_line), "{status} {retry_line}: {answer:?}");
    }
    assert_eq!(door.post(&good(b"{}\n")).await.status, 200);
    door.close().await;
}

#[tokio::test]
async fn the_answer_comes_when_the_records_are_durable() {
    let intake = FakeIntake::new();
    intake.hold();
    let door = Door::open(&intake, None).await;
    let mut stream = TcpStream::connect(door.address).await.expect("connected");
    stream.write_all(&good(b"{}\n").bytes()).await.expect("sent");
    intake.until("the batch is offered", |intake| intake.offered() == 1).await;
    let mut answer = Vec::new();
    let early = tokio::time::timeout(Duration::from_millis(100), stream.read_buf(&mut answer)).await;
    assert!(early.is_err() && answer.is_empty());
    intake.release();
    soon("an answer", stream.read_to_end(&mut answer)).await.expect("an answer");
    assert_eq!(Answer::of(&answer).status, 200);
    door.close().await;
}

#[tokio::test]
async fn a_repeated_batch_is_stored_once() {
    let intake = FakeIntake::new();
    let door = Door::open(&intake, None).await;
    let lines: String = (0..BATCH_RECORDS_MAX + 10).map(|number| format!("{{\"n\":{number}}}\n")).collect();
    let request = |head| Post { head, path: "/ingest/test?format=zeek", ..good(lines.as_bytes()) };
    let named = "Idempotency-Key: b-7\r\n";
    let first = door.post(&request(named)).await;
    let again = door.post(&request("X-Watchbell-Batch: b-7\r\n")).await;
    assert_eq!((first.status, again.status), (200, 200));
    assert_eq!(intake.submitted().len(), 2 * (BATCH_RECORDS_MAX + 10));
    assert_eq!(intake.stored().len(), BATCH_RECORDS_MAX + 10);
    let last = intake.stored().pop().expect("a record");
    assert_eq!(last.cursor, Some(Cursor::Batch { id: "b-7".into(), index: BATCH_RECORDS_MAX as u64 + 9 }));
    assert_eq!(last.format, Some(Format::Zeek));
    door.post(&request("")).await;
    assert_eq!(intake.stored().len(), 2 * (BATCH_RECORDS_MAX + 10));
    door.close().await;
}

#[tokio::test]
async fn a_request_that_is_refused_halfway_can_be_repeated() {
    let intake = FakeIntake::new();
    let door = Door::open(&intake, None).await;
    // Blank lines keep the numbers of the lines behind them.
    let lines = format!("\n{}", "{}\n".repeat(BATCH_RECORDS_MAX + 1));
    let request = Post { head: "Idempotency-Key: half\r\n", ..good(lines.as_bytes()) };
    intake.refuse_number(2, busy());
    let answer = door.post(&request).await;
    let told = format!("\"accepted\":{BATCH_RECORDS_MAX}}}");
    assert!(answer.status == 429 && answer.body.ends_with(&told), "{answer:?}");
    assert_eq!(door.post(&request).await.status, 200);
    assert_eq!(intake.submitted().len(), 2 * BATCH_RECORDS_MAX + 1);
    assert_eq!(intake.stored().len(), BATCH_RECORDS_MAX + 1);
    assert_eq!(intake.stored()[0].cursor, Some(Cursor::Batch { id: "half".into(), index: 1 }));
    door.close().await;
}

#[tokio::test]
async fn requests_over_the_limit_are_told_to_come_back() {
    let intake = FakeIntake::new();
    intake.hold();
    let door = Door::open(&intake, None).await;
    let mut waiting = Vec::new();
    for _ in 0..INGEST_REQUESTS_MAX {
        let mut stream = TcpStream::connect(door.address).await.expect("connected");
        stream.write_all(&good(b"{}\n").bytes()).await.expect("sent");
        waiting.push(stream);
    }
    intake.until("all are offered", |intake| intake.offered() == INGEST_REQUESTS_MAX).await;
    let answer = door.post(&good(b"{}\n")).await;
    assert!(answer.status == 429 && answer.head.contains("retry-after: 1"), "{answer:?}");
    intake.release();
    for mut stream in waiting {
        let mut answer = Vec::new();
        soon("an answer", stream.read_to_end(&mut answer)).await.expect("an answer");
        assert_eq!(Answer::of(&answer).status, 200);
    }
    assert_eq!(intake.stored().len(), INGEST_REQUESTS_MAX);
    door.close().await;
}

#[tokio::test]
async fn the_door_over_tls() {
    let certificates = Certificates::new();
    let tls = connect::tls::ListenTls {
        cert: certificates.path("server.pem"),
        key: certificates.path("server.key"),
        client_ca: None,
    };
    let intake = FakeIntake::new();
    let door = Door::open(&intake, Some(connect::tls::listen(&tls).expect("a server"))).await;
    // A client that never shakes hands holds up nobody.
    let silent = TcpStream::connect(door.address).await.expect("connected");
    let broken = TcpStream::connect(door.address).await.expect("connected");
    broken.try_write(b"GET / HTTP/1.1\r\n\r\n").ok();
    let stream = TcpStream::connect(door.address).await.expect("connected");
    let name = "localhost".try_into().expect("a name");
    let mut stream = soon("TLS", certificates.connector(None).connect(name, stream)).await.expect("TLS");
    stream.write_all(&good(b"{}\n").bytes()).await.expect("sent");
    let mut answer = Vec::new();
    let _ = soon("an answer", stream.read_to_end(&mut answer)).await;
    assert_eq!(Answer::of(&answer).status, 200);
    drop(silent);
    door.close().await;
}
