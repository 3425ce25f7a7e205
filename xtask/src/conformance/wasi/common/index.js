// The smallest stand-in for Node's `test/common`: what its tests of WASI use, and nothing that looks into Node itself.
"use strict";

const path = require("node:path");

// Tests start themselves again, which has to go with the same flags: this does.
process.execPath = path.join(__dirname, "again");

function mustCall(callback = () => {}, times = 1) {
  const { stack } = new Error(`a callback was not called ${times} times`);
  let calls = 0;
  process.on("exit", (code) => {
    if (code === 0 && calls !== times) {
      console.error(`called ${calls} times: ${stack}`);
      process.exit(1);
    }
  });
  return function (...args) {
    calls += 1;
    return callback.apply(this, args);
  };
}

function skip(reason) {
  console.log(`skipped: ${reason}`);
  process.exit(0);
}

module.exports = {
  mustCall,
  skip,
  // That WASI is an experiment is Node's to say, of itself.
  expectWarning() {},
  canCreateSymLink: () => true,
  platformTimeout: (ms) => ms,
  checkoutEOL: "\n",
  isWindows: false,
  isIBMi: false,
};
