// The Streams standard: loads its parts, and gives its interfaces.
//
// <https://streams.spec.whatwg.org/>

(function (natives) {
  const { part } = natives;
  const base = part('base', natives);
  const signals = part('signals', { base, ...natives });
  const strategies = part('strategies', { base });
  const views = part('views', { base });
  const readable = part('readable', { base });
  const defaults = part('readable_default', { base, readable });
  const byteController = part('byte_controller', { base, readable, views });
  const bytes = part('readable_bytes', { base, byteController, defaults, readable, views });
  const teeing = part('tee', { base, bytes, defaults, readable, views });
  const iteration = part('iteration', { base, defaults, readable });
  const writable = part('writable', { base, signals, strategies });
  const writing = part('writer', { base, writable });
  const piping = part('pipe', { base, defaults, readable, signals, writable, writing });
  const { ReadableStream } = part('readable_stream', {
    base, bytes, defaults, iteration, piping, readable, signals, strategies, teeing, writable,
  });
  const transforming = part('transform', { base, defaults, strategies, writable, ReadableStream });

  // What stands on streams, and is not loaded with them.
  let text;
  let compression;
  let bodies;
  let transfer;
  const texts = () => (text ??= part('text', { base, transforming, ...natives }));
  const compressions = () => (compression ??= part('compression', { base, transforming, ...natives }));

  return {
    __proto__: null,
    // These three are no interfaces, but what messages and `fetch` need of streams.
    isPlatformObject: base.isPlatformObject,
    get bodies() {
      bodies ??= part('bodies', {
        base, bytes, defaults, iteration, readable, signals, teeing, views, ReadableStream,
      });
      return bodies;
    },
    get transfer() {
      transfer ??= part('transfer', { base, piping, readable, transforming, writable, ReadableStream, ...natives });
      return transfer;
    },
    get CompressionStream() {
      return compressions().CompressionStream;
    },
    get DecompressionStream() {
      return compressions().DecompressionStream;
    },
    get TextDecoderStream() {
      return texts().TextDecoderStream;
    },
    get TextEncoderStream() {
      return texts().TextEncoderStream;
    },
    ByteLengthQueuingStrategy: strategies.ByteLengthQueuingStrategy,
    CountQueuingStrategy: strategies.CountQueuingStrategy,
    ReadableByteStreamController: bytes.ReadableByteStreamController,
    ReadableStream,
    ReadableStreamBYOBReader: bytes.ReadableStreamBYOBReader,
    ReadableStreamBYOBRequest: bytes.ReadableStreamBYOBRequest,
    ReadableStreamDefaultController: defaults.ReadableStreamDefaultController,
    ReadableStreamDefaultReader: defaults.ReadableStreamDefaultReader,
    TransformStream: transforming.TransformStream,
    TransformStreamDefaultController: transforming.TransformStreamDefaultController,
    WritableStream: writable.WritableStream,
    WritableStreamDefaultController: writable.WritableStreamDefaultController,
    WritableStreamDefaultWriter: writing.WritableStreamDefaultWriter,
  };
})
