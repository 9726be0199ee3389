//! Who decides, who writes, and how much at a time.
//!
//! There is one pen, and whoever has it writes. A thread at the desk decides, and writes by itself as long as it keeps up; if more
//! waits already, it lends the pen to a second thread and decides the next batch meanwhile. It gives the pen away only once it
//! is back, so that the log has everything in the order of deciding.
//!
//! How much goes into one batch depends on the disk: a batch is closed early only if deciding it takes as long as a write, and on
//! a slow disk those who have just been answered get a moment to ask again before the next write leaves without them.

use super::{Answer, Job, Shared};
use crate::decider::{Batch, CommandError, Proposal, Ready, Writer};
use adit_core::{command::Reply, state::State};
use std::{
    io,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};
use tokio::sync::mpsc::{self, error::TryRecvError};

/// With so many commands a batch is worth a write of its own, if deciding it took as long as writing does.
const ENOUGH: usize = 32;
/// Those who have just been answered are waited for during this part of the time that the write took,
const MOMENT: u32 = 8;
/// but never longer than this,
const LONGEST_MOMENT: Duration = Duration::from_millis(1);
/// and not at all if it is shorter than this: a fast disk answers sooner than anybody could be back.
const SHORTEST_MOMENT: Duration = Duration::from_micros(100);
/// For so long after an answer the desk looks out for the next command by itself: whoever asks again at once need not wake it.
const LOOKOUT: Duration = Duration::from_micros(50);

/// Starts both threads. They end once `jobs` has nobody left who could send.
pub(super) fn open(writer: Writer, shared: Arc<Shared>, jobs: mpsc::Receiver<Job>) -> io::Result<()> {
    let (lend, lent) = sync_channel(1);
    let (back, home) = sync_channel(1);
    let proposed = Arc::clone(writer.state());
    let pen = Some(Pen { writer, shared: Arc::clone(&shared), last: LastWrite::default() });
    let moment = Moment { expected: 0, until: Instant::now() };
    let desk = Desk { shared, jobs, proposed, ready: None, pen, lend, home, moment };
    thread::Builder::new().name("engine".to_owned()).spawn(move || desk.run())?;
    thread::Builder::new().name("engine-pen".to_owned()).spawn(move || write_what_is_lent(&lent, &back))?;
    Ok(())
}

/// What was decided together, and who waits for it.
struct Turn {
    proposal: Proposal,
    waiting: Vec<Answer>,
}

/// Leave to write.
struct Pen {
    writer: Writer,
    shared: Arc<Shared>,
    last: LastWrite,
}

/// What the last write was like.
#[derive(Clone, Copy, Default)]
struct LastWrite {
    took: Duration,
    answered: usize,
}

impl Pen {
    /// Writes, and shows what is committed. The answers are still to be given.
    fn write(&mut self, proposal: Proposal) -> Written {
        let before = self.shared.state();
        let start = Instant::now();
        let decided = self.writer.write(proposal);
        if !decided.committed.is_empty() {
            self.last = LastWrite { took: start.elapsed(), answered: decided.answers.len() };
            self.shared.publish(Arc::clone(self.writer.state()));
            // Before the answers, so that whoever has one and subscribes is not told of it again. Nobody may be listening.
            let _ = self.shared.commits.send(Arc::clone(&decided.committed));
        }
        Written { answers: decided.answers, committed: decided.committed, before }
    }
}

/// What is to be answered, and the state of before: to tidy it away takes a while, for which nobody should wait.
struct Written {
    answers: Vec<Result<Reply, CommandError>>,
    committed: Batch,
    before: Arc<State>,
}

impl Written {
    /// Gives what can be caught up.
    fn answer(self, waiting: Vec<Answer>) -> (Arc<State>, Batch) {
        for (waiting, answer) in waiting.into_iter().zip(self.answers) {
            // Whoever asked may have gone.
            let _ = waiting.send(answer);
        }
        (self.before, self.committed)
    }
}

fn write_what_is_lent(lent: &Receiver<(Pen, Turn)>, back: &SyncSender<Pen>) {
    while let Ok((mut pen, turn)) = lent.recv() {
        let written = pen.write(turn.proposal);
        // Given back first: the next batch waits for it. Without a desk nobody needs it any more.
        let _ = back.send(pen);
        written.answer(turn.waiting);
    }
}

/// After a write: how many may be in the next one, and how long they are waited for.
struct Moment {
    expected: usize,
    until: Instant,
}

/// Where everything is decided, in order.
struct Desk {
    shared: Arc<Shared>,
    jobs: mpsc::Receiver<Job>,
    /// What is committed once everything proposed so far is.
    proposed: Arc<State>,
    /// For the next batch, if there was time.
    ready: Option<Ready>,
    /// Unless it is lent.
    pen: Option<Pen>,
    lend: SyncSender<(Pen, Turn)>,
    home: Receiver<Pen>,
    moment: Moment,
}

impl Desk {
    /// Until nobody can ask any more, or whoever had the pen is gone.
    fn run(mut self) {
        while let Some(first) = self.first_job() {
            let turn = self.decide(first);
            let keeps_up = self.has_pen(turn.waiting.len()) && self.jobs.is_empty();
            let Some(mut pen) = self.pen.take().or_else(|| self.home.recv().ok()) else {
                return;
            };
            // What was proposed before may not have been written; what rests on it will be refused, and the next must not be.
            let committed = pen.writer.state();
            self.proposed = if turn.proposal.rests_on(committed) { turn.proposal.after() } else { committed }.clone();
            if keeps_up {
                let written = pen.write(turn.proposal);
                self.take_back(pen, 0);
                let (before, committed) = written.answer(turn.waiting);
                // Whoever is answered may have been woken on this very processor.
                thread::yield_now();
                self.ready = Some(Ready::caught_up(before, &committed, self.shared.state()));
            } else if self.lend.send((pen, turn)).is_err() {
                return;
            }
        }
    }

    /// The next command, for which a batch is begun. `None` if nobody can ask any more.
    fn first_job(&mut self) -> Option<Job> {
        // Only after a write of its own there is a copy ready.
        let until = self.ready.as_ref().map(|_| Instant::now() + LOOKOUT);
        while until.is_some_and(|until| Instant::now() < until) {
            match self.jobs.try_recv() {
                Ok(job) => return Some(job),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => thread::yield_now(),
            }
        }
        self.jobs.blocking_recv()
    }

    /// Takes back a pen that has come home. `decided` is what the present batch has already.
    fn has_pen(&mut self, decided: usize) -> bool {
        if let (None, Ok(pen)) = (&self.pen, self.home.try_recv()) {
            self.take_back(pen, decided);
        }
        self.pen.is_some()
    }

    fn take_back(&mut self, pen: Pen, decided: usize) {
        let moment = (pen.last.took / MOMENT).min(LONGEST_MOMENT);
        let moment = if moment < SHORTEST_MOMENT { Duration::ZERO } else { moment };
        let expected = pen.last.answered + decided + self.jobs.len();
        self.moment = Moment { expected, until: Instant::now() + moment };
        self.pen = Some(pen);
    }

    fn decide(&mut self, first: Job) -> Turn {
        // If nothing is being written, what is committed is the truth, also after a write that failed.
        if self.has_pen(0) {
            self.proposed = self.shared.state();
        }
        let ready = self.ready.take().filter(|ready| Arc::ptr_eq(ready.on(), &self.proposed));
        let ready = ready.unwrap_or_else(|| Ready::from(Arc::clone(&self.proposed)));
        let clock = Arc::clone(&self.shared.clock);
        let (start, mut waiting) = (Instant::now(), Vec::new());
        let mut next = Some(first);
        let commands = std::iter::from_fn(|| {
            let job = next.take().or_else(|| self.next_job(waiting.len(), start))?;
            waiting.push(job.answer);
            Some((job.actor, job.command))
        });
        let proposal = Proposal::on(ready, commands, clock.as_ref());
        Turn { proposal, waiting }
    }

    /// One more command for a batch that was begun at `start`, unless it is time to write.
    fn next_job(&mut self, decided: usize, start: Instant) -> Option<Job> {
        let worth_a_write = decided >= ENOUGH && self.has_pen(decided);
        if worth_a_write && self.pen.as_ref().is_some_and(|pen| start.elapsed() >= pen.last.took) {
            return None;
        }
        loop {
            if let Ok(job) = self.jobs.try_recv() {
                return Some(job);
            }
            if !self.has_pen(decided) {
                let pen = self.home.recv().ok()?;
                self.take_back(pen, decided);
                continue;
            }
            if decided >= self.moment.expected || Instant::now() >= self.moment.until {
                return None;
            }
            thread::sleep(SHORTEST_MOMENT / 2);
        }
    }
}
