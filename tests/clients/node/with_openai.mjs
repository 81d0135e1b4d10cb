// The `openai` package.
import OpenAI from "openai";
import { run } from "./features.mjs";

const client = new OpenAI({ baseURL: `${process.env.BASE}/v1`, apiKey: process.env.CHAT_KEY });

await run(async (messages, { headers, user, stream = false }) => {
  const asked = { model: "demo", messages, stream, ...(user ? { user } : {}) };
  const answer = await client.chat.completions.create(asked, { headers });
  if (!stream) return answer.choices[0].message.content;
  let text = "";
  for await (const chunk of answer) text += chunk.choices[0].delta.content ?? "";
  return text;
});
