//! Who is refused, how, and what is kept of what comes.

use engine::office::{CollectionRights, Scope};
use model::limits;

use crate::kit::{Answer, COLLECTION, Client, MEDIA_TYPE, OBJECTS, Server, new_collection, send};

/// Blocking clients beside a server of the same test.
async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

fn is_error(answer: &Answer) -> bool {
    let said = answer.json();
    answer.header("content-type") == Some(MEDIA_TYPE)
        && said["http_status"].as_str() == Some(answer.status.to_string().as_str())
        && said["title"] == "ProcessingError"
        && said["description"].as_str().is_some_and(|words| !words.is_empty())
}

/// Method, path, headers, body, and the status of the answer.
type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str, u16);

const TOOL: &str =
    r#"{"objects":[{"type":"tool","id":"tool--1","spec_version":"2.1","modified":"2020-01-01T00:00:00.000Z"}]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_as_the_standard_says() {
    let (server, token) = Server::with_collection().await;
    let mut client = server.client(&token);
    beside(move || {
        let accept = |media_type: &'static str| [("Accept", media_type), ("Content-Type", MEDIA_TYPE)];
        let good = accept(MEDIA_TYPE);
        let manifest = OBJECTS.replace("objects/", "manifest/");
        let one = format!("{OBJECTS}tool--1/");
        let versions = format!("{one}versions/");
        let cases: &[Case<'_>] = &[
            ("GET", "/taxii2/", &good, "", 200),
            ("GET", "/taxii2/", &accept("application/json"), "", 406),
            ("GET", "/taxii2/", &accept("application/taxii+json;version=2.0"), "", 406),
            ("GET", "/taxii2/shared/", &good, "", 200),
            ("GET", "/taxii2/other/", &good, "", 404),
            ("GET", "/taxii2/other/collections/", &good, "", 404),
            ("GET", "/taxii2/shared/collections/", &good, "", 200),
            ("GET", "/taxii2/shared/collections/x/", &good, "", 404),
            ("GET", "/taxii2/shared/collections/%00/", &good, "", 404),
            ("GET", "/taxii2/shared/collections/%ff/", &good, "", 400),
            ("GET", "/taxii2/shared/status/x/", &good, "", 404),
            ("GET", OBJECTS, &good, "", 200),
            ("GET", &one, &good, "", 404),
            ("GET", &versions, &good, "", 404),
            ("POST", OBJECTS, &[("Content-Type", "application/json")], TOOL, 415),
            ("POST", OBJECTS, &[], TOOL, 415),
            ("POST", OBJECTS, &accept("text/html"), TOOL, 406),
            ("POST", OBJECTS, &good, "{}", 422),
            ("POST", OBJECTS, &good, "", 422),
            ("POST", OBJECTS, &good, r#"{"objects":[]}"#, 422),
            ("POST", OBJECTS, &good, TOOL, 202),
            ("PUT", OBJECTS, &good, TOOL, 405),
            ("DELETE", OBJECTS, &good, "", 405),
            ("GET", &one, &good, "", 200),
            ("GET", &format!("{OBJECTS}?limit=0"), &good, "", 400),
            ("GET", &format!("{OBJECTS}?next=x"), &good, "", 400),
            ("GET", &format!("{manifest}?added_after=now"), &good, "", 400),
            ("GET", &format!("{one}?match[version]=newest"), &good, "", 400),
            ("GET", &format!("{versions}?limit=x"), &good, "", 400),
            ("DELETE", &format!("{one}?match[version]=x"), &good, "", 400),
            ("DELETE", &format!("{one}?match[spec_version]=2.0"), &good, "", 404),
            ("DELETE", &one, &good, "", 200),
            ("DELETE", &one, &good, "", 404),
        ];
        for (method, path, headers, body, status) in cases {
            let answer = client.ask(method, path, headers, body.as_bytes());
            let shown: String = answer.body.chars().take(200).collect();
            assert_eq!(answer.status, *status, "{method} {path} {headers:?}: {shown}");
            assert!(*status < 300 || is_error(&answer), "{method} {path}: {answer:?}");
            assert_eq!(answer.header("content-type"), Some(MEDIA_TYPE), "{method} {path}");
        }
        // An address without its slash leads to the one that has it.
        let way = client.get(&format!("{}?limit=1", OBJECTS.trim_end_matches('/')));
        assert_eq!((way.status, way.header("location")), (308, Some(format!("{OBJECTS}?limit=1").as_str())));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_refused() {
    let (server, token) = Server::with_collection().await;
    let address = server.address;
    beside(move || {
        let head = |length: &str| {
            format!(
                "POST {OBJECTS} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
                 Content-Type: {MEDIA_TYPE}\r\n{length}\r\n\r\n"
            )
        };
        let most = limits::TAXII_BODY_BYTES_MAX;
        // By what it says of itself, before any of it has come; and by what comes.
        let said = send(address, &head(&format!("Content-Length: {}", most + 1)), b"");
        assert_eq!((said.status, is_error(&said)), (413, true), "{said:?}");
        let chunk = [format!("{:x}\r\n", most + 1).as_bytes(), &vec![b' '; most + 1], b"\r\n"].concat();
        let came = send(address, &head("Transfer-Encoding: chunked"), &chunk);
        assert_eq!((came.status, is_error(&came)), (413, true), "{came:?}");
        let objects = "7,".repeat(limits::TAXII_OBJECTS_PER_POST_MAX);
        let body = format!("{{\"objects\":[{objects}7]}}");
        let many = send(address, &head(&format!("Content-Length: {}", body.len())), body.as_bytes());
        assert_eq!(many.status, 413, "{many:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_let_in_without_a_token_that_is_for_this() {
    let (server, token) = Server::with_collection().await;
    let secret = "64993447-4d7e-4f70-b94d-d7f33742ee63";
    let operator = server.operator("home");
    server
        .office
        .add_collection(&operator, "shared", &new_collection(secret, CollectionRights::default()))
        .await
        .unwrap();
    let reader = server.token("home", "reader", &[Scope::Share]).await;
    let writer = server.token("home", "writer", &[Scope::Share]).await;
    for (name, can_read, can_write) in [("reader", true, false), ("writer", false, true)] {
        let rights = Some(CollectionRights { can_read, can_write });
        server.office.set_collection_rights(&operator, ("shared", secret), name, rights).await.unwrap();
    }
    let other = server.token("home", "other", &[Scope::Ingest, Scope::Findings, Scope::Hunt]).await;
    let theirs = server.token("fire", "theirs", &[Scope::Share]).await;
    let gone = server.token("home", "gone", &[Scope::Share]).await;
    server.office.revoke_token(&operator, "gone").await.unwrap();
    let mut client = server.client("");
    let status = beside(move || {
        let objects = OBJECTS.replace(COLLECTION, secret);
        let one = format!("{objects}tool--1/");
        let of_secret = |client: &mut Client, token: &str| {
            client.authorization = Some(format!("Bearer {token}"));
            let posted = client.post(&objects, TOOL).status;
            (client.get(&objects).status, posted, client.delete(&one).status)
        };
        assert_eq!(of_secret(&mut client, &token), (404, 404, 404), "who was not named does not know of it");
        assert_eq!(of_secret(&mut client, &reader), (200, 403, 403));
        assert_eq!(of_secret(&mut client, &writer), (403, 202, 403), "who deletes has to be able to read");
        assert_eq!(of_secret(&mut client, &other), (403, 403, 403));
        assert_eq!(of_secret(&mut client, &theirs), (404, 404, 404));
        assert_eq!(of_secret(&mut client, &gone), (401, 401, 401));
        let lists = |client: &mut Client, token: &str| {
            client.authorization = Some(format!("Bearer {token}"));
            client.get("/taxii2/shared/collections/").body.contains(secret)
        };
        assert!(!lists(&mut client, &token) && lists(&mut client, &reader) && !lists(&mut client, &theirs));
        for said in [None, Some("Bearer wbt_"), Some("Basic OnBhc3M="), Some("Digest x")] {
            client.authorization = said.map(str::to_owned);
            for path in ["/taxii2/", "/taxii2/other/", OBJECTS, "/taxii2/shared/status/x/"] {
                let answer = client.ask("GET", path, &[("Accept", "text/html"), ("Cookie", "watchbell=AAAA")], b"");
                assert_eq!((answer.status, is_error(&answer)), (401, true), "{said:?} {path}");
                let ways: Vec<_> = answer.head.iter().filter(|(name, _)| name == "www-authenticate").collect();
                assert_eq!(ways.len(), 2, "{answer:?}");
            }
        }
        // A status is for whoever brought the objects.
        client.authorization = Some(format!("Bearer {writer}"));
        let posted = client.post(&objects, TOOL).json();
        let status = format!("/taxii2/shared/status/{}/", posted["id"].as_str().unwrap());
        assert_eq!(client.get(&status).json(), posted);
        client.authorization = Some(format!("Bearer {reader}"));
        assert_eq!(client.get(&status).status, 404);
        status
    })
    .await;
    assert!(status.len() > 40);
    // Each denial of a right has its line.
    let asked = engine::office::LedgerAsked { operation: "share.write".to_owned(), ..Default::default() };
    let lines = server.office.audit(&operator, &asked).await.unwrap();
    let denied = lines.iter().filter(|line| line.entry.outcome == engine::office::Outcome::Denied).count();
    assert_eq!((lines.len(), denied), (7, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_is_sent_as_it_came() {
    let (server, token) = Server::with_collection().await;
    let mut client = server.client(&token);
    beside(move || {
        let first = "{ \"type\":\"x-new-thing\",\t\"id\":\"x-new-thing--a\", \"n\":1.00e+400, \"u\":\"\\u0000ü\" }";
        let body = format!("{{\"objects\":[{first}, {{\"type\":\"tool\"}},{{\"type\":\"tool\",\"id\":\"tool--2\"}}]}}");
        let status = client.post(OBJECTS, &body);
        assert_eq!(status.status, 202);
        let status = status.json();
        assert_eq!((&status["success_count"], &status["failure_count"]), (&2.into(), &1.into()), "{status}");
        let page = client.get(OBJECTS);
        assert_eq!(
            page.body,
            format!("{{\"more\":false,\"objects\":[{first},{{\"type\":\"tool\",\"id\":\"tool--2\"}}]}}")
        );
        let manifest = client.get(&OBJECTS.replace("objects/", "manifest/")).json();
        assert_eq!(
            Some(manifest["objects"][0]["date_added"].as_str().unwrap()),
            page.header("x-taxii-date-added-first")
        );
        assert_eq!(Some(manifest["objects"][1]["version"].as_str().unwrap()), page.header("x-taxii-date-added-last"));
        let after = page.header("x-taxii-date-added-last").unwrap();
        let nothing = client.get(&format!("{OBJECTS}?added_after={after}"));
        assert_eq!((nothing.body.as_str(), nothing.header("x-taxii-date-added-first")), ("{}", None), "later is later");
    })
    .await;
}
