// What the tests in a real browser share: the browser, publishers, waiting, checks by name.
//
// The environment says where things are: CHROMIUM, PLAYWRIGHT (the folder of playwright-core), FFMPEG, CLIP (an FLV file),
// SERVER (host:port of the public port), SHOTS (a folder for screenshots), and for the console API and TOKEN.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";

const { CHROMIUM, PLAYWRIGHT, FFMPEG, CLIP, SERVER, SHOTS } = process.env;
const { chromium } = createRequire(import.meta.url)(PLAYWRIGHT);

export const PUBLIC = `http://${SERVER}`;
/** How long anything may take on a loaded machine that has no figure of its own. */
export const PATIENCE = 30_000;

const tests = [];

/** Adds a test; `run` gets a page of its own, whose console must stay without errors. `options` are those of the browser's context. */
export function test(name, run, options = {}) {
  tests.push({ name, run, options });
}

/** Runs what was added, or what `ONLY` is part of the name of; the exit code says how it went. */
export async function finish() {
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--autoplay-policy=document-user-activation-required"],
  });
  let failed = 0;
  for (const { name, run, options } of tests.filter(({ name }) => name.includes(process.env.ONLY ?? ""))) {
    const began = performance.now();
    const stage = new Stage(await browser.newContext(options));
    try {
      await run(await stage.page(), stage);
      stage.assertQuiet();
      console.log(`ok      ${name} (${seconds(began)})`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED  ${name} (${seconds(began)})\n${error.stack}\n${stage.said.join("\n")}`);
      await stage.pages[0]?.screenshot({ path: `${SHOTS}/failed-${failed}.png` }).catch(() => {});
    }
    await stage.end();
  }
  await browser.close();
  process.exitCode = failed === 0 ? 0 : 1;
}

function seconds(began) {
  return `${((performance.now() - began) / 1000).toFixed(1)} s`;
}

/** What one test has: pages, publishers, and what the pages said. */
class Stage {
  pages = [];
  said = [];
  #errors = [];
  #context;
  #programs = new Set();

  constructor(context) {
    this.#context = context;
    context.setDefaultTimeout(PATIENCE);
  }

  async page() {
    const page = await this.#context.newPage();
    page.on("console", (message) => {
      this.said.push(`${message.type()}: ${message.text()}`);
      if (message.type() === "error") {
        this.#errors.push(message.text());
      }
    });
    page.on("pageerror", (error) => this.#errors.push(String(error)));
    page.on("dialog", (dialog) => {
      this.#errors.push(`a dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on("request", (request) => {
      const { protocol, host } = new URL(request.url());
      if (!["blob:", "data:"].includes(protocol) && ![SERVER, process.env.API].includes(host)) {
        this.#errors.push(`asked somebody else: ${request.url()}`);
      }
    });
    this.pages.push(page);
    return page;
  }

  /** Plays a stream by RTMP until the test ends. */
  play(stream) {
    const flags = ["-hide_banner", "-nostdin", "-loglevel", "quiet"];
    const player = spawn(FFMPEG, [...flags, "-i", `rtmp://${SERVER}/${stream}`, "-c", "copy", "-f", "null", "-"], { stdio: "ignore" });
    this.#programs.add(player);
  }

  /** Publishes the clip, round and round, or another input of ffmpeg's; gives what ends it. */
  async publish(stream, input = ["-stream_loop", "-1", "-re", "-i", CLIP], output = ["-c", "copy"]) {
    const url = `rtmp://${SERVER}/${stream}`;
    const flags = ["-hide_banner", "-nostdin", "-nostats", "-loglevel", "error"];
    const publisher = spawn(FFMPEG, [...flags, ...input, ...output, "-f", "flv", url], { stdio: ["ignore", "ignore", "pipe"] });
    publisher.stderr.on("data", (text) => this.said.push(`ffmpeg: ${text}`));
    this.#programs.add(publisher);
    return async () => {
      if (this.#programs.delete(publisher) && publisher.exitCode === null) {
        const ended = once(publisher, "exit");
        publisher.kill("SIGKILL");
        await ended;
      }
    };
  }

  /** The console of every page so far was without errors but those that contain one of `expected`. */
  assertQuiet(...expected) {
    const errors = this.#errors.filter((error) => !expected.some((part) => error.includes(part)));
    this.#errors = [];
    assert.deepEqual(errors, []);
  }

  async end() {
    for (const publisher of this.#programs) {
      publisher.kill("SIGKILL");
    }
    await this.#context.close();
  }
}

/** Waits until `look` gives something true, and gives that. */
export async function until(what, look, within = PATIENCE) {
  const end = performance.now() + within;
  for (;;) {
    const found = await look();
    if (found) {
      return found;
    }
    assert.ok(performance.now() < end, `not within ${within} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Waits until the server lists a stream as live. */
export async function isLive(path) {
  await until(`${path} is live`, async () => {
    const { streams } = await (await fetch(`${PUBLIC}/streams.json`)).json();
    return streams.some((stream) => stream.path === path);
  });
}

/** What a <video> shows at the moment. */
export function picture(page, selector = "video") {
  return page.$eval(selector, (video) => ({
    time: video.currentTime,
    frames: video.getVideoPlaybackQuality().totalVideoFrames,
    dropped: video.getVideoPlaybackQuality().droppedVideoFrames,
    width: video.videoWidth,
    height: video.videoHeight,
    muted: video.muted,
    behind: video.buffered.length > 0 ? video.buffered.end(video.buffered.length - 1) - video.currentTime : null,
  }));
}

/** Waits until pictures move: gives how long that took from now, in milliseconds. */
export async function plays(page, selector = "video", within = PATIENCE) {
  const began = performance.now();
  const first = await until("the first pictures", async () => {
    const now = await picture(page, selector);
    return now.time > 0 && now.frames > 0 ? now : null;
  }, within);
  const took = performance.now() - began;
  await until("more pictures", async () => {
    const now = await picture(page, selector);
    return now.time > first.time + 1 && now.frames > first.frames + 10;
  });
  return took;
}

/** Nothing sticks out to the right. */
export async function assertFits(page) {
  const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(wide <= window, `${wide} px wide in a window of ${window} px`);
}

/** A screenshot to look at; never part of the sources. */
export async function shot(page, name) {
  await page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true });
}

export { assert };
