// Parses JavaScript with a grammar that is a module of its own, linked at run time.
import { createRequire } from 'node:module';
import { Language, Parser, Query } from 'web-tree-sitter';

await Parser.init();
const grammar = createRequire(import.meta.url).resolve('tree-sitter-javascript/tree-sitter-javascript.wasm');
const language = await Language.load(grammar);
const parser = new Parser();
parser.setLanguage(language);
const source = 'const greet = (name) => `hello ${name}`;\nfor (const x of [1, 2]) greet(x)\n';
const tree = parser.parse(source);
console.log(tree.rootNode.toString());
const query = new Query(language, '(identifier) @name');
console.log(query.captures(tree.rootNode).map(({ node }) => `${node.text}@${node.startPosition.row}:${node.startPosition.column}`));
tree.edit({
  startIndex: 6, oldEndIndex: 11, newEndIndex: 12,
  startPosition: { row: 0, column: 6 }, oldEndPosition: { row: 0, column: 11 }, newEndPosition: { row: 0, column: 12 },
});
const again = parser.parse(source.replace('greet', 'salute'), tree);
console.log(again.rootNode.hasError, again.rootNode.namedChild(0).text);
console.log(parser.parse('let = = 1').rootNode.hasError);
