// A feed in React Router: GET /events is the stream, POST /events publishes.
import { Broadcaster } from "tidings";

const feed = new Broadcaster({ onClose: () => console.log(`A client left, ${feed.size} are here`) });

export const loader = ({ request }) => feed.subscribe(request);

export async function action({ request }) {
  return Response.json({ id: await feed.publish({ event: "note", data: await request.json() }) });
}
