/** Parses server-sent events from a response body (HTML Living Standard, 9.2.6). */

/**
 * @param {ReadableStream<Uint8Array>} body
 * @returns {AsyncGenerator<import("./types.js").ServerEvent>} each event with its data parsed
 */
export async function* serverEvents(body) {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let buffered = "";
  let id = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      buffered += decoder.decode(value, { stream: true });
      const blocks = buffered.split(/\r\n\r\n|\n\n|\r\r/);
      buffered = blocks.pop() ?? "";
      for (const block of blocks) {
        const event = parsed(block, id);
        if (!event) continue;
        id = event.id;
        yield event;
      }
    }
  } finally {
    // The reader may stop early: close the connection. The turn on the server continues.
    reader.cancel().catch(() => {});
  }
}

/** @returns {import("./types.js").ServerEvent | null} null for a comment, such as a heartbeat */
function parsed(/** @type {string} */ block, /** @type {string} */ previousId) {
  let event = "message";
  let id = previousId;
  /** @type {string[]} */
  const data = [];
  for (const line of block.split(/\r\n|\n|\r/)) {
    const colon = line.indexOf(":");
    if (colon === 0) continue;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") event = value;
    else if (field === "id") id = value;
    else if (field === "data") data.push(value);
  }
  return data.length ? { event, id, data: JSON.parse(data.join("\n")) } : null;
}
