// Relays: streams that go to other servers and come from them, one more, and the end of one.

import { element, keyed, say } from "../shared/dom.js";
import { count, duration, rate } from "../shared/format.js";
import { titleOfId } from "./addresses.js";
import { askTwice } from "./ask_twice.js";

/** More is not drawn; nobody looks at so many. */
const CARDS = 200;
/** A bitrate over less would jump. */
const SPAN_MS = 1000;

export class RelaysView {
  #api;
  #act;
  #list = element("ul", { class: "cards" });
  #note = element("p", { class: "quiet" });
  /** By relay and stream: the bytes of two looks and the bitrate between them. */
  #rates = new Map();

  constructor(section, api, act) {
    this.section = section;
    this.#api = api;
    this.#act = act;
    section.append(
      element("h1", { id: "relays-title" }, "Relays"),
      this.#note,
      this.#list,
      element("h2", {}, "One more"),
      element("p", {}, "It goes on until it is ended here, also when the server is started again. Addresses are shown without what is secret in them."),
      this.#form(),
    );
  }

  async look() {
    const { items, total } = await this.#api.get(`relays?limit=${CARDS}`);
    const isCut = total > items.length;
    say(this.#note, total === 0 ? "There are none." : isCut ? `The first ${items.length} of ${count(total, "relay")}.` : count(total, "relay"));
    const known = new Set(items.flatMap(({ id, streams }) => streams.map(({ stream }) => `${id} ${stream}`)));
    for (const key of [...this.#rates.keys()].filter((key) => !known.has(key))) {
      this.#rates.delete(key);
    }
    const now = performance.now();
    keyed(this.#list, items, ({ id }) => String(id), (relay) => this.#make(relay), (card, relay) => this.#update(card, relay, now));
  }

  #make({ id, origin, stream }) {
    const isOurs = origin === "api";
    const end = () => this.#act(() => this.#api.delete(`relays/${id}`), `the relay of ${stream} has ended`);
    return element(
      "li",
      { class: "card" },
      element("div", { class: "head" }, element("h2"), element("span", { class: "tag" })),
      element("p", { class: "mono url" }),
      element("p", { class: "quiet small facts" }),
      element("p", { class: "small reason" }),
      element("ul", { class: "legs" }),
      isOurs ? askTwice("End relay", "Really end it?", end) : element("p", { class: "quiet small" }, "It stands in the configuration, and ends there."),
    );
  }

  #update(card, relay, now) {
    const find = (selector) => card.querySelector(selector);
    say(find("h2"), `${relay.direction} ${relay.stream}`);
    show(find(".tag"), relay.state);
    say(find(".url"), relay.url);
    say(find(".facts"), facts(relay));
    // A stream says by itself what it waits for.
    say(find(".reason"), relay.streams.length === 0 ? (relay.reason ?? "") : "");
    find(".reason").hidden = find(".reason").textContent === "";
    keyed(find(".legs"), relay.streams, ({ stream }) => stream, makeLeg, (line, leg) => updateLeg(line, leg, this.#rate(relay.id, leg, now)));
  }

  /** Bits a second since a look some time ago; null before there are two. */
  #rate(id, { stream, bytes }, now) {
    const key = `${id} ${stream}`;
    const kept = this.#rates.get(key);
    if (kept === undefined || bytes < kept.bytes) {
      this.#rates.set(key, { bytes, at: now, rate: null });
      return null;
    }
    if (now - kept.at >= SPAN_MS) {
      kept.rate = ((bytes - kept.bytes) * 8000) / (now - kept.at);
      kept.bytes = bytes;
      kept.at = now;
    }
    return kept.rate;
  }

  #form() {
    const direction = choice("direction", ["push: to the other server", "pull: from it"], ["push", "pull"]);
    const strategy = choice("strategy", ["the way that the address names", "RTMP on ports 1935, 443 and 80", "every way that could work"], ["standard", "classic", "reach"]);
    const plain = { type: "text", required: true, autocomplete: "off", autocapitalize: "none", spellcheck: "false" };
    const stream = element("input", { ...plain, id: "relay-stream", placeholder: "live/cam" });
    const url = element("input", { ...plain, id: "relay-url", placeholder: "rtmps://example.com/app/KEY" });
    const demand = element("input", { type: "checkbox", id: "relay-demand" });
    const authority = element("textarea", { id: "relay-authority", rows: 3, spellcheck: "false", placeholder: "-----BEGIN CERTIFICATE-----" });
    const pulls = element("p", { class: "check" }, demand, element("label", { for: "relay-demand" }, "only while somebody plays"));
    const follow = () => (pulls.hidden = direction.value !== "pull");
    direction.addEventListener("change", follow);
    const line = (label, field, help) => [element("label", { for: field.id }, label), element("div", {}, field, help && element("p", { class: "quiet small" }, help))];
    const form = element(
      "form",
      { class: "card", "aria-label": "One more relay" },
      element(
        "div",
        { class: "lines" },
        line("Direction", direction),
        line("Stream here", stream, "Application and name. To push, * stands for any text."),
        line("Other server", url, "rtmp, rtmps, rtmpt or rtmpts. {stream} is the name that a stream has here."),
        line("Ways", strategy),
        line("Certificates", authority, "In PEM form, for a server with an authority of its own. May stay empty."),
      ),
      pulls,
      element("button", { class: "chief" }, "Start relay"),
    );
    follow();
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const asked = { direction: direction.value, stream: stream.value.trim(), url: url.value.trim(), strategy: strategy.value };
      asked.on_demand = direction.value === "pull" && demand.checked;
      if (authority.value.trim() !== "") {
        asked.ca_pem = authority.value;
      }
      const start = async () => {
        await this.#api.post("relays", asked);
        form.reset();
        follow();
      };
      this.#act(start, `the relay of ${asked.stream} has begun`);
    });
    return form;
  }
}

function choice(name, texts, values) {
  return element("select", { id: `relay-${name}` }, texts.map((text, index) => element("option", { value: values[index] }, text)));
}

function show(tag, state) {
  say(tag, state);
  tag.dataset.state = state;
}

function facts({ origin, on_demand: onDemand, strategy, own_ca: ownCa, since_ms: since }) {
  return [
    origin === "api" ? "asked for here or by the API" : "of the configuration",
    onDemand && "only while somebody plays",
    strategy !== "standard" && `tries ${strategy}`,
    ownCa && "trusts certificates of its own",
    `for ${duration(Math.max(Date.now() - since, 1000))}`,
  ]
    .filter(Boolean)
    .join(" · ");
}

function makeLeg() {
  return element("li", {}, element("div", { class: "head" }, element("h3"), element("span", { class: "tag" })), element("p", { class: "small" }), element("p", { class: "quiet small" }));
}

function updateLeg(line, leg, bits) {
  const { stream, far, state, reason, next_try_ms: next, way, connections, failures, skipped_messages: skipped, last_error: error } = leg;
  const [head, now, past] = line.children;
  say(head.children[0], titleOfId(stream));
  show(head.children[1], state);
  const waits = reason && (next === null ? reason : `${reason}; tried again in ${duration(next)}`);
  const goes = state === "running" ? `bitrate: ${bits === null ? "not known yet" : rate(bits)}` : waits;
  say(now, [goes, way && `by ${way}`].filter(Boolean).join(" · "));
  const tries = [count(connections, "connection"), `${failures} failed`, skipped > 0 && `${count(skipped, "message")} left out`];
  // What it waits for is said above.
  say(past, [far, ...tries, error && error !== reason && `last: ${error}`].filter(Boolean).join(" · "));
}
