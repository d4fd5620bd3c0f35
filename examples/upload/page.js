// Shows, on the desktop, the code and the pictures that come by it.
import { element } from "../page/element.js";
import { fillIn } from "../page/language.js";
import { followState } from "../page/state.js";
import { StatusBadge } from "../page/status.js";
import { CodeCard } from "./card.js";
import { identifierOf, onOtherCode, rememberEnd } from "./code.js";
import { showPictures } from "./pictures.js";
import { text } from "./text.js";

fillIn(text);
const status = new StatusBadge({ badge: element("status") });
const card = new CodeCard();
const member = new URLSearchParams(location.search).get("member_id") ?? "1";

/** @param {string} identifier */
function open(identifier) {
  const query = new URLSearchParams({ event: "upload_by_qr", member_id: member, identifier });
  const stream = followState(`../v1/api/sse/events?${query}`, {
    code(code) {
      rememberEnd(member, identifier, Date.now() + code.expiresIn);
      card.show({ member, identifier, ...code });
    },
    upload_by_qr: showPictures,
    ended() {
      stream.close();
      card.close(text.code.ended);
    },
  }, {
    first: ["code", "upload_by_qr"],
    onstate(state, detail) {
      status.show(state, detail);
      // 204 is the server's word for a code that has ended; whatever else is final is a refusal.
      if (state === "closed" && detail.error) {
        card.close(
          /** @type {any} */ (detail.error).code === "no-content" ? text.code.ended : text.code.refused,
        );
      }
    },
  });
  return { identifier, close: () => stream.close() };
}

let current = open(identifierOf(member));

/** @param {string} identifier */
function change(identifier) {
  current.close();
  showPictures([]);
  card.wait();
  current = open(identifier);
}

element("renew").addEventListener("click", () => change(identifierOf(member, { renew: true })));
onOtherCode(member, (identifier) => {
  if (identifier !== current.identifier) change(identifierOf(member));
});
