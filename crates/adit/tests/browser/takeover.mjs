// Viewers in a real browser while another server takes over the ports.
//
// Beside what the kit wants, ADIT is the program and STATE its state directory.

import { spawn } from "node:child_process";
import { PUBLIC, assert, finish, isLive, picture, plays, test, until } from "./kit.mjs";

const { ADIT, SERVER, STATE } = process.env;
const servers = [];

/** Another server takes over; gives when it serves. */
async function takeOver() {
  const flags = ["serve", "--listen", SERVER, "--state-dir", STATE, "--takeover", "--drain-timeout", "1h"];
  const server = spawn(ADIT, flags, { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, NO_COLOR: "1" } });
  servers.push(server);
  let log = "";
  server.stderr.on("data", (text) => (log += text));
  await until("the new server has taken over", () => {
    assert.equal(server.exitCode, null, log);
    return log.includes("took over");
  });
}

/** Plays `live/NAME` by HLS, and keeps what playlists say and which answers are no answers. */
async function watch(page, stage, name) {
  const began = performance.now();
  const say = (text) => stage.said.push(`${((performance.now() - began) / 1000).toFixed(2)} ${text}`);
  page.on("requestfailed", (request) => say(`failed ${request.url()} ${request.failure()?.errorText}`));
  const seen = { refused: [], numbers: [], targets: new Set(), ends: 0 };
  page.on("response", async (response) => {
    say(`${response.status()} ${response.url()}`);
    if (response.status() >= 400) {
      seen.refused.push(`${response.status()} ${response.url()}`);
    } else if (response.url().includes("media.m3u8")) {
      const text = await response.text().catch(() => "");
      const tag = (what) => Number(text.match(new RegExp(`#EXT-X-${what}:(\\d+)`))?.[1]);
      seen.numbers.push(tag("MEDIA-SEQUENCE"));
      seen.targets.add(tag("TARGETDURATION"));
      seen.ends += text.includes("#EXT-X-ENDLIST") ? 1 : 0;
    }
  });
  await page.goto(`${PUBLIC}/?way=hls#/live/${name}`);
  await plays(page);
  return seen;
}

/** So many seconds of pictures more are shown, whether or not the page begins anew in between. */
async function goesOn(page, seconds) {
  let { time } = await picture(page);
  let shown = 0;
  await until(`${seconds} s more`, async () => {
    const now = await picture(page);
    shown += Math.min(Math.max(now.time - time, 0), 1);
    time = now.time;
    return shown > seconds;
  });
}

/** No address was unknown, and what playlists say does not contradict what they said before. */
function assertUnbroken(seen) {
  assert.deepEqual(seen.refused.filter((answer) => !answer.startsWith("503 ")), []);
  const backwards = seen.numbers.filter((number, index) => number < seen.numbers[index - 1]);
  assert.deepEqual(backwards, [], seen.numbers.join(" "));
  assert.equal(seen.targets.size, 1, [...seen.targets].join(" "));
  assert.equal(seen.ends, 0);
}

test("a viewer by HLS goes on over a takeover, when the publisher stays and when it moves", async (page, stage) => {
  const end = await stage.publish("live/stays");
  await isLive("live/stays");
  const seen = await watch(page, stage, "stays");
  await goesOn(page, 3);
  await takeOver();
  // More than there is in advance.
  await goesOn(page, 12);
  await end();
  await stage.publish("live/stays");
  await goesOn(page, 10);
  await takeOver();
  await goesOn(page, 10);
  assertUnbroken(seen);
  stage.assertQuiet("503");
});

test("a viewer by HLS goes on when the publisher comes back", async (page, stage) => {
  const end = await stage.publish("live/back");
  await isLive("live/back");
  const seen = await watch(page, stage, "back");
  await goesOn(page, 3);
  await end();
  await stage.publish("live/back");
  await goesOn(page, 10);
  assertUnbroken(seen);
  stage.assertQuiet("503");
});

await finish();
servers.forEach((server) => server.kill("SIGKILL"));
