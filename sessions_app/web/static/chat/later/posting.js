/** Sends bytes with XMLHttpRequest, which says how much has gone; `fetch` does not. */

// A connection that carries nothing for so long is dead, whatever the browser says.
const SILENCE_MS = 60_000;
// What a request that was given up is answered with here; it is no failure of the network.
const GIVEN_UP = 499;

/**
 * @typedef {object} Watch
 * @property {(share: number) => void} onProgress called with how much has gone, from 0 to 1
 * @property {AbortSignal} given_up aborts when the bytes are not wanted any more
 */

/**
 * @param {string} path @param {Blob} bytes
 * @param {Watch & {access: string, signal: AbortSignal}} watch
 * @returns {Promise<Response>} rejected when no answer comes
 */
export function posted(path, bytes, { access, signal, onProgress, given_up }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let silence = 0;
    const listen = () => {
      clearTimeout(silence);
      silence = setTimeout(() => request.abort(), SILENCE_MS);
    };
    const stop = () => request.abort();
    const end = (/** @type {() => void} */ settle) => () => {
      clearTimeout(silence);
      for (const each of [signal, given_up]) each.removeEventListener("abort", stop);
      settle();
    };
    request.open("POST", path);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Authorization", `Bearer ${access}`);
    request.setRequestHeader("Content-Type", bytes.type || "application/octet-stream");
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      listen();
      if (total) onProgress(loaded / total);
    });
    request.addEventListener("load", end(() => resolve(answerOf(request))));
    request.addEventListener("error", end(() => reject(new TypeError("no answer"))));
    request.addEventListener("abort", end(() => {
      if (given_up.aborted) resolve(new Response(null, { status: GIVEN_UP }));
      else reject(new TypeError("the connection is dead"));
    })); // prettier-ignore
    for (const each of [signal, given_up]) each.addEventListener("abort", stop);
    listen();
    request.send(bytes);
  });
}

/** @param {XMLHttpRequest} request */
function answerOf(request) {
  const after = request.getResponseHeader("Retry-After");
  const headers = after ? { "Retry-After": after } : undefined;
  // Statuses without a body may have none here either (Fetch, 6.2).
  const body = [204, 304].includes(request.status) ? null : request.responseText;
  return new Response(body, { status: request.status, headers });
}
