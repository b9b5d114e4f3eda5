// The HTTP API of the server, asked with the operator's token.

const BASE = new URL("../../../api/v1/", import.meta.url);
const KEPT_AS = "adit.token";
const PATIENCE_MS = 10000;

/** An answer that says no. */
export class Refusal extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

export class Api {
  /** The token lives as long as this tab. */
  #token = sessionStorage.getItem(KEPT_AS);

  get hasToken() {
    return this.#token !== null;
  }

  login(token) {
    this.#token = token;
    sessionStorage.setItem(KEPT_AS, token);
  }

  logout() {
    this.#token = null;
    sessionStorage.removeItem(KEPT_AS);
  }

  get(path) {
    return this.#ask("GET", path);
  }

  post(path, content) {
    return this.#ask("POST", path, content);
  }

  delete(path) {
    return this.#ask("DELETE", path);
  }

  async #ask(method, path, said) {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const request = { method, headers: this.#headers(), cache: "no-store", signal };
    if (said !== undefined) {
      request.headers["Content-Type"] = "application/json";
      request.body = JSON.stringify(said);
    }
    const answer = await fetch(new URL(path, BASE), request);
    const content = (answer.headers.get("Content-Type") ?? "").includes("json") ? await answer.json() : null;
    if (!answer.ok) {
      throw new Refusal(answer.status, content?.message ?? `the server answers ${answer.status}`);
    }
    return content;
  }

  /** What happens on the server, as it happens, until the stream of events breaks off. */
  async *events(signal) {
    const answer = await fetch(new URL("events", BASE), { headers: { ...this.#headers(), Accept: "text/event-stream" }, cache: "no-store", signal });
    if (!answer.ok) {
      throw new Refusal(answer.status, `the server answers ${answer.status}`);
    }
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let waiting = "";
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      const whole = (waiting + piece.value).replaceAll("\r\n", "\n").split("\n\n");
      waiting = whole.pop();
      for (const event of whole) {
        yield parse(event);
      }
    }
  }

  #headers() {
    return { Authorization: `Bearer ${this.#token}` };
  }
}

/** One event of a stream of events; a comment has no name. */
function parse(text) {
  const fields = text.split("\n").map((line) => line.split(/: ?(.*)/s));
  const value = (name) => fields.filter(([key]) => key === name).map(([, rest]) => rest).join("\n");
  return { name: value("event"), data: value("data") };
}
