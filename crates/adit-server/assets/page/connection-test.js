// What the network between this browser and the server lets through, step by step.

import { element, say, snippet } from "../shared/dom.js";
import { duration } from "../shared/format.js";
import { serverAddress } from "./publishing.js";
import { Tunnel, Unexpected } from "./tunnel.js";

const at = (id) => document.getElementById(id);
const POLLS = 5;
const MEDIA_MS = 6000;

/** A step that found something worth knowing, which is no failure. */
class Noted extends Error {}

async function run() {
  at("again").disabled = true;
  at("steps").replaceChildren();
  say(at("verdict"), "Testing …");
  at("verdict").classList.remove("bad");
  const tunnel = new Tunnel();
  await step("Web", () => web());
  // Each needs the one before.
  let works = true;
  for (const [name, what] of TUNNEL_STEPS) {
    works = works && (await step(name, () => what(tunnel)));
  }
  await step("Streaming", () => streaming());
  verdict(works, tunnel);
  at("again").disabled = false;
}

/** Runs one step and writes down how it ended; says whether what follows makes sense. */
async function step(name, what) {
  const line = element("li", {}, element("strong", {}, name), element("p", {}, "…"));
  at("steps").append(line);
  const write = (state, text) => {
    line.dataset.state = state;
    line.lastElementChild.replaceChildren(element("span", { class: state }, `${state}: `), text);
  };
  try {
    write("passed", await what());
    return true;
  } catch (error) {
    write(error instanceof Noted ? "noted" : "failed", said(error));
    return error instanceof Noted;
  }
}

function said(error) {
  if (error instanceof Unexpected || error instanceof Noted) {
    return error.message;
  }
  if (error.name === "TimeoutError") {
    return "no answer within ten seconds: something in between keeps the request or the answer";
  }
  return "the browser got no answer: the connection was refused or cut";
}

/** An ordinary request, and who had a hand in it. */
async function web() {
  const began = performance.now();
  const answer = await fetch(new URL("connection-test", document.baseURI), { cache: "no-store", method: "HEAD" });
  const took = duration(performance.now() - began);
  const traces = ["Via", "X-Cache", "Age", "X-Squid-Error", "CF-Ray"].filter((name) => answer.headers.has(name));
  const by = location.protocol === "https:" ? "HTTPS" : "HTTP";
  if (traces.length > 0) {
    const first = `${traces[0]}: ${answer.headers.get(traces[0])}`;
    throw new Noted(`${by} passes, an answer takes ${took}. A proxy stands in between (${first}).`);
  }
  return `${by} passes, an answer takes ${took}. No proxy shows itself.`;
}

async function opens(tunnel) {
  try {
    await tunnel.open();
  } catch (error) {
    if (error.status === 403) {
      throw new Unexpected(refusedHere());
    }
    throw error;
  }
  return `a session was opened in ${duration(tunnel.times.at(-1).ms)}.`;
}

/** The server lets a page drive its tunnel only if the page surely came from itself. */
function refusedHere() {
  const { hostname, origin } = location;
  return `an answer came that forbids it. A server cannot be sure that a page under the name ${hostname} is its own unless it came by HTTPS: open this page by HTTPS or by the server's IP address, or let the operator allow the origin ${origin}.`;
}

async function bytesPass(tunnel) {
  const isWhole = await tunnel.handshake();
  if (!isWhole) {
    throw new Unexpected("bytes come back other than they went: something in between changes them");
  }
  return "the handshake of RTMP passes, each byte came back as it went.";
}

async function connects(tunnel) {
  const scheme = location.protocol === "https:" ? "rtmpts" : "rtmpt";
  const code = await tunnel.connect("live", `${scheme}://${location.host}/live`);
  if (code.endsWith(".Success")) {
    return "the server takes the connection.";
  }
  throw new Noted(`the network passes it, but the server answers ${code}.`);
}

async function polls(tunnel) {
  const times = [];
  for (let count = 0; count < POLLS; count += 1) {
    times.push(await tunnel.idle());
  }
  times.sort((a, b) => a - b);
  return `${POLLS} polls came back, after ${duration(times[0])} to ${duration(times.at(-1))}. The server holds those for which it has nothing, so half a second is normal.`;
}

async function closes(tunnel) {
  await tunnel.close();
  return "the session was closed.";
}

/** Whether media flow as they come: by a response that does not end, and by a WebSocket. */
async function streaming() {
  const answer = await fetch(new URL(`streams.json${location.search}`, document.baseURI), { cache: "no-store" });
  const { streams, outputs } = answer.ok ? await answer.json() : { streams: [] };
  if (streams.length === 0) {
    throw new Noted("nothing is live that could be tried. With a stream, HTTP-FLV and WebSocket-FLV are tested, too.");
  }
  const url = new URL(`./${streams[0].path}.flv${location.search}`, document.baseURI);
  const ways = [["flv", "HTTP-FLV", flows], ["ws", "WebSocket-FLV", socketFlows]].filter(([way]) => outputs.includes(way));
  const found = [];
  for (const [, label, tried] of ways) {
    found.push({ label, passes: await tried(url) });
  }
  const text = `${found.map(({ label, passes }) => `${label} ${passes ? "flows" : "is stopped or held back"}`).join(", ")}.`;
  if (!found.some(({ passes }) => passes)) {
    throw new Unexpected(`${text} HLS may pass.`);
  }
  return text;
}

/** Whether several pieces of an endless response come within a while. */
async function flows(url) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), MEDIA_MS);
  try {
    const answer = await fetch(url, { signal: stop.signal, cache: "no-store" });
    const reader = answer.body.getReader();
    for (let pieces = 0; pieces < 3; pieces += 1) {
      if (!answer.ok || (await reader.read()).done) {
        return false;
      }
    }
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
}

function socketFlows(url) {
  const address = new URL(url);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  return new Promise((resolve) => {
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    const end = (outcome) => {
      clearTimeout(timer);
      socket.close();
      resolve(outcome);
    };
    const timer = setTimeout(() => end(false), MEDIA_MS);
    socket.addEventListener("message", () => end(true));
    socket.addEventListener("error", () => end(false));
    socket.addEventListener("close", () => end(false));
  });
}

function verdict(works, { times }) {
  const secure = location.protocol === "https:";
  const name = secure ? "RTMPTS" : "RTMPT";
  const port = location.port || (secure ? "443" : "80");
  const fastest = Math.max(1, Math.min(...times.map(({ ms }) => ms)));
  at("verdict").classList.toggle("bad", !works);
  at("verdict").dataset.works = works;
  say(
    at("verdict"),
    works
      ? `Your network lets ${name} through on port ${port}: ${times.length} requests passed, the fastest was answered in ${duration(fastest)}.`
      : `${name} does not get through on port ${port}. The first step that failed says why.`,
  );
  at("command").replaceChildren(snippet(`adit probe ${serverAddress(location)}`));
  at("next").hidden = false;
}

const TUNNEL_STEPS = [
  ["Open", opens],
  ["Bytes", bytesPass],
  ["Connect", connects],
  ["Polls", polls],
  ["Close", closes],
];

at("again").addEventListener("click", run);
await run();
