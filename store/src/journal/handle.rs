//! Many submitters, one writer thread, one sync for all that wait together.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use model::limits;

use super::shared::Shared;
use super::{AppendError, Batch, Health, Journal, Offset, Reader, Receipt, Stats};

/// How often a journal without space looks for some.
const SPACE_CHECK: Duration = Duration::from_millis(500);

type Done = Box<dyn FnOnce(Result<Receipt, AppendError>) + Send>;

/// The way to a running journal. Clones share it.
#[derive(Clone)]
pub struct JournalHandle {
    desk: Arc<Desk>,
}

struct Desk {
    shared: Arc<Shared>,
    queue: Mutex<Queue>,
    /// Something to do.
    work: Condvar,
    /// Room for another batch.
    room: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<(Batch, Done)>,
    release: Option<Offset>,
    is_closing: bool,
}

/// The writer thread's owner: closing it drains what waits and closes the journal.
pub struct JournalThread {
    handle: JournalHandle,
    thread: Option<JoinHandle<Result<(), AppendError>>>,
}

impl Desk {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        // The queue is right at every step; a panic elsewhere does not spoil it.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl JournalHandle {
    /// Gives the journal a thread of its own.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(journal: Journal) -> io::Result<(JournalHandle, JournalThread)> {
        let shared = journal.shared.clone();
        let (queue, work, room) = (Mutex::default(), Condvar::new(), Condvar::new());
        let desk = Arc::new(Desk { shared, queue, work, room });
        let worker = desk.clone();
        let thread = Builder::new().name("journal".into()).spawn(move || run(journal, &worker))?;
        let handle = JournalHandle { desk };
        Ok((handle.clone(), JournalThread { handle, thread: Some(thread) }))
    }

    /// Hands a batch in and returns at once; `done` is called, on the journal's thread, when the batch is durable or
    /// refused. With [`limits::BATCH_QUEUE_MAX`] batches waiting it is refused as busy, on this thread.
    pub fn submit(&self, batch: Batch, done: impl FnOnce(Result<Receipt, AppendError>) + Send + 'static) {
        if let Err(error) = batch.check_limits() {
            return done(Err(error));
        }
        let mut queue = self.desk.queue();
        let refusal = match (queue.is_closing, queue.waiting.len() >= limits::BATCH_QUEUE_MAX) {
            (true, _) => AppendError::Closed,
            (_, true) => AppendError::Busy,
            _ => {
                queue.waiting.push_back((batch, Box::new(done)));
                return self.desk.work.notify_one();
            }
        };
        drop(queue);
        done(Err(refusal));
    }

    /// Hands a batch in, waiting for room in the queue, and returns when it is durable or refused.
    ///
    /// # Errors
    /// See [`AppendError`]; never [`AppendError::Busy`].
    pub fn append(&self, batch: Batch) -> Result<Receipt, AppendError> {
        batch.check_limits()?;
        let (tell, answer) = mpsc::sync_channel(1);
        {
            let mut queue = self.desk.queue();
            while !queue.is_closing && queue.waiting.len() >= limits::BATCH_QUEUE_MAX {
                queue = self.desk.room.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
            if queue.is_closing {
                return Err(AppendError::Closed);
            }
            let done = move |result| {
                // The receiver waits below for as long as the sender lives, so that sending cannot fail.
                let _ = tell.send(result);
            };
            queue.waiting.push_back((batch, Box::new(done)));
            self.desk.work.notify_one();
        }
        answer.recv().unwrap_or(Err(AppendError::Closed))
    }

    /// Lets the journal remove segments in which every record is before `upto`: the least offset that any consumer
    /// still needs.
    pub fn release(&self, upto: Offset) {
        let mut queue = self.desk.queue();
        queue.release = queue.release.max(Some(upto));
        self.desk.work.notify_one();
    }

    /// A reader from `from` on.
    pub fn reader(&self, from: Offset) -> Reader {
        Reader::new(self.desk.shared.clone(), from)
    }

    /// The end of what is durable.
    pub fn next(&self) -> Offset {
        Offset(self.desk.shared.published().next)
    }

    /// The least offset that is still kept.
    pub fn first(&self) -> Offset {
        let published = self.desk.shared.published();
        Offset(published.segments.front().map_or(published.next, |segment| segment.base))
    }

    /// Calls `listener` with the new end whenever more is durable, and once when the journal closes. It is called on the
    /// journal's thread and must be quick: wake somebody.
    pub fn on_advance(&self, listener: impl Fn(Offset) + Send + Sync + 'static) {
        self.desk.shared.published().listeners.push(Arc::new(listener));
    }

    /// Whether it takes records, and why not.
    pub fn health(&self) -> Health {
        self.desk.shared.published().health.clone()
    }

    /// What it has done so far.
    pub fn stats(&self) -> Stats {
        self.desk.shared.published().stats.clone()
    }

    /// Whether the journal is closed; readers that reached the end get no more.
    pub fn is_closed(&self) -> bool {
        self.desk.shared.published().is_closed
    }
}

impl JournalThread {
    /// Takes nothing new, writes what waits, closes the journal and joins its thread.
    ///
    /// # Errors
    /// When the last segment could not be closed (nothing is lost), or the journal had failed.
    pub fn close(mut self) -> Result<(), AppendError> {
        self.stop()
    }

    fn stop(&mut self) -> Result<(), AppendError> {
        {
            self.handle.desk.queue().is_closing = true;
        }
        self.handle.desk.work.notify_all();
        self.handle.desk.room.notify_all();
        let Some(thread) = self.thread.take() else { return Ok(()) };
        thread.join().unwrap_or_else(|_| Err(AppendError::Failed { reason: "the journal's thread panicked".into() }))
    }
}

impl Drop for JournalThread {
    fn drop(&mut self) {
        // Whoever wants to know how closing went calls `close`.
        let _ = self.stop();
    }
}

/// Answers everybody should the writer's thread end for whatever reason.
struct LastAnswer<'a>(&'a Desk);

impl Drop for LastAnswer<'_> {
    fn drop(&mut self) {
        let left = {
            let mut queue = self.0.queue();
            queue.is_closing = true;
            std::mem::take(&mut queue.waiting)
        };
        self.0.room.notify_all();
        for (_, done) in left {
            done(Err(AppendError::Closed));
        }
        self.0.shared.publish(|published| published.is_closed = true);
    }
}

fn run(mut journal: Journal, desk: &Desk) -> Result<(), AppendError> {
    let _last_answer = LastAnswer(desk);
    loop {
        let (group, release, is_over) = next_work(desk, &mut journal);
        if !group.is_empty() {
            let (batches, dones): (Vec<_>, Vec<_>) = group.into_iter().unzip();
            let results = journal.append(&batches);
            for (done, result) in dones.into_iter().zip(results) {
                done(result);
            }
        }
        if let Some(upto) = release {
            // What could not be removed now is tried again with the next release.
            let _ = journal.release(upto);
        }
        if is_over {
            return journal.close();
        }
    }
}

type Work = (Vec<(Batch, Done)>, Option<Offset>, bool);

/// Waits for batches and takes as many as share one sync.
fn next_work(desk: &Desk, journal: &mut Journal) -> Work {
    let mut queue = desk.queue();
    while queue.waiting.is_empty() && queue.release.is_none() && !queue.is_closing {
        if journal.health() != Health::NoSpace {
            queue = desk.work.wait(queue).unwrap_or_else(PoisonError::into_inner);
            continue;
        }
        // Nobody may bring anything while the disk is full: look for space without being asked.
        queue = match desk.work.wait_timeout(queue, SPACE_CHECK) {
            Ok((guard, _)) => guard,
            Err(poisoned) => poisoned.into_inner().0,
        };
        drop(queue);
        let _ = journal.ready();
        queue = desk.queue();
    }
    let (mut group, mut bytes, mut records) = (Vec::new(), 0, 0);
    while let Some((batch, _)) = queue.waiting.front() {
        bytes += batch.records.iter().map(|record| record.body.len()).sum::<usize>();
        records += batch.records.len();
        let is_full = bytes > limits::JOURNAL_GROUP_BYTES_MAX || records > limits::JOURNAL_GROUP_RECORDS_MAX;
        if is_full && !group.is_empty() {
            break;
        }
        group.extend(queue.waiting.pop_front());
    }
    let is_over = queue.is_closing && queue.waiting.is_empty();
    let release = queue.release.take();
    drop(queue);
    desk.room.notify_all();
    (group, release, is_over)
}
