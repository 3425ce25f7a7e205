"use strict";

const fs = require("node:fs");
const path = require("node:path");

const folder = path.join(__dirname, "..", "tmp");

module.exports = {
  path: folder,
  refresh() {
    fs.rmSync(folder, { recursive: true, force: true });
    fs.mkdirSync(folder);
  },
  resolve: (...parts) => path.resolve(folder, ...parts),
};
