// `CompressionStream` and `DecompressionStream`, <https://compression.spec.whatwg.org/>.

(function ({ base, transforming, newCoder, codeChunk, finishCoder }) {
  const { asInterface, slot, typeError } = base;
  const { createPair } = transforming;
  const FORMATS = { __proto__: null, deflate: true, 'deflate-raw': true, gzip: true };

  // Both differ in the direction only.
  function interfaceOf(name, isCompressing) {
    const own = slot(name);
    class Stream {
      constructor(format) {
        if (arguments.length === 0) throw typeError('ERR_MISSING_ARGS', 'The "format" argument must be specified');
        const wanted = `${format}`;
        // 1. If format is unsupported in CompressionStream, then throw a TypeError.
        if (!FORMATS[wanted]) {
          throw typeError('ERR_INVALID_ARG_VALUE', `The argument 'format' is invalid. Received '${wanted}'`);
        }
        const coder = newCoder(wanted, isCompressing);
        const pair = createPair({
          // #compress-and-enqueue-a-chunk, #decompress-and-enqueue-a-chunk
          transform: (chunk, enqueue) => codeChunk(coder, chunk, enqueue),
          // #compress-flush-and-enqueue, #decompress-flush-and-enqueue
          flush: (enqueue) => finishCoder(coder, enqueue),
        });
        own.attach(this, pair);
      }
      get readable() {
        return own.checked(this).readable.object;
      }
      get writable() {
        return own.checked(this).writable.object;
      }
    }
    base.defineProperty(Stream, 'name', { __proto__: null, value: name });
    return asInterface(Stream, own, ({ readable, writable }) => ({
      readable: readable.object, writable: writable.object,
    }));
  }

  return {
    CompressionStream: interfaceOf('CompressionStream', true),
    DecompressionStream: interfaceOf('DecompressionStream', false),
  };
})
