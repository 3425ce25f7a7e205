// The globals of a JavaScript shell as testharness.js and the suite's `.any.js` files look for them.
globalThis.self = globalThis;
globalThis.GLOBAL = { isWindow: () => false, isWorker: () => false, isShadowRealm: () => false };
// What a test without a name is called; testharness.js would look for a location otherwise.
globalThis.META_TITLE = "Untitled";
