// Uses clients/js on the service of BASE and CHAT_KEY; the first answers of a turn are cut behind the
// marks of the first argument. Prints what came of it.
import { ApiError, ChatSessions, newKey } from "./chat-sessions.js";

const marks = JSON.parse(process.argv[2]);
const requests = [];

/** An answer that ends behind a mark, as if the connection had broken there. */
function cutBehind(response, mark) {
  const reader = response.body.getReader();
  let seen = "";
  const pull = async (controller) => {
    if (seen.includes(mark)) {
      await reader.cancel();
      return controller.error(new TypeError("the connection is gone"));
    }
    const { value } = await reader.read();
    const text = new TextDecoder().decode(value);
    const before = seen.length;
    seen += text;
    const end = seen.indexOf(mark);
    const kept = end < 0 ? text : text.slice(0, end + mark.length - before);
    controller.enqueue(new TextEncoder().encode(kept));
  };
  return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), response);
}

const cutting = async (address, options) => {
  const response = await fetch(address, options);
  const { pathname } = new URL(address);
  if (!pathname.includes("/chat")) return response;
  requests.push(`${options.method} ${pathname.split("/").slice(3).join("/")}`);
  return marks.length ? cutBehind(response, marks.shift()) : response;
};

const { BASE, CHAT_KEY } = process.env;
const client = new ChatSessions(BASE, { apiKey: CHAT_KEY, firstPauseMs: 10, fetch: cutting });
const session = await client.createSession({ title: "Node" });
const id = session.session_id;
let text = "";
const types = [];
for await (const event of client.streamChat(id, "My dog is called Rufus. 🐕")) {
  types.push(event.type);
  if (event.type === "restarted") text = "";
  if (event.type === "delta") text += event.text;
}
const messages = [];
for await (const message of client.messages(id, { pageSize: 1 })) messages.push(message.content);

// A write under one key happens once; refusals have the service's codes.
const key = newKey();
for (const _ of [1, 2]) await client.appendMessage(id, { content: "Once.", client_id: key });
const { message_count } = await client.getSession(id);
const hits = await client.search("Rufus");
const note = new Blob(["Rufus is a dog."], { type: "text/plain" });
const kept = await client.uploadAttachment(id, note, { name: "dog.txt" });
const readBack = await (await client.attachment(kept.attachment_id)).text();
const exported = await (await client.export(id, "jsonl")).text();
await client.archiveSession(id);
const refused = await client.appendMessage(id, { content: "Hello?" }).catch((error) => error);
let listed = 0;
for await (const _ of client.sessions({ status: "archived", pageSize: 2 })) listed += 1;
await client.deleteSession(id);
const gone = await client.getSession(id).catch((error) => error);

// Tokens are renewed: the access token is not valid, the refresh token is.
const username = `node-${newKey().slice(0, 12)}`;
const password = "a long walk home";
await client.call("POST", "/auth/register", { body: { username, password }, isSigned: false });
const pairs = [];
const onTokens = (pair) => pairs.push(pair);
await new ChatSessions(BASE, { username, password, onTokens }).createSession();
const stale = { access: "x.y.z", refresh: pairs[0].refresh };
const renewing = new ChatSessions(BASE, { tokens: stale, onTokens });
await Promise.all([renewing.createSession(), renewing.createSession()]);

console.log(
  JSON.stringify({
    types: types.filter((type, index) => type !== types[index - 1]),
    text, messages, requests, message_count, listed: listed > 0, hits: hits.results.length > 0,
    exported: exported.includes("Rufus"), pairs: pairs.length, readBack,
    refused: refused instanceof ApiError && refused.code, gone: gone.status,
  }),
);
