// Buffers and views of them, as byte streams handle them, whatever script made of their methods.
//
// <https://streams.spec.whatwg.org/#readable-stream-byob> has its notes on transferring buffers.

(function ({ base }) {
  const { getter, getPrototypeOf, invalidArgument, typeError, uncurried } = base;
  const { isView } = ArrayBuffer;
  const constructors = {
    __proto__: null, Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array,
    Uint32Array, Float16Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array, DataView,
  };
  const elementBytes = { __proto__: null, DataView: 1 };
  for (const name in constructors) elementBytes[name] ??= constructors[name].BYTES_PER_ELEMENT;

  const arrays = getPrototypeOf(Uint8Array.prototype);
  const arrayName = getter(arrays, Symbol.toStringTag);
  const ofArray = {
    buffer: getter(arrays, 'buffer'),
    byteLength: getter(arrays, 'byteLength'),
    byteOffset: getter(arrays, 'byteOffset'),
  };
  const ofDataView = {
    buffer: getter(DataView.prototype, 'buffer'),
    byteLength: getter(DataView.prototype, 'byteLength'),
    byteOffset: getter(DataView.prototype, 'byteOffset'),
  };
  const bufferBytes = getter(ArrayBuffer.prototype, 'byteLength');
  const isResizable = getter(ArrayBuffer.prototype, 'resizable');
  const isDetached = getter(ArrayBuffer.prototype, 'detached');
  const setBytes = uncurried(arrays.set);
  // #transfer-array-buffer: throws for one that cannot be detached, such as that of a memory.
  const transfer = uncurried(ArrayBuffer.prototype.transferToFixedLength);

  // What a view is of: <https://webidl.spec.whatwg.org/#js-buffer-source-types>.
  function viewOf(value, name) {
    if (!isView(value)) throw invalidArgument(name, 'an instance of Buffer, TypedArray, or DataView', value);
    const kind = arrayName(value) ?? 'DataView';
    const parts = kind === 'DataView' ? ofDataView : ofArray;
    const buffer = parts.buffer(value);
    // 2. If … IsSharedArrayBuffer(V.[[ViewedArrayBuffer]]) is true, then throw a TypeError.
    // (Of such a buffer this getter says so.) 3. The same for one that can be resized.
    if (isResizable(buffer)) {
      throw typeError('ERR_INVALID_ARG_VALUE', `The argument '${name}' is a view of a resizable buffer`);
    }
    const detached = isDetached(buffer);
    return {
      __proto__: null,
      kind,
      buffer,
      detached,
      elementSize: elementBytes[kind],
      byteLength: detached ? 0 : parts.byteLength(value),
      byteOffset: detached ? 0 : parts.byteOffset(value),
    };
  }
  const isUint8Array = (value) => isView(value) && arrayName(value) === 'Uint8Array';
  const bytesOf = (buffer, offset, length) => new Uint8Array(buffer, offset, length);
  const newView = (kind, buffer, offset, length) => new constructors[kind](buffer, offset, length);

  function copyBytes(to, toOffset, from, fromOffset, count) {
    setBytes(bytesOf(to, toOffset, count), bytesOf(from, fromOffset, count));
  }
  // ! CloneArrayBuffer(buffer, byteOffset, byteLength, %ArrayBuffer%)
  function cloneBytes(buffer, offset, count) {
    const clone = new ArrayBuffer(count);
    copyBytes(clone, 0, buffer, offset, count);
    return clone;
  }

  return { bufferBytes, bytesOf, cloneBytes, copyBytes, isDetached, isUint8Array, newView, transfer, viewOf };
})
