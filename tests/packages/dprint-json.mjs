// Formats JSON by a plugin of dprint: a bare Rust module, and its host.
import { readFile } from 'node:fs/promises';
import { createContext } from '@dprint/formatter';
import json from '@dprint/json';

const context = createContext({ indentWidth: 2, lineWidth: 60 });
const plugin = context.addPlugin(await readFile(json.getPath()), { trailingCommas: 'never' });
console.log(context.formatText({ filePath: 'a.json', fileText: '{"a":1,"ü":[1,2,\n3,{"deep":null}], // kept\n"long":"0123456789012345678901234567890123456789"}' }));
console.log(context.formatText({ filePath: 'b.jsonc', fileText: JSON.stringify(Array.from({ length: 30 }, (_, i) => i * 1000)) }));
console.log(plugin.getConfigDiagnostics(), plugin.getResolvedConfig());
try {
  context.formatText({ filePath: 'bad.json', fileText: '{"a":}' });
} catch (error) {
  console.log(String(error).split('\n').slice(0, 2));
}
