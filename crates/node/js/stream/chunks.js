// The chunks that a readable stream has and nobody read yet: a list, and where it begins.

(function ({ Buffer }) {
  // Taken entries at the front of the list before it is cut.
  const MAX_TAKEN = 1024;

  const first = (state) => state.buffer[state.bufferIndex];

  function clear(state) {
    state.buffer.length = 0;
    state.bufferIndex = 0;
  }
  function prepend(state, chunk) {
    if (state.bufferIndex > 0) state.buffer[--state.bufferIndex] = chunk;
    else state.buffer.unshift(chunk);
  }
  function shift(state) {
    const { buffer } = state, chunk = buffer[state.bufferIndex];
    buffer[state.bufferIndex++] = null;
    if (state.bufferIndex === buffer.length) {
      clear(state);
    } else if (state.bufferIndex > MAX_TAKEN) {
      buffer.splice(0, state.bufferIndex);
      state.bufferIndex = 0;
    }
    return chunk;
  }

  // `count` bytes or characters, or all where it is 0 or not fewer; one chunk in object mode.
  function take(count, state) {
    if (state.length === 0) return null;
    if (state.objectMode) return shift(state);
    if (!count || count >= state.length) return takeAll(state);
    const chunk = first(state);
    if (count === chunk.length) return shift(state);
    if (count < chunk.length) {
      state.buffer[state.bufferIndex] = chunk.slice(count);
      return chunk.slice(0, count);
    }
    return state.decoder ? takeText(count, state) : takeBytes(count, state);
  }

  function takeAll(state) {
    const { buffer, bufferIndex } = state;
    let all;
    if (state.decoder) all = bufferIndex === 0 ? buffer.join('') : buffer.slice(bufferIndex).join('');
    else if (buffer.length - bufferIndex === 1) all = buffer[bufferIndex];
    else all = Buffer.concat(bufferIndex === 0 ? buffer : buffer.slice(bufferIndex), state.length);
    clear(state);
    return all;
  }

  function takeText(count, state) {
    let text = '';
    while (text.length < count) text += take(Math.min(count - text.length, first(state).length), state);
    return text;
  }

  function takeBytes(count, state) {
    const bytes = Buffer.allocUnsafe(count);
    for (let at = 0; at < count;) {
      const chunk = first(state), rest = count - at;
      if (chunk.length > rest) {
        bytes.set(chunk.subarray(0, rest), at);
        state.buffer[state.bufferIndex] = chunk.subarray(rest);
        at = count;
      } else {
        bytes.set(chunk, at);
        at += chunk.length;
        shift(state);
      }
    }
    return bytes;
  }

  return { clear, first, prepend, take };
})
