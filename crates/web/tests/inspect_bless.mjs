// Fills in what Node prints for the expressions of inspect_cases.txt:
//   node inspect_bless.mjs
// A line `> expression` is a value to inspect; `$ expression` makes the text itself, with
// i(value, options), f(...arguments), fo(options, ...arguments) and t(data, columns).
import { readFileSync, writeFileSync } from 'node:fs';
import { Console } from 'node:console';
import { Writable } from 'node:stream';
import util from 'node:util';

const file = new URL('inspect_cases.txt', import.meta.url);
const prelude = readFileSync(new URL('inspect_prelude.js', import.meta.url), 'utf8');
globalThis.i = util.inspect;
globalThis.f = util.format;
globalThis.fo = util.formatWithOptions;
globalThis.t = (data, columns) => {
  let text = '';
  const stream = new Writable({ write(chunk, _, done) { text += chunk; done(); } });
  new Console(stream).table(data, columns);
  return text.slice(0, -1);
};
(0, eval)(prelude);

const out = [];
for (const line of readFileSync(file, 'utf8').split('\n')) {
  if (line.startsWith('#')) out.push(line);
  if (!/^[>$] /.test(line)) continue;
  let text;
  try {
    const value = (0, eval)(`(${line.slice(2)}\n)`);
    text = line[0] === '>' ? util.inspect(value) : value;
  } catch (error) {
    text = `throws ${error}`;
  }
  if (/^[>$#] ?/m.test(text)) throw new Error(`can't be told from a case: ${line}`);
  out.push(line, text.toWellFormed(), '');
}
writeFileSync(file, out.join('\n') + '\n');
