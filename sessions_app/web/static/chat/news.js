/** What other tabs tell this one, and what comes of it here. */

/** @param {import("./sync.js").Sync} sync @param {import("./tabs.js").News} news */
export async function hear(sync, news) {
  const { catalogue, drafts, history, outbox, replies, state } = sync;
  if (news.type === "signed-out") {
    if (sync.userId) await sync.leave(false);
    return;
  }
  if (news.user_id !== sync.userId || !state.account) return;
  if (news.type === "access") sync.api.useAccess(news.access);
  else if (news.type === "outbox") await outbox.load();
  else if (news.type === "sessions") await catalogue.reread();
  else if (news.type === "messages") await history.reread(news.session_id);
  else if (news.type === "live") showLive(sync, news.session_id, news.live);
  else if (news.type === "who-is-live") replies.tellAll();
  else if (news.type === "draft") drafts.hear(news.session_id, news.text);
  else if (news.type === "renamed") {
    await catalogue.reread();
    sync.renamed(news.from, news.to);
  }
}

/**
 * @param {import("./sync.js").Sync} sync
 * @param {string} sessionId
 * @param {import("./types.js").Live | null} live
 */
function showLive(sync, sessionId, live) {
  const { state } = sync;
  if (live) state.live.set(sessionId, live);
  else state.live.delete(sessionId);
  state.changed("live");
  if (!live && state.open === sessionId) sync.background(() => sync.plan());
}
