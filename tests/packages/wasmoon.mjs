// Lua that calls JavaScript and is called by it. Emscripten.
import { LuaFactory } from 'wasmoon';

const lua = await new LuaFactory().createEngine({ traceAllocations: true });
lua.global.set('sum', (...values) => values.reduce((a, b) => a + b, 0));
lua.global.set('later', (value) => Promise.resolve(value));
lua.global.set('point', { x: 1, name: 'ü', list: [10, 20] });
console.log(await lua.doString(`
  function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
  return { fib(18), sum(1, 2.5, 3), point.name .. point.list[1], later('awaited'):await() }
`));
console.log(lua.global.get('fib')(15));
console.log(await lua.doString(`
  local words = {}
  for word in ('the quick brown fox'):gmatch('%a+') do words[#words + 1] = word:upper():reverse() end
  return table.concat(words, '-'), string.format('%5.2f|%x', math.pi, 255), 7 // 2, 1 << 40
`));
for (const source of ['local x = ', 'return nil + 1', 'error("no")']) {
  await lua.doString(source).catch((error) => console.log(error.message));
}
const producer = lua.doStringSync('return coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i * i) end end)');
console.log(producer(), producer(), producer());
lua.global.close();
