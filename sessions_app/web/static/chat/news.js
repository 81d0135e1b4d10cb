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
  else if (news.type === "messages") await history.hear(news.session_id, news.messages ?? []);
  else if (news.type === "live") showLive(sync, news);
  else if (news.type === "who-is-live") replies.tellAll();
  else if (news.type === "draft") drafts.hear(news.session_id, news.text);
  else if (news.type === "renamed") {
    await catalogue.reread();
    sync.outcomes.renamed(news.from, news.to);
  }
}

/**
 * @param {import("./sync.js").Sync} sync
 * @param {{from: string, session_id: string, live: import("./types.js").Live | null}} news
 */
function showLive(sync, { from, session_id, live }) {
  const { state } = sync;
  const known = state.lives.hear(from, session_id, live);
  state.changed("live");
  if (live || !known || state.open !== session_id) return;
  sync.background(() => sync.plan());
  // That tab may have been closed before the turn's end.
  sync.background(() => sync.replies.join(session_id));
}
