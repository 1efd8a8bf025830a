//! A real nats-server: the one that runs here, and one of our own that is killed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::{self, consumer::pull, stream};
use connect::nats::Nats;
use model::Cursor;
use model::doors::IntakeError;

use crate::intake::{FakeIntake, Running, busy, config, soon};
use crate::servers::{Server, free_port, skip, unique};

const SHARED: &str = "nats://127.0.0.1:4222";

struct Stream {
    server: String,
    name: String,
    context: jetstream::Context,
}

impl Stream {
    /// A stream of its own on a server; `None`, and a word, when there is none.
    async fn on(server: &str) -> Option<Self> {
        let options = async_nats::ConnectOptions::new().connection_timeout(Duration::from_secs(2));
        let Ok(client) = options.connect(server).await else {
            skip("nats-server");
            return None;
        };
        let stream =
            Stream { server: server.to_owned(), name: unique("watchbell-test"), context: jetstream::new(client) };
        stream.create().await;
        Some(stream)
    }

    /// The server answers 500 now and then when the last stream of another test goes at that moment and its folder with it, so a
    /// second and third try are fair.
    async fn create(&self) {
        let config = stream::Config {
            name: self.name.clone(),
            subjects: vec![format!("{}.>", self.name)],
            ..stream::Config::default()
        };
        for _ in 0..5 {
            match self.context.create_stream(config.clone()).await {
                Ok(_) => return,
                Err(error) if format!("{error:?}").contains("creating store") => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Err(error) => panic!("no stream: {error:?}"),
            }
        }
        panic!("no stream after five tries");
    }

    async fn publish(&self, subject: &str, numbers: std::ops::Range<u32>) {
        for number in numbers {
            let subject = format!("{}.{subject}", self.name);
            let sent = self.context.publish(subject, format!("{number:06}\n").into()).await.expect("sent");
            sent.await.expect("kept by the server");
        }
    }

    fn settings(&self, more: &str) -> String {
        format!("server = '{}'\nstream = '{}'\nack_wait_seconds = 1\n{more}", self.server, self.name)
    }

    fn start(&self, more: &str, intake: &Arc<FakeIntake>) -> Running {
        Running::start(Nats::new(config(&self.settings(more))).expect("good settings"), intake)
    }

    /// Messages that the server still waits to be acknowledged or to deliver.
    async fn open(&self) -> u64 {
        let stream = self.context.get_stream(&self.name).await.expect("the stream");
        let mut consumer: jetstream::consumer::Consumer<pull::Config> =
            stream.get_consumer("watchbell-test").await.expect("the consumer");
        let info = consumer.info().await.expect("about it");
        info.num_ack_pending as u64 + info.num_pending
    }

    async fn until_all_acknowledged(&self) {
        let wait = async {
            while self.open().await > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        soon("all messages are acknowledged", wait).await;
    }

    async fn delete(&self) {
        self.context.delete_stream(&self.name).await.expect("deleted");
    }
}

fn numbers(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|number| format!("{number:06}")).collect()
}

#[tokio::test]
async fn messages_are_named_by_sequence_and_acknowledged_when_durable() {
    let Some(stream) = Stream::on(SHARED).await else { return };
    stream.publish("a", 0..100).await;
    let intake = FakeIntake::new();
    intake.hold();
    let source = stream.start("format = 'zeek'", &intake);
    intake.until("a batch is offered", |intake| intake.offered() == 1).await;
    assert_eq!(stream.open().await, 100);
    intake.release();
    intake.until_stored(100).await;
    stream.until_all_acknowledged().await;
    assert_eq!(intake.texts(), numbers(0..100));
    for (index, record) in intake.stored().into_iter().enumerate() {
        let Some(Cursor::Stream { stream: name, sequence }) = record.cursor else { panic!("no sequence") };
        assert!(name.starts_with(&format!("{}@", stream.name)), "{name}");
        assert_eq!(sequence, index as u64 + 1);
    }
    source.stop().await;
    stream.delete().await;
}

#[tokio::test]
async fn killed_before_the_acknowledgement_it_gets_the_same_messages_again() {
    let Some(stream) = Stream::on(SHARED).await else { return };
    stream.publish("a", 0..50).await;
    let intake = FakeIntake::new();
    intake.hold();
    let source = stream.start("", &intake);
    intake.until("a batch is offered", |intake| intake.offered() >= 1).await;
    source.kill().await;
    intake.release();
    let source = stream.start("", &intake);
    intake.until_stored(50).await;
    stream.until_all_acknowledged().await;
    source.stop().await;
    // `stored` fails when a name comes with another body.
    assert_eq!(intake.sorted(), numbers(0..50));
    stream.delete().await;
}

#[tokio::test]
async fn a_slow_intake_is_waited_for_and_a_busy_one_gets_them_again() {
    let Some(stream) = Stream::on(SHARED).await else { return };
    let intake = FakeIntake::new();
    intake.refuse([busy(), busy()]);
    intake.hold();
    let source = stream.start("in_flight_max = 10", &intake);
    stream.publish("a", 0..40).await;
    intake.until("a batch is offered", |intake| intake.offered() >= 1).await;
    intake.release();
    intake.until_stored(40).await;
    stream.until_all_acknowledged().await;
    assert_eq!(source.health.snapshot().held_back, 2);
    source.stop().await;
    assert_eq!(intake.sorted(), numbers(0..40));
    stream.delete().await;
}

#[tokio::test]
async fn a_subject_chooses_and_a_failed_intake_restarts() {
    let Some(stream) = Stream::on(SHARED).await else { return };
    stream.publish("a.1", 0..5).await;
    stream.publish("b.1", 5..10).await;
    stream.publish("a.2", 10..15).await;
    let intake = FakeIntake::new();
    intake.refuse([IntakeError::Failed { reason: "disk".to_owned() }]);
    let source = stream.start(&format!("subjects = ['{}.a.*']", stream.name), &intake);
    intake.until_stored(10).await;
    stream.until_all_acknowledged().await;
    let of_a: Vec<_> = numbers(0..5).into_iter().chain(numbers(10..15)).collect();
    assert_eq!(intake.sorted(), of_a);
    assert_eq!(source.health.snapshot().restarts, 1);
    source.stop().await;
    stream.delete().await;
}

#[tokio::test]
async fn several_subjects_choose_or_are_refused_by_an_old_server() {
    let Some(stream) = Stream::on(SHARED).await else { return };
    stream.publish("a", 0..5).await;
    stream.publish("b", 5..10).await;
    stream.publish("c", 10..15).await;
    let intake = FakeIntake::new();
    let source = stream.start(&format!("subjects = ['{0}.a', '{0}.c']", stream.name), &intake);
    if stream.context.client().is_server_compatible(2, 10, 0) {
        intake.until_stored(10).await;
        let of_a_and_c: Vec<_> = numbers(0..5).into_iter().chain(numbers(10..15)).collect();
        assert_eq!(intake.sorted(), of_a_and_c);
    } else {
        source.until("it is refused", |now| now.last_error.is_some()).await;
        let error = source.health.snapshot().last_error.map(|(_, error)| error).unwrap_or_default();
        assert!(error.ends_with("needs nats-server 2.10 or later") && intake.submitted().is_empty(), "{error}");
    }
    source.stop().await;
    stream.delete().await;
}

#[tokio::test]
async fn a_stream_that_is_made_anew_is_another_stream() {
    let Some(stream) = Stream::on(SHARED).await else { return };
    stream.publish("a", 0..5).await;
    let intake = FakeIntake::new();
    let source = stream.start("", &intake);
    intake.until_stored(5).await;
    source.stop().await;
    stream.delete().await;
    stream.create().await;
    stream.publish("a", 5..10).await;
    let source = stream.start("", &intake);
    intake.until_stored(10).await;
    source.stop().await;
    assert_eq!(intake.texts(), numbers(0..10));
    stream.delete().await;
}

#[tokio::test]
async fn a_stream_that_does_not_exist_is_an_error_that_says_so() {
    let Some(stream) = Stream::on(SHARED).await else { return };
    stream.delete().await;
    let intake = FakeIntake::new();
    let source = stream.start("", &intake);
    source.until("it has failed", |now| now.last_error.is_some()).await;
    let error = source.health.snapshot().last_error.map(|(_, error)| error).unwrap_or_default();
    assert!(error.contains("stream not found"), "{error}");
    source.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_the_server_is_killed() {
    let (port, folder) = (free_port(), tempfile::tempdir().expect("a folder"));
    let args = ["-a", "127.0.0.1", "-p", &port.to_string(), "-js", "-sd", &folder.path().display().to_string()];
    let args = args.into_iter().map(str::to_owned).collect();
    let Some(mut server) = Server::start("nats-server", args, port).await else { return skip("nats-server") };
    let Some(stream) = Stream::on(&format!("nats://127.0.0.1:{port}")).await else { return };
    let intake = FakeIntake::new();
    let source = stream.start("", &intake);
    stream.publish("a", 0..200).await;
    intake.until("some are stored", |intake| !intake.stored().is_empty()).await;
    intake.hold();
    stream.publish("a", 200..300).await;
    server.restart().await;
    intake.release();
    stream.publish("a", 300..400).await;
    intake.until_stored(400).await;
    source.stop().await;
    let stored: BTreeSet<_> = intake.texts().into_iter().collect();
    assert_eq!(stored, numbers(0..400).into_iter().collect());
    assert_eq!(intake.stored().len(), 400);
}
