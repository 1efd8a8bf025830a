//! How long a resolver takes to fetch a large policy zone, and what the server needs for it.
//!
//! `cargo run --release --package connect --example rpz_speed [NAMES]`; 1,200,000 names when no number is given. The client
//! is in the same process, reads as fast as it can and keeps nothing.

#![expect(clippy::print_stdout, reason = "the result of an example")]

use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Instant;

use connect::rpz::{KeyAlgorithm, Server, TransferKey, Zone, ZoneSettings, Zones};
use domain::base::{Message, MessageBuilder, Name, Rtype};
use domain::rdata::tsig::Time48;
use domain::tsig::{Algorithm, ClientSequence, Key, KeyName};
use model::Timestamp;
use model::doors::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

struct Wall;

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(
            i64::try_from(Time48::now().into_octets().iter().fold(0u64, |n, b| n << 8 | u64::from(*b))).unwrap_or(0)
                * 1_000_000,
        )
    }
}

struct One(Arc<Zone>, Arc<TransferKey>);

impl Zones for One {
    fn key(&self, _: &str) -> Option<Arc<TransferKey>> {
        Some(Arc::clone(&self.1))
    }

    fn zone(&self, _: &str, _: &str) -> Option<Arc<Zone>> {
        Some(Arc::clone(&self.0))
    }
}

/// The most memory that this process had, in MiB, where the system says so.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let wanted: usize = std::env::args().nth(1).map_or(Ok(1_200_000), |text| text.parse())?;
    let began = Instant::now();
    let settings = ZoneSettings::new("rpz.city.example", ".", 60)?;
    let mut names = settings.names();
    for n in 0..wanted {
        names.add(&format!("{:x}.host{}.example", n.wrapping_mul(2_654_435_761) & 0xffff_ffff, n % 1_000))?;
    }
    let zone = Arc::new(Zone::new(settings, 1, names.finish()));
    println!(
        "{} names, {} bytes, made in {:?}, peak {} MiB",
        zone.names().len(),
        zone.names().bytes(),
        began.elapsed(),
        peak_mib()
    );
    let key = Arc::new(TransferKey::new("speed", KeyAlgorithm::Sha256, SECRET, None)?);
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = Server::bind(&[any], Arc::new(One(Arc::clone(&zone), key)), Arc::new(Wall)).await?;
    let address = *server.addresses().first().ok_or("no address")?;
    let stop = CancellationToken::new();
    let served = tokio::spawn(server.run(stop.clone()));
    let began = Instant::now();
    let (messages, bytes) = fetch(address, zone.names().len() + 3).await?;
    println!("{messages} messages, {bytes} bytes, in {:?}, peak {} MiB", began.elapsed(), peak_mib());
    stop.cancel();
    served.await?;
    Ok(())
}

/// Fetches the zone and verifies each message.
async fn fetch(address: SocketAddr, records: usize) -> Result<(usize, usize), Box<dyn std::error::Error>> {
    let key = Key::new(Algorithm::Sha256, SECRET, KeyName::from_str("speed")?, None, None)?;
    let name = Name::<Vec<u8>>::from_str("rpz.city.example")?;
    let mut question = MessageBuilder::new_stream_vec().question();
    question.push((&name, Rtype::AXFR))?;
    let mut message = question.additional();
    let mut sequence = ClientSequence::request(Arc::new(key), &mut message, Time48::now())?;
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    stream.write_all(message.finish().as_stream_slice()).await?;
    let (mut seen, mut messages, mut bytes) = (0, 0, 0);
    while seen < records {
        let length = usize::from(stream.read_u16().await?);
        let mut message = vec![0; length];
        stream.read_exact(&mut message).await?;
        let mut message = Message::from_octets(message).map_err(|_| "no message")?;
        sequence.answer(&mut message, Time48::now())?;
        seen += usize::from(message.header_counts().ancount());
        messages += 1;
        bytes += length;
    }
    sequence.done()?;
    Ok((messages, bytes))
}
