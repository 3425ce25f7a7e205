"use strict";

const fs = require("node:fs");
const path = require("node:path");

const fixture = (...parts) => path.join(__dirname, "..", "fixtures", ...parts);

module.exports = { path: fixture, readSync: (name) => fs.readFileSync(fixture(name)) };
