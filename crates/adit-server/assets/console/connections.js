// Connections: how many by each way, who they are, and the end of one.

import { element, keyed, say } from "../shared/dom.js";
import { bytes, count, duration } from "../shared/format.js";
import { titleOfId } from "./addresses.js";
import { askTwice } from "./ask_twice.js";

/** Rows that are drawn; a browser with ten thousand of them stands still. */
const ROWS = 500;
const COLUMNS = ["Number", "By", "From", "Does", "Program", "For", "Received", "Sent", "Waits", "Delay", ""];

export class ConnectionsView {
  #api;
  #act;
  #ways = element("ul", { class: "ways" });
  #rows = element("tbody");
  #note = element("p", { class: "quiet", role: "status" });

  constructor(section, api, act) {
    this.section = section;
    this.#api = api;
    this.#act = act;
    const head = element("thead", {}, element("tr", {}, COLUMNS.map((name) => element("th", { scope: "col" }, name))));
    section.append(
      element("h1", { id: "connections-title" }, "Connections"),
      element("h2", {}, "By the way they came"),
      this.#ways,
      element("h2", {}, "All"),
      this.#note,
      element("div", { class: "scroll" }, element("table", {}, head, this.#rows)),
    );
  }

  async look() {
    const [{ transports }, { items, total }] = await Promise.all([this.#api.get("server"), this.#api.get(`connections?limit=${ROWS}`)]);
    this.#showWays(transports);
    const isCut = total > items.length;
    say(this.#note, total === 0 ? "Nobody is connected." : isCut ? `The first ${items.length} of ${count(total, "connection")}.` : count(total, "connection"));
    keyed(this.#rows, items, ({ id }) => String(id), (connection) => this.#make(connection), update);
  }

  /** All that were there so far: the share of those that only the tunnel reaches is what an operator wants to know. */
  #showWays(transports) {
    const ways = Object.entries(transports).map(([way, { opened, connections }]) => ({ way, opened, connections }));
    const all = ways.reduce((sum, { opened }) => sum + opened, 0);
    keyed(
      this.#ways,
      ways.filter(({ opened }) => opened > 0),
      ({ way }) => way,
      () => element("li", {}, element("span"), element("meter", { min: 0 }), element("span", { class: "number" })),
      (line, { way, opened, connections }) => {
        const [name, meter, text] = line.children;
        say(name, way);
        meter.max = all;
        meter.value = opened;
        meter.setAttribute("aria-label", `share of ${way}`);
        say(text, `${connections} open, ${opened} so far (${Math.round((100 * opened) / all)} %)`);
      },
    );
  }

  #make({ id }) {
    const cells = COLUMNS.slice(0, -1).map((name) => element("td", { "data-label": name }));
    const kick = askTwice("Kick", "Really?", () => this.#act(() => this.#api.post(`connections/${id}/kick`), `connection ${id} was ended`));
    return element("tr", {}, cells, element("td", {}, kick));
  }
}

function update(row, connection) {
  const { id, transport, peer, proxied_by: proxy, client, uses, seconds, received_bytes: received, sent_bytes: sent, queued_bytes: queued, delay_ms: delay } = connection;
  const texts = [
    id,
    transport,
    proxy ? `${peer} (proxy ${proxy})` : peer,
    uses.length === 0 ? "nothing yet" : uses.map(({ role, stream }) => `${role} ${titleOfId(stream)}`).join(", "),
    client ?? "–",
    duration(Math.max(seconds, 1) * 1000),
    bytes(received),
    bytes(sent),
    bytes(queued),
    delay === null || delay === undefined ? "–" : `${delay.toFixed(1)} ms`,
  ];
  texts.forEach((text, index) => say(row.children[index], String(text)));
}
