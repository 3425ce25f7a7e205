// Runs one program by `node:wasi`: what it is given comes as JSON.
import { readFileSync } from "node:fs";
import { WASI } from "node:wasi";

const { module, ...given } = JSON.parse(process.argv[2]);
const wasi = new WASI({ version: "preview1", returnOnExit: true, ...given });
const { instance } = await WebAssembly.instantiate(readFileSync(module), wasi.getImportObject());
process.exitCode = wasi.start(instance);
