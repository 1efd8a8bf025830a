//! T2 and T6 in one process, on a disk that lies: stop at every operation, lose any part of what was not synced.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use model::AgencyId;
use store::journal::files::{Fault, Op, SimDisk};
use store::journal::{Batch, GapReason, Journal, Offset, Options, Piece};

use super::child::record;
use super::{Dice, Outcome};

const FOLDER: &str = "/j";
const WRITERS: usize = 4;

fn options() -> Options {
    Options {
        segment_bytes: 6 * 1024,
        block_bytes: 1_024,
        reserve_bytes: 0,
        resume_bytes: 0,
        compression: 0,
        floor: Offset(0),
    }
}

/// What the sources and the one consumer know. The consumer is as durable as its database: it never forgets.
struct World {
    disk: SimDisk,
    dice: Dice,
    acknowledged: [u64; WRITERS],
    seen: BTreeSet<(usize, u64)>,
    read_upto: Offset,
}

/// What may go wrong in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The process stops; the cache stays.
    Kill,
    /// The power goes; any part of what was not synced is lost.
    PowerCut,
    /// A sync fails, the process restarts, later the power goes.
    FailedSync,
}

/// One case: work, trouble, work, trouble …, then a look at everything.
pub(crate) fn case(seed: u64, trouble: Trouble) -> Outcome {
    let mut world = World {
        disk: SimDisk::new(),
        dice: Dice(seed),
        acknowledged: [0; WRITERS],
        seen: BTreeSet::new(),
        read_upto: Offset(0),
    };
    let mut outcome = Outcome { rounds: 1, ..Outcome::default() };
    for life in 0..4 {
        let nth = 1 + world.dice.roll(40);
        match trouble {
            Trouble::FailedSync if life % 2 == 0 => {
                world.disk.plan(Op::Sync, 1 + nth / 3, Fault::Error(std::io::ErrorKind::Other));
            }
            _ => world.disk.plan(Op::Any, nth, Fault::Stop),
        }
        outcome.struck += u64::from(world.live(seed));
        if trouble == Trouble::Kill || (trouble == Trouble::FailedSync && life % 2 == 0) {
            world.disk.restart();
        } else {
            let cut = world.dice.roll(u64::MAX);
            world.disk.power_cut(cut);
        }
    }
    world.check(seed);
    outcome.acknowledged = world.acknowledged.iter().sum();
    outcome
}

impl World {
    /// Opens, writes, reads and releases until the trouble strikes or the work is done. Says whether it struck.
    fn live(&mut self, seed: u64) -> bool {
        let opened = Journal::open_on(Arc::new(self.disk.clone()), Path::new(FOLDER), options());
        let Ok((mut journal, _)) = opened else { return true };
        for _ in 0..12 {
            let groups: Vec<(usize, u64, Batch)> = (0..1 + self.dice.roll(3)).map(|_| self.batch()).collect();
            let batches: Vec<Batch> = groups.iter().map(|group| group.2.clone()).collect();
            let results = journal.append(&batches);
            for ((writer, upto, _), result) in groups.iter().zip(&results) {
                if result.is_ok() {
                    self.acknowledged[*writer] = self.acknowledged[*writer].max(*upto);
                }
            }
            if results.iter().any(Result::is_err) {
                return true;
            }
            if self.dice.roll(3) == 0 {
                self.consume(&journal, seed);
                let _ = journal.release(self.read_upto);
            }
        }
        journal.close().is_err()
    }

    /// The next records of some writer, with some that it brought before.
    fn batch(&mut self) -> (usize, u64, Batch) {
        let writer = self.dice.roll(WRITERS as u64) as usize;
        let from = self.acknowledged[writer].saturating_sub(self.dice.roll(6));
        let upto = self.acknowledged[writer] + 1 + self.dice.roll(8);
        let records = (from..upto).map(|number| record(writer, number)).collect();
        (writer, upto, Batch { agency: AgencyId::home(), records })
    }

    fn consume(&mut self, journal: &Journal, seed: u64) {
        let mut reader = journal.reader(self.read_upto);
        while let Ok(Some(piece)) = reader.next_piece() {
            match piece {
                Piece::Gap(gap) => assert_eq!(gap.reason, GapReason::LeftOut, "seed {seed}: {gap:?}"),
                Piece::Block(block) => {
                    for stored in block.records() {
                        let text = String::from_utf8_lossy(stored.body);
                        let mut words = text.split(' ').map(|word| word.parse::<u64>().unwrap_or(0));
                        let (writer, number) = (words.next().unwrap_or(0) as usize, words.next().unwrap_or(0));
                        assert_eq!(record(writer, number).body, stored.body, "seed {seed}: another body");
                        assert!(self.seen.insert((writer, number)), "seed {seed}: {writer} {number} doubled");
                    }
                }
            }
        }
        self.read_upto = reader.offset();
    }

    fn check(&mut self, seed: u64) {
        let opened = Journal::open_on(Arc::new(self.disk.clone()), Path::new(FOLDER), options());
        let (journal, _) = opened.unwrap_or_else(|error| panic!("seed {seed}: a crash loop: {error:?}"));
        self.consume(&journal, seed);
        for (writer, upto) in self.acknowledged.iter().enumerate() {
            let lost: Vec<_> = (0..*upto).filter(|number| !self.seen.contains(&(writer, *number))).take(5).collect();
            assert!(lost.is_empty(), "seed {seed}: writer {writer} lost acknowledged records {lost:?}");
        }
    }
}

/// T2 on the lying disk, and T6: seeded cases.
pub(crate) fn t6(cases: u64, seed: u64) -> Outcome {
    let mut sum = Outcome::default();
    for number in 0..cases {
        let trouble = [Trouble::Kill, Trouble::PowerCut, Trouble::FailedSync][(number % 3) as usize];
        let outcome = case(seed.wrapping_add(number), trouble);
        sum.rounds += outcome.rounds;
        sum.struck += outcome.struck;
        sum.acknowledged += outcome.acknowledged;
    }
    sum
}
