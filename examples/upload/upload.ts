/**
 * Takes pictures from the phone and shows them on the desktop. The desktop's page subscribes under a code of its own making; whoever has
 * the code uploads pictures to it; each upload is pushed to the pages that look, as the list of all pictures.
 */

import { tmpdir } from "node:os";
import { Refusal } from "../support/http.ts";
import { type StateEvent, StateFeed } from "../support/state_feed.ts";
import type { SystemParts } from "../support/system.ts";
import { lanAddresses } from "./addresses.ts";
import { type Code, codeEnded, Codes } from "./codes.ts";
import { brokenOff, type Kept, PictureFolder } from "./folder.ts";
import { readPlace, readSubscription } from "./query.ts";

const PICTURES = "/v1/api/upload/pictures/";
/** Names of events under which the pages of one code may ask for its list. */
const MOST_NAMES = 20;
/** Events that tell of the code itself. A page that asks for its list under such a name gets the list alone. */
const OURS = ["code", "ended"];

/** Limits: how long, how much and how many. */
export interface UploadOptions {
  /** Milliseconds for which a code is good. Default: 30 minutes. */
  readonly lifetime?: number;
  /** Bytes of one picture. Default: 20 MB. */
  readonly largest?: number;
  /** Pictures of one code. Default: 50. */
  readonly most?: number;
  /** Bytes of all pictures of one code. Default: 200 MB. */
  readonly total?: number;
  /** Codes that may be good at once. Default: 1,000. */
  readonly codes?: number;
  /** Bytes of all pictures of all codes. Default: 2 GB. */
  readonly disk?: number;
  /** Milliseconds that an upload may pause. Default: 30 s. */
  readonly idle?: number;
  /** Where the folder for the pictures is made, which goes when the server closes. Default: the system's for such. */
  readonly parent?: string;
  /** The addresses at which phones could reach the server. Default: this machine's, in its networks. */
  readonly addresses?: () => string[];
}

/** The system's routes, and what ends it. */
export function createUpload(options: UploadOptions = {}): SystemParts {
  const { lifetime = 30 * 60_000, largest = 20e6, most = 50, total = 200e6 } = options;
  const { codes: mostCodes = 1_000, disk = 2e9, idle = 30_000, parent = tmpdir(), addresses = lanAddresses } =
    options;
  const feed = new StateFeed();
  const folder = new PictureFolder(parent);
  let onDisk = 0;
  let received = 0;

  const codes = new Codes({
    lifetime,
    most: mostCodes,
    onEnd(code) {
      for (const name of code.events) {
        if (!OURS.includes(name)) {
          feed.publish(topicOf(code, name), ["ended", { pictures: code.pictures.length }]);
        }
      }
      for (const picture of code.pictures) {
        onDisk -= picture.size;
        folder.remove(picture).catch((error) =>
          console.error("upload: a picture could not be removed", error)
        );
      }
    },
  });

  function subscribe(request: Request): Response {
    const { event, ...place } = readSubscription(request);
    const code = codes.open(place);
    // What an EventSource takes as the word not to come back.
    if (code === undefined) return new Response(null, { status: 204 });
    if (!code.events.has(event) && code.events.size >= MOST_NAMES) {
      throw new Refusal(409, `A code has ${MOST_NAMES} names of events at most: use one of them`, {
        code: "too-many-events",
        parameter: "event",
      });
    }
    code.events.add(event);
    const about = { expiresIn: Math.max(0, code.ends - Date.now()), addresses: addresses() };
    const now: StateEvent[] = OURS.includes(event) ? [] : [["code", about]];
    return feed.subscribe(request, topicOf(code, event), [...now, listOf(code, event)], {
      owner: code.topic,
      retry: 2_000,
      signal: code.signal,
    });
  }

  /** What the phone asks first: whether its code is good, and what it may send. */
  function look(request: Request): Response {
    const { ends, pictures } = codes.find(readPlace(request));
    const expiresIn = Math.max(0, ends - Date.now());
    return Response.json({ expiresIn, pictures: pictures.length, largest, most }, {
      headers: { "cache-control": "no-store" },
    });
  }

  async function upload(request: Request): Promise<Response> {
    const code = codes.find(readPlace(request));
    const { used } = code;
    if (used.pictures >= most) {
      throw new Refusal(409, `A code holds ${most} pictures at most: show a new one`, { code: "too-many" });
    }
    const declared = Number(request.headers.get("content-length") ?? NaN);
    let size = 0;
    const account = (bytes: number) => {
      size += bytes;
      used.bytes += bytes;
      onDisk += bytes;
    };
    const take = (bytes: number) => {
      if (size + bytes > largest || declared > largest) {
        throw new Refusal(413, `A picture has ${largest} bytes at most: send a smaller one`, {
          code: "too-large",
        });
      }
      if (used.bytes + bytes > total) {
        throw new Refusal(413, `A code holds ${total} bytes at most: show a new one`, { code: "too-much" });
      }
      if (onDisk + bytes > disk) {
        throw new Refusal(507, "There is no room left: try again later", { code: "full" });
      }
      account(bytes);
    };
    used.pictures++;
    try {
      const body = request.body ?? new Blob([]).stream();
      const picture = await folder.receive(body, { take, idle, drain: largest });
      // Some runtimes end the body of a client that has left as if it were complete.
      if (declared > picture.size || code.signal.aborted) {
        await folder.remove(picture);
        throw code.signal.aborted ? codeEnded() : brokenOff();
      }
      code.pictures.push(picture);
      received++;
      for (const name of code.events) feed.publish(topicOf(code, name), listOf(code, name));
      return Response.json(describe(code, picture), { status: 201 });
    } catch (error) {
      used.pictures--;
      account(-size);
      throw error;
    }
  }

  async function show(request: Request): Promise<Response> {
    const [member, identifier, name, ...rest] = new URL(request.url).pathname.slice(PICTURES.length).split(
      "/",
    );
    // Only what is on the code's own list is ever looked for on the disk.
    const code = codes.find({ member: member!, identifier: identifier ?? "" });
    const picture = code.pictures.find((picture) => picture.name === name);
    if (picture === undefined || rest.length > 0) {
      throw new Refusal(404, "There is no such picture", { code: "unknown" });
    }
    return new Response(request.method === "HEAD" ? null : await folder.read(picture), {
      headers: {
        "content-type": picture.kind.type,
        "content-length": String(picture.size),
        // It is shown as the picture that it was found to be, and as nothing else; opened by itself, it may do nothing.
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "cache-control": "private, max-age=1800",
      },
    });
  }

  return {
    routes: {
      "GET /v1/api/sse/events": subscribe,
      "GET /v1/api/upload": look,
      "POST /v1/api/upload": upload,
      [`GET ${PICTURES}*`]: show,
    },
    figure: () => received,
    async close() {
      await feed.close();
      codes.close();
      await folder.close();
    },
  };
}

/** Under each name that a page may ask for the list has a topic of its own, so that nobody is sent what is another's. */
const topicOf = ({ topic }: Code, name: string) => `${topic}/${name}`;

function listOf(code: Code, name: string): StateEvent {
  return [name, code.pictures.map((picture) => describe(code, picture))];
}

function describe({ member, identifier }: Code, { name, kind, size }: Kept) {
  return { url: `${PICTURES}${member}/${identifier}/${name}`, type: kind.type, size };
}
