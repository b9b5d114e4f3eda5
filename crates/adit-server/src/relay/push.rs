//! A local publication carried to the far side, over as many connections as it takes.

mod line;

use std::time::Instant;

use tokio::sync::oneshot;
use tokio::time::sleep;

use self::line::{Carriage, Line, Over};
use super::far::Far;
use super::news::{Direction, Happening, Teller};
use super::pressure::Pressure;
use super::refusal::{Failure, Refusal};
use super::retry::{Next, Retries, random_byte};
use super::source::{Ended, Source};

/// The task of one push.
pub(super) struct Pusher {
    pub(super) source: Source,
    pub(super) far: Far,
    pub(super) retries: Retries,
    pub(super) teller: Teller,
    pub(super) pressure: Pressure,
    pub(super) ends: Ends,
}

/// What the local publisher is told.
pub(super) struct Ends {
    /// The far side's first answer.
    pub(super) answer: oneshot::Sender<Result<(), Refusal>>,
    /// Why it has to end.
    pub(super) end: oneshot::Sender<String>,
}

/// Why there is no line any more.
enum Lost {
    /// The local publisher has ended.
    Ended,
    GivenUp(String),
}

impl Pusher {
    /// Runs until the local publisher or the patience with the far side ends.
    pub(super) async fn run(mut self) {
        let begun = Instant::now();
        let first = match self.source.keep_while(Line::open(&mut self.far)).await {
            Ok(first) => first,
            Err(Ended) => return,
        };
        let mut line = match first {
            Ok(line) => line,
            Err(failure) => {
                let failure = failure.hiding(&self.far);
                let reason = failure.reason.clone();
                self.teller.tell(Happening::Refused { reason });
                let refusal = failure.refusal(Direction::Push);
                drop(self.ends.answer.send(Err(refusal)));
                return;
            }
        };
        self.teller.tell(Happening::Connected {
            rung: Box::new(line.rung().clone()),
            took: begun.elapsed(),
        });
        let Ends { answer, end } = self.ends;
        if answer.send(Ok(())).is_err() {
            // Whoever asked is gone.
            return line.close(&self.far).await;
        }
        let mut frames = 0;
        let lost = loop {
            let mut carriage = Carriage {
                source: &mut self.source,
                far: &mut self.far,
                pressure: &self.pressure,
                teller: &self.teller,
                frames: &mut frames,
            };
            let over = line.carry(&mut carriage).await;
            // Nobody waits for a far side that is away.
            self.pressure.set(0);
            let broken = match over {
                Over::Finished => {
                    line.close(&self.far).await;
                    break Lost::Ended;
                }
                Over::Moved => {
                    self.source.backlog.hand_over(Instant::now());
                    if self.source.keep_while(line.close(&self.far)).await.is_err() {
                        break Lost::Ended;
                    }
                    None
                }
                Over::Broken(failure) => {
                    self.retries.note_connection(line.since(), Instant::now());
                    drop(line);
                    Some(failure.hiding(&self.far))
                }
            };
            line = match restore(
                &mut self.source,
                &mut self.far,
                &mut self.retries,
                &self.teller,
                broken,
            )
            .await
            {
                Ok(line) => line,
                Err(lost) => break lost,
            };
        };
        match lost {
            Lost::Ended => self.teller.tell(Happening::Ended {
                frames,
                lasted: begun.elapsed(),
                undelivered: u64::try_from(self.source.backlog.waiting()).unwrap_or(u64::MAX),
            }),
            Lost::GivenUp(reason) => {
                let told = reason.clone();
                self.teller.tell(Happening::GivenUp { reason: told });
                drop(end.send(reason));
            }
        }
    }
}

/// Makes a new line after a break; `broken` is nothing when the far side had asked for a new one.
async fn restore(
    source: &mut Source,
    far: &mut Far,
    retries: &mut Retries,
    teller: &Teller,
    mut broken: Option<Failure>,
) -> Result<Line, Lost> {
    let since = Instant::now();
    let repeated = match broken {
        Some(_) => source.backlog.rewind(since),
        None => 0,
    };
    loop {
        if let Some(failure) = broken.take() {
            let next = retries.next(Instant::now(), failure.cause, random_byte());
            let Next::After(again_in) = next else {
                return Err(Lost::GivenUp(failure.reason));
            };
            let cause = failure.reason;
            teller.tell(Happening::Broken { cause, again_in });
            let slept = source.keep_while(sleep(again_in)).await;
            slept.map_err(|Ended| Lost::Ended)?;
        }
        let opened = source.keep_while(Line::open(far)).await;
        match opened.map_err(|Ended| Lost::Ended)? {
            Ok(line) => {
                teller.tell(Happening::Recovered {
                    rung: Box::new(line.rung().clone()),
                    after: since.elapsed(),
                    skipped: source.backlog.take_skipped(),
                    repeated,
                });
                return Ok(line);
            }
            Err(failure) => broken = Some(failure.hiding(far)),
        }
    }
}
