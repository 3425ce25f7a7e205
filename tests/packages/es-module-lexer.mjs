// Finds imports and exports.
import { init, parse } from 'es-module-lexer';

await init;
const source = `import a, { b as c } from 'mod'; import './side.js';
  const later = import('./' + name); export { a as default, c }; export const π = 3;
  export * from "star"; console.log(import.meta.url); import json from './x.json' with { type: 'json' };`;
const [imports, exports, facade, hasModuleSyntax] = parse(source);
console.log(imports.map(({ n, d, a }) => ({ n, d, a })));
console.log(exports.map(({ n, ln }) => [n, ln]), facade, hasModuleSyntax);
try {
  parse("import 'unclosed");
} catch (error) {
  console.log(error.message.split('\n')[0]);
}
