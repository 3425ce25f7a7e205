"use strict";

const assert = require("node:assert");
const { spawnSync } = require("node:child_process");
const fixtures = require("./fixtures");

// Node's own runs this twice, with two flags of V8's.
function testWasiPreview1(args, options = {}, expected = {}) {
  console.log("executing", ...args);
  const env = { ...process.env, NODE_PLATFORM: process.platform, ...options.env };
  const child = spawnSync(process.execPath, [fixtures.path("wasi-preview-1.js"), ...args], {
    ...options,
    env,
  });
  const { stdout, ...end } = { status: 0, signal: null, ...expected };
  const said = child.stderr.toString();
  for (const [name, value] of Object.entries(end)) {
    assert.strictEqual(child[name], value, `${name} is ${child[name]}, not ${value}: ${said}`);
  }
  if (stdout !== undefined) assert.strictEqual(child.stdout.toString(), stdout);
}

module.exports = { testWasiPreview1 };
