// Parses an .editorconfig. Rust through wasm-bindgen, for Node.
import { TokenTypes, parse_to_json, parse_to_uint32array, version } from '@one-ini/wasm';

const source = 'root = true\n; a comment ü\n[*.{js,ts}]\nindent_style = space\nindent_size=2 # inline\n\n[*.md]\nnothing\n';
console.log(version().split('.').length);
console.log(JSON.stringify(parse_to_json(source), null, 1));
const tokens = parse_to_uint32array(Buffer.from(source));
const found = [];
for (let i = 0; i < tokens.length; i += 3) {
  found.push([TokenTypes[tokens[i]], Buffer.from(source).toString('utf8', tokens[i + 1], tokens[i + 2])]);
}
console.log(found);
console.log(parse_to_json(''));
