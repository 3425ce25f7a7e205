// node:stream, <https://nodejs.org/api/stream.html>

(function ({ Buffer, builtin, part }) {
  const { Stream } = part('stream/legacy');
  const { Readable, take } = part('stream/readable');
  const { Writable } = part('stream/writable');
  const { Duplex, duplexPair } = part('stream/duplex');
  const { PassThrough, Transform } = part('stream/transform');
  const question = part('stream/questions');

  const hidden = (object, name, value) => Object.defineProperty(object, name, {
    value, writable: true, enumerable: false, configurable: true,
  });

  // Most scripts never call these: what is behind them is made by the first call.
  const piping = part('stream/piping');
  for (const [name, method] of Object.entries(piping.methods)) Readable.prototype[name] = method;
  hidden(Readable.prototype, 'iterator', function iterator(options) {
    return part('stream/iteration').methods.iterator.call(this, options);
  });
  for (const symbol of [Symbol.asyncIterator, Symbol.asyncDispose]) {
    hidden(Readable.prototype, symbol, function () { return part('stream/iteration').methods[symbol].call(this); });
  }
  for (const name of ['drop', 'filter', 'flatMap', 'map', 'take']) {
    hidden(Readable.prototype, name, {
      [name](...args) { return Readable.from(part('stream/operators').toStream[name].apply(this, args)); },
    }[name]);
  }
  for (const name of ['every', 'forEach', 'reduce', 'toArray', 'some', 'find']) {
    hidden(Readable.prototype, name, {
      [name](...args) { return part('stream/operators').toPromise[name].apply(this, args); },
    }[name]);
  }
  hidden(Readable.prototype, 'compose', function compose(stream, options) {
    return part('stream/operators').compose.call(this, stream, options);
  });

  Readable.from = (iterable, options) => part('stream/iteration').from(Readable, iterable, options);
  Readable.wrap = (stream, options) => piping.wrap(Readable, stream, options);
  Readable._fromList = take;
  Duplex.from = (body) => part('stream/join').from(body);
  for (const [Class, name] of [[Readable, 'readable'], [Writable, 'writable'], [Duplex, 'duplex']]) {
    Class.fromWeb = function fromWeb(stream, options) { return part('stream/web')[`${name}FromWeb`](Class, stream, options); };
    Class.toWeb = function toWeb(stream, options) { return part('stream/web')[`${name}ToWeb`](stream, options); };
  }

  const promisified = Symbol.for('nodejs.util.promisify.custom');
  function pipeline(...streams) { return part('stream/pipeline').pipeline(...streams); }
  function finished(stream, options, callback) { return part('stream/finished').finished(...arguments); }
  for (const method of [pipeline, finished]) {
    Object.defineProperty(method, promisified, {
      enumerable: true, get: () => builtin('stream/promises')[method.name],
    });
  }

  const { getDefaultHighWaterMark, setDefaultHighWaterMark } = part('stream/options');
  Object.assign(Stream, {
    isDestroyed: question.isDestroyed,
    isDisturbed: question.isDisturbed,
    isErrored: question.isErrored,
    isReadable: question.isReadable,
    isWritable: question.isWritable,
    Readable,
    Writable,
    Duplex,
    Transform,
    PassThrough,
    duplexPair,
    pipeline,
    addAbortSignal(signal, stream) { return part('stream/abort').addAbortSignal(signal, stream); },
    finished,
    destroy(stream, error) { return part('stream/destroy').destroyAny(stream, error); },
    compose(...streams) { return part('stream/join').compose(...streams); },
    setDefaultHighWaterMark,
    getDefaultHighWaterMark,
  });
  Object.defineProperty(Stream, 'promises', {
    configurable: true, enumerable: true, get: () => builtin('stream/promises'),
  });
  return Object.assign(Stream, {
    Stream,
    _isArrayBufferView: ArrayBuffer.isView,
    _isUint8Array: (value) => value instanceof Uint8Array,
    _uint8ArrayToBuffer: ({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength),
  });
})
