// The AI SDK, by the provider that the second argument names.
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, streamText } from "ai";
import { run, runResponses } from "./features.mjs";

const settings = { baseURL: `${process.env.BASE}/v1`, apiKey: process.env.CHAT_KEY };
const model =
  process.argv[3] === "openai"
    ? createOpenAI(settings).chat("demo")
    : createOpenAICompatible({ name: "chat", ...settings })("demo");
const provider = process.argv[3] === "openai" ? "openai" : "chat";

await run(async (messages, { headers, user, stream }) => {
  const providerOptions = user ? { [provider]: { user } } : {};
  const asked = { model, messages, headers, providerOptions, maxRetries: 0 };
  return stream ? await streamText(asked).text : (await generateText(asked)).text;
});

// `@ai-sdk/openai-compatible` speaks chat completions only.
if (process.argv[3] === "openai")
  await runResponses(async (prompt, { previous, conversation, stream }) => {
    const openai = previous ? { previousResponseId: previous } : { conversation };
    const responses = createOpenAI(settings).responses("demo");
    const asked = { model: responses, prompt, providerOptions: { openai }, maxRetries: 0 };
    if (!stream) return (await generateText(asked)).providerMetadata.openai.responseId;
    const answer = streamText(asked);
    await answer.text;
    return (await answer.providerMetadata).openai.responseId;
  });
