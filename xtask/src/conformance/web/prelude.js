// The globals of a worker as testharness.js and `.any.js` files look for them, without its scope:
// the harness then takes this for a shell.
globalThis.self = globalThis;
globalThis.GLOBAL = { isWindow: () => false, isWorker: () => false, isShadowRealm: () => false };
// What a test without a name is called; testharness.js would look for a location otherwise.
globalThis.META_TITLE = "Untitled";
// Tests that are run in parts look here for which.
globalThis.location ??= { href: "http://web-platform.test/", origin: "null", search: "" };
// W3C's server has what is in `resources` beside a test; here it is beside this script, unless there
// is a server.
{
  const fetched = globalThis.fetch;
  const beside = globalThis.TEST_URL ?? require("node:url").pathToFileURL(__filename);
  globalThis.fetch = function (input, init) {
    const isRelative = typeof input === "string" && !/^[a-z][a-z0-9+.-]*:/i.test(input);
    return fetched(isRelative ? new URL(input, beside) : input, init);
  };
}
