// The public page and the connection test in a real browser.

import { PUBLIC, assert, assertFits, finish, isLive, picture, plays, shot, test, until } from "./kit.mjs";

/** From the click to moving pictures. */
const SOON_MS = 2000;
const EVIL = `<img src=x onerror=alert(1)>`;

test("with nothing live the page says how to publish", async (page) => {
  await page.goto(PUBLIC);
  await page.getByText("Nothing is live at the moment").waitFor();
  const address = `rtmp://${new URL(PUBLIC).host}/live`;
  assert.equal(await page.locator(".snippet code").first().textContent(), address);
  await shot(page, "page-empty");
});

test("a stream is listed when it comes and no more when it has gone, without reload", async (page, stage) => {
  await page.goto(PUBLIC);
  await page.getByText("Nothing is live at the moment").waitFor();
  const end = await stage.publish("live/comes-and-goes");
  const card = page.getByRole("link", { name: "live/comes-and-goes" });
  await card.waitFor();
  await shot(page, "page-list");
  await end();
  await card.waitFor({ state: "detached" });
  await page.getByText("Nothing is live at the moment").waitFor();
});

for (const [way, label] of [["flv", "HTTP-FLV"], ["ws", "WebSocket-FLV"], ["hls", "HLS"]]) {
  test(`a stream of H.264 and AAC plays by ${label} within two seconds`, async (page, stage) => {
    await stage.publish("live/camera");
    await isLive("live/camera");
    let took = Infinity;
    // One that is slow may be the machine's fault, three are not.
    for (let turn = 0; turn < 3 && took >= SOON_MS; turn += 1) {
      await page.goto("about:blank");
      await page.goto(`${PUBLIC}/?way=${way}`);
      const link = page.getByRole("link", { name: "live/camera" });
      await link.waitFor();
      await link.click();
      took = await plays(page);
      await page.getByText(`Live by ${label}.`).waitFor();
    }
    const { width, height, behind, dropped } = await picture(page);
    console.log(`        ${label}: first picture after ${took.toFixed(0)} ms, ${behind.toFixed(2)} s buffered, ${dropped} dropped`);
    assert.ok(width > 0 && height > 0);
    assert.ok(took < SOON_MS, `${took} ms to the first picture`);
    await shot(page, `page-${way}`);
  });
}

test("a stream that ends and comes back goes on by itself", async (page, stage) => {
  const end = await stage.publish("live/back");
  await isLive("live/back");
  await page.goto(`${PUBLIC}/#/live/back`);
  await plays(page);
  await end();
  await until("it is said that it ended", async () => (await page.locator("#state").getAttribute("data-phase")) === "waiting");
  await stage.publish("live/back");
  await until("it plays again", async () => (await page.locator("#state").getAttribute("data-phase")) === "playing");
  await plays(page);
  // That the address of the stream was not there for a while is no fault of the page.
  stage.assertQuiet("404");
});

test("a codec that the browser cannot play is a sentence and no black box", async (page, stage) => {
  const input = ["-re", "-f", "lavfi", "-i", "testsrc=size=160x90:rate=5"];
  await stage.publish("live/hevc", input, ["-c:v", "libx265", "-preset", "ultrafast", "-g", "5", "-x265-params", "log-level=none"]);
  await page.goto(PUBLIC);
  await page.getByRole("link", { name: /live\/hevc.*HEVC/ }).click();
  await page.getByText("This browser cannot play HEVC video.").waitFor();
  assert.ok(await page.locator("video").isHidden());
});

test("names of streams are text whatever they are", async (page, stage) => {
  await stage.publish("live", undefined, ["-c", "copy", "-rtmp_playpath", EVIL]);
  await page.goto(PUBLIC);
  const link = page.getByRole("link", { name: EVIL });
  await link.waitFor();
  await link.click();
  await plays(page);
  assert.equal(await page.locator("h1").textContent(), `live/${EVIL}`);
  assert.equal(await page.locator("main img").count(), 0);
  assert.equal(await page.locator("[onerror]").count(), 0);
});

test("addresses that somebody made up lead nowhere else", async (page, stage) => {
  for (const path of ["//evil.example/x", "https:evil.example/x", "..%2f..%2f", "%", "javascript:alert(1)", "\\\\evil.example\\x"]) {
    await page.goto(`${PUBLIC}/#/${path}`);
    await until("it is said that there is no such stream", async () => /not live|cannot/.test(await page.locator("#state").textContent()));
    await page.goto("about:blank");
  }
  stage.assertQuiet("404", "400");
});

test("the keyboard is enough", async (page, stage) => {
  await stage.publish("live/keys");
  await page.goto(PUBLIC);
  await page.getByRole("link", { name: "live/keys" }).waitFor();
  const focused = () => page.evaluate(() => document.activeElement.textContent.trim());
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "To the streams");
  await until("the stream has the focus", async () => {
    await page.keyboard.press("Tab");
    return (await focused()).startsWith("live/keys");
  });
  await page.keyboard.press("Enter");
  await plays(page);
  assert.equal(await focused(), "live/keys");
  await until("the player has the focus", async () => {
    await page.keyboard.press("Tab");
    return page.evaluate(() => document.activeElement.id === "video");
  });
  await page.keyboard.press("Space");
  assert.ok(await page.$eval("video", (video) => video.paused));
  await page.keyboard.press("Escape");
  await page.locator("#watch").waitFor({ state: "hidden" });
});

test("a narrow window scrolls in one direction only", async (page, stage) => {
  await page.goto(PUBLIC);
  await page.getByText("Nothing is live at the moment").waitFor();
  await assertFits(page);
  await shot(page, "narrow-empty");
  await stage.publish(`live/${"a-very-long-name-without-a-space".repeat(5)}`);
  const link = page.getByRole("link", { name: "a-very-long-name" });
  await link.waitFor();
  await assertFits(page);
  await link.click();
  await plays(page);
  await assertFits(page);
  await shot(page, "narrow-watch");
  await page.goto(`${PUBLIC}/connection-test`);
  await page.locator("#verdict[data-works]").waitFor();
  await assertFits(page);
  await shot(page, "narrow-connection-test");
}, { viewport: { width: 360, height: 740 } });

for (const colorScheme of ["light", "dark"]) {
  test(`text can be read in ${colorScheme} mode`, async (page) => {
    await page.goto(PUBLIC);
    await page.getByText("Nothing is live at the moment").waitFor();
    const weak = await page.evaluate(contrasts);
    assert.deepEqual(weak.filter(({ ratio }) => ratio < 4.5), []);
    assert.ok(weak.length > 5);
    const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const [red] = ground.match(/\d+/);
    assert.equal(Number(red) < 128, colorScheme === "dark", ground);
    await shot(page, `page-${colorScheme}`);
  }, { colorScheme });
}

test("the connection test says that the tunnel works, and what else", async (page, stage) => {
  await stage.publish("live/test");
  await isLive("live/test");
  await page.goto(`${PUBLIC}/connection-test`);
  await page.locator("#verdict[data-works=true]").waitFor();
  const states = await page.$$eval("#steps li", (lines) => lines.map((line) => `${line.firstChild.textContent} ${line.dataset.state}`));
  assert.deepEqual(states, ["Web passed", "Open passed", "Bytes passed", "Connect passed", "Polls passed", "Close passed", "Streaming passed"]);
  assert.match(await page.locator("#verdict").textContent(), /lets RTMPT through on port \d+: 1\d requests passed/);
  assert.match(await page.locator("#steps").textContent(), /HTTP-FLV flows, WebSocket-FLV flows/);
  await shot(page, "connection-test");
});

test("the connection test says so when something in between stops the tunnel", async (page, stage) => {
  await page.route("**/send/**", (route) => route.fulfill({ status: 403, body: "<html>blocked</html>" }));
  await page.goto(`${PUBLIC}/connection-test`);
  await page.locator("#verdict[data-works=false]").waitFor();
  assert.match(await page.locator("#steps li[data-state=failed]").textContent(), /^Bytes.*the answer is 403/);
  stage.assertQuiet("403");
});

/** The contrast of each piece of text with what is behind it; runs in the page. */
function contrasts() {
  const numbers = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = (color) => {
    const [red, green, blue] = numbers(color).map((part) => {
      const share = part / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (node) => {
    const { backgroundColor } = getComputedStyle(node);
    return numbers(backgroundColor)[3] === 0 ? behind(node.parentElement) : backgroundColor;
  };
  const texts = [...document.querySelectorAll("body *")].filter((node) => node.checkVisibility() && [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim() !== ""));
  return texts.map((node) => {
    const [one, other] = [luminance(getComputedStyle(node).color), luminance(behind(node))].toSorted((a, b) => b - a);
    return { text: node.textContent.trim().slice(0, 40), ratio: (one + 0.05) / (other + 0.05) };
  });
}

await finish();
