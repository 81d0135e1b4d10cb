/** Signing in and out; the views' buttons call these. */

export class AccountActions {
  /** @param {import("./sync.js").Sync} sync */
  constructor(sync) {
    this.sync = sync;
    this.state = sync.state;
  }

  /** @param {string} username @param {string} password */
  async signIn(username, password) {
    await this.sync.api.signIn(username, password);
    await this.sync.begin();
  }

  /** @param {{username: string, password: string, email?: string, invitation?: string}} account */
  async register(account) {
    await this.sync.api.register(account);
    await this.sync.begin();
  }

  /** Messages that signing out now would lose. */
  get unsent() {
    return this.state.outbox.filter((entry) => entry.kind === "chat").length;
  }

  async signOut() {
    const signingOut = this.sync.api.signOut();
    await this.sync.leave(true);
    await signingOut;
  }

  /** Mail a link to set a new password, if an account has the address. @param {string} email */
  resetPassword(email) {
    return this.sync.api.open("/auth/password/reset", { email });
  }
}
