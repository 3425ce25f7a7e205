// Before Node 20, WASI without a version was preview 1, and ended the process unless told otherwise.
{
  const wasi = require("node:wasi");
  const { WASI } = wasi;
  const isObject = (value) => typeof value === "object" && value !== null;
  wasi.WASI = class extends WASI {
    constructor(options = {}) {
      const before = { version: "preview1", returnOnExit: false };
      super(isObject(options) ? { ...before, ...options } : options);
    }
  };
}
