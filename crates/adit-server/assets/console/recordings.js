// Recordings: those under way, and the files.

import { element, keyed, say } from "../shared/dom.js";
import { bytes, count, duration } from "../shared/format.js";
import { titleOfId } from "./addresses.js";

const FILES = 500;
const dates = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export class RecordingsView {
  #api;
  #act;
  #running = element("ul", { class: "cards" });
  #none = element("p", { class: "quiet" }, "Nothing is being recorded.");
  #files = element("tbody");
  #note = element("p", { class: "quiet" });

  constructor(section, api, act) {
    this.section = section;
    this.#api = api;
    this.#act = act;
    const head = element("thead", {}, element("tr", {}, ["File", "Length", "Written"].map((name) => element("th", { scope: "col" }, name))));
    section.append(
      element("h1", { id: "recordings-title" }, "Recordings"),
      element("h2", {}, "Under way"),
      this.#none,
      this.#running,
      element("h2", {}, "Files"),
      this.#note,
      element("div", { class: "scroll" }, element("table", {}, head, this.#files)),
    );
  }

  async look() {
    const [{ items: running }, { items: files, total }] = await Promise.all([
      this.#api.get(`recordings?limit=${FILES}`),
      this.#api.get(`recordings/files?limit=${FILES}`),
    ]);
    this.#none.hidden = running.length > 0;
    keyed(this.#running, running, ({ file }) => file, (recording) => this.#make(recording), updateRunning);
    const isCut = total > files.length;
    say(this.#note, total === 0 ? "There are none, or this server has no directory for recordings." : isCut ? `The first ${files.length} of ${count(total, "file")}.` : count(total, "file"));
    keyed(this.#files, files, ({ path }) => path, makeFile, updateFile);
  }

  #make({ stream }) {
    const stop = () => this.#act(() => this.#api.delete(`streams/${stream}/recording`), `${titleOfId(stream)} is not recorded any more`);
    return element(
      "li",
      { class: "card" },
      element("h3"),
      element("p", { class: "quiet small" }),
      element("button", { type: "button", onclick: stop }, "Stop recording"),
    );
  }
}

function updateRunning(card, { stream, file, since_ms: since, bytes: length, lag_ms: lag, error }) {
  const [name, about] = card.children;
  say(name, titleOfId(stream));
  const facts = [file, bytes(length), `since ${dates.format(new Date(since))}`, lag >= 1000 && `the disk is ${duration(lag)} behind`, error];
  say(about, facts.filter(Boolean).join(" · "));
}

function makeFile() {
  return element("tr", {}, ["File", "Length", "Written"].map((name) => element("td", { "data-label": name })));
}

function updateFile(row, { path, bytes: length, modified_ms: modified }) {
  [path, bytes(length), dates.format(new Date(modified))].forEach((text, index) => say(row.children[index], text));
}
