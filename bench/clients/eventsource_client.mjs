// eventsource-client, as its own documentation shows it: a callback, or a loop.
import { createEventSource } from "eventsource-client";

export const open = (url, fetch, onMessage) => createEventSource({ url, fetch, onMessage });
