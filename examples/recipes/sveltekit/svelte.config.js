// Builds the app as a Node server.
import adapter from "@sveltejs/adapter-node";

export default { kit: { adapter: adapter() } };
