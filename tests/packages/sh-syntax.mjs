// Parses and formats shell scripts. Go through TinyGo, with its wasm_exec.
import { parse, print } from 'sh-syntax';

const source = 'if   [ "$a" = ü ];then\necho   "hi $(date +%s)"|grep -v x&&exit 1\nfi\nf(){ for x in "${arr[@]}";do echo $((x+1));done;}\ncat <<EOF\n  here $x\nEOF\n';
console.log(await print(source, { filepath: 'a.sh' }));
console.log(await print(source, { filepath: 'a.sh', minify: true }));
const file = await parse(source);
console.log(Object.keys(file), file.Stmts.map(({ Pos, End }) => [Pos.Line, Pos.Col, End.Offset]));
try {
  await parse('echo "unclosed', { filepath: 'bad.sh' });
} catch (error) {
  console.log(error.constructor.name, error.message);
}
