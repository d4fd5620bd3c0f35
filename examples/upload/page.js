// Shows, on the desktop, the code and the pictures that come by it.
import { connect } from "../page/client.js";
import { element } from "../page/element.js";
import { fillIn } from "../page/language.js";
import { StatusBadge } from "../page/status.js";
import { CodeCard } from "./card.js";
import { identifierOf } from "./code.js";
import { showPictures } from "./pictures.js";
import { text } from "./text.js";

fillIn(text);
const status = new StatusBadge({ badge: element("status") });
const card = new CodeCard();
const member = new URLSearchParams(location.search).get("member_id") ?? "1";

/** @param {string} identifier */
function open(identifier) {
  const query = new URLSearchParams({ event: "upload_by_qr", member_id: member, identifier });
  const stream = connect(`../v1/api/sse/events?${query}`);
  stream.onstate = (state, detail) => {
    status.show(state, detail);
    // 204 is the server's word for a code that has ended; whatever else is final is a refusal.
    if (state === "closed" && detail.error) {
      card.close(
        /** @type {any} */ (detail.error).code === "no-content" ? text.code.ended : text.code.refused,
      );
    }
  };
  stream.on("code", ({ data }) => card.show({ member, identifier, ...JSON.parse(data) }));
  stream.on("upload_by_qr", ({ data }) => showPictures(JSON.parse(data)));
  stream.on("ended", () => {
    stream.close();
    card.close(text.code.ended);
  });
  return stream;
}

let stream = open(identifierOf(member));
element("renew").addEventListener("click", () => {
  stream.close();
  showPictures([]);
  card.wait();
  stream = open(identifierOf(member, { renew: true }));
});
