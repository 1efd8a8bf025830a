//! What the watch refuses, and in which words.

use crate::kit::{Place, text, watchbell};

#[test]
fn who_has_no_token_brings_nothing() {
    let place = Place::new();
    let token = place.token("agent");
    let node = place.start(&[]);
    let check = |source: &str, token: &str, status: u16| {
        let answer = node.post(source, token, "b", "{}\n").unwrap();
        assert_eq!(answer.status, status, "{source} {token:?}: {answer:?}");
    };
    check("http", "", 401);
    check("http", "wbt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 401);
    check("nope", "wrong", 401);
    check("nope", &token, 404);
    check("http", &token, 200);
    // Another agency's token learns nothing about the source.
    let theirs = place.say(&["token", "add", "fire", "--agency", "fire"]);
    check("http", theirs.trim(), 404);
    place.say(&["token", "revoke", "agent"]);
    check("http", &token, 401);
    let listed = place.say(&["token", "list"]);
    assert!(listed.contains("agent") && listed.contains("revoked") && !listed.contains(&token), "{listed}");
    assert!(!node.log().contains(&token), "a token is never logged");
    node.stop();
}

#[test]
fn a_watch_that_others_could_reach_in_plain_text_does_not_start() {
    let place = Place::new();
    let output = place.run(&["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("hint: set tls"), "{}", text(&output.stderr));
}

#[test]
fn two_watches_do_not_share_a_folder() {
    let place = Place::new();
    let node = place.start(&[]);
    let second = place.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(text(&second.stderr).contains("open in another process"), "{}", text(&second.stderr));
    node.stop();
}

#[test]
fn commands_without_data_say_how_to_get_some() {
    let place = Place::new();
    for command in [&["hunt", "SELECT 1"][..], &["findings"], &["fsck"], &["token", "list"], &["retro", "--rules", "."]]
    {
        let output = place.run(command);
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        let said = text(&output.stderr);
        assert!(said.contains("there is no data folder") || said.contains("nothing to try"), "{command:?}: {said}");
    }
}

#[test]
fn usage_is_told_apart_from_failure() {
    assert_eq!(watchbell(&["serve", "--no-such-flag"]).status.code(), Some(2));
    assert_eq!(watchbell(&["hunt"]).status.code(), Some(2));
    let unknown = watchbell(&["config", "show", "--config", "/nonexistent/w.toml"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(text(&unknown.stderr).contains("there is no configuration file"));
}
