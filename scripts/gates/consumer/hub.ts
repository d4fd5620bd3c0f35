// A hub, as a stranger's program makes one: its types need no package that the program has not.
import { Broadcaster } from "tidings";
import { createHub, type Hub, type HubOptions, type TokenIssuer } from "tidings/hub";

const issuer: TokenIssuer = {
  issuer: "https://app.example",
  algorithms: ["ES256"],
  jwks: "https://app.example/keys",
};
const options: HubOptions = {
  url: "https://hub.example/.well-known/mercure",
  auth: { issuers: [issuer], anonymous: true },
  broadcaster: new Broadcaster(),
  limits: { publishRate: 100 },
};
export const hub: Hub = createHub(options);
export const answer: Promise<Response> = hub.fetch(
  new Request("https://hub.example/.well-known/mercure?match=*"),
);
