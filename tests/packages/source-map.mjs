// Reads a source map. A Rust module without any glue of its toolchain.
import { SourceMapConsumer, SourceMapGenerator } from 'source-map';

const generator = new SourceMapGenerator({ file: 'out.js' });
for (let line = 1; line <= 200; line++) {
  generator.addMapping({
    source: `in${line % 3}.js`,
    original: { line: line * 2, column: line % 17 },
    generated: { line, column: (line * 7) % 40 },
    name: line % 5 ? undefined : `name${line}`,
  });
}
await SourceMapConsumer.with(generator.toString(), null, (consumer) => {
  console.log(consumer.sources);
  for (const line of [1, 50, 125, 200]) {
    console.log(consumer.originalPositionFor({ line, column: 39 }));
  }
  console.log(consumer.generatedPositionFor({ source: 'in1.js', line: 200, column: 15 }));
  let count = 0;
  consumer.eachMapping(() => count++);
  console.log(count);
});
