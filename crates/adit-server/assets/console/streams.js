// Streams: a preview, bitrate and delay over the last minutes, recording, the end of a publisher.

import { element, keyed, say } from "../shared/dom.js";
import { codec, count, duration, rate } from "../shared/format.js";
import { Player } from "../shared/player.js";
import { askTwice } from "./ask_twice.js";
import { Series, draw, makeChart } from "./chart.js";
import { mediaBase, streamUrl, title } from "./addresses.js";

const SPAN_MS = 5 * 60_000;
/** More is not drawn; nobody looks at so many. */
const CARDS = 200;

export class StreamsView {
  #api;
  #act;
  #list = element("ul", { class: "cards" });
  #empty = element("p", { hidden: true }, "Nothing is published at the moment. Streams show up here by themselves.");
  /** By the id of the stream: what was measured, and its preview if there is one. */
  #kept = new Map();
  #server;

  constructor(section, api, act) {
    this.section = section;
    this.#api = api;
    this.#act = act;
    section.append(element("h1", { id: "streams-title" }, "Streams"), this.#empty, this.#list);
  }

  async look() {
    this.#server ??= await this.#api.get("server");
    const [{ items }, { items: connections }] = await Promise.all([this.#api.get(`streams?limit=${CARDS}`), this.#api.get(`connections?limit=${CARDS}`)]);
    const live = items.filter((stream) => stream.live);
    const now = performance.now();
    const delays = delaysOfPlayers(connections);
    for (const stream of live) {
      this.#note(stream, delays.get(stream.id) ?? null, now);
    }
    for (const [id, kept] of this.#kept) {
      if (!live.some((stream) => stream.id === id)) {
        kept.player?.stop();
        this.#kept.delete(id);
      }
    }
    this.#empty.hidden = live.length > 0;
    keyed(this.#list, live, ({ id }) => id, (stream) => this.#make(stream), (card, stream) => this.#update(card, stream, now));
  }

  /** Previews are for who looks. */
  leave() {
    for (const kept of this.#kept.values()) {
      kept.player?.stop();
      kept.player = null;
      kept.preview?.replaceChildren();
    }
  }

  #note(stream, delay, now) {
    const kept = this.#kept.get(stream.id) ?? { rate: new Series(SPAN_MS), delay: new Series(SPAN_MS), player: null };
    kept.stream = stream;
    kept.rate.add(now, stream.bits_per_second);
    kept.delay.add(now, delay);
    this.#kept.set(stream.id, kept);
  }

  #make({ id }) {
    const kept = this.#kept.get(id);
    kept.preview = element("div", { class: "preview" });
    const record = element("button", { type: "button", class: "record", onclick: () => this.#record(id) });
    const kick = askTwice("Kick publisher", "Really kick?", () => this.#kick(id));
    const preview = element("button", { type: "button", class: "look", "aria-expanded": "false", onclick: () => this.#preview(id, preview) }, "Preview");
    const chart = (kind) => element("figure", {}, makeChart(kind), element("figcaption", { class: kind }));
    return element(
      "li",
      { class: "card" },
      element("div", { class: "head" }, element("h2"), element("span", { class: "tag live" }, "live"), element("span", { class: "tag recorded" }, "recording")),
      element("p", { class: "quiet small facts" }),
      element("div", { class: "charts" }, chart("rate"), chart("delay")),
      element("div", { class: "acts" }, preview, record, kick),
      kept.preview,
    );
  }

  #update(card, stream, now) {
    const { rate: rates, delay: delays } = this.#kept.get(stream.id);
    const find = (selector) => card.querySelector(selector);
    say(find("h2"), title(stream));
    find(".recorded").hidden = !stream.recorded;
    say(find(".record"), stream.recorded ? "Stop recording" : "Record");
    find(".record").hidden = !this.#server.records;
    say(find(".facts"), facts(stream));
    const rateText = rates.last === null ? "bitrate: not known yet" : `bitrate: ${rate(rates.last)}`;
    const nothing = stream.players > 0 ? "not measured" : "nobody plays";
    const delayText = delays.last === null ? `delay: ${nothing}` : `delay: ${delays.last.toFixed(delays.last < 10 ? 1 : 0)} ms`;
    say(find("figcaption.rate"), rateText);
    say(find("figcaption.delay"), delayText);
    draw(find(".chart.rate"), rates, now, `${rateText}, over the last five minutes`);
    draw(find(".chart.delay"), delays, now, `${delayText}, over the last five minutes`);
  }

  #record(id) {
    const { stream } = this.#kept.get(id);
    const path = `streams/${id}/recording`;
    const name = title(stream);
    return stream.recorded
      ? this.#act(() => this.#api.delete(path), `${name} is not recorded any more`)
      : this.#act(() => this.#api.post(path), `${name} is recorded`);
  }

  #kick(id) {
    const { stream } = this.#kept.get(id);
    return this.#act(() => this.#api.post(`streams/${id}/kick`), `the publisher of ${title(stream)} was sent away`);
  }

  #preview(id, button) {
    const kept = this.#kept.get(id);
    const isOpen = kept.player !== null;
    button.setAttribute("aria-expanded", String(!isOpen));
    if (isOpen) {
      kept.player.stop();
      kept.player = null;
      kept.preview.replaceChildren();
      return;
    }
    const video = element("video", { controls: true, playsinline: true });
    video.muted = true;
    const state = element("p", { class: "notice", role: "status" });
    kept.preview.append(element("div", { class: "stage" }, video), state);
    kept.player = new Player(video, ({ text, bad, phase }) => {
      say(state, text);
      state.classList.toggle("bad", bad);
      state.dataset.phase = phase;
    });
    const { stream } = kept;
    kept.player.play({
      path: streamUrl(stream),
      base: mediaBase(this.#server),
      video: codecOf(stream.video),
      audio: codecOf(stream.audio),
    });
  }
}

/** The longest delay of those that play a stream, by its id. */
function delaysOfPlayers(connections) {
  const longest = new Map();
  for (const { uses, delay_ms: delay } of connections.filter((connection) => connection.delay_ms !== null)) {
    for (const { stream } of uses.filter(({ role }) => role === "play")) {
      longest.set(stream, Math.max(longest.get(stream) ?? 0, delay));
    }
  }
  return longest;
}

function codecOf([track]) {
  return track === undefined ? undefined : (track.codec_string ?? track.codec);
}

function facts({ video, audio, players, live_seconds: seconds, peer, stayed, encoder }) {
  const { width, height, frame_rate: frames } = video[0] ?? {};
  return [
    width && height && `${width}×${height}`,
    frames && `${Math.round(frames * 100) / 100} fps`,
    [codecOf(video), codecOf(audio)].filter(Boolean).map(codec).join(" + "),
    count(players, "viewer"),
    `for ${duration(Math.max(seconds, 1) * 1000)}`,
    peer && `from ${peer}`,
    stayed && "at the server before this one",
    encoder,
  ]
    .filter(Boolean)
    .join(" · ");
}
