use std::net::SocketAddr;

use model::probe::DnsCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

use super::*;
use crate::fetch::{Exception, Exceptions};

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000)
    }
}

fn prober(allowed: &[SocketAddr]) -> Prober {
    let exceptions: Vec<Exception> = allowed.iter().map(|address| address.to_string().parse().unwrap()).collect();
    let rules = FetchRules { allow_private: Exceptions::try_from(exceptions).unwrap(), ..FetchRules::default() };
    Prober::new(&rules, "node-1", Arc::new(Still)).unwrap()
}

/// A server that answers each connection with the same bytes.
async fn server(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4_096];
            let _ = stream.read(&mut head).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    address
}

fn look_at(url: &str, reads: Reads) -> Look {
    let target = Target::parse(url).unwrap();
    Look { probe: "p".to_owned(), service: "s".to_owned(), ask: Ask::Web { target, reads } }
}

#[tokio::test]
async fn a_page_gives_its_answer_and_its_content() {
    let page = "HTTP/1.1 200 OK\r\ncontent-length: 30\r\nconnection: close\r\n\r\n<title>Town</title><p>Welcome.";
    let address = server(page).await;
    let seen = prober(&[address]).look(&look_at(&format!("http://{address}/"), Reads::Page)).await;
    let [http, content] = &seen.observations[..] else { panic!("{seen:?}") };
    assert!(matches!(&http.outcome, Outcome::Http(facts) if facts.status == 200 && facts.bytes == 30));
    assert!(matches!(&content.outcome, Outcome::Page(facts) if facts.title == "Town" && facts.blocks == ["Welcome."]));
}

#[tokio::test]
async fn any_status_is_an_answer_and_a_wait_is_told() {
    let busy = "HTTP/1.1 503 Busy\r\nretry-after: 90\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let address = server(busy).await;
    let seen = prober(&[address]).look(&look_at(&format!("http://{address}/"), Reads::Page)).await;
    assert_eq!(seen.retry_after, Some(Duration::from_secs(90)));
    let [http] = &seen.observations[..] else { panic!("{seen:?}") };
    assert!(matches!(&http.outcome, Outcome::Http(facts) if facts.status == 503));
}

#[tokio::test]
async fn private_places_need_an_exception_and_a_redirect_is_judged_like_a_place() {
    let address = server("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let at = |seen: &Seen| match &seen.observations[0].outcome {
        Outcome::Failed(failure) => Some(failure.at),
        _ => None,
    };
    let seen = prober(&[]).look(&look_at(&format!("http://{address}/"), Reads::Nothing)).await;
    assert_eq!(at(&seen), Some(Stage::Ours));
    let away = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.9/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let address = server(away).await;
    let seen = prober(&[address]).look(&look_at(&format!("http://{address}/"), Reads::Nothing)).await;
    assert_eq!(at(&seen), Some(Stage::Ours));
}

#[tokio::test]
async fn nobody_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let seen = prober(&[address]).look(&look_at(&format!("http://{address}/"), Reads::Nothing)).await;
    assert!(matches!(&seen.observations[0].outcome, Outcome::Failed(failure) if failure.at == Stage::Connect));
}

#[tokio::test]
async fn a_bad_certificate_is_read_and_nothing_is_sent() {
    let made = rcgen::generate_simple_self_signed(vec!["other.example".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let accepted = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let Ok(mut stream) = acceptor.accept(stream).await else { return 0 };
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await;
        bytes.len()
    });
    let seen = prober(&[address]).look(&look_at(&format!("https://{address}/"), Reads::Page)).await;
    let [certificate, http] = &seen.observations[..] else { panic!("{seen:?}") };
    let Outcome::Certificate(facts) = &certificate.outcome else { panic!("{certificate:?}") };
    assert!(facts.distrust.is_some() && !facts.is_for_name && facts.names == ["other.example"]);
    assert_eq!(facts.fingerprint.len(), 64);
    assert!(matches!(&http.outcome, Outcome::Failed(failure) if failure.at == Stage::Certificate));
    assert_eq!(accepted.await.unwrap(), 0);
}

#[tokio::test]
async fn names_are_asked_of_one_server() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let server = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut bytes = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut bytes).await {
            let asked = &bytes[..length];
            // The question ends behind the root, type and class; what follows of the question's OPT record is left out.
            let end = 12 + asked[12..].iter().position(|byte| *byte == 0).unwrap() + 5;
            let is_a = asked[end - 4..end - 2] == [0, 1];
            let mut answer = asked[..end].to_vec();
            answer[2] |= 0x80;
            answer[6..8].copy_from_slice(&[0, u8::from(is_a)]);
            answer[10..12].copy_from_slice(&[0, 0]);
            if is_a {
                answer.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 198, 51, 100, 7]);
            }
            let _ = socket.send_to(&answer, from).await;
        }
    });
    let facts = dns::ask(&dns::Question { name: "www.city.example".to_owned(), server }).await;
    assert_eq!((facts.code, facts.answers), (DnsCode::NoError, vec!["198.51.100.7".to_owned()]));
}
