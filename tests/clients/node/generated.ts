// The types that `openapi-typescript` makes of /api/schema: lists, reads, chats, streams.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

declare const process: { env: { BASE: string; CHAT_KEY: string } };

type Message = components["schemas"]["MessageOutput"];

const headers = { Authorization: `Bearer ${process.env.CHAT_KEY}` };
const client = createClient<paths>({ baseUrl: process.env.BASE, headers });

function there<T>(answer: { data?: T; error?: unknown }): T {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

const session = there(
  await client.POST("/session/create", { body: { title: "typed", tags: ["ts"] } }),
);
const path = { session_id: session.session_id };
const turn = there(
  await client.POST("/session/{session_id}/chat", {
    params: { path },
    body: { content: "My dog is called Rufus." },
  }),
);
if (typeof turn === "string") throw new Error("not streamed");
const stream = there(
  await client.POST("/session/{session_id}/chat", {
    params: { path },
    body: { content: "What is my dog called?", stream: true },
    parseAs: "text",
  }),
);
const events: string[] = String(stream).split("\n\n");
const deltas = events.filter((event) => event.includes("event: delta"));
const words = deltas.map((event) => JSON.parse(event.split("data: ")[1] ?? "{}").text as string);
const page = there(await client.GET("/session", { params: { query: { tag: "ts" } } }));
const read = there(await client.GET("/session/{session_id}", { params: { path } }));
const messages: Message[] = read.messages;
console.log(
  JSON.stringify({
    listed: page.results.map((each) => each.title),
    read: messages.map((message) => message.role),
    said: turn.assistant_message?.content,
    streamed: words.join(""),
  }),
);
