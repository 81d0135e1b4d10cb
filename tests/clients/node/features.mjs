// What each client in JavaScript is put through; see tests/clients/programs/features.py.
const user = (content) => ({ role: "user", content });

export const run = async (ask) => {
  const name = process.argv[2];
  const named = { "X-Session-Id": `${name}-streamed`, "X-Session-Create": "1" };
  await ask([user("My dog is called Rufus.")], { headers: named, stream: true });
  await history(ask, { headers: { ...named, "X-Session-Id": `${name}-history` } });
  for (let count = 0; count < 2; count += 1)
    await ask([user(`New for ${name}.`)], { headers: { "X-Session-Id": "new" } });
  await history(ask, { headers: {}, user: `user-of-${name}` });
};

const history = async (ask, how) => {
  const messages = [user("My dog is called Rufus.")];
  messages.push({ role: "assistant", content: await ask(messages, how) });
  messages.push(user("What is my dog called?"));
  await ask(messages, { ...how, stream: true });
};

// A chain of two, then two in the conversation that the environment names.
export const runResponses = async (respond) => {
  const told = `I am ${process.argv[2]}, and my dog is called Rufus.`;
  const asked = "What is my dog called?";
  const previous = await respond(told, {});
  await respond(asked, { previous, stream: true });
  const conversation = process.env.CONVERSATION;
  await respond(told, { conversation, stream: true });
  await respond(asked, { conversation });
};
