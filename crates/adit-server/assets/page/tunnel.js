// A client of the tunnel that knows just enough RTMP to see whether bytes pass unharmed in both directions.
//
//   POST /open/1          → SID
//   POST /send/SID/n      C0 C1 …        → poll byte, S0 S1 S2 …
//   POST /idle/SID/n      0x00           → poll byte, what the server has to say
//   POST /close/SID/n     0x00           → 0x00

const NOTHING = Uint8Array.of(0);
const REQUEST_MS = 10000;
const HANDSHAKE_BYTES = 1536;

/** An answer that no tunnel gives: what came instead. */
export class Unexpected extends Error {
  constructor(text, status) {
    super(text);
    this.status = status;
  }
}

export class Tunnel {
  #session;
  #sequence = 0;
  #received = new Uint8Array();
  /** How long each request took, in milliseconds, with its verb. */
  times = [];

  /** Opens a session. */
  async open() {
    const answer = await this.#post("open/1", NOTHING);
    const session = new TextDecoder().decode(answer).trim();
    if (!/^[!-~]{8,64}$/.test(session) || session.includes("<")) {
      throw new Unexpected("an answer came, but not the server's: something in between answers for it");
    }
    this.#session = session;
  }

  /** The handshake of RTMP; says whether our bytes came back as they went. */
  async handshake() {
    const c1 = crypto.getRandomValues(new Uint8Array(HANDSHAKE_BYTES));
    // Zeros where a version may stand: the plain handshake, whose third part repeats ours.
    c1.fill(0, 0, 8);
    await this.#send(concat(Uint8Array.of(3), c1));
    await this.#until(() => this.#received.length >= 1 + 2 * HANDSHAKE_BYTES);
    const s1 = this.#received.slice(1, 1 + HANDSHAKE_BYTES);
    const s2 = this.#received.slice(1 + HANDSHAKE_BYTES, 1 + 2 * HANDSHAKE_BYTES);
    this.#received = new Uint8Array();
    await this.#send(s1);
    return s2.slice(8).every((byte, index) => byte === c1[index + 8]);
  }

  /** Asks for an application; gives the server's word for it, such as `NetConnection.Connect.Success`. */
  async connect(application, url) {
    await this.#send(connectCommand(application, url));
    const pattern = /NetConnection\.Connect\.\w+/;
    await this.#until(() => pattern.test(latin(this.#received)));
    const [code] = latin(this.#received).match(pattern);
    this.#received = new Uint8Array();
    return code;
  }

  /** One poll with nothing to send; gives how long it took. */
  async idle() {
    await this.#exchange("idle", NOTHING);
    return this.times.at(-1).ms;
  }

  async close() {
    await this.#post(`close/${this.#session}/${this.#next()}`, NOTHING);
  }

  #send(bytes) {
    return this.#exchange("send", bytes);
  }

  /** Polls until enough has come. */
  async #until(isEnough) {
    for (let polls = 0; !isEnough(); polls += 1) {
      if (polls === 20) {
        throw new Unexpected("the answers are whole, but what was to be in them does not come");
      }
      await this.idle();
    }
  }

  async #exchange(verb, body) {
    const answer = await this.#post(`${verb}/${this.#session}/${this.#next()}`, body);
    if (answer.length === 0) {
      throw new Unexpected("an answer came without its content");
    }
    if (answer[0] === 0) {
      throw new Unexpected("the server has ended the session");
    }
    this.#received = concat(this.#received, answer.subarray(1));
  }

  #next() {
    this.#sequence += 1;
    return this.#sequence - 1;
  }

  async #post(path, body) {
    const began = performance.now();
    const answer = await fetch(new URL(path, document.baseURI), {
      method: "POST",
      body,
      headers: { "Content-Type": "application/x-fcs" },
      cache: "no-store",
      credentials: "omit",
      signal: AbortSignal.timeout(REQUEST_MS),
    });
    const content = new Uint8Array(await answer.arrayBuffer());
    this.times.push({ verb: path.split("/")[0], ms: performance.now() - began });
    if (!answer.ok) {
      throw new Unexpected(`the answer is ${answer.status} ${answer.statusText}`.trim(), answer.status);
    }
    return content;
  }
}

function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function latin(bytes) {
  return new TextDecoder("latin1").decode(bytes);
}

/** `connect` as an AMF0 command in chunks of 128 bytes. */
function connectCommand(application, url) {
  const text = (value) => {
    const encoded = new TextEncoder().encode(value);
    return concat(Uint8Array.of(encoded.length >> 8, encoded.length & 255), encoded);
  };
  const string = (value) => concat(Uint8Array.of(2), text(value));
  const body = concat(
    string("connect"),
    Uint8Array.of(0, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0),
    Uint8Array.of(3),
    ...[["app", application], ["flashVer", "connection test"], ["tcUrl", url]].map(([name, value]) => concat(text(name), string(value))),
    Uint8Array.of(0, 0, 9),
  );
  const head = Uint8Array.of(3, 0, 0, 0, 0, body.length >> 8, body.length & 255, 20, 0, 0, 0, 0);
  const pieces = [head, body.subarray(0, 128)];
  for (let at = 128; at < body.length; at += 128) {
    pieces.push(Uint8Array.of(0xc3), body.subarray(at, at + 128));
  }
  return concat(...pieces);
}
