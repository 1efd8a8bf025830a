// Passkeys: the one thing that needs a script.
"use strict";
(() => {
  const place = document.querySelector("[data-passkey]");
  const form = document.getElementById("passkey-form");
  const words = document.getElementById("passkey-words");
  if (!place || !form || !words) return;
  const kind = place.dataset.passkey;

  const say = (text, isBad) => {
    words.textContent = text;
    words.classList.toggle("bad", Boolean(isBad));
  };

  const post = async (path, body) => {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(body),
    });
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.detail ?? "this did not work");
    return said;
  };

  const link = location.hash.slice(1);
  const make = async (start, finish, asked, label) => {
    const { ceremony, options } = await post(start, asked);
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options.publicKey);
    const credential = await navigator.credentials.create({ publicKey });
    return post(finish, { ceremony, label, answer: credential.toJSON() });
  };
  const prove = async (start, finish) => {
    const { ceremony, options } = await post(start, {});
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey);
    const credential = await navigator.credentials.get({ publicKey });
    return post(finish, { ceremony, answer: credential.toJSON() });
  };

  const steps = {
    setup: async (fields) => {
      await make("/setup/start", "/setup/finish", { link, name: fields.get("name") }, fields.get("label"));
      location.replace("/");
    },
    add: async (fields) => {
      await make("/account/passkey/start", "/account/passkey/finish", {}, fields.get("label"));
      say("The passkey is kept.");
    },
    "sign-in": async () => {
      await prove("/sign-in/start", "/sign-in/finish");
      location.replace(place.dataset.to);
    },
    prove: async () => {
      await prove("/prove/start", "/prove/finish");
      location.replace(place.dataset.to);
    },
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    say("Your device asks you now …");
    try {
      await steps[kind](new FormData(form));
    } catch (error) {
      const isNo = error instanceof DOMException && error.name === "NotAllowedError";
      say(isNo ? "Your device said no, or it took too long. Try again." : error.message, true);
    }
  });

  for (const button of document.querySelectorAll("[data-staff]")) {
    button.addEventListener("click", async () => {
      say("You are sent to your account …");
      try {
        location.assign((await post(button.dataset.staff, kind === "setup" ? { link } : {})).address);
      } catch (error) {
        say(error.message, true);
      }
    });
  }

  if (kind === "setup") {
    post("/setup/start", { link }).catch((error) => {
      form.hidden = true;
      say(error.message, true);
    });
  }
})();
