// What may stand behind a program's standard streams besides files: things that script feeds and empties.

(function ({ inspect, coded, invalidArgument, kindOf }) {
  const NO_SPACE = 51;
  const AsyncFunction = (async () => {}).constructor;
  const encoder = new TextEncoder();

  const isBuffer = (value) => ArrayBuffer.isView(value) || kindOf(value) === 'ArrayBuffer';
  const isWritable = (value) => typeof value?.getWriter === 'function';
  // A text is none here: as with Node, it is taken for the mistake that it mostly is.
  const isIterable = (value) => typeof value === 'object' && typeof (value?.[Symbol.asyncIterator] ?? value?.[Symbol.iterator]) === 'function';

  function toBytes(value) {
    if (typeof value === 'string') return encoder.encode(value);
    if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    if (kindOf(value) === 'ArrayBuffer') return new Uint8Array(value);
    throw invalidArgument('chunk', 'of type string or an instance of ArrayBuffer, TypedArray, or DataView', value);
  }

  const outOfRange = (name, range, value) => coded(RangeError, 'ERR_OUT_OF_RANGE',
    `The value of "${name}" is out of range. It must be ${range}. Received ${inspect(value)}`);

  function checkFile(name, value) {
    if (typeof value !== 'number') throw invalidArgument(name, 'of type number', value);
    if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value);
    if (value < 0 || value > 0x7fffffff) throw outOfRange(name, '>= 0 && <= 2147483647', value);
  }
  function checkInput(name, value) {
    if (typeof value === 'function' || isBuffer(value) || isIterable(value)) return;
    checkFile(name, value);
  }
  function checkOutput(name, value) {
    if (typeof value === 'function' || isWritable(value) || isBuffer(value)) return;
    checkFile(name, value);
  }

  // `next()` gives what is to be read next, and nothing at the end; a promise of it where that has to be awaited.
  // `close()`, where there is one, lets go of what is not read.
  function inputOf(source) {
    if (typeof source === 'function') return { isAsync: source instanceof AsyncFunction, next: () => source() };
    if (isBuffer(source)) {
      let rest = source;
      return { isAsync: false, next: () => { const all = rest; rest = undefined; return all; } };
    }
    const isAsync = source[Symbol.asyncIterator] !== undefined;
    const iterator = source[isAsync ? Symbol.asyncIterator : Symbol.iterator]();
    const valueOf = ({ done, value }) => (done ? undefined : value);
    const next = isAsync ? async () => valueOf(await iterator.next()) : () => valueOf(iterator.next());
    return { isAsync, next, close: () => iterator.return?.() };
  }

  // `write(bytes)` takes what was written. It gives an error's number if there is no room for it, and a promise
  // where that may have to wait.
  function outputOf(target) {
    if (typeof target === 'function') return { isAsync: false, write: (bytes) => void target(bytes) };
    if (isWritable(target)) {
      const writer = target.getWriter();
      return { isAsync: true, write: (bytes) => writer.write(bytes), close: () => writer.releaseLock() };
    }
    const room = toBytes(target);
    let used = 0;
    return {
      isAsync: false,
      write(bytes) {
        const fitting = bytes.subarray(0, room.length - used);
        room.set(fitting, used);
        used += fitting.length;
        return fitting.length < bytes.length ? NO_SPACE : undefined;
      },
    };
  }

  return { checkInput, checkOutput, inputOf, outOfRange, outputOf, toBytes };
})
