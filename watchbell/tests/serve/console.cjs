// A day in the console, in a real browser with a virtual authenticator: `console.cjs SETUP_URL PICTURES`.
// Every page is held to WCAG 2.2 AA by axe, in the light and in the dark; a complaint of the browser, about the content security
// policy above all, fails it.
"use strict";
const { chromium } = require("playwright-core");
const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");

const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const [setup, pictures] = process.argv.slice(2);
const origin = new URL(setup).origin;
const complaints = [];
const markup = "<img src=x onerror=alert(1)><script>alert(2)</script>";

const somebody = async (browser) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(`${page.url()}: ${message.text()}`);
  });
  page.on("dialog", (dialog) => complaints.push(`${page.url()}: a script of somebody's ran: ${dialog.message()}`));
  page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error}`));
  const session = await context.newCDPSession(page);
  await session.send("WebAuthn.enable");
  await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return { context, page };
};

// Another device beside the first: a device makes no second passkey for somebody whom it knows.
const second = async (page) => {
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2", transport: "usb", hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
};

const judge = async (page, name) => {
  fs.mkdirSync(pictures, { recursive: true });
  // As it was sent, for the checker of HTML; what came of a form is not sent again.
  const sent = await page.request.get(page.url(), { headers: { Accept: "text/html" }, maxRedirects: 0 });
  if (sent.status() === 200) fs.writeFileSync(path.join(pictures, `${name}.html`), await sent.text());
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.waitForTimeout(150);
    const found = await page.evaluate(async ([source, only]) => {
      new Function(source)();
      const result = await window.axe.run(document, { runOnly: only });
      return result.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).slice(0, 3).join(" | ")}`);
    }, [axe, rules]);
    assert.deepEqual(found, [], `${name}, ${scheme}`);
    await page.screenshot({ path: path.join(pictures, `${name}-${scheme}.png`) });
  }
  await page.emulateMedia({ colorScheme: "light" });
  // 320 pixels are a telephone, and 400 % on a usual screen.
  await page.setViewportSize({ width: 320, height: 640 });
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 320, `${name} is ${width} pixels wide on 320`);
  await page.setViewportSize({ width: 1280, height: 900 });
};

const enter = async (page, link, name) => {
  await page.goto(link);
  await page.fill("input[name=name]", name);
  await page.click("button.main");
  await page.waitForURL("**/inbox");
};

(async () => {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
  const { page, context } = await somebody(browser);
  await page.goto(setup);
  await judge(page, "setup");
  await enter(page, setup, "Ada Brandt");
  await judge(page, "inbox");
  assert.equal(await page.locator("tbody tr").count(), 1);

  // Somebody else's secret is no way in, and the cookie is out of reach for scripts.
  const [cookie] = await context.cookies();
  assert.deepEqual([cookie.httpOnly, cookie.sameSite], [true, "Strict"]);
  assert.equal(await page.evaluate(() => document.cookie), "");

  // New detections are told of within a second of being kept.
  const attack = "<86>Nov 26 02:17:00 siren-ctl sshd[992]: Accepted password for h.brandt from 10.20.7.20 port 50023 ssh2\n";
  const sent = await fetch(`${origin}/ingest/http?format=syslog`, {
    method: "POST", body: attack,
    headers: { Authorization: `Bearer ${process.env.TOKEN}`, "Content-Type": "text/plain", "Idempotency-Key": "late" },
  });
  assert.equal(sent.status, 200);
  await page.waitForSelector("#newer:not([hidden])", { timeout: 10_000 });
  await page.click("#newer a");
  await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 2);

  // Triage by keyboard alone; what is typed is text, whatever it looks like, and the place in the list stays.
  await page.fill(".bar input[name=note]", markup);
  await page.locator(".bar input[name=note]").press("Escape");
  await page.keyboard.press("j");
  await page.keyboard.press("a");
  await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
  await page.waitForSelector("tr.here");
  await page.keyboard.press("?");
  await page.waitForSelector("dialog[open]");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/findings/*");
  await page.waitForSelector("figure pre", { timeout: 3000 }).catch(async () => assert.fail(await page.textContent("main")));
  assert.match(await page.textContent("figure pre"), /Accepted password for h\.brandt/);
  await judge(page, "detection");
  const around = await page.getAttribute("text=What else happened there", "href");
  const anywhere = await page.getAttribute("a:has-text('10.20.7.20')", "href");
  await page.keyboard.press("s");
  await page.keyboard.type("a test night");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/inbox");
  assert.equal(await page.locator("tbody tr").count(), 0);
  await judge(page, "inbox-empty");
  await page.keyboard.press("g");
  await page.keyboard.press("s");
  await page.waitForURL("**/suppressions");
  assert.match(await page.textContent("tbody"), /a test night[\s\S]*Ada Brandt[\s\S]*in force/);
  await judge(page, "suppressions");

  await page.keyboard.press("g");
  await page.keyboard.press("a");
  await page.waitForURL("**/audit");
  assert.match(await page.textContent("tbody"), /suppression\.add/);
  assert.ok((await page.textContent("tbody")).includes(markup));
  assert.equal(await page.locator("main img, main script").count(), 0);
  await page.click("text=Verify the whole ledger");
  await page.waitForSelector(".verdict.good");
  await judge(page, "audit");

  // Hunts: without a purpose accounts are pseudonyms, with one they are not, and the question is in the ledger.
  await page.goto(origin + around);
  assert.ok((await page.locator("tbody tr").count()) >= 2);
  assert.match(await page.textContent("tbody"), /masked: no purpose/);
  await page.fill("input[name=purpose]", "the night at the siren");
  await page.click("text=Ask");
  await page.waitForSelector("td:text('h.brandt')");
  await judge(page, "hunt");
  await page.fill("input[name=name]", "around the siren");
  await page.click("button:text('Save')");
  await page.waitForSelector("text=around the siren");
  await page.goto(origin + anywhere);
  assert.equal(await page.locator("tbody tr").count(), 0, "free text cannot be searched without a purpose");
  await page.fill("textarea", "SELEC 1");
  await page.click("text=Ask");
  await page.waitForSelector("[role=alert]");
  await judge(page, "hunt-refused");

  // A question that takes long can be ended, and its end reaches the lake.
  await page.fill("textarea", "SELECT count(*) FROM events a, events b, events c, events d, events e, events f, events g, events h, "
    + "events i, events j, events k, events l, events m, events n, events o, events p, events q, events r, events s, events t");
  await page.click("text=Ask");
  await page.waitForSelector("[data-cancel]", { state: "visible" });
  await page.waitForFunction(async () => /hunts_running [1-9]/.test(await (await fetch("/metrics")).text()));
  await page.click("[data-cancel]");
  await page.waitForSelector("[data-cancel]", { state: "hidden" });
  await page.waitForFunction(async () => /hunts_running 0/.test(await (await fetch("/metrics")).text()), null, { timeout: 10_000 });
  await page.goto(`${origin}/audit?operation=hunt.run`);
  assert.match(await page.textContent("tbody"), /the night at the siren/);
  await page.keyboard.press("g");
  await page.keyboard.press("d");
  await page.waitForURL("**/health");
  assert.match((await page.textContent("table.list tbody")).replace(/\s+/g, " "), /http .*running .* ago/);
  await judge(page, "health");

  await page.waitForSelector("#rates canvas");

  // A program's token is made, seen once, and taken away again.
  await page.keyboard.press("g");
  await page.keyboard.press("t");
  await page.waitForURL("**/tokens");
  await page.fill("form[action='/tokens/add'] input[name=name]", "the report");
  await page.check("form[action='/tokens/add'] input[value=findings]");
  await page.click("text=Make the token");
  const token = await page.textContent("code.link");
  await judge(page, "tokens");
  const asking = () => fetch(`${origin}/inbox.json`, { headers: { Authorization: `Bearer ${token}` } });
  assert.equal((await asking()).status, 200);
  await page.click("[aria-label='Revoke the report']");
  await page.waitForSelector("td:text('revoked')");
  assert.equal((await asking()).status, 401);
  await page.goto(`${origin}/keys`);
  const master = await page.textContent("tbody tr:first-child code");
  await judge(page, "keys");
  await page.check("input[name=confirm]");
  await page.click("button:text('Rotate')");
  await page.waitForFunction((before) => document.querySelector("tbody tr:first-child code").textContent !== before, master);
  assert.equal(await page.textContent(".who a"), "Ada Brandt");
  // What somebody lists: looked up as it is written in reports, and called harmless.
  await page.keyboard.press("g");
  await page.keyboard.press("n");
  await page.waitForURL("**/intel");
  await judge(page, "indicators");
  await page.fill("input[name=value]", "hxxp://listed[.]example/<b>");
  await page.press("input[name=value]", "Enter");
  await page.waitForSelector("text=No source says anything about it");
  await page.fill("input[name=value]", "LISTED[.]example");
  await page.press("input[name=value]", "Enter");
  await page.waitForSelector("text=calls it");
  assert.match(await page.textContent("main"), /malware\/test[\s\S]*TLP:AMBER/);
  await judge(page, "indicator");
  await page.click("text=It is harmless");
  await page.waitForSelector("text=false alarms: 1");
  assert.match(await page.textContent("main"), /false alarm, 1 time,[\s\S]*Ada Brandt/);
  await page.click("text=Sources of intelligence");
  await page.waitForURL("**/intel/sources");
  assert.match(await page.textContent("tbody"), /some-list[\s\S]*good/);
  await judge(page, "intel-sources");
  await page.click("[aria-label='Pause some-list']");
  await page.waitForSelector("[aria-label='Resume some-list']");
  // Who fits what was seen, and the month, whose numbers lead to what they count.
  await page.goto(`${origin}/intel/actors`);
  assert.match(await page.textContent("main"), /nothing that is known fits what was seen[\s\S]*No actor is known yet/);
  await judge(page, "actors");
  await page.goto(`${origin}/intel/brief`);
  assert.match(await page.textContent("main"), /What changed[\s\S]*findings[\s\S]*What it calls for/);
  await judge(page, "brief");
  const counted = Number(await page.textContent("main ul a"));
  await page.click("main ul a");
  await page.waitForURL("**/intel/month?*what=all");
  assert.match(await page.textContent("main"), new RegExp(`${counted} findings?\\.`));
  await judge(page, "month");
  for (const place of ["/intel/outlets", "/intel/reports", "/sharing", "/probes"]) {
    await page.goto(`${origin}${place}`);
    await judge(page, place.split("/").at(-1));
  }
  await page.goto(`${origin}/register`);
  await page.fill("form[action='/register/add'] input[name=title]", "Welfare portal");
  await page.selectOption("form[action='/register/add'] select[name=kind]", "service");
  await page.click("text=Add it");
  await page.waitForURL("**/register/items/welfare-portal");
  assert.match(await page.textContent("main"), /Exposure\s*unsaid/);
  await judge(page, "register item");
  await page.goto(`${origin}/register`);
  assert.match(await page.textContent("tbody"), /Welfare portal/);
  await judge(page, "register");
  await page.click("text=Service map");
  await page.waitForURL("**/register/map");
  assert.match(await page.textContent("svg"), /Welfare portal/);
  await judge(page, "service map");
  await page.goto(`${origin}/risk/vulnerabilities`);
  assert.match(await page.textContent("main"), /Nothing here/);
  await judge(page, "vulnerabilities");
  // What is at stake with a service of which nobody has said anything: not yet, and why.
  await page.goto(`${origin}/risk`);
  assert.match(await page.textContent("tbody"), /Welfare portal[\s\S]*not yet/);
  await judge(page, "opening order");
  await page.click("tbody a:has-text('Welfare portal')");
  await page.waitForURL("**/risk/services/welfare-portal");
  assert.match(await page.textContent("main"), /nobody has said whether lives hang on it/);
  await judge(page, "opening");
  for (const [place, words] of [["policy", /built-in policy holds/], ["csf", /GV/], ["csf/GV", /GV\.OC/], ["mobile", /app/i], ["suppliers", /supplier/i],
    ["rmf", /Welfare portal/], ["rmf/welfare-portal", /Categorize/]]) {
    await page.goto(`${origin}/risk/${place}`);
    assert.match(await page.textContent("main"), words, place);
    await judge(page, place.replace("/", " "));
  }
  await page.goto(`${origin}/agencies`);
  assert.match(await page.textContent("tbody"), /home[\s\S]*the installation stands here/);
  await judge(page, "agencies");

  await page.keyboard.press("g");
  await page.keyboard.press("o");
  await page.waitForURL("**/processing");
  assert.match(await page.textContent("main"), /ledger_entries[\s\S]*/);
  await judge(page, "processing");
  await page.click("text=Impact assessment");
  await page.waitForURL("**/dpia");
  await judge(page, "dpia");

  // Somebody else is admitted, comes in by the link, and sees what an analyst sees.
  await page.goto(`${origin}/people`);
  await page.fill("form[action='/people/admit'] input[name=name]", "Bert Kim");
  await page.check("form[action='/people/admit'] input[value=analyst]");
  await page.click("text=Make their link");
  const link = await page.textContent("code.link");
  await judge(page, "people");
  const other = await somebody(browser);
  await enter(other.page, link, "Bert Kim");
  assert.match((await other.page.textContent("nav")).replace(/\s+/g, ""), /^InboxHuntRegisterRiskIndicatorsSharingProbesDatahealthSuppressionsProcessing$/);
  const before = complaints.length;
  assert.equal((await other.page.goto(`${origin}/audit.json`)).status(), 403);
  assert.equal((await other.page.goto(`${origin}/people`)).status(), 403);
  await judge(other.page, "refused");
  await other.page.goto(link);
  await other.page.waitForFunction(() => document.getElementById("passkey-words").textContent.includes("nobody in any more"));
  // Chromium says of each answer of 403 that it is one.
  complaints.splice(before);

  await page.goto(`${origin}/account`);
  await judge(page, "account");
  await page.goto(`${origin}/prove?to=/people`);
  await judge(page, "prove");
  await page.click("button.main");
  await page.waitForURL(`${origin}/people`);
  // A second passkey, and the first one forgotten: the device that is left lets its owner in.
  await page.goto(`${origin}/account`);
  await second(page);
  await page.fill("input[name=label]", "the other device");
  await page.click("text=Make a passkey");
  await page.waitForSelector("text=The passkey is kept.");
  await page.reload();
  await judge(page, "account-two");
  await page.click("[aria-label='Forget my device']");
  await page.waitForFunction(() => document.querySelectorAll("main li").length === 1);
  assert.match(await page.textContent("main li"), /the other device/);
  const [fresh] = await context.cookies();
  assert.notEqual(fresh.value, cookie.value, "a proof changes the session's secret");
  const old = await fetch(`${origin}/inbox.json`, { headers: { Cookie: `${cookie.name}=${cookie.value}` } });
  assert.equal(old.status, 401);

  // A session elsewhere is ended from here.
  // Coming in anew leaves the session that the browser had; without its cookie, that one goes on elsewhere.
  const [left] = await context.cookies();
  await page.goto(`${origin}/sign-in?to=/account`);
  await page.click("button.main");
  await page.waitForURL(`${origin}/account`);
  assert.equal((await fetch(`${origin}/inbox.json`, { headers: { Cookie: `${left.name}=${left.value}` } })).status, 401);
  const [earlier] = await context.cookies();
  await context.clearCookies();
  await page.goto(`${origin}/sign-in?to=/account`);
  await page.click("button.main");
  await page.waitForURL(`${origin}/account`);
  const elsewhere = `${earlier.name}=${earlier.value}`;
  await judge(page, "account-sessions");
  await page.click("text=End the others");
  await page.waitForSelector("text=You are in 1 session");
  assert.equal((await fetch(`${origin}/inbox.json`, { headers: { Cookie: elsewhere } })).status, 401);
  const [mine] = await context.cookies();
  assert.equal((await fetch(`${origin}/inbox.json`, { headers: { Cookie: `${mine.name}=${mine.value}` } })).status, 200);

  // Other roles: out at once.
  await page.goto(`${origin}/people`);
  const row = page.locator("tr", { hasText: "Bert Kim" });
  await row.locator("summary").click();
  await row.locator("input[value=auditor]").check();
  await row.locator("text=Give these roles").click();
  await page.waitForSelector("td:text('analyst, auditor')");
  await other.page.goto(`${origin}/inbox`);
  assert.match(other.page.url(), /\/sign-in\?to=/);
  await other.page.click("button.main");
  await other.page.waitForURL(`${origin}/inbox`);
  assert.match(await other.page.textContent("nav"), /Audit/);

  // What is live ends with the session.
  const live = await fetch(`${origin}/inbox/events?seq=0`, { headers: { Cookie: `${mine.name}=${mine.value}` } });
  const told = live.body.getReader();
  assert.match(new TextDecoder().decode((await told.read()).value), /event: newer/);

  // The way out, and in again.
  await page.click("text=Sign out");
  await page.waitForURL(`${origin}/sign-in`);
  await judge(page, "sign-in");
  const ends = (async () => {
    while (!(await told.read()).done);
    return "ended";
  })();
  assert.equal(await Promise.race([ends, page.waitForTimeout(5_000)]), "ended", "a live page outlives its session");
  const gone = await fetch(`${origin}/inbox.json`, { headers: { Cookie: `${mine.name}=${mine.value}` } });
  assert.equal(gone.status, 401);
  await page.goto(`${origin}/audit?operation=finding.decide`);
  await page.click("button.main");
  await page.waitForURL(`${origin}/audit?operation=finding.decide`);
  for (const twin of ["/inbox.json?verdict=acknowledged", "/inbox.csv", "/audit.json", "/audit.csv", "/people.json", "/people.csv", "/suppressions.json", "/suppressions.csv", "/health.json", "/health.csv",
    "/health/rates.json", "/processing.json", "/processing.csv", "/register.json", "/register.csv", "/risk.json", "/risk.csv", "/risk/services/welfare-portal.json", "/risk/policy.json", "/risk/report", "/risk/csf.json", "/risk/rmf.json", "/risk/vulnerabilities.json", "/risk/vulnerabilities.csv", "/register/map.json", "/tokens.json", "/tokens.csv", "/keys.json", "/keys.csv", "/agencies.json", "/agencies.csv", "/intel.json?value=listed.example", "/intel/sources.json", "/intel/sources.csv", "/intel/actors.json", "/intel/brief.json", "/intel/brief.md", "/dpia.json", "/dpia.csv",
    "/hunt.json?sql=SELECT+1", "/hunt.csv?sql=SELECT+1"]) {
    assert.equal((await page.request.get(origin + twin)).status(), 200, twin);
  }
  assert.deepEqual(complaints, []);
  const [last] = await context.cookies();
  await browser.close();
  console.log(`session ${last.name}=${last.value}`);
  console.log("the day is over");
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
