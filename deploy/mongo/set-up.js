// Run by mongosh on the machine of mongo-1: forms the replica set and makes its two users. Run again,
// it changes nothing, so it may run at each start.
const { MONGODB_ADMIN_PASSWORD, MONGODB_PASSWORD } = process.env;
const admin = db.getSiblingDB("admin");
const DATABASE = "chat_sessions";

function isSignedIn() {
  try {
    return admin.auth("admin", MONGODB_ADMIN_PASSWORD).ok === 1;
  } catch (error) {
    if (error.codeName === "AuthenticationFailed") return false;
    throw error;
  }
}

function formSet() {
  // The first primary has to be this member, as only it takes the first user; later any may be.
  const members = [1, 2, 3].map((number) => ({
    _id: number - 1,
    host: `mongo-${number}:27017`,
    priority: number === 1 ? 2 : 1,
  }));
  try {
    rs.initiate({ _id: "rs0", members });
  } catch (error) {
    if (error.codeName !== "AlreadyInitialized") throw error;
  }
  for (let tries = 0; tries < 120 && !db.hello().isWritablePrimary; tries += 1) sleep(500);
}

if (!isSignedIn()) {
  formSet();
  admin.createUser({ user: "admin", pwd: MONGODB_ADMIN_PASSWORD, roles: ["root"] });
  isSignedIn();
}
if (!admin.getUser("chat")) {
  admin.createUser({
    user: "chat",
    pwd: MONGODB_PASSWORD,
    roles: [{ role: "readWrite", db: DATABASE }],
  });
}
print("The replica set and its users are there.");
