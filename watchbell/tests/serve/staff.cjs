// Staff come in by accounts at an identity provider (oidc-provider, certified OpenID Connect), in a real browser:
// `staff.cjs PROVIDER_PORT ORIGIN`.
"use strict";
const { chromium } = require("playwright-core");
const assert = require("node:assert/strict");
const path = require("node:path");
const { pathToFileURL } = require("node:url");

const [port, origin] = process.argv.slice(2);
const issuer = `http://localhost:${port}`;
const groups = { ada: ["watch", "heads"], bert: ["watch"], eve: ["choir"] };
const names = { ada: "Ada Brandt", bert: "Bert Kim", eve: "Eve" };

const provide = async () => {
  // It is a module, which Node does not look for in NODE_PATH.
  const module = path.join(process.env.NODE_PATH, "oidc-provider/lib/index.js");
  const { Provider } = await import(pathToFileURL(module));
  const provider = new Provider(issuer, {
    clients: [{ client_id: "watchbell", client_secret: "between the two", redirect_uris: [`${origin}/staff`] }],
    claims: { openid: ["sub"], profile: ["name"], groups: ["groups"] },
    scopes: ["openid", "profile", "groups"],
    cookies: { keys: ["a test"] },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, name: names[id], groups: groups[id] }) }),
  });
  await new Promise((ready) => provider.listen(Number(port), "127.0.0.1", ready));
};

// What the provider asks, until it sends the browser back.
const vouch = async (page, login) => {
  for (let step = 0; step < 4 && page.url().startsWith(issuer); step += 1) {
    if (await page.locator("input[name=login]").count()) {
      await page.fill("input[name=login]", login);
      await page.fill("input[name=password]", "anything");
    }
    await Promise.all([page.waitForNavigation(), page.click("button[type=submit]")]);
  }
};

const come = async (page, login, button = "Sign in with your city account") => {
  await page.click(`text=${button}`);
  await page.waitForURL(`${issuer}/**`);
  await vouch(page, login);
};

(async () => {
  await provide();
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
  const somebody = async () => (await browser.newContext()).newPage();

  // Whoever has a group that is let in is admitted when they first come.
  const ada = await somebody();
  await ada.goto(`${origin}/sign-in?to=/account`);
  await come(ada, "ada");
  await ada.waitForURL(`${origin}/account`);
  assert.equal(await ada.textContent(".who a"), "Ada Brandt");
  assert.match(await ada.textContent("main"), /analyst, administrator/);
  const [session] = (await ada.context().cookies(origin)).filter((cookie) => cookie.name === "watchbell");
  assert.deepEqual([session.sameSite, session.httpOnly], ["Strict", true]);

  // Coming in anew leaves the session that the browser had.
  await ada.goto(`${origin}/sign-in?to=/account`);
  await ada.click("text=Sign in with your city account");
  await ada.waitForURL((url) => url.href.startsWith(issuer) || url.href === `${origin}/account`);
  await vouch(ada, "ada");
  await ada.waitForURL(`${origin}/account`);
  const old = await fetch(`${origin}/inbox.json`, { headers: { Cookie: `${session.name}=${session.value}` } });
  assert.equal(old.status, 401);
  assert.match(await ada.textContent("main"), /You are in 1 session/);

  // Nobody else is.
  const eve = await somebody();
  await eve.goto(`${origin}/sign-in`);
  await come(eve, "eve");
  assert.match(await eve.textContent("main"), /You are not let in/);
  assert.equal((await eve.context().cookies(origin)).some((cookie) => cookie.name === "watchbell"), false);

  // What changes who may do what needs a fresh proof, for which the provider asks again.
  await ada.goto(`${origin}/people`);
  await ada.fill("form[action='/people/admit'] input[name=name]", "Somebody");
  await ada.check("form[action='/people/admit'] input[value=analyst]");
  await ada.click("text=Make their link");
  await ada.waitForURL(`${origin}/prove?to=%2Fpeople`);
  await come(ada, "ada", "Prove it with your city account");
  await ada.waitForURL(`${origin}/people`);
  const [proven] = (await ada.context().cookies(origin)).filter((cookie) => cookie.name === "watchbell");
  assert.notEqual(proven.value, session.value, "a proof changes the session's secret");
  await ada.fill("form[action='/people/admit'] input[name=name]", "Somebody");
  await ada.check("form[action='/people/admit'] input[value=analyst]");
  await ada.click("text=Make their link");
  const link = await ada.textContent("code.link");

  // Somebody else's account proves nothing for Ada.
  await ada.goto(`${origin}/prove?to=/people`);
  await come(ada, "bert", "Prove it with your city account");
  assert.match(await ada.textContent("main"), /You are not let in/);

  // A link makes an account somebody's whom an administrator has admitted; once.
  const bert = await somebody();
  await bert.goto(link);
  await come(bert, "bert", "Come in with your city account");
  await bert.waitForURL(`${origin}/inbox`);
  assert.equal(await bert.textContent(".who a"), "Bert Kim");
  const again = await somebody();
  await again.goto(link);
  await again.waitForFunction(() => document.getElementById("passkey-words").textContent.includes("nobody in any more"));

  // Roles follow the groups: in at once with fewer, and with none not at all.
  groups.ada = ["watch"];
  const later = await somebody();
  await later.goto(`${origin}/sign-in?to=/account`);
  await come(later, "ada");
  await later.waitForURL(`${origin}/account`);
  assert.match(await later.textContent("main"), /Your roles: analyst, administrator\./, "the last administrator stays one");
  groups.bert = [];
  await bert.goto(`${origin}/sign-in`);
  await bert.click("text=Sign in with your city account");
  await bert.waitForURL((url) => url.href.startsWith(issuer) || url.pathname === "/staff");
  await vouch(bert, "bert");
  assert.match(await bert.textContent("main"), /You are not let in/);

  // What comes back is for the browser that went, and once.
  const mallory = await somebody();
  const request = mallory.context().request;
  const headers = { Origin: origin };
  let at = (await (await request.post(`${origin}/sign-in/staff`, { headers })).json()).address;
  const forms = [{ prompt: "login", login: "ada", password: "x" }, { prompt: "consent" }];
  while (!at.startsWith(origin)) {
    let answer = await request.get(at, { maxRedirects: 0 });
    if (!answer.headers().location) answer = await request.post(at, { form: forms.shift(), maxRedirects: 0 });
    at = new URL(answer.headers().location, at).href;
  }
  const back = at;
  assert.match(back, /[?&]code=/);
  const victim = await somebody();
  assert.equal((await victim.goto(back)).status(), 403);
  assert.equal((await victim.context().cookies(origin)).some((cookie) => cookie.name === "watchbell"), false);
  assert.equal((await mallory.goto(back)).status(), 403, "it was used up by whoever tried");
  for (const nonsense of ["/staff", "/staff?state=x&code=y", "/staff?error=access_denied&state=x"]) {
    assert.equal((await mallory.goto(origin + nonsense)).status(), 403, nonsense);
  }
  await browser.close();
  console.log("everybody came");
  process.exit(0);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
