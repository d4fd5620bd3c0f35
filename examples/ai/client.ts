/**
 * Asks in a chat, resumes its answer or stops it, by the transport that `useChat` uses.
 *
 *     node --import tsx examples/ai/client.ts ask my-chat "How are you?"
 *     node --import tsx examples/ai/client.ts resume my-chat      # in another terminal, meanwhile
 *     node --import tsx examples/ai/client.ts stop my-chat
 *
 * CHAT_URL (http://localhost:8080) is where the server is. Ctrl+C leaves, and the answer goes on.
 */

import { randomUUID } from "node:crypto";
import process from "node:process";
import { DefaultChatTransport, type UIMessage } from "ai";

const { CHAT_URL = "http://localhost:8080" } = process.env;
const [command, chatId, question = "How are you?"] = process.argv.slice(2);
const api = `${CHAT_URL}/api/chat`;
const transport = new DefaultChatTransport<UIMessage>({ api });

if (chatId === undefined) usage();
if (command === "ask") {
  const message: UIMessage = {
    id: randomUUID(),
    role: "user",
    parts: [{ type: "text", text: question }],
  };
  const options = { trigger: "submit-message", messageId: undefined, abortSignal: undefined } as const;
  await print(await transport.sendMessages({ chatId, messages: [message], ...options }));
} else if (command === "resume") {
  const stream = await transport.reconnectToStream({ chatId });
  if (stream === null) console.log("Nothing is running.");
  else await print(stream);
} else if (command === "stop") {
  await fetch(`${api}/${encodeURIComponent(chatId)}`, { method: "DELETE" });
} else usage();

async function print(stream: Awaited<ReturnType<typeof transport.sendMessages>>): Promise<void> {
  const reader = stream.getReader();
  for (;;) {
    const { done, value: chunk } = await reader.read();
    if (done) break;
    if (chunk.type === "text-delta") process.stdout.write(chunk.delta);
    else if (chunk.type === "abort") process.stdout.write(" [stopped]");
    else if (chunk.type === "error") process.stdout.write(` [${chunk.errorText}]`);
  }
  process.stdout.write("\n");
}

function usage(): never {
  console.error("Say what to do, and in which chat: ask <id> [question], resume <id>, stop <id>");
  process.exit(1);
}
