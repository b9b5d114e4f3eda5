// The server as a whole: what it is, how it does, reload and drain, and where the connection test is.

import { element, say } from "../shared/dom.js";
import { duration } from "../shared/format.js";
import { mediaBase } from "./addresses.js";
import { askTwice } from "./ask_twice.js";

export class ServerView {
  #api;
  #facts = element("dl");
  #test = element("a", { target: "_blank", rel: "noreferrer" });

  constructor(section, api, act) {
    this.section = section;
    this.#api = api;
    const reload = element("button", { type: "button", onclick: () => act(() => api.post("reload"), "settings were read again") }, "Read settings again");
    const drain = askTwice("Drain", "Really let nobody in any more?", () => act(() => api.post("drain"), "the server drains"));
    section.append(
      element("h1", { id: "server-title" }, "Server"),
      this.#facts,
      element("div", { class: "acts" }, reload, drain),
      element("h2", {}, "Connection test"),
      element("p", {}, "A page on the public port runs the tunnel's requests from the browser and says what the network in between lets through. Send its address to whoever cannot connect."),
      element("p", {}, this.#test),
    );
  }

  async look() {
    const server = await this.#api.get("server");
    const facts = [
      ["Version", server.version],
      ["Runs for", duration(server.uptime_seconds * 1000)],
      ["Listens on", server.listen.join(", ")],
      ["State", server.draining ? "drains: nobody is let in" : server.serving ? "serves" : "starts"],
      ["Recordings", server.records ? "can be made" : "no directory for them"],
      ["Lag", `tasks get their turns ${duration(server.lag_ms)} late`],
      ["Delay", server.delay.p50_ms === null ? "nobody has played yet" : `half of the media within ${server.delay.p50_ms} ms from arrival to players, 99 of 100 within ${server.delay.p99_ms ?? "?"} ms`],
      ["Limits hit", Object.entries(server.limits).map(([key, hits]) => `${key} ${hits}×`).join(", ") || "none"],
    ];
    if (this.#facts.childElementCount === 0) {
      this.#facts.append(...facts.flatMap(([name]) => [element("dt", {}, name), element("dd")]));
    }
    const values = this.#facts.querySelectorAll("dd");
    facts.forEach(([, value], index) => say(values[index], String(value)));
    this.#test.href = `${mediaBase(server)}connection-test`;
    say(this.#test, this.#test.href);
  }
}
