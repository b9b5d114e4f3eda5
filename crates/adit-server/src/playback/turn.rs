//! What happens next.

use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use adit_media::{Frame, Timestamp};

use super::cut::When;
use super::files::{OpenError, Opened};
use super::pace::Leave;
use super::track::{Landing, Track};
use super::{Coming, End, Flow, Item, NoPlace, Playback, Played, Precision, Stage, Why};

impl Playback {
    /// What the player gets next. Pending until something is read, or [`next_deadline`](Self::next_deadline), or a command.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<Played> {
        self.due = None;
        loop {
            if let Some(news) = self.news.pop_front() {
                return Poll::Ready(news);
            }
            self.prefetch();
            let came = self.poll_coming(cx);
            if came.is_ready() {
                continue;
            }
            let Some(track) = &mut self.track else {
                if self.joins_at().is_some() {
                    self.join();
                    continue;
                }
                if self.coming.is_some() || self.end == End::Told {
                    return Poll::Pending;
                }
                self.after_track();
                continue;
            };
            if track.is_landing() {
                match track.poll_landed(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(landed) => self.land(landed),
                }
                continue;
            }
            if self.flow == Flow::Paused || self.is_held() {
                return Poll::Pending;
            }
            match self.poll_frame(cx, now) {
                Turn::Gave(played) => return Poll::Ready(played),
                Turn::Waits => return Poll::Pending,
                Turn::Changed => {}
            }
        }
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>, now: Instant) -> Turn {
        let joins_at = self.joins_at();
        let Some(track) = &mut self.track else {
            return Turn::Changed;
        };
        let (at, when) = match track.poll_head(cx) {
            Poll::Pending => return Turn::Waits,
            Poll::Ready(Ok(Some(head))) => (head.frame.at(), head.when),
            Poll::Ready(Ok(None)) => return self.end_track(),
            Poll::Ready(Err(why)) => {
                let name = self.name().to_owned();
                self.news.push_back(Played::Broken { name, why });
                return Turn::Changed;
            }
        };
        if when == When::InTime {
            if let Flow::ShowsOne(place) = self.flow
                && at.since(place) > LOOKS_FOR_MS
            {
                self.flow = Flow::Paused;
                return Turn::Changed;
            }
            if joins_at.is_some_and(|joins_at| !at.is_before(joins_at)) {
                self.join();
                return Turn::Changed;
            }
            match self.pace.ask(now, at) {
                Leave::Now => {}
                Leave::NextBuffer => return Turn::Gave(Played::NextBuffer),
                Leave::At(due) => {
                    self.due = Some(due);
                    return Turn::Waits;
                }
                Leave::BufferFull(due) => {
                    self.due = Some(due);
                    return Turn::Gave(Played::BufferFull);
                }
            }
        }
        let leader = track.leader();
        let Some(timed) = track.take_head() else {
            return Turn::Changed;
        };
        let is_led_by = |frame: &Frame| frame.kind() == leader && frame.flags().is_coded();
        self.sent.push(&timed.frame);
        let is_shown = is_led_by(&timed.frame) && timed.when == When::InTime;
        if matches!(self.flow, Flow::ShowsOne(_)) && is_shown {
            self.flow = Flow::Paused;
        }
        Turn::Gave(Played::Frame(timed.frame))
    }

    /// Opens the next item when the current one is read, so that it is there in time.
    fn prefetch(&mut self) {
        if self.coming.is_none()
            && self.track.as_ref().is_none_or(Track::is_read)
            && let Some(next) = self.list.next().cloned()
        {
            self.make_ready(next, Why::Next);
        }
    }

    /// Goes on with what is being made ready. Ready when that changed something.
    fn poll_coming(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(coming) = &mut self.coming else {
            return Poll::Pending;
        };
        match &mut coming.stage {
            Stage::Opening(job) => {
                let Poll::Ready(opened) = job.as_mut().poll(cx) else {
                    return Poll::Pending;
                };
                coming.stage = match opened {
                    Ok(opened) => Stage::Opened(opened),
                    Err(error) => Stage::Failed(error),
                };
                self.use_coming();
                Poll::Ready(())
            }
            Stage::Opened(_) | Stage::Failed(_) | Stage::Joining(_, Some(_)) => Poll::Pending,
            Stage::Joining(track, joins_at) => {
                let Poll::Ready(at) = track.poll_first_in_time(cx) else {
                    return Poll::Pending;
                };
                match at {
                    Ok(at) => {
                        *joins_at = Some(at);
                        let name = coming.item.name().to_owned();
                        self.news.push_back(Played::Transits { name });
                    }
                    Err(why) => self.switch_failed(why),
                }
                Poll::Ready(())
            }
        }
    }

    /// Does with an opened file what it was opened for, unless that is not yet to be done.
    fn use_coming(&mut self) {
        let is_next = |coming: &Coming| coming.why == Why::Next;
        if self.track.is_some() && self.coming.as_ref().is_some_and(is_next) {
            return;
        }
        let Some(Coming { item, why, stage }) = self.coming.take() else {
            return;
        };
        let name = item.name().to_owned();
        let done = match stage {
            Stage::Opened(opened) => self.use_opened(item, why, opened),
            Stage::Failed(error) => Err(error),
            stage => {
                self.coming = Some(Coming { item, why, stage });
                return;
            }
        };
        if let Err(error) = done {
            self.failed(name, why, error);
        }
    }

    fn use_opened(&mut self, item: Item, why: Why, opened: Box<Opened>) -> Result<(), OpenError> {
        let files = self.files.clone();
        if why == Why::Next {
            let track = Track::begin(files, opened, &item, Some(self.sent.end()), self.precision)?;
            self.track = Some(track);
            self.list.advance();
            let name = item.name().to_owned();
            self.news.push_back(Played::Switched { name });
            return Ok(());
        }
        let map = self.list.span().map(|span| span.map).unwrap_or_default();
        let mut track = Track::again(files, opened, &item, map)?;
        let (to, landing): (_, fn(Timestamp) -> Landing) = match why {
            Why::Seek(to) => (to, Landing::Seek),
            Why::GoOn(had) => {
                self.sent.moved_to(had);
                (had, Landing::GoOn)
            }
            Why::Switch | Why::Next => {
                let had = self.sent.last().unwrap_or_default();
                track.join_after(map.to_file(had));
                let stage = Stage::Joining(Box::new(track), None);
                self.coming = Some(Coming { item, why, stage });
                return Ok(());
            }
        };
        let at = map.to_file(to);
        track.seek(at, landing(at));
        self.track = Some(track);
        Ok(())
    }

    fn failed(&mut self, name: String, why: Why, error: OpenError) {
        match why {
            Why::Next => self.missing(name, error),
            Why::Switch => {
                let why = error.to_string();
                self.news.push_back(Played::NotTransited { name, why });
            }
            Why::Seek(_) | Why::GoOn(_) => {
                let why = error.to_string();
                self.news
                    .push_back(Played::NotSought(NoPlace::Unreadable(why.clone())));
                self.drop_wishes(&why);
            }
        }
    }

    fn switch_failed(&mut self, why: String) {
        if let Some(Coming { item, .. }) = self.coming.take() {
            let name = item.name().to_owned();
            self.news.push_back(Played::NotTransited { name, why });
        }
    }

    fn missing(&mut self, name: String, error: OpenError) {
        self.list.drop_next();
        self.news.push_back(Played::Missing { name, error });
        if self.track.is_none() && self.list.next().is_none() {
            self.drop_wishes("nothing is left on the playlist");
        }
    }

    /// Whether nothing may leave because the place of a switch is being looked for.
    fn is_held(&self) -> bool {
        let is_switch = |coming: &Coming| coming.why == Why::Switch;
        self.coming.as_ref().is_some_and(is_switch) && self.joins_at().is_none()
    }

    /// From when on a switch plays, if it is ready.
    fn joins_at(&self) -> Option<Timestamp> {
        match &self.coming {
            Some(Coming {
                stage: Stage::Joining(_, at),
                ..
            }) => *at,
            _ => None,
        }
    }

    /// The switch is made.
    fn join(&mut self) {
        if let Some(Coming {
            item,
            stage: Stage::Joining(mut track, _),
            ..
        }) = self.coming.take()
        {
            let name = item.name().to_owned();
            track.bring_headers_up();
            self.list.replace_current(item);
            self.list.set_span(track.span());
            self.track = Some(*track);
            self.end = End::Ahead;
            self.news.push_back(Played::Transited { name });
        }
    }

    fn land(&mut self, landed: Result<(Landing, Timestamp), String>) {
        let Some(track) = &mut self.track else {
            return;
        };
        let (landing, at) = match landed {
            Ok(landed) => landed,
            Err(why) => {
                self.track = None;
                self.waits.seek = None;
                self.news
                    .push_back(Played::NotSought(NoPlace::Unreadable(why.clone())));
                self.drop_wishes(&why);
                self.use_coming();
                return;
            }
        };
        let span = track.span();
        match landing {
            Landing::Begin | Landing::BeginAtKeyFrame | Landing::BeginAt(_) => {
                self.list.set_span(span);
                if let Some(to) = self.waits.seek.take() {
                    let switch = self.waits.switch.take();
                    self.seek(to);
                    self.waits.switch = switch;
                }
            }
            Landing::GoOn(_) => self.pace.restart(),
            Landing::Seek(target) => {
                let is_exact = self.precision == Precision::Frame && at.is_before(target);
                if is_exact {
                    track.lead_to(target);
                }
                let at = span.map.to_stream(if is_exact { target } else { at });
                self.sent.moved_to(at);
                self.pace.restart();
                self.news.push_back(Played::Sought(at));
            }
        }
        if !self.is_on_its_way()
            && let Some(item) = self.waits.switch.take()
        {
            self.switch(item);
        }
    }

    /// Nothing more comes of what plays.
    fn end_track(&mut self) -> Turn {
        if self.joins_at().is_some() {
            self.join();
            return Turn::Changed;
        }
        if let Some(cut_off_at) = self.track.as_ref().and_then(Track::cut_off_at) {
            self.sent.moved_to(cut_off_at);
        }
        self.track = None;
        if let Some(coming) = &self.coming
            && coming.why == Why::Switch
        {
            self.switch_failed("the stream ended before".to_owned());
        }
        self.use_coming();
        Turn::Changed
    }

    /// Nothing plays and nothing comes.
    fn after_track(&mut self) {
        self.end = End::Told;
        let duration = Duration::from_millis(u64::from(self.sent.duration_ms()));
        let bytes = self.sent.bytes();
        self.news.push_back(Played::Complete { duration, bytes });
    }
}

/// How far behind a place that was sought a paused player is shown something, in milliseconds.
const LOOKS_FOR_MS: i32 = 1000;

/// What came of looking for a frame.
enum Turn {
    Gave(Played),
    Waits,
    Changed,
}
