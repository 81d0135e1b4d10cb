// Uses clients/js on the service of BASE with the service key and the end user of its arguments, and
// prints what came of it.
import { ChatSessions } from "./chat-sessions.js";

const [apiKey, endUser] = process.argv.slice(2);
const service = new ChatSessions(process.env.BASE, { apiKey, firstPauseMs: 10 });
const client = service.forEndUser(endUser);
const session = await client.createSession({ title: "Node" });
let others = 0;
for await (const _ of service.forEndUser(`${endUser}!`).sessions()) others += 1;
let listed = false;
for await (const user of client.users({ pageSize: 2 })) listed ||= user.id === endUser;
let sessions = 0;
for await (const each of service.userSessions(endUser)) sessions += each.session_id === session.session_id;
const erased = await service.eraseUser(endUser, { proof: false });
const refused = await client.createSession().catch((error) => error);
console.log(
  JSON.stringify({
    user_id: session.user_id, others, listed, sessions,
    erased: erased.erased.sessions, refused: refused.code,
  }),
);
