// The `openai` package.
import assert from "node:assert/strict";
import OpenAI, { toFile } from "openai";
import { run, runResponses } from "./features.mjs";

const client = new OpenAI({ baseURL: `${process.env.BASE}/v1`, apiKey: process.env.CHAT_KEY });

await run(async (messages, { headers, user, stream = false }) => {
  const asked = { model: "demo", messages, stream, ...(user ? { user } : {}) };
  const answer = await client.chat.completions.create(asked, { headers });
  if (!stream) return answer.choices[0].message.content;
  let text = "";
  for await (const chunk of answer) text += chunk.choices[0].delta.content ?? "";
  return text;
});

await runResponses(async (input, { previous, conversation, stream = false }) => {
  const where = previous ? { previous_response_id: previous } : { conversation };
  const answer = await client.responses.create({ model: "demo", input, stream, ...where });
  if (!stream) return answer.id;
  let id;
  for await (const event of answer) if (event.type === "response.completed") id = event.response.id;
  return id;
});

const all = async (iterable) => {
  const read = [];
  for await (const each of iterable) read.push(each);
  return read;
};

// A response in the background: retrieved, resumed, cancelled, deleted.
const { id } = await client.responses.create({ model: "demo", input: "Hi?", background: true });
const { length } = await all(await client.responses.retrieve(id, { stream: true }));
const rest = await client.responses.retrieve(id, { stream: true, starting_after: length - 2 });
assert.equal((await all(rest)).length, 1);
assert.equal((await client.responses.cancel(id)).status, "completed");
await client.responses.delete(id);
await assert.rejects(client.responses.retrieve(id), OpenAI.NotFoundError);

// A conversation from its creation to its end.
const first = { type: "message", role: "user", content: "One." };
const made = await client.conversations.create({ items: [first], metadata: { of: "node" } });
const call = { type: "custom_tool_call", call_id: "c", name: "sql", input: "SELECT 1" };
await client.conversations.items.create(made.id, { items: [call] });
const pages = client.conversations.items.list(made.id, { order: "asc", limit: 1 });
const items = await all(pages);
assert.deepEqual(items.map(({ type }) => type), ["message", "custom_tool_call"]);
const of = { conversation_id: made.id };
assert.deepEqual(await client.conversations.items.retrieve(items[1].id, of), items[1]);
await client.conversations.items.delete(items[0].id, of);
const changed = await client.conversations.update(made.id, { metadata: { of: "nobody" } });
assert.deepEqual(await client.conversations.retrieve(made.id), changed);
assert.ok((await client.conversations.delete(made.id)).deleted);

// A file from its upload to its end.
const upload = await toFile(Buffer.from("Rufus is a dog."), "notes.txt", { type: "text/plain" });
const file = await client.files.create({ file: upload, purpose: "user_data" });
assert.deepEqual([file.filename, file.bytes], ["notes.txt", 15]);
assert.deepEqual(await client.files.retrieve(file.id), file);
assert.equal(await (await client.files.content(file.id)).text(), "Rufus is a dog.");
assert.ok((await all(client.files.list({ limit: 1 }))).some((each) => each.id === file.id));
assert.ok((await client.files.delete(file.id)).deleted);
await assert.rejects(client.files.retrieve(file.id), OpenAI.NotFoundError);
