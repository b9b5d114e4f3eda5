// The console: who may see it, which view is shown, and what is asked of the server when.

import { say } from "../shared/dom.js";
import { Api, Refusal } from "./api.js";
import { ConnectionsView } from "./connections.js";
import { RecordingsView } from "./recordings.js";
import { RelaysView } from "./relays.js";
import { ServerView } from "./server.js";
import { StreamsView } from "./streams.js";

/** Numbers are asked for so often, whatever happens; what happens is told by events. */
const PERIOD_MS = 2000;
/** Several events at once are one look. */
const GATHER_MS = 100;
const AGAIN_MS = 2000;

const at = (id) => document.getElementById(id);
const api = new Api();

/** Does what a button asks for, says how it went, and looks again. */
async function act(what, done) {
  try {
    await what();
    say(at("done"), done);
    trouble(null);
  } catch (error) {
    trouble(error.message);
  }
  await look();
}

const views = {
  streams: new StreamsView(at("streams"), api, act),
  connections: new ConnectionsView(at("connections"), api, act),
  recordings: new RecordingsView(at("recordings"), api, act),
  relays: new RelaysView(at("relays"), api, act),
  server: new ServerView(at("server"), api, act),
};

/** The end of all that goes on for one login. */
let session = null;
let looking = false;
let timer;

function shown() {
  const name = location.hash.replace(/^#\/?/, "");
  return Object.hasOwn(views, name) ? name : "streams";
}

function navigate() {
  if (location.hash === "#main") {
    return;
  }
  const name = shown();
  for (const [other, view] of Object.entries(views)) {
    view.section.hidden = session === null || other !== name;
    if (view.section.hidden) {
      view.leave?.();
    }
  }
  for (const link of at("views").querySelectorAll("a")) {
    link.hash === `#/${name}` ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
  }
  document.title = `Adit console: ${name}`;
  if (session !== null) {
    look();
  }
}

/** Asks for what is shown, and shows it. */
async function look() {
  if (session === null || looking) {
    return;
  }
  const mine = session;
  looking = true;
  clearTimeout(timer);
  try {
    await views[shown()].look();
    say(at("line"), mine.isHeard ? "live updates" : "asked every two seconds");
  } catch (error) {
    failed(error);
  }
  looking = false;
  if (session === mine && !mine.signal.aborted) {
    timer = setTimeout(look, PERIOD_MS);
  }
}

function failed(error) {
  if (error instanceof Refusal && error.status === 401) {
    leave("The server does not know this token.");
  } else if (error instanceof Refusal) {
    trouble(error.message);
  } else {
    say(at("line"), "the server does not answer; it is asked again");
  }
}

function trouble(text) {
  at("trouble").hidden = text === null;
  say(at("trouble"), text ?? "");
}

/** Looks again whenever something happens. */
async function listen(mine) {
  while (!mine.signal.aborted) {
    try {
      for await (const event of api.events(mine.signal)) {
        mine.isHeard = true;
        if (event.name !== "") {
          setTimeout(look, GATHER_MS);
        }
      }
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) {
        return;
      }
    }
    mine.isHeard = false;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

async function enter() {
  try {
    await api.get("server");
  } catch (error) {
    const text = error.status === 401 ? "The server does not know this token." : `The server cannot be asked: ${error.message}`;
    leave(text);
    return;
  }
  const stop = new AbortController();
  session = { signal: stop.signal, stop: () => stop.abort(), isHeard: false };
  at("login").hidden = true;
  at("views").hidden = false;
  at("leave").hidden = false;
  listen(session);
  navigate();
}

function leave(why) {
  session?.stop();
  session = null;
  clearTimeout(timer);
  api.logout();
  navigate();
  at("login").hidden = false;
  at("views").hidden = true;
  at("leave").hidden = true;
  at("refused").hidden = why === undefined;
  say(at("refused"), why ?? "");
  say(at("line"), "");
  trouble(null);
  at("token").focus();
}

at("login").addEventListener("submit", (event) => {
  event.preventDefault();
  api.login(at("token").value.trim());
  at("token").value = "";
  enter();
});
at("leave").addEventListener("click", () => leave());
addEventListener("hashchange", navigate);
document.addEventListener("visibilitychange", () => document.hidden || look());

api.hasToken ? enter() : leave();
