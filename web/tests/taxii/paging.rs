//! Pages over HTTP, while others write.

use std::collections::BTreeSet;

use crate::kit::{OBJECTS, Server};

const WRITERS: usize = 3;
const POSTS: usize = 12;
const OBJECTS_EACH: usize = 25;

/// Reads everything once, going on from page to page and from poll to poll, until all is there.
fn read_all(mut client: crate::kit::Client, by_time: bool) -> Vec<String> {
    let (mut seen, mut after) = (Vec::new(), String::new());
    let mut next = String::new();
    while seen.len() < WRITERS * POSTS * OBJECTS_EACH {
        let page = client.get(&format!("{OBJECTS}?limit=7{after}{next}"));
        assert_eq!(page.status, 200, "{page:?}");
        let said = page.json();
        let objects = said["objects"].as_array().cloned().unwrap_or_default();
        seen.extend(objects.iter().map(|object| object["id"].as_str().unwrap().to_owned()));
        let last = page.header("x-taxii-date-added-last").map(|last| format!("&added_after={last}"));
        match said["next"].as_str() {
            Some(more) if !by_time => next = format!("&next={more}"),
            // The end, for now: the next poll begins behind what was seen.
            _ => {
                after = last.unwrap_or(after);
                next.clear();
            }
        }
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_skipped_or_sent_twice_while_others_write() {
    let (server, token) = Server::with_collection().await;
    let write = |writer: usize| {
        let mut client = server.client(&token);
        move || {
            for post in 0..POSTS {
                let object = |n: usize| format!("{{\"type\":\"tool\",\"id\":\"tool--{writer}-{post}-{n}\"}}");
                let objects: Vec<String> = (0..OBJECTS_EACH).map(object).collect();
                let answer = client.post(OBJECTS, &format!("{{\"objects\":[{}]}}", objects.join(",")));
                assert_eq!(answer.status, 202, "{answer:?}");
            }
        }
    };
    let writers: Vec<_> = (0..WRITERS).map(|writer| tokio::task::spawn_blocking(write(writer))).collect();
    let readers = [false, true].map(|by_time| {
        let client = server.client(&token);
        tokio::task::spawn_blocking(move || read_all(client, by_time))
    });
    for writer in writers {
        writer.await.unwrap();
    }
    let mut all = Vec::new();
    for reader in readers {
        let seen = reader.await.unwrap();
        assert_eq!(seen.len(), WRITERS * POSTS * OBJECTS_EACH);
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len(), "each once");
        all.push(seen);
    }
    assert_eq!(all[0], all[1], "all see the same order");
}
