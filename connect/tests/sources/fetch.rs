//! Fetching from servers that lie, stall and lead astray. What must not be reached is watched by a canary.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use connect::fetch::{
    Access, Conditional, Credentials, FetchError, FetchRules, Fetched, Fetcher, Patience, Phase, Received, Request,
    Secret, Target,
};
use connect::tls::ListenTls;
use model::limits::{
    FETCH_ADDRESSES_MAX, FETCH_HEADER_BYTES_MAX, FETCH_HEADERS_MAX, FETCH_RATIO_FREE_BYTES, FETCH_REDIRECTS_MAX,
};

use crate::servers::Certificates;
use crate::web::{Answer, Watched, Web, answer, quick};

fn get(url: &str) -> Request {
    Request::get(Target::parse(url).expect("a target"))
}

fn open() -> Fetcher {
    Fetcher::new(&FetchRules { allow_http: true, ..FetchRules::default() }).expect("rules").with_patience(quick())
}

fn body(fetched: Result<Fetched<Vec<u8>>, FetchError>) -> Received<Vec<u8>> {
    match fetched.expect("an answer") {
        Fetched::Body(received) => *received,
        Fetched::NotModified => panic!("not modified"),
    }
}

async fn canary() -> Web {
    Web::start(|_| answer(200, "", "the canary sings")).await
}

/// T20: whatever the spelling, the canary on loopback sees nothing.
#[tokio::test]
async fn no_spelling_of_a_private_address_is_reached() {
    let canary = canary().await;
    let port = canary.address.port();
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "0177.0.0.1",
        "2130706433",
        "0x7f000001",
        "127.0.0.1.",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[::1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "0.0.0.0",
        "0",
        "[::]",
        "localhost",
        "LOCALHOST.",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "10.0.0.1",
        "192.168.1.1",
        "%31%32%37.0.0.1",
    ] {
        let refused = open().fetch(&get(&format!("http://{host}:{port}/latest/meta-data"))).await;
        assert!(matches!(refused, Err(FetchError::Private { .. })), "{host}: {refused:?}");
    }
    assert_eq!(canary.connections(), 0);
    // The canary is alive, and an exception for exactly this host and port leads there.
    assert_eq!(body(canary.fetcher().fetch(&get(&canary.url("/"))).await).body, b"the canary sings");
    let elsewhere = canary.fetcher().fetch(&get(&format!("http://localhost:{port}/"))).await;
    assert!(matches!(elsewhere, Err(FetchError::Private { .. })), "another name of an excepted machine");
    assert_eq!(canary.connections(), 1);
}

#[tokio::test]
async fn a_name_is_asked_for_once_and_the_connection_stays_with_the_answer() {
    let (canary, public) = (canary().await, Web::start(|_| answer(200, "", "public")).await);
    let port = canary.address.port();
    let outside = Watched::default()
        .name("rebinds.example", &[&["8.8.8.8"], &["127.0.0.1"]])
        .lead(&format!("8.8.8.8:{port}"), &public);
    let outside = Arc::new(outside);
    let fetcher = open().with_outside(outside.clone());
    let url = format!("http://rebinds.example:{port}/");
    assert_eq!(body(fetcher.fetch(&get(&url)).await).body, b"public");
    assert_eq!(outside.lookups.load(Ordering::SeqCst), 1);
    assert_eq!(outside.dialled(), [format!("8.8.8.8:{port}").parse().expect("an address")]);
    // The second fetch gets the second answer, and refuses it.
    assert!(matches!(fetcher.fetch(&get(&url)).await, Err(FetchError::Private { .. })));
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn one_private_address_among_many_is_enough() {
    let canary = canary().await;
    let port = canary.address.port();
    let many: Vec<String> = (0..=FETCH_ADDRESSES_MAX).map(|last| format!("8.8.4.{last}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let outside = Watched::default()
        .name("mixed.example", &[&["8.8.8.8", "127.0.0.1"]])
        .name("mapped.example", &[&["::ffff:127.0.0.1"]])
        .name("meta.example", &[&["169.254.169.254"]])
        .name("nothing.example", &[&[]])
        .name("many.example", &[&many]);
    let outside = Arc::new(outside);
    let fetcher = open().with_outside(outside.clone());
    let error = async |name: &str| match fetcher.fetch(&get(&format!("http://{name}:{port}/x?key=secret"))).await {
        Ok(_) => panic!("{name} was fetched"),
        Err(error) => error.to_string(),
    };
    let private = format!(
        "http://mixed.example:{port} leads to 127.0.0.1, which is loopback (RFC 1122); hint: if that is meant, add \
         \"mixed.example:{port}\" to allow_private"
    );
    assert_eq!(error("mixed.example").await, private);
    assert!(error("mapped.example").await.contains("leads to 127.0.0.1"));
    assert!(error("meta.example").await.ends_with("link-local (RFC 3927); hint: nothing can be fetched from there"));
    assert!(error("nothing.example").await.ends_with("has no address"));
    assert!(error("many.example").await.contains("more than"));
    assert!(error("unknown.example").await.contains("cannot find the address"));
    assert_eq!((outside.dialled(), canary.connections()), (vec![], 0));
}

#[tokio::test]
async fn an_exception_does_not_open_what_is_nobodys() {
    let allow_private = vec!["meta.example:80".parse().expect("one"), "169.254.169.254:80".parse().expect("one")];
    let allow_private = allow_private.try_into().expect("few");
    let rules = FetchRules { allow_http: true, allow_private, ..FetchRules::default() };
    let outside = Arc::new(Watched::default().name("meta.example", &[&["169.254.169.254"]]));
    let fetcher = Fetcher::new(&rules).expect("rules").with_outside(outside.clone());
    for url in ["http://meta.example/", "http://169.254.169.254/"] {
        assert!(matches!(fetcher.fetch(&get(url)).await, Err(FetchError::Private { can_be_allowed: false, .. })));
    }
    assert!(outside.dialled().is_empty());
}

#[tokio::test]
async fn each_redirect_is_judged_anew() {
    let canary = canary().await;
    let port = canary.address.port();
    let server = Web::start(move |asked| {
        let to = match asked.path() {
            "/literal" => format!("http://127.0.0.1:{port}/"),
            "/odd" => format!("http://0x7f.1:{port}/"),
            "/mapped" => format!("//[::ffff:127.0.0.1]:{port}/"),
            "/name" => format!("http://inside.example:{port}/"),
            "/again" => "/fetched-again".to_owned(),
            "/file" => "file:///etc/passwd".to_owned(),
            "/user" => format!("http://a@127.0.0.1:{port}/"),
            _ => return answer(200, "", "arrived"),
        };
        answer(302, &format!("Location: {to}\r\n"), "")
    })
    .await;
    let outside = Watched::default()
        .name("feeds.example", &[&["8.8.8.8"]])
        .name("inside.example", &[&["127.0.0.1"]])
        .name("rebinds.example", &[&["8.8.8.8"], &["127.0.0.1"]])
        .lead("8.8.8.8:80", &server);
    let fetcher = open().with_outside(Arc::new(outside));
    for path in ["/literal", "/odd", "/mapped", "/name"] {
        let refused = fetcher.fetch(&get(&format!("http://feeds.example{path}"))).await;
        assert!(matches!(refused, Err(FetchError::Private { .. })), "{path}: {refused:?}");
    }
    for path in ["/file", "/user"] {
        let refused = fetcher.fetch(&get(&format!("http://feeds.example{path}"))).await;
        assert!(matches!(refused, Err(FetchError::RedirectTarget { .. })), "{path}: {refused:?}");
    }
    let rebound = fetcher.fetch(&get("http://rebinds.example/again")).await;
    assert!(matches!(rebound, Err(FetchError::Private { .. })), "{rebound:?}");
    assert_eq!(canary.connections(), 0);
    let arrived = body(fetcher.fetch(&get("http://feeds.example/again")).await);
    assert_eq!(
        (arrived.body.as_slice(), arrived.target.to_string().as_str()),
        (&b"arrived"[..], "http://feeds.example:80")
    );
}

#[tokio::test]
async fn an_endless_redirect_ends() {
    let server = Web::start(|_| answer(307, "Location: /round\r\n", "")).await;
    let refused = server.fetcher().fetch(&get(&server.url("/"))).await;
    assert!(matches!(refused, Err(FetchError::TooManyRedirects(_))), "{refused:?}");
    assert_eq!(server.connections(), FETCH_REDIRECTS_MAX + 1);
}

#[tokio::test]
async fn credentials_stay_with_their_origin() {
    let second = Web::start(|_| answer(200, "", "second")).await;
    let first = Web::start(|asked| match asked.path() {
        "/stay" => answer(302, "Location: /there\r\n", ""),
        "/leave" => answer(302, "Location: http://other.example/\r\n", ""),
        _ => answer(200, "", "first"),
    })
    .await;
    let outside = Watched::default()
        .name("feeds.example", &[&["8.8.8.8"]])
        .name("other.example", &[&["9.9.9.9"]])
        .lead("8.8.8.8:80", &first)
        .lead("9.9.9.9:80", &second);
    let fetcher = open().with_outside(Arc::new(outside));
    let origin = Target::parse("http://feeds.example/").expect("a target").origin().clone();
    for credentials in [
        Credentials::Bearer(Secret::new("s3cret")),
        Credentials::Header { name: "X-Key".to_owned(), value: Secret::new("s3cret") },
        Credentials::Basic { user: "u".to_owned(), password: Secret::new("s3cret") },
    ] {
        let access = Access::new(origin.clone(), &credentials).expect("a header");
        let with = |path: &str| get(&format!("http://feeds.example{path}")).with_access(Some(access.clone()));
        assert_eq!(body(fetcher.fetch(&with("/stay")).await).body, b"first");
        assert_eq!(body(fetcher.fetch(&with("/leave")).await).body, b"second");
    }
    let shows = |head: &str| head.contains("authorization: ") || head.contains("x-key: ");
    assert_eq!(first.asked().iter().filter(|asked| shows(&asked.head)).count(), 9);
    assert_eq!(second.asked().iter().filter(|asked| shows(&asked.head)).count(), 0);
    assert_eq!(second.asked().len(), 3);
}

#[tokio::test]
async fn plain_http_is_taken_only_where_it_is_allowed() {
    let canary = canary().await;
    let rules = FetchRules { allow_http: false, ..canary.rules() };
    let refused = Fetcher::new(&rules).expect("rules").fetch(&get(&canary.url("/?key=secret"))).await;
    let text = refused.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(text.contains("is not encrypted; hint: ") && !text.contains("secret"), "{text}");
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn tls_is_verified_and_never_left() {
    let certificates = Certificates::new();
    let tls =
        ListenTls { cert: certificates.path("server.pem"), key: certificates.path("server.key"), client_ca: None };
    let acceptor = || tokio_rustls::TlsAcceptor::from(connect::tls::listen(&tls).expect("keys"));
    let canary = canary().await;
    let down = canary.url("/");
    let server = Web::start_with(Some(acceptor()), move |asked| match asked.path() {
        "/down" => answer(302, &format!("Location: {down}\r\n"), ""),
        _ => answer(200, "", "over TLS"),
    })
    .await;
    let port = server.address.port();
    let exceptions = [format!("localhost:{port}"), format!("127.0.0.1:{port}"), canary.address.to_string()]
        .map(|text| text.parse().expect("one"));
    let allow_private = exceptions.to_vec().try_into().expect("few");
    let strange = FetchRules { allow_http: true, allow_private, ..FetchRules::default() };
    let ours = FetchRules { ca: Some(certificates.path("ca.pem")), ..strange.clone() };
    let fetch = async |rules: &FetchRules, url: String| {
        Fetcher::new(rules).expect("rules").with_patience(quick()).fetch(&get(&url)).await
    };
    assert_eq!(body(fetch(&ours, format!("https://localhost:{port}/")).await).body, b"over TLS");
    let unknown = fetch(&strange, format!("https://localhost:{port}/")).await;
    assert!(matches!(unknown, Err(FetchError::Tls { .. } | FetchError::NoAuthorities(_))), "{unknown:?}");
    let wrong_name = fetch(&ours, format!("https://127.0.0.1:{port}/")).await;
    assert!(matches!(wrong_name, Err(FetchError::Tls { .. })), "{wrong_name:?}");
    let downgraded = fetch(&ours, format!("https://localhost:{port}/down")).await;
    assert!(matches!(downgraded, Err(FetchError::RedirectInsecure { .. })), "{downgraded:?}");
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn a_client_certificate_is_shown() {
    let certificates = Certificates::new();
    let tls = ListenTls {
        cert: certificates.path("server.pem"),
        key: certificates.path("server.key"),
        client_ca: Some(certificates.path("ca.pem")),
    };
    let acceptor = tokio_rustls::TlsAcceptor::from(connect::tls::listen(&tls).expect("keys"));
    let server = Web::start_with(Some(acceptor), |_| answer(200, "", "welcome")).await;
    let port = server.address.port();
    let allow_private = vec![format!("localhost:{port}").parse().expect("one")].try_into().expect("few");
    let without = FetchRules { allow_private, ca: Some(certificates.path("ca.pem")), ..FetchRules::default() };
    let with = FetchRules {
        cert: Some(certificates.path("client.pem")),
        key: Some(certificates.path("client.key")),
        ..without.clone()
    };
    let url = format!("https://localhost:{port}/");
    let fetch =
        async |rules: &FetchRules| Fetcher::new(rules).expect("rules").with_patience(quick()).fetch(&get(&url)).await;
    assert!(fetch(&without).await.is_err());
    assert_eq!(body(fetch(&with).await).body, b"welcome");
    assert!(Fetcher::new(&FetchRules { key: None, ..with }).is_err());
}

#[tokio::test]
async fn whoever_is_slow_is_left() {
    let server = Web::start(|asked| match asked.path() {
        "/silent" => Answer::Stall(Vec::new()),
        "/half-a-head" => Answer::Stall(b"HTTP/1.1 200 OK\r\nContent-".to_vec()),
        "/half-a-body" => Answer::Stall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc".to_vec()),
        // Slow-loris: always a byte before the patience between two parts ends.
        _ => Answer::Drip(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n".to_vec()),
    })
    .await;
    let short = Duration::from_millis(150);
    for (path, patience, expected) in [
        ("/silent", Patience { answer: short, ..quick() }, Phase::Answer),
        ("/half-a-head", Patience { answer: short, ..quick() }, Phase::Answer),
        ("/half-a-body", Patience { idle: short, ..quick() }, Phase::Body),
        ("/drip", Patience { total: short, ..quick() }, Phase::Whole),
    ] {
        let left = server.fetcher().with_patience(patience).fetch(&get(&server.url(path))).await;
        assert!(matches!(left, Err(FetchError::TooSlow { phase, .. }) if phase == expected), "{path}: {left:?}");
    }
}

#[tokio::test]
async fn a_name_or_a_connection_that_never_comes_is_left() {
    struct Never(bool);
    impl connect::fetch::Outside for Never {
        fn addresses<'a>(&'a self, _: &'a str) -> model::doors::BoxFuture<'a, std::io::Result<Vec<std::net::IpAddr>>> {
            match self.0 {
                true => Box::pin(std::future::ready(Ok(vec!["8.8.8.8".parse().expect("one")]))),
                false => Box::pin(std::future::pending()),
            }
        }
        fn dial(&self, _: std::net::SocketAddr) -> model::doors::BoxFuture<'_, std::io::Result<tokio::net::TcpStream>> {
            Box::pin(std::future::pending())
        }
    }
    let patience = Patience { connect: Duration::from_millis(100), ..quick() };
    for has_address in [true, false] {
        let fetcher = open().with_outside(Arc::new(Never(has_address))).with_patience(patience);
        let left = fetcher.fetch(&get("http://feeds.example/")).await;
        let is_right = match has_address {
            true => matches!(left, Err(FetchError::Connect { .. } | FetchError::TooSlow { phase: Phase::Connect, .. })),
            false => matches!(left, Err(FetchError::TooSlow { phase: Phase::Resolve, .. })),
        };
        assert!(is_right, "{left:?}");
    }
}

#[tokio::test]
async fn a_dead_address_does_not_hide_a_living_one() {
    let server = Web::start(|_| answer(200, "", "alive")).await;
    let outside = Watched::default().name("feeds.example", &[&["9.9.9.9", "8.8.8.8"]]).lead("8.8.8.8:80", &server);
    assert_eq!(body(open().with_outside(Arc::new(outside)).fetch(&get("http://feeds.example/")).await).body, b"alive");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).expect("packs");
    packer.finish().expect("packs")
}

#[tokio::test]
async fn hostile_bodies() {
    let bomb = gzip(&vec![b'0'; 4 * FETCH_RATIO_FREE_BYTES as usize]);
    let honest = gzip(b"some words");
    let server = Web::start(move |asked| match asked.path() {
        "/bomb" => answer(200, "Content-Encoding: gzip\r\n", &bomb),
        "/packed" => answer(200, "Content-Encoding: gzip\r\n", &honest),
        "/not-packed" => answer(200, "Content-Encoding: gzip\r\n", "plain"),
        "/brotli" => answer(200, "Content-Encoding: br\r\n", "plain"),
        "/promises-more" => Answer::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc".to_vec()),
        "/sends-more" => Answer::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef".to_vec()),
        "/two-lengths" => {
            Answer::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde".to_vec())
        }
        "/bad-chunk" => {
            Answer::Raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n".to_vec())
        }
        "/open-chunks" => Answer::Raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n".to_vec()),
        "/announced" => Answer::Stall(b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n".to_vec()),
        "/endless" => Answer::Flood(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 4_096]),
        "/endless-chunks" => {
            Answer::Flood(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(), b"4\r\nabcd\r\n".to_vec())
        }
        _ => answer(200, "", vec![b'x'; 1_000]),
    })
    .await;
    let fetch = async |path: &str| server.fetcher().fetch(&get(&server.url(path)).at_most(1_000)).await;
    assert_eq!(body(fetch("/packed").await).body, b"some words");
    assert_eq!(body(fetch("/just-right").await).length, 1_000);
    // What stands behind the announced length is not part of the answer.
    assert_eq!(body(fetch("/sends-more").await).body, b"abc");
    let large = server.fetcher().fetch(&get(&server.url("/bomb"))).await;
    assert!(matches!(large, Err(FetchError::Bomb(_))), "{large:?}");
    for path in ["/announced", "/endless", "/endless-chunks", "/bomb"] {
        let refused = fetch(path).await;
        assert!(matches!(refused, Err(FetchError::TooLarge { bytes_max: 1_000, .. })), "{path}: {refused:?}");
    }
    for path in ["/promises-more", "/bad-chunk", "/open-chunks"] {
        let refused = fetch(path).await;
        assert!(matches!(refused, Err(FetchError::BrokenOff { bytes: 3, .. })), "{path}: {refused:?}");
    }
    let refused = fetch("/two-lengths").await;
    assert!(matches!(refused, Err(FetchError::Http { .. })), "{refused:?}");
    let refused = fetch("/not-packed").await;
    assert!(matches!(refused, Err(FetchError::Unpack { .. })), "{refused:?}");
    let refused = fetch("/brotli").await;
    assert!(matches!(refused, Err(FetchError::Encoding(_))), "{refused:?}");
}

#[tokio::test]
async fn hostile_heads() {
    let server = Web::start(|asked| match asked.path() {
        "/huge" => answer(200, &format!("X: {}\r\n", "x".repeat(FETCH_HEADER_BYTES_MAX)), ""),
        "/many" => {
            let mut headers = String::new();
            for number in 0..=FETCH_HEADERS_MAX {
                write!(headers, "X-{number}: x\r\n").expect("text");
            }
            answer(200, &headers, "")
        }
        "/endless" => Answer::Flood(b"HTTP/1.1 200 OK\r\n".to_vec(), b"X-Y: zzzzzzzzzzzzzzzzzzzzzzzz\r\n".to_vec()),
        "/endless-line" => Answer::Flood(b"HTTP/1.1 200 OK\r\nX: ".to_vec(), b"zzzzzzzzzzzzzzzzzzzzzzzz".to_vec()),
        "/other" => Answer::Raw(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec()),
        "/http2" => Answer::Raw(b"\0\0\x12\x04\0\0\0\0\0".to_vec()),
        "/nothing" => Answer::Raw(Vec::new()),
        _ => answer(200, &format!("X: {}\r\n", "x".repeat(FETCH_HEADER_BYTES_MAX / 2)), "fine"),
    })
    .await;
    let fetch = async |path: &str| server.fetcher().fetch(&get(&server.url(path))).await;
    assert_eq!(body(fetch("/large").await).body, b"fine");
    for path in ["/huge", "/many", "/endless", "/endless-line"] {
        let refused = fetch(path).await;
        assert!(matches!(refused, Err(FetchError::HeadTooLarge(_))), "{path}: {refused:?}");
    }
    for path in ["/other", "/http2", "/nothing"] {
        let refused = fetch(path).await;
        assert!(matches!(refused, Err(FetchError::Http { .. })), "{path}: {refused:?}");
    }
}

#[tokio::test]
async fn what_did_not_change_is_not_sent_again() {
    let server = Web::start(|asked| {
        let head = "ETag: \"v1\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
        let has = |header: &str| asked.head.contains(header);
        match has("if-none-match: \"v1\"\r\n") && has("if-modified-since: sun, 06 nov 1994 08:49:37 gmt\r\n") {
            true => Answer::Raw(format!("HTTP/1.1 304 X\r\n{head}\r\n").into_bytes()),
            false => answer(200, head, "news"),
        }
    })
    .await;
    let fetcher = server.fetcher();
    let first = body(fetcher.fetch(&get(&server.url("/")).unless(Conditional::default())).await);
    assert_eq!(first.body, b"news");
    let again = fetcher.fetch(&get(&server.url("/")).unless(first.conditional)).await;
    assert_eq!(again.expect("an answer"), Fetched::NotModified);
    assert!(server.asked().iter().all(|asked| asked.head.contains("accept-encoding: gzip\r\n")));
    assert!(server.asked().iter().all(|asked| asked.head.contains("user-agent: watchbell/")));
}

#[tokio::test]
async fn refusals_say_what_may_help() {
    let server = Web::start(|asked| match asked.path() {
        "/busy" => answer(429, "Retry-After: 120\r\n", ""),
        "/denied" => answer(403, "", ""),
        "/gone" => answer(404, "", ""),
        _ => answer(304, "", ""),
    })
    .await;
    let error = async |path: &str| match server.fetcher().fetch(&get(&server.url(path))).await {
        Ok(_) => panic!("{path} was fetched"),
        Err(error) => error,
    };
    assert_eq!(error("/busy").await.retry_after(), Some(Duration::from_secs(120)));
    assert!(error("/denied?key=secret").await.to_string().ends_with("(403); hint: check the feed's credentials"));
    assert!(error("/gone").await.to_string().contains("answers 404; hint: "));
    assert!(matches!(error("/304").await, FetchError::Status { status: 304, .. }));
}

#[tokio::test]
async fn a_file_is_whole_or_not_there() {
    let server = Web::start(|asked| match asked.path() {
        "/broken" => Answer::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc".to_vec()),
        "/stalled" => Answer::Stall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc".to_vec()),
        "/304" => Answer::Raw(b"HTTP/1.1 304 X\r\n\r\n".to_vec()),
        _ => answer(200, "Content-Encoding: gzip\r\n", gzip(&b"line\n".repeat(100_000))),
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("feed");
    let patience = Patience { idle: Duration::from_millis(100), ..quick() };
    let fetcher = server.fetcher().with_patience(patience);
    for broken in ["/broken", "/stalled"] {
        assert!(fetcher.fetch_to_file(&get(&server.url(broken)), &path).await.is_err());
        assert!(!path.exists(), "{broken}");
    }
    let conditional = Conditional { etag: Some("\"x\"".to_owned()), last_modified: None };
    let same = server.fetcher().fetch_to_file(&get(&server.url("/304")).unless(conditional), &path).await;
    assert_eq!((same.expect("an answer"), path.exists()), (Fetched::NotModified, false));
    match server.fetcher().fetch_to_file(&get(&server.url("/")), &path).await.expect("an answer") {
        Fetched::Body(received) => assert_eq!((received.length, &received.body), (500_000, &path)),
        Fetched::NotModified => panic!("not modified"),
    }
    assert_eq!(std::fs::metadata(&path).expect("a file").len(), 500_000);
    let again = server.fetcher().fetch_to_file(&get(&server.url("/")), &path).await;
    assert!(matches!(again, Err(FetchError::File { .. })), "another file is never written over");
}
