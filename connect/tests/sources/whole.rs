//! All sources of an installation together, from their configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use connect::http::{TokenCheck, TokenDenied};
use connect::netflow::{Packet, PacketDecoder};
use connect::tail::NoPositions;
use connect::{Doors, SourceConfig, SourceState, Sources};
use model::SourceId;
use model::doors::BoxFuture;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UdpSocket};

use crate::intake::{FakeIntake, Noon, soon, source_id};

struct Nobody;

impl TokenCheck for Nobody {
    fn check<'a>(&'a self, _: &'a str, _: &'a SourceId) -> BoxFuture<'a, Result<(), TokenDenied>> {
        Box::pin(std::future::ready(Err(TokenDenied::Unknown)))
    }
}

struct Whole;

impl PacketDecoder for Whole {
    fn decode(&mut self, packet: Packet<'_>, bodies: &mut Vec<Vec<u8>>) -> Result<(), String> {
        bodies.push(packet.bytes.to_vec());
        Ok(())
    }
}

fn doors(intake: &Arc<FakeIntake>) -> Doors {
    Doors {
        intake: Arc::clone(intake) as _,
        clock: Arc::new(Noon),
        positions: Arc::new(NoPositions),
        tokens: Arc::new(Nobody),
        netflow: Arc::new(|_| Box::new(Whole)),
    }
}

fn configs(text: &str) -> BTreeMap<SourceId, SourceConfig> {
    toml::from_str(text).expect("a configuration")
}

#[tokio::test]
async fn sources_start_and_stop_together() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.log"), "tailed\n").expect("written");
    let configs = configs(&format!(
        "[udp]\nkind = 'syslog-udp'\nlisten = '127.0.0.1:0'\n\
         [tcp]\nkind = 'syslog-tcp'\nlisten = '127.0.0.1:0'\n\
         [flows]\nkind = 'netflow'\nlisten = '127.0.0.1:0'\n\
         [posted]\nkind = 'http'\nagency = 'harbour'\n\
         [files]\nkind = 'tail'\npaths = ['{}']\n",
        folder.path().display()
    ));
    assert_eq!(configs[&source_id("posted")].agency().map(|agency| agency.as_str()), Some("harbour"));
    let intake = FakeIntake::new();
    let sources = Sources::start(&configs, &doors(&intake)).expect("started");
    let address = async |name| {
        let health = sources.health_of(&source_id(name)).expect("a source");
        soon("it listens", health.listening()).await.expect("an address")
    };
    let sender = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    sender.send_to(b"<1>by udp", address("udp").await).await.expect("sent");
    sender.send_to(b"flow", address("flows").await).await.expect("sent");
    let mut stream = TcpStream::connect(address("tcp").await).await.expect("connected");
    stream.write_all(b"<1>by tcp\n").await.expect("sent");
    intake.until_stored(4).await;
    assert_eq!(intake.sorted(), ["<1>by tcp", "<1>by udp", "flow", "tailed"]);
    let names: Vec<_> = sources.health().into_iter().map(|health| health.source.to_string()).collect();
    assert_eq!(names, ["files", "flows", "posted", "tcp", "udp"]);
    let health = Arc::clone(sources.health_of(&source_id("udp")).expect("a source"));
    // An idle connection does not hold up the end.
    soon("they stop", sources.stop()).await;
    assert_eq!(health.snapshot().state, SourceState::Stopped);
}

#[tokio::test]
async fn nothing_starts_when_one_is_wrong() {
    let intake = FakeIntake::new();
    let wrong = configs(
        "[a]\nkind = 'syslog-udp'\nlisten = '127.0.0.1:0'\n\
         [b]\nkind = 'syslog-tcp'\nlisten = '127.0.0.1:0'\ntls = { cert = '/nowhere/c.pem', key = '/nowhere/k.pem' }\n",
    );
    let error = Sources::start(&wrong, &doors(&intake)).err().expect("refused");
    let cause = std::error::Error::source(&error).map(|cause| cause.to_string()).unwrap_or_default();
    assert_eq!(
        (error.to_string().as_str(), cause.as_str()),
        ("source b", "cannot read certificates from /nowhere/c.pem")
    );
}

#[tokio::test]
async fn an_address_in_use_is_tried_again_until_it_is_free() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let configs = configs(&format!("[tcp]\nkind = 'syslog-tcp'\nlisten = '127.0.0.1:{port}'\n"));
    let intake = FakeIntake::new();
    let sources = Sources::start(&configs, &doors(&intake)).expect("started");
    let health = Arc::clone(sources.health_of(&source_id("tcp")).expect("a source"));
    soon("it has failed", health.reached(SourceState::Waiting)).await;
    let error = health.snapshot().last_error.map(|(_, error)| error).unwrap_or_default();
    assert!(error.starts_with(&format!("cannot listen at 127.0.0.1:{port}: ")), "{error}");
    drop(taken);
    assert_eq!(soon("it listens", health.listening()).await.map(|address| address.port()), Some(port));
    soon("it stops", sources.stop()).await;
}

#[test]
fn every_example_of_the_guide_is_a_configuration() {
    #[derive(serde::Deserialize)]
    struct Example {
        sources: BTreeMap<SourceId, SourceConfig>,
    }
    let guide = include_str!("../../../docs/guide/sources.md");
    let examples: Vec<_> = guide.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(examples.len(), 7);
    for example in examples {
        let Example { sources } = crate::intake::config(example);
        for (name, config) in sources {
            config.check(&name).unwrap_or_else(|error| panic!("{example}: {error}"));
        }
    }
}
