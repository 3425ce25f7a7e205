// Compiles a component of Astro. Go, with its wasm_exec.
import { parse, transform } from '@astrojs/compiler';
import { is, walkAsync } from '@astrojs/compiler/utils';

const source = `---
import Card from './Card.astro';
const { title = 'Hi', items } = Astro.props;
---
<html lang="de"><head><title>{title}</title><style>h1 { color: red; & b { color: blue } }</style></head>
<body><h1 class:list={['a', { b: true }]}>{title} <b>äöü</b></h1>{items.map((item) => <Card {...item} client:load />)}</body></html>
<script>console.log('hoisted');</script>`;
const { code, css, scripts, diagnostics, scope } = await transform(source, { filename: '/src/Page.astro', internalURL: 'astro/runtime' });
console.log(code);
console.log(css, scripts, diagnostics, scope);
const { ast } = await parse(source);
const names = [];
await walkAsync(ast, async (node) => { if (is.tag(node)) names.push(`${node.type}:${node.name}`); });
console.log(names.join());
const broken = await transform('<div>{', { filename: '/src/Bad.astro' });
console.log(broken.diagnostics.map(({ severity, code, text }) => ({ severity, code, text })));
