/** The menu of a session. */

/** @typedef {import("../types.js").Session} Session */

/** The menu items of a session. @param {Session} session @param {import("../actions.js").Actions} actions @param {() => void} rename */
export function sessionOptions(session, actions, rename) {
  const { session_id: id } = session;
  const archived = session.status === "archived";
  return [
    ...(archived ? [] : [
      { label: "Rename", icon: "edit", act: rename },
      { label: session.pinned ? "Unpin" : "Pin", icon: "pin", act: () => actions.pin(id, !session.pinned) },
      { label: "Tags", icon: "tag", act: () => editTags(session, actions) },
    ]), // prettier-ignore
    archived
      ? { label: "Restore", icon: "restore", act: () => actions.restore(id) }
      : { label: "Archive", icon: "archive", act: () => actions.archive(id) },
    { label: "Export as Markdown", icon: "download", act: () => actions.exportSession(id, "markdown") },
    { label: "Export as JSON", icon: "download", act: () => actions.exportSession(id, "json") },
    { label: "Delete", icon: "trash", danger: true, act: () => actions.remove(id) },
  ];
}

/** Loaded when tags are first edited. @param {Session} session @param {import("../actions.js").Actions} actions */
async function editTags(session, actions) {
  const { tagsDialog } = await import("./later/tags.js");
  await tagsDialog(session, actions);
}
