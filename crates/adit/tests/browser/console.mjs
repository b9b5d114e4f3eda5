// The console in a real browser.

import { assert, assertFits, finish, plays, shot, test, until } from "./kit.mjs";

const { API, TOKEN } = process.env;
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

for (const colorScheme of ["light", "dark"]) {
  test(`every view fits a narrow window in ${colorScheme} mode`, async (page, stage) => {
    await stage.publish(`live/${"a-very-long-name-without-a-space".repeat(5)}`);
    await login(page);
    for (const view of ["streams", "connections", "recordings", "server"]) {
      await page.getByRole("navigation").getByRole("link", { name: view }).click();
      await page.locator(`#${view}`).waitFor();
      if (view === "streams") {
        await page.getByRole("heading", { name: "a-very-long-name" }).waitFor();
      }
      await assertFits(page);
      await shot(page, `console-narrow-${view}-${colorScheme}`);
    }
  }, { viewport: { width: 360, height: 740 }, colorScheme });
}

test("the way to the connection test is shown", async (page) => {
  await login(page, "server");
  await page.getByRole("link", { name: /connection-test$/ }).waitFor();
  await shot(page, "console-server");
});

await finish();
