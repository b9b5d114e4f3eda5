// Plays one live stream in a <video>: chooses a way, tries the next one when it does not work, says what goes on.

import { Failure, WAYS } from "./engines.js";
import { codec } from "./format.js";

/** How long a way may take to the first picture, and a picture to the next. */
const PATIENCE_MS = 8000;
/** The wait before the ways are tried again from the first, doubled each time. */
const AGAIN_MS = 1000;
const AGAIN_MAX_MS = 15000;
/** A live stream that is paused for longer is left, and joined again where it is then. */
const PAUSED_MS = 15000;
/** Further behind what has arrived than this, the player jumps. */
const BEHIND_S = 5;

export class Player {
  #video;
  #report;
  #source = null;
  #asked = "auto";
  #untried = [];
  #close = () => {};
  /** Counts openings: what an engine of an earlier one says is not heard. */
  #turn = 0;
  #timers = new Set();
  #again = AGAIN_MS;
  #watch;

  /**
   * `report` is called with { phase, way, text, bad }: phase is one of "connecting", "playing", "waiting", "left" and
   * "failed", text a sentence.
   */
  constructor(video, report) {
    this.#video = video;
    this.#report = report;
    video.addEventListener("pause", () => this.#paused());
    video.addEventListener("play", () => this.#resumed());
    video.addEventListener("playing", () => this.#playing());
    video.addEventListener("volumechange", () => this.phase === "playing" && this.#playing());
  }

  /** The ways that can play a source, best first. */
  static ways(source) {
    const offered = Object.keys(WAYS).filter((way) => source.offered?.includes(way) ?? true);
    return offered.filter((way) => {
      const { video, audio } = WAYS[way].plays(source);
      // Sound without its picture would be a black box; a picture without its sound is still worth seeing.
      return source.video === undefined ? audio : video;
    });
  }

  /** Plays this source, by any way ("auto") or one of `WAYS`. */
  play(source, way = "auto") {
    this.stop();
    this.#source = source;
    this.#asked = way;
    this.#again = AGAIN_MS;
    this.#begin();
  }

  /** Ends playing. */
  stop() {
    this.#source = null;
    this.#leave();
  }

  #begin() {
    const ways = Player.ways(this.#source);
    if (ways.length === 0) {
      this.#say("failed", null, cannotDecode(this.#source), true);
      return;
    }
    this.#untried = this.#asked === "auto" ? ways : [this.#asked];
    this.#next();
  }

  /** Opens the first way that was not tried yet. */
  async #next() {
    this.#leave();
    const way = this.#untried.shift();
    const turn = this.#turn;
    const isCurrent = () => turn === this.#turn;
    this.#say("connecting", way, `Connecting by ${WAYS[way].label} …`);
    const events = {
      failed: (kind, detail) => isCurrent() && this.#failed(way, kind, detail),
      ended: () => isCurrent() && this.#wait("The stream has ended. This page goes on when it is live again."),
    };
    try {
      const close = await WAYS[way].open(this.#video, this.#source, events);
      if (!isCurrent()) {
        close();
        return;
      }
      this.#close = close;
    } catch (error) {
      events.failed(Failure.network, error.message);
      return;
    }
    this.#look(way);
    await this.#start();
  }

  /** Browsers refuse sound that nobody asked for: then it begins without. */
  async #start() {
    try {
      await this.#video.play();
    } catch (error) {
      if (error.name === "NotAllowedError" && !this.#video.muted) {
        this.#video.muted = true;
        this.#video.play().catch(() => this.#say("playing", this.way, "Press play to begin."));
      }
    }
  }

  /** Notices when nothing moves, and when what is shown has fallen behind. */
  #look(way) {
    let [seen, since] = [this.#video.currentTime, performance.now()];
    this.#watch = setInterval(() => {
      const { currentTime, paused, buffered } = this.#video;
      if (currentTime !== seen || paused || document.hidden) {
        [seen, since] = [currentTime, performance.now()];
      } else if (performance.now() - since > PATIENCE_MS) {
        this.#failed(way, Failure.network, "nothing arrives");
        return;
      }
      const end = buffered.length > 0 ? buffered.end(buffered.length - 1) : 0;
      if (way !== "hls" && !paused && end - currentTime > BEHIND_S) {
        this.#video.currentTime = end - 0.5;
      }
    }, 1000);
  }

  #failed(way, kind, detail) {
    const source = this.#source;
    if (kind === Failure.refused) {
      this.#leave();
      this.#say("failed", way, "The server does not show you this stream. Whoever sent you here may have a link with a token.", true);
    } else if (kind === Failure.gone) {
      this.#wait("This stream is not live. It begins here as soon as it is.");
    } else if (this.#untried.length > 0) {
      this.#next();
    } else if (kind === Failure.codec) {
      this.#leave();
      this.#say("failed", way, cannotDecode(source), true);
    } else {
      this.#wait(`The stream does not arrive by ${WAYS[way].label} (${detail}). It is tried again.`, true);
    }
  }

  /** Tries everything again in a while. */
  #wait(text, bad = false) {
    this.#leave();
    this.#say("waiting", null, text, bad);
    this.#later(this.#again, () => this.#begin());
    this.#again = Math.min(this.#again * 2, AGAIN_MAX_MS);
  }

  #playing() {
    if (this.way !== null && this.way !== undefined && this.#source !== null) {
      this.#again = AGAIN_MS;
      this.#say("playing", this.way, playsWhat(this.#source, this.way, this.#video.muted));
    }
  }

  #paused() {
    if (this.phase === "playing" && this.#source !== null) {
      this.#later(PAUSED_MS, () => {
        this.#leave();
        this.#say("left", null, "Paused. Press play to go on with what is live then.");
      });
    }
  }

  #resumed() {
    if (this.phase === "left" && this.#source !== null) {
      this.#begin();
    } else if (this.phase === "playing") {
      this.#forgetTimers();
    }
  }

  #leave() {
    this.#turn += 1;
    clearInterval(this.#watch);
    this.#forgetTimers();
    const close = this.#close;
    this.#close = () => {};
    close();
  }

  #later(ms, what) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      what();
    }, ms);
    this.#timers.add(timer);
  }

  #forgetTimers() {
    this.#timers.forEach((timer) => clearTimeout(timer));
    this.#timers.clear();
  }

  #say(phase, way, text, bad = false) {
    this.phase = phase;
    this.way = way;
    this.#report({ phase, way, text, bad });
  }
}

/** The sentence for a stream that this browser has no decoder for. */
function cannotDecode(source) {
  if (source.offered?.length === 0) {
    return "This server gives streams to no browser. Players have them by RTMP: ffplay, VLC, mpv.";
  }
  const what = source.video ? `${codec(source.video)} video` : source.audio ? `${codec(source.audio)} sound` : "this stream";
  return `This browser cannot play ${what}. Another browser may; ffplay, VLC and mpv do.`;
}

function playsWhat(source, way, isMuted) {
  const plays = WAYS[way].plays(source);
  const parts = [`Live by ${WAYS[way].label}.`];
  if (source.audio && !plays.audio) {
    parts.push(`Without sound: this browser cannot play ${codec(source.audio)}.`);
  } else if (isMuted) {
    parts.push("The sound is off until you turn it on.");
  }
  return parts.join(" ");
}
