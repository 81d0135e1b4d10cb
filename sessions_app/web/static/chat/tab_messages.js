/** Handles the messages of other tabs. */

/** @param {import("./sync.js").Sync} sync @param {import("./tabs.js").TabMessage} tabMessage */
export async function handleTabMessage(sync, tabMessage) {
  const { sessionList, drafts, history, outbox, replies, state } = sync;
  if (tabMessage.type === "signed-out") {
    if (sync.userId) await sync.leave(false);
    return;
  }
  if (tabMessage.user_id !== sync.userId || !state.account) return;
  if (tabMessage.type === "access") sync.api.useAccess(tabMessage.access);
  else if (tabMessage.type === "outbox") await outbox.load();
  else if (tabMessage.type === "sessions") await sessionList.reread();
  else if (tabMessage.type === "messages") await history.applyRemote(tabMessage.session_id, tabMessage.messages ?? []);
  else if (tabMessage.type === "live") showLive(sync, tabMessage);
  else if (tabMessage.type === "who-is-live") replies.shareAll();
  else if (tabMessage.type === "draft") drafts.applyRemote(tabMessage.session_id, tabMessage.text);
  else if (tabMessage.type === "renamed") {
    await sessionList.reread();
    sync.writeResults.renamed(tabMessage.from, tabMessage.to);
  }
}

/**
 * @param {import("./sync.js").Sync} sync
 * @param {{from: string, session_id: string, live: import("./types.js").Live | null}} tabMessage
 */
function showLive(sync, { from, session_id, live }) {
  const { state } = sync;
  const known = state.liveReplies.update(from, session_id, live);
  state.changed("live");
  if (live || !known || state.open !== session_id) return;
  sync.background(() => sync.plan());
  // That tab may have been closed before the turn's end.
  sync.background(() => sync.replies.join(session_id));
}
