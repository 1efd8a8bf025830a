//! T1, T2, T3 on real processes and a real disk: start a victim, let a fault strike, look at what is left.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use store::journal::{GapReason, Journal, Offset, Piece, fsck};

use super::child::{Orders, options, record};
use super::{Dice, Outcome};

/// Makes the command that runs a victim with these orders; the program in front (strace) is given.
pub(crate) type Victim<'a> = &'a dyn Fn(&Orders, &[String]) -> Command;

/// How a round ends.
pub(crate) enum Strike {
    /// SIGKILL after so long under load.
    After(Duration),
    /// strace with these arguments does something.
    Strace(Vec<String>),
}

/// What is known across rounds.
pub(crate) struct Watch {
    seen: Vec<BTreeSet<u64>>,
    acknowledged: Vec<u64>,
    read_upto: Offset,
    pub(crate) outcome: Outcome,
    pub(crate) refusals: Vec<String>,
}

impl Watch {
    pub(crate) fn new(writers: usize) -> Self {
        Watch {
            seen: vec![BTreeSet::new(); writers],
            acknowledged: vec![0; writers],
            read_upto: Offset(0),
            outcome: Outcome::default(),
            refusals: Vec::new(),
        }
    }

    /// Runs a victim until the fault strikes or it ends, then opens the journal and checks every promise.
    pub(crate) fn round(&mut self, folder: &Path, victim: Victim<'_>, strike: &Strike, (seed, batches): (u64, u64)) {
        let from = self.acknowledged.clone();
        let orders = Orders { folder: folder.into(), seed, from, release: self.read_upto.0, batches };
        let front = match strike {
            Strike::After(_) => Vec::new(),
            Strike::Strace(arguments) => arguments.clone(),
        };
        let mut child =
            victim(&orders, &front).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the victim starts");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut lines = lines.map_while(Result::ok).skip_while(|line| line != "ready");
        if lines.next().is_some()
            && let Strike::After(delay) = strike
        {
            let killer = std::time::Instant::now() + *delay;
            let pid = child.id();
            std::thread::spawn(move || {
                std::thread::park_timeout(killer.saturating_duration_since(Instant::now()));
                let pid = rustix::process::Pid::from_raw(pid as i32).expect("a process id");
                // It may have ended by itself.
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            });
        }
        let mut has_ended = false;
        for line in lines {
            self.hear(&line);
            has_ended |= line == "end";
        }
        child.wait().expect("the victim is gone");
        self.outcome.rounds += 1;
        self.outcome.struck += u64::from(!has_ended);
        self.check(folder, seed);
    }

    fn hear(&mut self, line: &str) {
        if let Some(reason) = line.strip_prefix("refused ") {
            self.refusals.push(reason.to_owned());
        }
        let mut words = line.strip_prefix("ack ").unwrap_or_default().split(' ').map(str::parse::<u64>);
        if let (Some(Ok(writer)), Some(Ok(upto))) = (words.next(), words.next()) {
            let known = &mut self.acknowledged[writer as usize];
            *known = (*known).max(upto);
        }
    }

    /// Opens what is left: quickly, with everything acknowledged, and nothing twice.
    fn check(&mut self, folder: &Path, seed: u64) {
        let started = Instant::now();
        let opened = Journal::open(folder, options());
        let (journal, recovery) = opened.unwrap_or_else(|error| panic!("seed {seed}: a crash loop: {error:?}"));
        self.outcome.start_ms_max = self.outcome.start_ms_max.max(started.elapsed().as_millis());
        assert!(started.elapsed() < Duration::from_secs(2), "seed {seed}: back after {:?}", started.elapsed());
        let is_torn_only = recovery.damages.iter().all(|damage| damage.why.starts_with("torn end"));
        assert!(is_torn_only, "seed {seed}: {recovery:?}");
        let mut reader = journal.reader(self.read_upto);
        while let Some(piece) = reader.next_piece().expect("readable") {
            match piece {
                Piece::Gap(gap) => assert_eq!(gap.reason, GapReason::LeftOut, "seed {seed}: {gap:?}"),
                Piece::Block(block) => {
                    for stored in block.records() {
                        let text = String::from_utf8_lossy(stored.body);
                        let mut words = text.split(' ').map(|word| word.parse::<u64>().unwrap_or(0));
                        let (writer, number) = (words.next().unwrap_or(0), words.next().unwrap_or(0));
                        assert_eq!(record(writer as usize, number).body, stored.body, "seed {seed}: another body");
                        assert!(self.seen[writer as usize].insert(number), "seed {seed}: {writer} {number} doubled");
                    }
                }
            }
        }
        self.read_upto = reader.offset();
        self.outcome.acknowledged = self.acknowledged.iter().sum();
        for (writer, upto) in self.acknowledged.iter().enumerate() {
            let lost: Vec<_> = (0..*upto).filter(|number| !self.seen[writer].contains(number)).take(5).collect();
            assert!(lost.is_empty(), "seed {seed}: writer {writer} lost acknowledged records {lost:?}");
        }
        drop(journal);
        let report = fsck(folder).expect("fsck reads");
        assert!(report.is_clean(), "seed {seed}: {report:?}");
    }
}

/// T1: SIGKILL at random under load.
pub(crate) fn t1(folder: &Path, victim: Victim<'_>, (rounds, writers, seed): (u64, usize, u64)) -> Outcome {
    let mut watch = Watch::new(writers);
    let mut dice = Dice(seed);
    for _ in 0..rounds {
        let strike = Strike::After(Duration::from_millis(50 + dice.roll(450)));
        watch.round(folder, victim, &strike, (dice.roll(u64::MAX), u64::MAX));
    }
    watch.outcome
}

/// The system calls at which T2 kills.
pub(crate) const CALLS: &[&str] = &["pwrite64", "fdatasync", "rename", "unlink", "ftruncate"];

fn strace(call: &str, effect: &str, nth: u64) -> Strike {
    let inject = format!("inject={call}:{effect}:when={nth}");
    let arguments = ["strace", "-f", "-qq", "-o", "/dev/null", "-e"];
    let trace = format!("trace={call}");
    let all = arguments.iter().map(|part| (*part).to_owned()).chain([trace, "-e".into(), inject]);
    Strike::Strace(all.collect())
}

/// T2: kill at the nth call of each kind, rotation and release included.
pub(crate) fn t2(folder: &Path, victim: Victim<'_>, (nths, seed): (&[u64], u64)) -> Outcome {
    let mut watch = Watch::new(3);
    let mut dice = Dice(seed);
    for nth in nths {
        for call in CALLS {
            watch.round(folder, victim, &strace(call, "signal=KILL", *nth), (dice.roll(u64::MAX), 60));
        }
    }
    watch.outcome
}

/// T3: the nth sync fails once, then all of them work again.
pub(crate) fn t3(folder: &Path, victim: Victim<'_>, (nths, seed): (&[u64], u64)) -> Outcome {
    let mut watch = Watch::new(3);
    let mut dice = Dice(seed);
    for nth in nths {
        watch.refusals.clear();
        watch.round(folder, victim, &strace("fdatasync", "error=EIO", *nth), (dice.roll(u64::MAX), 60));
        // A victim that failed while it opened has not said anything; the others have said why.
        let has_said = watch.refusals.iter().any(|reason| reason.contains("failed"));
        assert!(has_said || *nth < 4, "sync {nth}: acknowledged after a failed sync, or silent: {:?}", watch.refusals);
    }
    watch.outcome
}
