//! How fast objects come and go over HTTP: `cargo run --release -p web --example taxii_speed -- [OBJECTS]`.
//!
//! Brings objects in requests of 100, each durable before it is answered, from four connections; then asks for the first page
//! of 100 again and again; then reads everything, page by page, by one connection. A million objects unless it is told otherwise.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement")]

#[path = "../tests/taxii/kit.rs"]
#[expect(dead_code, reason = "the tests need more of it")]
mod kit;

use std::time::{Duration, Instant};

use kit::{OBJECTS, Server};

const WRITERS: usize = 4;
const OBJECTS_EACH: usize = 100;
const FIRST_PAGES: usize = 200;

/// An indicator as feeds have them, about 500 bytes.
fn indicator(number: usize) -> String {
    format!(
        "{{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":\"indicator--{number:08x}-0000-4000-8000-000000000000\",\
         \"created\":\"2026-01-01T00:00:00.000Z\",\"modified\":\"2026-01-01T00:00:00.000Z\",\
         \"name\":\"command and control of a loader\",\"description\":\"seen in the traffic of a workplace machine\",\
         \"indicator_types\":[\"malicious-activity\"],\"pattern\":\"[domain-name:value = 'host-{number}.example']\",\
         \"pattern_type\":\"stix\",\"valid_from\":\"2026-01-01T00:00:00Z\",\"confidence\":75,\"labels\":[\"loader\",\"c2\"]}}"
    )
}

fn quantile(times: &mut [Duration], part: f64) -> f64 {
    times.sort();
    times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1_000.0
}

async fn bring(server: &Server, token: &str, objects: usize) {
    let began = Instant::now();
    let each = objects / WRITERS / OBJECTS_EACH;
    let write = |writer: usize| {
        let mut client = server.client(token);
        move || {
            let mut times = Vec::with_capacity(each);
            for post in 0..each {
                let first = (writer * each + post) * OBJECTS_EACH;
                let some: Vec<String> = (first..first + OBJECTS_EACH).map(indicator).collect();
                let body = format!("{{\"objects\":[{}]}}", some.join(","));
                let asked = Instant::now();
                let answer = client.post(OBJECTS, &body);
                times.push(asked.elapsed());
                assert_eq!(answer.status, 202, "{answer:?}");
                if writer == 0 && post > 0 && post % 250 == 0 {
                    let done = post * OBJECTS_EACH * WRITERS;
                    println!("  about {done} objects, {:.0} a second", done as f64 / began.elapsed().as_secs_f64());
                }
            }
            times
        }
    };
    let writers: Vec<_> = (0..WRITERS).map(|writer| tokio::task::spawn_blocking(write(writer))).collect();
    let mut times = Vec::new();
    for writer in writers {
        times.extend(writer.await.unwrap());
    }
    let count = each * WRITERS * OBJECTS_EACH;
    let rate = count as f64 / began.elapsed().as_secs_f64();
    let (median, most) = (quantile(&mut times, 0.5), quantile(&mut times, 0.99));
    println!(
        "brought: {count} objects in requests of {OBJECTS_EACH}, {rate:.0} objects/s; a request {median:.1} ms, p99 {most:.1} ms"
    );
}

async fn first_page(server: &Server, token: &str, query: &'static str) {
    let mut client = server.client(token);
    let asking = tokio::task::spawn_blocking(move || {
        let mut times = Vec::new();
        for _ in 0..FIRST_PAGES {
            let asked = Instant::now();
            let page = client.get(&format!("{OBJECTS}?limit=100{query}"));
            times.push(asked.elapsed());
            assert_eq!(page.json()["objects"].as_array().map(Vec::len), Some(100), "{:?}", page.head);
        }
        times
    });
    let mut times = asking.await.unwrap();
    let (median, most) = (quantile(&mut times, 0.5), quantile(&mut times, 0.99));
    println!("first page of 100{query}: {median:.2} ms, p99 {most:.2} ms");
}

async fn read_all(server: &Server, token: &str, limit: &'static str) {
    let mut client = server.client(token);
    let reading = tokio::task::spawn_blocking(move || {
        let (began, mut count, mut bytes, mut pages) = (Instant::now(), 0, 0, 0);
        let mut next = String::new();
        loop {
            let page = client.get(&format!("{OBJECTS}?{limit}{next}"));
            // Counted as a client would find them, without reading each.
            count += page.body.matches("{\"type\":\"indicator\"").count();
            bytes += page.body.len();
            pages += 1;
            let head = &page.body[..page.body.len().min(100)];
            let Some((_, rest)) = head.split_once("\"next\":\"") else { break };
            next = format!("&next={}", rest.split('"').next().unwrap());
        }
        (began.elapsed(), count, bytes, pages)
    });
    let (took, count, bytes, pages) = reading.await.unwrap();
    let rate = count as f64 / took.as_secs_f64();
    println!("read all ({limit}): {count} objects, {} MB in {pages} pages, {rate:.0} objects/s", bytes / 1_000_000);
}

#[tokio::main(flavor = "multi_thread")]
async fn main() {
    let objects = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(1_000_000);
    let (server, token) = Server::with_collection().await;
    bring(&server, &token, objects).await;
    first_page(&server, &token, "").await;
    first_page(&server, &token, "&match[type]=indicator").await;
    first_page(&server, &token, "&match[version]=all").await;
    for limit in ["limit=100", "", "limit=10000"] {
        read_all(&server, &token, limit).await;
    }
}
