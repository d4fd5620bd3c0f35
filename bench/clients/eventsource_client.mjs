// Receives with eventsource-client, as its own documentation shows it: with a callback, or in a loop.
import { createEventSource } from "eventsource-client";

export const open = (url, fetch, onMessage) => createEventSource({ url, fetch, onMessage });
