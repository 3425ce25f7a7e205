// Makes an instance of `module`, calls its exports and looks at what is left: what came of it, a line each.
// The other side of the comparison writes the same lines: `differential.rs`.
(function (module, calls) {
  'use strict';
  const lines = [];
  const bits = new DataView(new ArrayBuffer(8));

  function show(value) {
    switch (typeof value) {
      case 'number':
        if (value !== value) return 'NaN';
        bits.setFloat64(0, value);
        return bits.getBigUint64(0).toString(16);
      case 'bigint':
        return `${value}n`;
      case 'object':
        return value === null ? 'null' : Array.isArray(value) ? value.map(show).join(' ') : 'object';
      default:
        return typeof value;
    }
  }

  function failure(error) {
    // Wasmtime has one trap for both, and Holm two messages.
    if (error.message === 'undefined element') return 'trap: out of bounds table access';
    if (error instanceof WebAssembly.RuntimeError) return `trap: ${error.message}`;
    if (error instanceof WebAssembly.Exception) return 'exception';
    if (error instanceof RangeError) return 'trap: stack';
    return `${error.name}: ${error.message}`;
  }

  function hash(memory) {
    const words = new Uint32Array(memory.buffer, 0, Math.min(memory.buffer.byteLength, 4 << 16) >> 2);
    let hash = 0;
    for (let i = 0; i < words.length; i++) hash = Math.imul(hash ^ words[i], 0x01000193);
    return `${memory.buffer.byteLength} ${hash}`;
  }

  function elements(table) {
    const is64 = typeof table.length === 'bigint';
    const shown = [];
    for (let i = 0; i < 8 && i < table.length; i++) shown.push(show(table.get(is64 ? BigInt(i) : i)));
    return `${table.length} ${shown.join(' ')}`;
  }

  const m = {
    log(a) { lines.push(`log ${show(a)}`); },
    int(a, b) { lines.push(`int ${show(a)} ${show(b)}`); return a ^ Number(BigInt.asIntN(32, b)); },
    two(a) { lines.push(`two ${show(a)}`); return [7n, a]; },
    ref(a) { lines.push(`ref ${show(a)}`); return a; },
    memory: new WebAssembly.Memory({ initial: 1, maximum: 4 }),
    table: new WebAssembly.Table({ element: 'anyfunc', initial: 4, maximum: 16 }),
    global: new WebAssembly.Global({ value: 'i64', mutable: true }, 5n),
    number: new WebAssembly.Global({ value: 'f64' }, 1.5),
    tag: new WebAssembly.Tag({ parameters: ['i32'] }),
  };
  let exports;
  try {
    const named = new WebAssembly.Instance(module, { m }).exports;
    exports = WebAssembly.Module.exports(module).map(({ name }) => named[name]);
  } catch (error) {
    lines.push(`no instance, ${failure(error)}`);
    return lines.join('\n');
  }
  for (const [index, ...given] of calls) {
    try {
      lines.push(`${index}: ${show(exports[index](...given))}`);
    } catch (error) {
      lines.push(`${index}: ${failure(error)}`);
    }
  }
  for (const [index, item] of exports.entries()) {
    try {
      if (item instanceof WebAssembly.Memory) lines.push(`${index}: ${hash(item)}`);
      if (item instanceof WebAssembly.Global) lines.push(`${index}: ${show(item.value)}`);
      if (item instanceof WebAssembly.Table) lines.push(`${index}: ${elements(item)}`);
    } catch (error) {
      lines.push(`${index}: hidden`);
    }
  }
  return lines.join('\n');
})
