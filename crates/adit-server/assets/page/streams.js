// The list of live streams, asked for again and again as long as somebody looks.

/** How often; less often while a stream plays, for then the list is not what is looked at. */
const PERIOD_MS = 2500;
const PERIOD_WATCHING_MS = 6000;
const PATIENCE_MS = 10000;

export class Streams {
  #url;
  #told;
  #timer;
  #asking = false;
  isWatching = false;

  /** `told` is called with { streams, outputs } as the server says, with { trouble } when they cannot be had. */
  constructor(query, told) {
    this.#url = new URL("streams.json", document.baseURI);
    this.#url.search = query;
    this.#told = told;
    document.addEventListener("visibilitychange", () => document.hidden || this.ask());
    addEventListener("online", () => this.ask());
  }

  /** Asks now, and from then on by itself. */
  async ask() {
    if (this.#asking) {
      return;
    }
    this.#asking = true;
    clearTimeout(this.#timer);
    try {
      const answer = await fetch(this.#url, { signal: AbortSignal.timeout(PATIENCE_MS), cache: "no-store" });
      if (answer.ok) {
        this.#told(await answer.json());
      } else if (answer.status === 401 || answer.status === 403) {
        this.#told({ streams: [], trouble: "The streams of this server are not listed for everybody. A link to one of them may work." });
      } else {
        this.#told({ trouble: `The list of streams cannot be had: the server answers ${answer.status}.` });
      }
    } catch {
      this.#told({ trouble: "The server does not answer. It is asked again." });
    }
    this.#asking = false;
    if (!document.hidden) {
      this.#timer = setTimeout(() => this.ask(), this.isWatching ? PERIOD_WATCHING_MS : PERIOD_MS);
    }
  }
}
