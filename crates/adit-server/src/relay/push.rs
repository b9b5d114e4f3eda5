//! A local publication carried to the far side, over as many connections as it takes.

mod line;

use std::time::Instant;

use tokio::sync::oneshot;
use tokio::time::sleep;

use self::line::{Carriage, Line, Over};
use super::carried::Carried;
use super::far::Far;
use super::news::{Direction, Happening, Teller};
use super::pressure::Pressure;
use super::refusal::{Failure, Refusal};
use super::retry::{Next, Retries, random_byte};
use super::source::{Ended, Source};

/// The task of one push.
pub(crate) struct Pusher {
    pub(crate) source: Source,
    pub(crate) far: Far,
    pub(crate) retries: Retries,
    pub(crate) teller: Teller,
    pub(crate) pressure: Pressure,
    pub(crate) carried: Carried,
    /// Why the local publisher has to end.
    pub(crate) end: oneshot::Sender<String>,
}

/// Takes the far side's first answer to the local publisher.
pub(super) type Answerer = oneshot::Sender<Result<(), Refusal>>;

/// Why there is no line any more.
enum Lost {
    /// The local publisher has ended, and what was left has left or cannot.
    Ended,
    GivenUp(String),
}

impl Pusher {
    /// Runs until the local publisher or the patience with the far side ends.
    pub(super) async fn run(mut self, answer: Answerer) {
        let begun = Instant::now();
        let Some(line) = self.first_line(begun, answer).await else {
            return;
        };
        let lost = self.carry(line).await;
        self.tell_end(begun, lost);
    }

    /// The same for a far side that nobody waits for: the first line is tried for like every other.
    pub(crate) async fn run_patiently(mut self) {
        let begun = Instant::now();
        let opened = open(
            &mut self.source,
            &mut self.far,
            &mut self.retries,
            &self.teller,
            None,
        );
        let lost = match opened.await {
            Ok(line) => {
                self.teller.tell(Happening::Connected {
                    rung: Box::new(line.rung().clone()),
                    took: begun.elapsed(),
                });
                self.carry(line).await
            }
            Err(lost) => lost,
        };
        self.tell_end(begun, lost);
    }

    fn tell_end(self, begun: Instant, lost: Lost) {
        match lost {
            Lost::Ended => self.teller.tell(Happening::Ended {
                frames: self.carried.messages(),
                lasted: begun.elapsed(),
                undelivered: self.source.backlog.missing(),
            }),
            Lost::GivenUp(reason) => {
                let told = reason.clone();
                self.teller.tell(Happening::GivenUp { reason: told });
                drop(self.end.send(reason));
            }
        }
    }

    /// Asks the far side for the first time, and tells the local publisher what it says.
    async fn first_line(&mut self, begun: Instant, answer: Answerer) -> Option<Line> {
        let opened = self.source.keep_while(Line::open(&mut self.far)).await;
        let line = match opened.ok()? {
            Ok(line) => line,
            Err(failure) => {
                let failure = failure.hiding(&self.far);
                let reason = failure.reason.clone();
                self.teller.tell(Happening::Refused { reason });
                drop(answer.send(Err(failure.refusal(Direction::Push))));
                return None;
            }
        };
        self.teller.tell(Happening::Connected {
            rung: Box::new(line.rung().clone()),
            took: begun.elapsed(),
        });
        if answer.send(Ok(())).is_err() {
            // Whoever asked is gone.
            line.close(&self.far).await;
            return None;
        }
        Some(line)
    }

    /// Carries frames over one line after the other.
    async fn carry(&mut self, mut line: Line) -> Lost {
        loop {
            let mut carriage = Carriage {
                source: &mut self.source,
                far: &mut self.far,
                pressure: &self.pressure,
                teller: &self.teller,
                carried: &self.carried,
            };
            let over = line.carry(&mut carriage).await;
            line.account(&mut self.source.backlog);
            self.pressure.begin_anew();
            self.retries.note_connection(line.since(), Instant::now());
            let broken = match over {
                Over::Finished => {
                    // One that did not take the rest takes no goodbye either.
                    if self.source.backlog.waiting() == 0 && line.close(&self.far).await {
                        self.source.backlog.note_delivered();
                    }
                    return Lost::Ended;
                }
                Over::Moved => {
                    match self.source.deliver_while(line.close(&self.far)).await {
                        Ok(true) => self.source.backlog.note_delivered(),
                        Ok(false) => {}
                        Err(Ended) => return Lost::Ended,
                    }
                    None
                }
                Over::Broken(failure) => {
                    drop(line);
                    Some(failure.hiding(&self.far))
                }
            };
            let restored = restore(
                &mut self.source,
                &mut self.far,
                &mut self.retries,
                &self.teller,
                broken,
            );
            line = match restored.await {
                Ok(line) => line,
                Err(lost) => return lost,
            };
        }
    }
}

/// Makes a new line after a break; `broken` is nothing when the far side had asked for a new one.
async fn restore(
    source: &mut Source,
    far: &mut Far,
    retries: &mut Retries,
    teller: &Teller,
    broken: Option<Failure>,
) -> Result<Line, Lost> {
    let since = Instant::now();
    source.backlog.rewind(since);
    let line = open(source, far, retries, teller, broken).await?;
    teller.tell(Happening::Recovered {
        rung: Box::new(line.rung().clone()),
        after: since.elapsed(),
        skipped: source.backlog.take_skipped(),
        repeated: source.backlog.repeated(),
    });
    Ok(line)
}

/// Tries for a line until there is one; `broken` is why there is none, if that was told to nobody yet.
async fn open(
    source: &mut Source,
    far: &mut Far,
    retries: &mut Retries,
    teller: &Teller,
    mut broken: Option<Failure>,
) -> Result<Line, Lost> {
    loop {
        if let Some(failure) = broken.take() {
            let next = retries.next(Instant::now(), failure.cause, random_byte());
            let Next::After(again_in) = next else {
                return Err(Lost::GivenUp(failure.reason));
            };
            let cause = failure.reason;
            teller.tell(Happening::Broken {
                cause,
                again_in,
                is_ending: source.drain_by().is_some(),
            });
            let slept = source.deliver_while(sleep(again_in)).await;
            slept.map_err(|Ended| Lost::Ended)?;
        }
        let opened = source.deliver_while(Line::open(far)).await;
        match opened.map_err(|Ended| Lost::Ended)? {
            Ok(line) => return Ok(line),
            Err(failure) => broken = Some(failure.hiding(far)),
        }
    }
}
