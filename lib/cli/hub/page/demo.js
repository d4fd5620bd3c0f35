// Runs the demo page: it shows what arrives, publishes what is typed, and says how a program does the same.
import { connect } from "./client.js";

const MOST_ARRIVALS = 100;
const STATES = { connecting: "Connecting", open: "Live", waiting: "Waiting", closed: "Closed" };

/** @template {HTMLElement} [T=HTMLInputElement] @param {string} id @returns {T} */
const at = (id) => /** @type {T} */ (document.getElementById(id));

/** @param {string} tag @param {string} className @param {...(Node | string)} children text is never taken for markup */
function make(tag, className, ...children) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}

const stream = connect("/demo/events");
stream.onstate = (state) => {
  at("status").dataset.state = state;
  at("status").textContent = STATES[state];
};
stream.on((item) => {
  at("nothing").hidden = true;
  const about = item.kind === "gap" ? "some are missing here" : item.lastEventId;
  const head = make("div", "about", make("time", "", new Date().toLocaleTimeString()), ` ${about}`);
  at("arrivals").prepend(make("li", "", head, make("pre", "", item.kind === "gap" ? "" : item.data)));
  while (at("arrivals").children.length > MOST_ARRIVALS) at("arrivals").lastElementChild?.remove();
});
stream.closed.catch(() => {}); // told by its state

at("say").addEventListener("submit", async (event) => {
  event.preventDefault();
  const note = at("say-note");
  try {
    const response = await fetch("/demo/publish", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ text: at("text").value }),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.detail);
    at("text").value = "";
    note.dataset.kind = "";
    note.textContent = `Published, with the id ${answer.id}.`;
  } catch (error) {
    note.dataset.kind = "error";
    note.textContent = /** @type {Error} */ (error).message;
  }
});

const { url, issuer, topic } = await (await fetch("/demo/about")).json();
at("mint").textContent = `TOKEN=$(node --input-type=module -e '
import { SignJWT } from "jose"; // npm install jose
const secret = new TextEncoder().encode(process.env.TIDINGS_JWT_SECRET);
console.log(await new SignJWT({
  client_id: "me",
  authorization_details: [{
    type: "https://mercure.rocks/authorization-detail",
    actions: ["publish"],
    topics: [{ match: "${topic}" }],
  }],
}).setProtectedHeader({ alg: "HS256", typ: "at+jwt" }).setIssuer("${issuer ?? "your issuer"}")
  .setAudience("${url}").setSubject("me").setJti(crypto.randomUUID()).setIssuedAt()
  .setExpirationTime("1h").sign(secret));')`;
at("post").textContent = `curl ${location.origin}${new URL(url).pathname} \\
  -H "authorization: Bearer $TOKEN" -d topic=${topic} --data-urlencode "data=Hello"`;
