//! Syslog over UDP, TCP and TLS.

use std::net::SocketAddr;
use std::sync::Arc;

use connect::syslog::{SyslogTcp, SyslogUdp};
use model::Format;
use model::doors::IntakeError;
use model::limits::{BATCH_RECORDS_MAX, SYSLOG_CONNECTION_BYTES_MAX, SYSLOG_FRAME_BYTES_MAX};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use crate::intake::{FakeIntake, Running, busy, config, soon};
use crate::servers::Certificates;

fn tcp(settings: &str, intake: &Arc<FakeIntake>) -> Running {
    let config = config(&format!("listen = '127.0.0.1:0'\n{settings}"));
    Running::start(SyslogTcp::new(config).expect("good settings"), intake)
}

fn udp(intake: &Arc<FakeIntake>) -> Running {
    Running::start(SyslogUdp::new(config("listen = '127.0.0.1:0'")), intake)
}

async fn send(address: SocketAddr, bytes: &[u8]) {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.write_all(bytes).await.expect("sent");
    stream.shutdown().await.expect("closed");
}

#[tokio::test]
async fn datagrams_become_records() {
    let intake = FakeIntake::new();
    let source = udp(&intake);
    let sender = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    for datagram in ["<1>one\n", "<2>two", "", "\r\n", "<3>three\nlines\0"] {
        sender.send_to(datagram.as_bytes(), source.address().await).await.expect("sent");
    }
    intake.until_stored(3).await;
    assert_eq!(intake.texts(), ["<1>one", "<2>two", "<3>three\nlines"]);
    assert!(intake.stored().iter().all(|record| record.cursor.is_none() && record.format == Some(Format::Syslog)));
    source.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn datagrams_that_nobody_can_hold_are_dropped_and_counted() {
    let intake = FakeIntake::new();
    intake.hold();
    let source = udp(&intake);
    let address = source.address().await;
    let sender = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    let mut sent = 0u64;
    // The queue of batches, one batch in the making and one under way hold at most so many.
    while source.health.snapshot().dropped == 0 {
        assert!(sent < 40 * BATCH_RECORDS_MAX as u64, "{:?}", source.health.snapshot());
        for _ in 0..64 {
            sender.send_to(b"<1>x", address).await.expect("sent");
        }
        sent += 64;
        tokio::task::yield_now().await;
    }
    intake.release();
    // What was received is durable or counted as dropped, nothing else.
    source.until("all is settled", |now| now.durable + now.dropped == now.received && now.durable > 0).await;
    source.stop().await;
}

#[tokio::test]
async fn all_framings_on_one_port() {
    let intake = FakeIntake::new();
    let source = tcp("", &intake);
    let address = source.address().await;
    send(address, b"<1>a\n<2>b\r\n5 <3>\nc<4>d\0").await;
    intake.until_stored(4).await;
    send(address, b"<5>no trailer").await;
    intake.until_stored(5).await;
    send(address, b"99 <6>half").await;
    intake.until_stored(6).await;
    assert_eq!(intake.texts(), ["<1>a", "<2>b", "<3>\nc", "<4>d", "<5>no trailer", "<6>half"]);
    assert_eq!(source.health.snapshot().truncated, 1);
    source.stop().await;
}

#[tokio::test]
async fn a_frame_over_the_limit_is_cut_and_the_next_is_whole() {
    let intake = FakeIntake::new();
    let source = tcp("", &intake);
    let long = vec![b'x'; SYSLOG_FRAME_BYTES_MAX + 50_000];
    let count = format!("{} <3>", long.len() + 3);
    let stream = [long.as_slice(), b"\n<2>next\n", count.as_bytes(), &long, b"7 <4>last"];
    send(source.address().await, &stream.concat()).await;
    intake.until_stored(4).await;
    let stored = intake.stored();
    let lengths: Vec<_> = stored.iter().map(|record| record.body.len()).collect();
    assert_eq!(lengths, [SYSLOG_FRAME_BYTES_MAX, 7, SYSLOG_FRAME_BYTES_MAX, 7]);
    assert_eq!((stored[1].body.as_slice(), stored[3].body.as_slice()), (&b"<2>next"[..], &b"<4>last"[..]));
    assert_eq!(source.health.snapshot().truncated, 2);
    assert_eq!(source.health.notes().len(), 2);
    source.stop().await;
}

#[tokio::test]
async fn connections_over_the_limit_are_refused_and_those_inside_go_on() {
    let intake = FakeIntake::new();
    let source = tcp("connections_max = 1", &intake);
    let address = source.address().await;
    let mut first = TcpStream::connect(address).await.expect("connected");
    first.write_all(b"<1>a\n").await.expect("sent");
    intake.until_stored(1).await;
    let mut second = TcpStream::connect(address).await.expect("connected");
    let end = soon("the second is closed", second.read(&mut [0; 8])).await;
    assert!(matches!(end, Ok(0) | Err(_)));
    first.write_all(b"<2>b\n").await.expect("sent");
    intake.until_stored(2).await;
    assert_eq!(source.health.snapshot().refused, 1);
    drop(first);
    // The place is free again.
    let again = async {
        while intake.stored().len() < 3 {
            if let Ok(mut stream) = TcpStream::connect(address).await {
                let _ = stream.write_all(b"<3>c\n").await;
                let _ = stream.shutdown().await;
                let _ = stream.read(&mut [0; 8]).await;
            }
        }
    };
    soon("a third is let in", again).await;
    source.stop().await;
}

#[tokio::test]
async fn a_silent_connection_is_closed() {
    let intake = FakeIntake::new();
    let source = tcp("idle_seconds_max = 1", &intake);
    let mut stream = TcpStream::connect(source.address().await).await.expect("connected");
    stream.write_all(b"<1>rest").await.expect("sent");
    let end = soon("the connection is closed", stream.read(&mut [0; 8])).await;
    assert!(matches!(end, Ok(0)));
    intake.until_stored(1).await;
    assert_eq!(intake.texts(), ["<1>rest"]);
    source.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_intake_holds_the_sender_back_and_nothing_is_lost() {
    let intake = FakeIntake::new();
    intake.hold();
    let source = tcp("", &intake);
    let address = source.address().await;
    let line = format!("<1>{}\n", "x".repeat(997));
    let lines = 40_000;
    let body = line.repeat(lines);
    let sender = tokio::spawn(async move { send(address, body.as_bytes()).await });
    intake.until("a batch is offered", |intake| intake.offered() == 1).await;
    // One turn of reading is all that is taken while the first batch waits.
    assert!(source.health.snapshot().bytes <= SYSLOG_CONNECTION_BYTES_MAX as u64);
    assert!(!sender.is_finished());
    assert_eq!(intake.stored().len(), 0);
    intake.release();
    intake.until_stored(lines).await;
    soon("all is sent", sender).await.expect("sent");
    assert_eq!(intake.stored().len(), lines);
    source.stop().await;
}

#[tokio::test]
async fn what_is_refused_for_a_while_is_offered_again() {
    let intake = FakeIntake::new();
    intake.refuse([busy(), IntakeError::NoSpace, busy()]);
    let source = tcp("", &intake);
    send(source.address().await, b"<1>a\n<2>b\n").await;
    intake.until_stored(2).await;
    assert_eq!(intake.texts(), ["<1>a", "<2>b"]);
    assert_eq!(source.health.snapshot().held_back, 3);
    source.stop().await;
}

#[tokio::test]
async fn a_failed_intake_restarts_the_source_with_a_reason() {
    let intake = FakeIntake::new();
    intake.refuse([IntakeError::Failed { reason: "disk on fire".to_owned() }]);
    let source = tcp("", &intake);
    send(source.address().await, b"<1>lost\n").await;
    source.until("it starts again", |now| now.restarts == 1 && now.listening.is_some()).await;
    let snapshot = source.health.snapshot();
    assert_eq!(snapshot.dropped, 1);
    assert!(snapshot.last_error.is_some_and(|(_, error)| error.contains("disk on fire")));
    send(source.address().await, b"<2>kept\n").await;
    intake.until_stored(1).await;
    source.stop().await;
}

#[tokio::test]
async fn a_stop_hands_in_what_was_read() {
    let intake = FakeIntake::new();
    intake.hold();
    let source = tcp("", &intake);
    let mut stream = TcpStream::connect(source.address().await).await.expect("connected");
    stream.write_all(b"<1>a\n<2>b\n").await.expect("sent");
    intake.until("the batch is offered", |intake| intake.offered() == 1).await;
    source.tell_to_stop();
    intake.release();
    source.stop().await;
    assert_eq!(intake.texts(), ["<1>a", "<2>b"]);
}

fn tls_settings(certificates: &Certificates, client_ca: bool) -> String {
    let path = |name| certificates.path(name).display().to_string();
    let client_ca = if client_ca { format!(", client_ca = '{}'", path("ca.pem")) } else { String::new() };
    format!("tls = {{ cert = '{}', key = '{}'{client_ca} }}", path("server.pem"), path("server.key"))
}

async fn send_tls(address: SocketAddr, connector: tokio_rustls::TlsConnector, bytes: &[u8]) -> std::io::Result<()> {
    let stream = TcpStream::connect(address).await?;
    let mut stream = connector.connect("localhost".try_into().expect("a name"), stream).await?;
    stream.write_all(bytes).await?;
    stream.shutdown().await?;
    // With TLS 1.3 a refusal comes only after the client's own part of the handshake.
    stream.read_to_end(&mut Vec::new()).await.map(|_| ())
}

#[tokio::test]
async fn tls_carries_frames_and_refuses_what_is_not_tls() {
    let certificates = Certificates::new();
    let intake = FakeIntake::new();
    let source = tcp(&tls_settings(&certificates, false), &intake);
    let address = source.address().await;
    send_tls(address, certificates.connector(None), b"4 <1>a5 <2>bc").await.expect("sent");
    intake.until_stored(2).await;
    send(address, b"<3>plain\n").await;
    source.until("plain text is refused", |now| now.refused == 1).await;
    assert_eq!(intake.texts(), ["<1>a", "<2>bc"]);
    source.stop().await;
}

#[tokio::test]
async fn with_client_authorities_only_their_clients_come_in() {
    let (certificates, strangers) = (Certificates::new(), Certificates::new());
    let intake = FakeIntake::new();
    let source = tcp(&tls_settings(&certificates, true), &intake);
    let address = source.address().await;
    send_tls(address, certificates.connector(None), b"<1>nobody\n").await.expect_err("refused");
    source.until("nobody is refused", |now| now.refused == 1).await;
    let stranger = connect::tls::ConnectTls {
        ca: certificates.path("ca.pem"),
        cert: Some(strangers.path("client.pem")),
        key: Some(strangers.path("client.key")),
    };
    let stranger = Arc::new(connect::tls::connect(&stranger).expect("a client"));
    send_tls(address, stranger.into(), b"<2>stranger\n").await.expect_err("refused");
    source.until("a stranger is refused", |now| now.refused == 2).await;
    send_tls(address, certificates.connector(Some("client")), b"<3>known\n").await.expect("sent");
    intake.until_stored(1).await;
    assert_eq!(intake.texts(), ["<3>known"]);
    source.stop().await;
}
