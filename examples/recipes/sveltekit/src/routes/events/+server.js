// A feed in SvelteKit: GET /events is the stream, POST /events publishes.
import { json } from "@sveltejs/kit";
import { Broadcaster } from "tidings";

const feed = new Broadcaster({ onClose: () => console.log(`A client left, ${feed.size} are here`) });

export const GET = ({ request }) => feed.subscribe(request);

export async function POST({ request }) {
  return json({ id: await feed.publish({ event: "note", data: await request.json() }) });
}
