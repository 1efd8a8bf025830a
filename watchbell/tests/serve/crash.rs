//! The short form of T1 on the whole path: killed at random under load, nothing acknowledged is lost, nothing is doubled.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use testkit::random::Random;

use crate::kit::{Node, Place, post};

const ROUNDS: u64 = 5;
const WRITERS: u64 = 8;
const LINES: u64 = 20;

/// Lines of one batch: each says which it is.
fn lines(batch: &str) -> String {
    (0..LINES)
        .map(|line| format!("{{\"_path\":\"dns\",\"ts\":1777593600.5,\"query\":\"{batch}-{line}.example\"}}\n"))
        .collect()
}

/// Posts batches until told to stop; a batch without an answer is posted again under its name in the next round.
fn write(address: std::net::SocketAddr, token: &str, writer: u64, shared: &Shared) {
    while !shared.stop.load(Ordering::Relaxed) {
        let open = shared.open.lock().unwrap().pop();
        let batch = open.unwrap_or_else(|| format!("w{writer}-{}", shared.next.fetch_add(1, Ordering::Relaxed)));
        match post(address, "http", token, &batch, &lines(&batch)) {
            Some(answer) if answer.status == 200 => shared.acknowledged.lock().unwrap().push(batch),
            _ => {
                shared.open.lock().unwrap().push(batch);
                return;
            }
        }
    }
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    next: AtomicU64,
    open: Mutex<Vec<String>>,
    acknowledged: Mutex<Vec<String>>,
}

#[test]
fn killed_under_load_it_loses_and_doubles_nothing() {
    let seed = 20_261_126;
    println!("seed {seed}");
    let mut random = Random::new(seed);
    let place = Place::new();
    let token = place.token("agent");
    let shared = Arc::new(Shared::default());
    for round in 0..ROUNDS {
        let node: Node = place.start(&[]);
        let address = node.address;
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (token, shared) = (token.clone(), Arc::clone(&shared));
                std::thread::spawn(move || write(address, &token, round * WRITERS + writer, &shared))
            })
            .collect();
        std::thread::sleep(Duration::from_millis(random.between(50, 500)));
        node.kill();
        writers.into_iter().for_each(|writer| writer.join().unwrap());
    }
    // What nobody answered is posted again, and then everything was said to be kept.
    let node = place.start(&[]);
    let open = std::mem::take(&mut *shared.open.lock().unwrap());
    for batch in open {
        assert_eq!(post(node.address, "http", &token, &batch, &lines(&batch)).unwrap().status, 200);
        shared.acknowledged.lock().unwrap().push(batch);
    }
    node.wait_until_caught_up();
    node.stop();
    let expected = shared.acknowledged.lock().unwrap().len() as u64 * LINES;
    assert!(expected > 0);
    assert_eq!(place.number("SELECT count(DISTINCT raw) FROM events"), expected, "nothing acknowledged is lost");
    assert_eq!(place.number("SELECT count(*) FROM events"), expected, "nothing is doubled");
    assert_eq!(place.number("SELECT count(DISTINCT id) FROM events"), expected);
    let checked = place.run(&["fsck"]);
    assert!(checked.status.success(), "{checked:?}");
}
