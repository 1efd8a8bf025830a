//! A real Mosquitto: the one that runs here, and one of our own that is killed or speaks TLS.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use connect::mqtt::Mqtt;
use model::Format;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, MqttOptions};

use crate::intake::{FakeIntake, Running, busy, config, soon, source_id};
use crate::servers::{Certificates, Server, free_port, skip, unique};

const SHARED: u16 = 1883;

/// Publishes and returns when the broker has confirmed everything.
async fn publish(port: u16, topic: &str, qos: QoS, bodies: impl IntoIterator<Item = String>) {
    let mut options = MqttOptions::new(unique("publisher"), "127.0.0.1", port);
    options.set_outgoing_inflight_upper_limit(100);
    let (client, mut events) = AsyncClient::new(options, 2_000);
    let mut open = 0;
    for body in bodies {
        client.publish(topic, qos, false, body).await.expect("queued");
        open += 1;
    }
    let confirmed = async {
        while open > 0 {
            match events.poll().await.expect("connected") {
                Event::Incoming(Packet::PubAck(_) | Packet::PubComp(_)) => open -= 1,
                Event::Outgoing(rumqttc::Outgoing::Publish(_)) if qos == QoS::AtMostOnce => open -= 1,
                _ => {}
            }
        }
    };
    soon("all is published", confirmed).await;
    client.disconnect().await.expect("queued");
    while events.poll().await.is_ok() {}
}

fn numbers(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|number| format!("{number:06}")).collect()
}

fn start(port: u16, client: &str, topics: &str, more: &str, intake: &Arc<FakeIntake>) -> Running {
    let settings = format!(
        "server = 'localhost:{port}'\nclient_id = '{client}'\ntopics = [{topics}]\nsession_seconds = 60\n{more}"
    );
    Running::start(Mqtt::new(config(&settings)).expect("good settings"), intake)
}

async fn running(source: &Running) {
    source.until("it has subscribed", |now| now.state == connect::SourceState::Running).await;
}

async fn has_mosquitto() -> bool {
    let found = tokio::net::TcpStream::connect(("127.0.0.1", SHARED)).await.is_ok();
    if !found {
        skip("Mosquitto");
    }
    found
}

#[tokio::test]
async fn topics_lead_to_sources_and_formats() {
    if !has_mosquitto().await {
        return;
    }
    let (name, intake) = (unique("wb"), FakeIntake::new());
    let topics =
        format!("{{ filter = '{name}/fw/+', source = 'firewalls', format = 'cef' }}, {{ filter = '{name}/#' }}");
    let source = start(SHARED, &name, &topics, "format = 'zeek'", &intake);
    running(&source).await;
    publish(SHARED, &format!("{name}/fw/east"), QoS::AtLeastOnce, ["CEF:0\n".to_owned()]).await;
    publish(SHARED, &format!("{name}/other"), QoS::ExactlyOnce, ["{}".to_owned(), String::new()]).await;
    publish(SHARED, &format!("{name}/last"), QoS::AtMostOnce, ["last".to_owned()]).await;
    intake.until_stored(3).await;
    let found: Vec<_> = intake.stored().into_iter().map(|record| (record.source, record.format, record.body)).collect();
    let of = |source: &str, format, body: &str| (source_id(source), Some(format), body.as_bytes().to_vec());
    assert_eq!(
        found,
        [of("firewalls", Format::Cef, "CEF:0"), of("test", Format::Zeek, "{}"), of("test", Format::Zeek, "last")]
    );
    source.stop().await;
}

#[tokio::test]
async fn killed_before_the_answer_it_gets_the_messages_again() {
    if !has_mosquitto().await {
        return;
    }
    let (name, intake) = (unique("wb"), FakeIntake::new());
    let topics = format!("{{ filter = '{name}/#' }}");
    let source = start(SHARED, &name, &topics, "", &intake);
    running(&source).await;
    intake.hold();
    publish(SHARED, &format!("{name}/a"), QoS::AtLeastOnce, numbers(0..20)).await;
    intake.until("a batch is offered", |intake| intake.offered() >= 1).await;
    source.kill().await;
    // Nobody is there: the broker keeps them.
    publish(SHARED, &format!("{name}/a"), QoS::AtLeastOnce, numbers(20..40)).await;
    assert_eq!(intake.stored().len(), 0);
    intake.release();
    let source = start(SHARED, &name, &topics, "", &intake);
    intake.until_stored(40).await;
    source.stop().await;
    assert_eq!(intake.sorted(), numbers(0..40));
    // What was answered does not come again.
    let source = start(SHARED, &name, &topics, "", &intake);
    running(&source).await;
    publish(SHARED, &format!("{name}/a"), QoS::AtLeastOnce, numbers(40..41)).await;
    intake.until_stored(41).await;
    source.stop().await;
    assert_eq!(intake.sorted(), numbers(0..41));
}

#[tokio::test]
async fn a_busy_intake_is_waited_for_and_the_broker_keeps_the_rest() {
    if !has_mosquitto().await {
        return;
    }
    let (name, intake) = (unique("wb"), FakeIntake::new());
    let source = start(SHARED, &name, &format!("{{ filter = '{name}/#' }}"), "", &intake);
    running(&source).await;
    intake.hold();
    intake.refuse([busy(), busy()]);
    // More than may be in flight.
    publish(SHARED, &format!("{name}/a"), QoS::AtLeastOnce, numbers(0..900)).await;
    let received = source.health.snapshot().received;
    assert!(received <= u64::from(model::limits::MQTT_IN_FLIGHT_MAX), "{received} ahead");
    intake.release();
    intake.until_stored(900).await;
    assert_eq!(source.health.snapshot().held_back, 2);
    source.stop().await;
    assert_eq!(intake.texts(), numbers(0..900));
}

#[tokio::test]
async fn with_qos_0_what_nobody_can_hold_is_dropped_and_counted() {
    if !has_mosquitto().await {
        return;
    }
    let (name, intake) = (unique("wb"), FakeIntake::new());
    let source = start(SHARED, &name, &format!("{{ filter = '{name}/#' }}"), "qos = 0", &intake);
    running(&source).await;
    intake.hold();
    publish(SHARED, &format!("{name}/a"), QoS::AtLeastOnce, numbers(0..900)).await;
    source.until("some are dropped", |now| now.dropped > 0).await;
    intake.release();
    source.until("the rest is stored", |now| now.durable == now.received && now.durable + now.dropped == 900).await;
    source.stop().await;
}

/// A broker of our own, with a folder for what it keeps.
async fn own_broker(folder: &std::path::Path, more: &str) -> Option<(Server, u16)> {
    let port = free_port();
    let settings = format!(
        "listener {port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location {}/\n\
         autosave_on_changes true\nautosave_interval 1\n{more}",
        folder.display()
    );
    let path = folder.join("mosquitto.conf");
    std::fs::write(&path, settings).expect("written");
    let args = vec!["-c".to_owned(), path.display().to_string()];
    Server::start("mosquitto", args, port).await.map(|server| (server, port))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_source_comes_back_when_the_broker_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some((mut broker, port)) = own_broker(folder.path(), "").await else { return skip("Mosquitto") };
    let (name, intake) = (unique("wb"), FakeIntake::new());
    let source = start(port, &name, "{ filter = 'a/#' }", "", &intake);
    running(&source).await;
    publish(port, "a/1", QoS::AtLeastOnce, numbers(0..50)).await;
    intake.until_stored(50).await;
    broker.restart().await;
    source
        .until("it has connected again", |now| now.connections >= 2 && now.state == connect::SourceState::Running)
        .await;
    publish(port, "a/1", QoS::AtLeastOnce, numbers(50..100)).await;
    let all: BTreeSet<_> = numbers(0..100).into_iter().collect();
    intake.until("all are stored", |intake| intake.texts().into_iter().collect::<BTreeSet<_>>() == all).await;
    source.stop().await;
}

#[tokio::test]
async fn a_broker_with_tls_and_client_certificates() {
    let (folder, certificates) = (tempfile::tempdir().expect("a folder"), Certificates::new());
    let path = |name: &str| certificates.path(name).display().to_string();
    let tls_port = free_port();
    let settings = format!(
        "listener {tls_port} 127.0.0.1\ncafile {}\ncertfile {}\nkeyfile {}\nrequire_certificate true\n",
        path("ca.pem"),
        path("server.pem"),
        path("server.key")
    );
    let Some((_broker, port)) = own_broker(folder.path(), &settings).await else { return skip("Mosquitto") };
    let intake = FakeIntake::new();
    let refused =
        start(tls_port, "no-cert", "{ filter = 'a' }", &format!("tls = {{ ca = '{}' }}", path("ca.pem")), &intake);
    refused.until("it is refused", |now| now.last_error.is_some()).await;
    assert_eq!(refused.health.snapshot().durable, 0);
    refused.stop().await;
    let tls = format!(
        "tls = {{ ca = '{}', cert = '{}', key = '{}' }}",
        path("ca.pem"),
        path("client.pem"),
        path("client.key")
    );
    let source = start(tls_port, "with-cert", "{ filter = 'a' }", &tls, &intake);
    running(&source).await;
    publish(port, "a", QoS::AtLeastOnce, numbers(0..3)).await;
    intake.until_stored(3).await;
    source.stop().await;
}

#[tokio::test]
async fn no_broker_is_an_error_that_is_tried_again() {
    let intake = FakeIntake::new();
    let source = start(free_port(), "nobody", "{ filter = 'a' }", "", &intake);
    source.until("it tries again", |now| now.restarts >= 2).await;
    let error = source.health.snapshot().last_error.map(|(_, error)| error).unwrap_or_default();
    assert!(error.contains("refused"), "{error}");
    tokio::time::timeout(Duration::from_secs(5), source.stop()).await.expect("stops while it waits");
}
