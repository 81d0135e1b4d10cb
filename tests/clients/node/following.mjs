// How clients/js follows turns and uses tokens, with answers made up here. Prints what came of it.
import { ChatSessions, TurnFailed } from "./chat-sessions.js";

const event = (name, id, data) => `event: ${name}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
const begun = event("context", "t1:0", { user_message: null });
const first = event("delta", "t1:3", { text: "one" });
const second = event("delta", "t1:7", { text: " two" });
const ended = event("done", "t1:7", { state: "done" });
const anew = event("context", "t2:0", {}) + event("delta", "t2:3", { text: "new" })
  + event("done", "t2:3", { state: "done" });
const failed = event("error", "t1:3", { code: "turn_interrupted", detail: "It stopped." });
const refused = (status, code) => () => Response.json({ errors: [{ code, detail: code, attr: null }] }, { status });
const stream = (text) => () => new Response(text, { headers: { "Content-Type": "text/event-stream" } });
const nothing = () => new Response(null, { status: 204 });
const unreachable = () => Promise.reject(new TypeError("no network"));

/** What comes of a turn whose requests are answered like this, one after the other. */
async function follow(answers, { options = {}, following = {}, open } = {}) {
  const requests = [];
  const calls = [];
  const fetch = async (address, { method, headers, signal }) => {
    requests.push(`${method} ${headers["Last-Event-ID"] ?? ""}`.trim());
    signal?.throwIfAborted();
    return answers.shift()();
  };
  const client = new ChatSessions("", { apiKey: "k", fetch, pause: async () => {}, ...options });
  open ??= (each) => client.streamChat("s", "Hi", each);
  const told = {
    onOpen: () => calls.push("open"), onBroken: () => calls.push("broken"),
    ...(typeof following === "function" ? following(calls) : following),
  };
  let text = "";
  const types = [];
  const turns = new Set();
  let error = "";
  try {
    for await (const each of open(told, client)) {
      types.push(each.type);
      turns.add(each.turn_id);
      if (each.type === "restarted") text = "";
      if (each.type === "delta") text += each.text;
    }
  } catch (thrown) {
    error = thrown instanceof TurnFailed ? `failed: ${thrown.code}` : thrown.name;
  }
  return { text, types, turns: [...turns], requests, calls, error };
}

const impatient = { attempts: 1, resumeAttempts: Infinity };
const never = { mayRunAgain: () => false };
const leave = new AbortController();
const outcomes = {
  resumed: await follow([stream(begun + first), unreachable, unreachable, stream(second + ended)], { options: impatient }),
  not_begun: await follow([unreachable], { options: impatient }),
  run_again: await follow([stream(begun + first), nothing, stream(anew)]),
  not_run_again: await follow([stream(begun + first), nothing], { following: never }),
  failed_and_run_again: await follow([stream(begun + first + failed), stream(anew)]),
  failed: await follow([stream(begun + first + failed)], { following: never }),
  left: await follow([stream(begun + first), unreachable], {
    following: (calls) => ({ signal: leave.signal, onBroken: () => (calls.push("broken"), leave.abort()) }),
  }),
  of_another_client: await follow([stream(begun + first), stream(second + ended)], { open: (each, client) => client.streamTurn("s", each) }),
  none_in_progress: await follow([nothing], { open: (each, client) => client.streamTurn("s", each) }),
  in_progress: await follow([refused(409, "turn_in_progress")], { options: { turnWaitMs: 0 } }),
};

// Tokens that others keep.
const asked = [];
const token = (old) => (asked.push(old), old ? "newer" : "old");
const sent = [];
const guarded = (bearer) => (sent.push(bearer), bearer.endsWith("newer") ? Response.json({ ok: true }) : refused(401, "token_not_valid")());
const client = new ChatSessions("", { token, fetch: async (_, { headers }) => guarded(headers.Authorization) });
await client.call("GET", "/auth/me");
const own = await client.callWith(async (bearer) => guarded(bearer));
console.log(JSON.stringify({ ...outcomes, tokens: { asked, sent, own } }));
