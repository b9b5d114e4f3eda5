// The public page: which streams are live, and one of them playing.

import { element, keyed, say } from "../shared/dom.js";
import { codec, count, duration } from "../shared/format.js";
import { WAYS } from "../shared/engines.js";
import { Player } from "../shared/player.js";
import { howToPublish } from "./publishing.js";
import { Streams } from "./streams.js";

const at = (id) => document.getElementById(id);

/** What this page was opened with, such as a token, goes with every request; `way` is for the page alone. */
const asked = new URLSearchParams(location.search);
const wayAsked = asked.get("way") ?? "auto";
asked.delete("way");

/** The streams that are live; `null` before they are known. */
let live = null;
/** The ways by which the server has them. */
let offered;
/** The path of the stream that is watched, as it stands behind `#/`. */
let watched = null;

const player = new Player(at("video"), ({ phase, text, bad }) => {
  say(at("state"), text);
  at("state").classList.toggle("bad", bad);
  at("state").dataset.phase = phase;
  at("stage").hidden = phase === "failed";
});
const streams = new Streams(asked.toString(), heard);

function heard({ streams: list, outputs, trouble }) {
  offered = outputs ?? offered;
  at("trouble").hidden = trouble === undefined;
  if (trouble !== undefined) {
    say(at("trouble"), trouble);
  }
  if (list !== undefined) {
    const before = find(watched);
    live = list.map((stream) => ({ ...stream, path: canonical(stream.path) })).toSorted((a, b) => title(a).localeCompare(title(b)));
    const now = find(watched);
    show();
    if (now !== undefined && now.publication !== before?.publication) {
      begin();
    }
  }
}

/** Writes down what is known; nothing that plays is touched. */
function show() {
  const list = live ?? [];
  say(at("summary"), live === null ? "" : list.length === 0 ? "nothing is live" : `${count(list.length, "stream")} live`);
  keyed(at("streams"), list, ({ path }) => path, makeCard, updateCard);
  const isEmpty = live !== null && list.length === 0 && at("trouble").hidden;
  if (isEmpty && at("empty").childElementCount === 0) {
    at("empty").append(...howToPublish());
  }
  at("empty").hidden = !isEmpty;
  say(at("facts"), watched === null ? "" : facts(find(watched)));
}

function makeCard() {
  return element(
    "li",
    {},
    element("a", {}, element("span", { class: "name" }), element("span", { class: "tag live" }, "live"), " ", element("span", { class: "quiet small" })),
  );
}

function updateCard(card, stream) {
  const link = card.firstElementChild;
  link.href = `#/${stream.path}`;
  stream.path === watched ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
  say(link.querySelector(".name"), title(stream));
  say(link.lastElementChild, facts(stream));
}

function title({ application, instance, name }) {
  return [application, instance, name].filter(Boolean).join("/");
}

/** What is worth knowing about a stream in one line. */
function facts(stream) {
  if (stream === undefined) {
    return "";
  }
  const { width, height, video, audio, viewers, since_ms: since } = stream;
  return [
    width && height && `${width}×${height}`,
    [video, audio].filter(Boolean).map(codec).join(" + "),
    viewers > 0 && count(viewers, "viewer"),
    since !== undefined && `for ${duration(Math.max(since, 1000))}`,
  ]
    .filter(Boolean)
    .join(" · ");
}

function find(path) {
  return live?.find((stream) => stream.path === path);
}

/** The stream of the address bar, `#/APP/NAME`; `null` for the list alone. */
function route() {
  const path = canonical(location.hash.replace(/^#/, ""));
  return path === "" ? null : path;
}

/** The path with all percent-encoded that a path need not have plain, so that equal ones are equal. */
function canonical(path) {
  return path
    .split("/")
    .filter((part) => part !== "")
    .map((part) => encodeURIComponent(readable(part)))
    .join("/");
}

function navigated() {
  if (location.hash === "#main") {
    return;
  }
  watched = route();
  streams.isWatching = watched !== null;
  at("watch").hidden = watched === null;
  if (watched === null) {
    player.stop();
    document.title = "Live streams";
  } else {
    say(at("title"), readable(watched));
    document.title = `${readable(watched)} – live`;
    at("title").focus({ preventScroll: true });
    scrollTo(0, 0);
    begin();
  }
  show();
}

function readable(path) {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Plays what is watched, by the way that the visitor chose. */
function begin() {
  const stream = find(watched);
  const source = {
    path: watched,
    base: document.baseURI.split("#")[0],
    query: asked.toString(),
    // A stream that is not listed may be there all the same; what it holds is found out.
    video: stream?.video,
    audio: stream?.audio,
    offered,
  };
  const ways = Player.ways(source);
  const chosen = at("way").value || wayAsked;
  at("way").replaceChildren(
    element("option", { value: "auto" }, "what works best"),
    ...ways.map((way) => element("option", { value: way }, WAYS[way].label)),
  );
  at("way").value = ways.includes(chosen) ? chosen : "auto";
  player.play(source, at("way").value);
}

at("way").addEventListener("change", begin);
addEventListener("hashchange", navigated);
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && watched !== null && document.fullscreenElement === null) {
    location.hash = "#/";
    at("list-title").scrollIntoView();
  }
});

await streams.ask();
navigated();
