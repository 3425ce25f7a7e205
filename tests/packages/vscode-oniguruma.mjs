// Searches with regular expressions as TextMate's grammars have them. Emscripten, C.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import oniguruma from 'vscode-oniguruma';

const { loadWASM, OnigScanner, OnigString } = oniguruma;
await loadWASM(await readFile(createRequire(import.meta.url).resolve('vscode-oniguruma/release/onig.wasm')));
const scanner = new OnigScanner(['\\b(?<word>[[:alpha:]]+)\\b', '(?<=\\s)\\d+(?!\\d)', '\\p{Han}+', '(a|b)\\g<1>+']);
const string = new OnigString('héllo 123 日本語 😀 abab end');
for (let at = 0, match; (match = scanner.findNextMatchSync(string, at)); ) {
  console.log(match.index, match.captureIndices.map(({ start, end }) => string.content.slice(start, end)));
  at = match.captureIndices[0].end;
}
console.log(scanner.findNextMatchSync('no match', 8));
try {
  new OnigScanner(['(unclosed']);
} catch (error) {
  console.log(error.message);
}
string.dispose();
scanner.dispose();
