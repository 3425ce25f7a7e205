// node:stream/consumers, <https://nodejs.org/api/webstreams.html#utility-consumers>

(function ({ Buffer }) {
  async function blob(stream) {
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    return new Blob(chunks);
  }
  async function arrayBuffer(stream) { return (await blob(stream)).arrayBuffer(); }
  async function bytes(stream) { return new Uint8Array(await arrayBuffer(stream)); }
  async function buffer(stream) { return Buffer.from(await arrayBuffer(stream)); }
  async function text(stream) {
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of stream) {
      text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  }
  async function json(stream) { return JSON.parse(await text(stream)); }

  return { arrayBuffer, blob, buffer, bytes, text, json };
})
