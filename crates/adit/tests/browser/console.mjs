// The console in a real browser.

import { assert, assertFits, finish, plays, shot, test, until } from "./kit.mjs";

const { API, TOKEN, FAR } = process.env;
const CONSOLE = `http://${API}/console/`;
const EVIL = `<img src=x onerror=alert(1)>`;

async function login(page, view = "streams") {
  await page.goto(`${CONSOLE}#/${view}`);
  await page.getByLabel("Token").fill(TOKEN);
  await page.keyboard.press("Enter");
  await page.getByRole("navigation").waitFor();
}

test("without the token there is nothing to see", async (page, stage) => {
  await page.goto(CONSOLE);
  await page.getByLabel("Token").fill("wrong");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByText("does not know this token").waitFor();
  assert.ok(await page.getByRole("navigation").isHidden());
  assert.ok(await page.locator("#streams").isHidden());
  await shot(page, "console-login");
  stage.assertQuiet("401");
});

test("the token is kept for this tab and forgotten at the end", async (page) => {
  await login(page);
  await page.reload();
  await page.getByRole("navigation").waitFor();
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByLabel("Token").waitFor();
  assert.deepEqual(await page.evaluate(() => [sessionStorage.length, localStorage.length, document.cookie]), [0, 0, ""]);
});

test("a stream appears and goes without reload, with its bitrate, and is previewed", async (page, stage) => {
  await login(page);
  await page.getByText("Nothing is published").waitFor();
  await page.getByText("live updates").waitFor();
  const end = await stage.publish("live/camera");
  const card = page.locator("#streams li", { hasText: "live/camera" });
  await card.waitFor();
  await until("a bitrate", async () => /bitrate: [\d.]+ [kM]bit\/s/.test(await card.locator("figcaption.rate").textContent()));
  await card.getByRole("button", { name: "Preview" }).click();
  await plays(page);
  await until("a viewer", async () => /1 viewer/.test(await card.locator(".facts").textContent()));
  assert.doesNotMatch(await card.locator("figcaption.delay").textContent(), /nobody/);
  stage.play("live/camera");
  await until("a delay", async () => /delay: [\d.]+ ms/.test(await card.locator("figcaption.delay").textContent()));
  await shot(page, "console-streams");
  await end();
  await card.waitFor({ state: "detached" });
});

test("names of streams are text whatever they are", async (page, stage) => {
  await login(page);
  await stage.publish("live", undefined, ["-c", "copy", "-rtmp_playpath", EVIL]);
  await page.getByRole("heading", { name: EVIL }).waitFor();
  await page.goto(`${CONSOLE}#/connections`);
  await page.getByRole("cell", { name: EVIL }).waitFor();
  assert.equal(await page.locator("main img").count(), 0);
});

test("a publisher is sent away by a button that asks twice", async (page, stage) => {
  await login(page);
  await stage.publish("live/rude");
  const card = page.locator("#streams li", { hasText: "live/rude" });
  await card.waitFor();
  await card.getByRole("button", { name: "Kick publisher" }).focus();
  await page.keyboard.press("Enter");
  await card.getByRole("button", { name: "Really kick?" }).waitFor();
  await page.keyboard.press("Enter");
  await card.waitFor({ state: "detached" });
});

test("a stream is recorded and no more, by a button", async (page, stage) => {
  await login(page);
  await stage.publish("live/kept");
  const card = page.locator("#streams li", { hasText: "live/kept" });
  await card.getByRole("button", { name: "Record", exact: true }).click();
  await card.getByText("recording", { exact: true }).waitFor();
  await page.goto(`${CONSOLE}#/recordings`);
  await page.getByRole("heading", { name: "live/kept" }).waitFor();
  await shot(page, "console-recordings");
  await page.getByRole("button", { name: "Stop recording" }).click();
  await page.getByText("Nothing is being recorded").waitFor();
  await page.getByRole("cell", { name: /kept.*\.flv/ }).waitFor();
});

test("connections are counted by the way they came, and ended", async (page, stage) => {
  await login(page, "connections");
  await stage.publish("live/counted");
  const row = page.getByRole("row", { name: /publish .*counted/ });
  await row.waitFor();
  await page.locator(".ways li", { hasText: "rtmp" }).waitFor();
  await shot(page, "console-connections");
  await row.getByRole("button", { name: "Kick" }).click();
  await row.getByRole("button", { name: "Really?" }).click();
  await row.waitFor({ state: "detached" });
});

/** Starts a relay by the form, with the keyboard alone from the first field on. */
async function startRelay(page, stream, url) {
  await page.getByLabel("Stream here").focus();
  await page.keyboard.type(stream);
  await page.keyboard.press("Tab");
  await page.keyboard.type(url);
  await page.keyboard.press("Enter");
}

test("a relay is started and ended by the keyboard, and shows where it goes without what is secret there", async (page, stage) => {
  await login(page, "relays");
  await page.getByText("There are none.").waitFor();
  await startRelay(page, "live/*", `rtmp://${FAR}/in/key77-{stream}?token=hunter22`);
  const card = page.locator("#relays li.card", { hasText: "push live/*" });
  await card.getByText("idle", { exact: true }).waitFor();
  await stage.publish("live/relayed");
  const leg = card.locator(".legs li", { hasText: "live/relayed" });
  await leg.getByText("running", { exact: true }).waitFor();
  await until("a bitrate", async () => /bitrate: [\d.]+ [kM]bit\/s · by rtmp/.test(await leg.textContent()));
  assert.match(await leg.textContent(), /1 connection · 0 failed/);
  assert.equal(await page.getByLabel("Other server").inputValue(), "", "the form is empty again");
  const text = await page.locator("body").textContent();
  assert.ok(text.includes(`rtmp://${FAR}/in/***`) && !text.includes("key77") && !text.includes("hunter22"), text);
  await shot(page, "console-relays");
  // The question is asked on the button itself, and forgotten when the focus leaves it.
  await card.getByRole("button", { name: "End relay" }).focus();
  await page.keyboard.press("Enter");
  await card.getByRole("button", { name: "Really end it?" }).waitFor();
  await page.keyboard.press("Tab");
  await card.getByRole("button", { name: "End relay" }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await card.waitFor({ state: "detached" });
  await page.getByText("There are none.").waitFor();
});

test("a relay that finds nobody says why and when it is tried again, and one that may not be is refused", async (page, stage) => {
  await login(page, "relays");
  await page.getByLabel("Direction").selectOption("pull");
  await page.getByLabel("only while somebody plays").waitFor();
  await startRelay(page, "live/gone", "rtmp://127.0.0.1:9/in/x");
  const card = page.locator("#relays li.card", { hasText: "pull live/gone" });
  await until("a reason", async () => /tried again in .* [1-9]\d* failed/.test(await card.textContent()));
  assert.ok(await page.getByLabel("only while somebody plays").isHidden(), "that is asked of pulls");
  await shot(page, "console-relays-waiting");
  await startRelay(page, "live/<b>x</b>", "rtmp://169.254.169.254/in/x");
  await page.getByRole("alert").filter({ hasText: "169.254.169.254" }).waitFor();
  assert.equal(await page.getByLabel("Stream here").inputValue(), "live/<b>x</b>", "what was typed stays");
  assert.equal(await page.locator("main b").count(), 0);
  await card.getByRole("button", { name: "End relay" }).click();
  await card.getByRole("button", { name: "Really end it?" }).click();
  await card.waitFor({ state: "detached" });
  stage.assertQuiet("422");
});

for (const colorScheme of ["light", "dark"]) {
  test(`every view fits a narrow window in ${colorScheme} mode`, async (page, stage) => {
    await stage.publish(`live/${"a-very-long-name-without-a-space".repeat(5)}`);
    await login(page);
    for (const view of ["streams", "connections", "recordings", "relays", "server"]) {
      await page.getByRole("navigation").getByRole("link", { name: view }).click();
      await page.locator(`#${view}`).waitFor();
      if (view === "streams") {
        await page.getByRole("heading", { name: "a-very-long-name" }).waitFor();
      }
      if (view === "relays") {
        await startRelay(page, "live/*", `rtmp://${FAR}/in`);
        await page.locator(".legs li", { hasText: "running" }).waitFor();
      }
      await assertFits(page);
      await shot(page, `console-narrow-${view}-${colorScheme}`);
      if (view === "relays") {
        await page.getByRole("button", { name: "End relay" }).click();
        await page.getByRole("button", { name: "Really end it?" }).click();
        await page.getByText("There are none.").waitFor();
      }
    }
  }, { viewport: { width: 360, height: 740 }, colorScheme });
}

test("the way to the connection test is shown", async (page) => {
  await login(page, "server");
  await page.getByRole("link", { name: /connection-test$/ }).waitFor();
  await shot(page, "console-server");
});

await finish();
